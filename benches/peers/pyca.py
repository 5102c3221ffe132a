"""`cryptography`, whose ciphers are OpenSSL's.

A context of it takes one message, so each message makes one; where it lets a context begin anew
with another IV (`reset_nonce`: ctr and chacha20), that is done too, which is its best loop.
"""

from collections.abc import Sequence
from itertools import repeat

from benches.names import (
    CRYPTOGRAPHY,
    CRYPTOGRAPHY_INTO,
    CRYPTOGRAPHY_RESET,
    ENCRYPT,
    ENCRYPT_INTO,
    MANY,
    UNITS_INTO,
)
from benches.race import Contestant, repeated
from benches.work import DATA, IV, contexts, encrypted, in_units, numbers

__all__ = ["many", "one_message", "units"]

RESETS = {"ctr(aes)", "chacha20"}
SPARE = 15
"""`update_into` wants room for a block more than it writes."""


def new_context(algorithm: str, size: int) -> Contestant:
    """Give a context for each message."""
    context, data = contexts(algorithm), DATA[:size]

    def message() -> bytes:
        stream = context(IV).encryptor()
        return stream.update(data) + stream.finalize()

    def work(times: int) -> bytes:
        for _ in repeat(None, times - 1):
            message()
        return message()

    expected = encrypted(algorithm, size)
    return Contestant(name=CRYPTOGRAPHY, work=work, expected=expected, beside=(ENCRYPT,))


def into_buffer(algorithm: str, size: int) -> Contestant:
    """Give a context for each message, into a buffer that is there."""
    context, data, buffer = contexts(algorithm), DATA[:size], bytearray(size + SPARE)

    def work(times: int) -> None:
        for _ in repeat(None, times):
            stream = context(IV).encryptor()
            stream.update_into(data, buffer)
            stream.finalize()

    expected = encrypted(algorithm, size) + bytes(SPARE)
    return Contestant(
        name=CRYPTOGRAPHY_INTO, work=work, expected=expected, buffer=buffer, beside=(ENCRYPT_INTO,)
    )


def same_context(algorithm: str, size: int) -> Contestant:
    """Give one context for all messages."""
    data, stream = DATA[:size], contexts(algorithm)(IV).encryptor()

    def work(times: int) -> bytes:
        for _ in repeat(None, times - 1):
            stream.reset_nonce(IV)
            stream.update(data)
        stream.reset_nonce(IV)
        return stream.update(data)

    expected = encrypted(algorithm, size)
    return Contestant(name=CRYPTOGRAPHY_RESET, work=work, expected=expected, beside=(ENCRYPT,))


def one_message(algorithm: str, size: int) -> list[Contestant]:
    """Give all ways."""
    ways = [new_context, into_buffer, *([same_context] if algorithm in RESETS else [])]
    return [way(algorithm, size) for way in ways]


def many(algorithm: str, messages: Sequence[bytes], ivs: Sequence[bytes]) -> list[Contestant]:
    """Give its best loops over many messages, each with its IV."""
    context, kept = contexts(algorithm), contexts(algorithm)(IV).encryptor()
    requests = list(zip(messages, ivs, strict=True))

    def anew() -> list[bytes]:
        return [context(iv).encryptor().update(data) for data, iv in requests]

    def one(data: bytes, iv: bytes) -> bytes:
        kept.reset_nonce(iv)
        return kept.update(data)

    def reset() -> list[bytes]:
        return [one(data, iv) for data, iv in requests]

    ways = {CRYPTOGRAPHY: anew} | ({CRYPTOGRAPHY_RESET: reset} if algorithm in RESETS else {})
    expected = anew()
    return [
        Contestant(name=name, work=repeated(way), expected=expected, beside=(MANY,))
        for name, way in ways.items()
    ]


def units(algorithm: str, data: bytes, unit_size: int) -> Contestant:
    """Give its best loop over units: a context each, that writes where the result belongs."""
    context, buffer = contexts(algorithm), bytearray(len(data) + SPARE)
    out, starts = memoryview(buffer), range(0, len(data), unit_size)
    pieces = [memoryview(data)[at : at + unit_size] for at in starts]
    places = [out[at : at + unit_size + SPARE] for at in starts]
    jobs = list(zip(numbers(len(pieces)), pieces, places, strict=True))

    def every_unit() -> None:
        for iv, piece, place in jobs:
            context(iv).encryptor().update_into(piece, place)

    expected = in_units(algorithm, data, unit_size) + bytes(SPARE)
    return Contestant(
        name=CRYPTOGRAPHY_INTO,
        work=repeated(every_unit),
        expected=expected,
        buffer=buffer,
        beside=(UNITS_INTO,),
    )
