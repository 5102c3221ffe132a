"""The ways to run a message through a Cipher.

One call, into a buffer, in place, by threads, as one of many, in parts.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import afalg

BEYOND = 33  # bytes that `out` is larger than the message
MARK = 0xA5
SMALL = 4 << 10  # up to here messages go over a ring, where there is one
CHAIN = 4  # so many at least
THREADS = 2


class Call(Protocol):
    """One way to run a message through a Cipher."""

    def __call__(
        self, cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes
    ) -> bytes | bytearray:
        """Give the output."""
        ...


def one_shot(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytes:
    """Call encrypt or decrypt."""
    run: Callable[..., bytes] = getattr(cipher, direction)
    return run(data, iv=iv)


def run_into(
    cipher: afalg.Cipher,
    direction: str,
    data: bytes | bytearray,
    out: bytearray,
    iv: bytes,
    threads: int | None = None,
) -> None:
    """Call encrypt_into or decrypt_into and hold the count against the message."""
    run: Callable[..., int] = getattr(cipher, f"{direction}_into")
    assert run(data, out, iv=iv, threads=threads) == len(data)


def into_exact(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytearray:
    """Write into a buffer of the message's length."""
    out = bytearray(len(data))
    run_into(cipher, direction, data, out, iv)
    return out


def into_larger(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytearray:
    """Write into a larger buffer, whose rest must stay as it was."""
    out = bytearray([MARK]) * (len(data) + BEYOND)
    run_into(cipher, direction, data, out, iv)
    assert out[len(data) :] == bytearray([MARK]) * BEYOND
    return out[: len(data)]


def in_place(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytearray:
    """Write over the message itself."""
    out = bytearray(data)
    run_into(cipher, direction, out, out, iv)
    return out


def one_of_many(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytes:
    """Call encrypt_many or decrypt_many; of a small message with so many that a ring pays."""
    run: Callable[..., list[bytes]] = getattr(cipher, f"{direction}_many")
    count = CHAIN if len(data) <= SMALL else 1
    found, *others = run([(data, iv)] * count)
    assert others == [found] * (count - 1)
    return found


def by_threads(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytes:
    """Let threads share the message, where it is long enough and the mode lets them."""
    run: Callable[..., bytes] = getattr(cipher, direction)
    return run(data, iv=iv, threads=THREADS)


def by_threads_in_place(cipher: afalg.Cipher, direction: str, data: bytes, iv: bytes) -> bytearray:
    """Do the same over the message itself."""
    out = bytearray(data)
    run_into(cipher, direction, out, out, iv, THREADS)
    return out


CALLS: dict[str, Call] = {
    "one_shot": one_shot,
    "into_exact": into_exact,
    "into_larger": into_larger,
    "in_place": in_place,
    "one_of_many": one_of_many,
}
LONG_CALLS: dict[str, Call] = CALLS | {
    "by_threads": by_threads,
    "by_threads_in_place": by_threads_in_place,
}
"""With those that are a way of their own for long messages only."""


def begin(cipher: afalg.Cipher, direction: str, iv: bytes, **options: str) -> afalg.Stream:
    """Begin a stream in a direction."""
    start: Callable[..., afalg.Stream] = getattr(cipher, direction.replace("crypt", "cryptor"))
    return start(iv=iv, **options)


def pieces(data: bytes, cuts: Iterable[int]) -> Iterator[bytes]:
    """Cut a message at the given places."""
    last = 0
    for cut in (*sorted(cuts), len(data)):
        yield data[last:cut]
        last = cut


def joined(stream: afalg.Stream, parts: Iterable[bytes]) -> bytes:
    """Feed a stream by update and finalize."""
    return b"".join([*map(stream.update, parts), stream.finalize()])


def joined_into(stream: afalg.Stream, parts: Iterable[bytes]) -> bytes:
    """Feed a stream by update_into and finalize_into, with just the room that they ask for."""
    result, taken = bytearray(), 0
    for part in parts:
        taken += len(part)
        out = bytearray(taken - len(result))
        result += out[: stream.update_into(part, out)]
    out = bytearray(taken - len(result))
    result += out[: stream.finalize_into(out)]
    return bytes(result)
