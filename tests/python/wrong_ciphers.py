"""Ciphers that are wrong on purpose: userspace's, with a fault put into what they give."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

import afalg
from afalg.verify import Opener


@dataclass(frozen=True)
class Call:
    """One answer of a cipher: how it was asked, and what is right."""

    way: str
    direction: str
    data: bytes
    iv: bytes
    key: bytes
    right: bytes
    number: int
    """How many the same cipher has given before."""
    updates: int = 0
    """How many pieces the stream has had."""
    into: bool = False


Spoil = Callable[[Call], bytes]


def flipped(right: bytes, at: int = -1) -> bytes:
    """Give an answer with one wrong bit; an empty one stays as it is."""
    wrong = bytearray(right)
    if wrong:
        wrong[at] ^= 0x10
    return bytes(wrong)


def address(buffer: Any) -> int:  # noqa: ANN401 - any buffer
    """Say where a buffer lies."""
    return int(np.frombuffer(buffer, np.uint8).ctypes.data)


class WrongStream:
    """A stream whose answers are spoilt."""

    def __init__(self, owner: "WrongCipher", direction: str, iv: bytes) -> None:
        genuine = owner.genuine
        begin = genuine.encryptor if direction == "encrypt" else genuine.decryptor
        self._genuine, self._owner = begin(iv=iv), owner
        self._direction, self._iv, self._updates = direction, iv, 0

    def update(self, data: bytes) -> bytes:
        """Spoil what an update gives."""
        self._updates += 1
        right = self._genuine.update(data)
        return self._owner.answer(
            "stream", self._direction, data, self._iv, right, updates=self._updates
        )

    def finalize(self) -> bytes:
        """Give what is left."""
        return self._genuine.finalize()

    def update_into(self, data: bytes, out: bytearray) -> int:
        """Do the same, into a buffer."""
        answer = self.update(data)
        out[: len(answer)] = answer
        return len(answer)

    def finalize_into(self, out: bytearray) -> int:
        """Likewise."""
        return self._genuine.finalize_into(out)


class WrongCipher:
    """What looks like a Cipher; every answer goes through `spoil`."""

    def __init__(self, genuine: afalg.Cipher, key: bytes, spoil: Spoil) -> None:
        self.genuine, self.key, self.spoil, self.given = genuine, key, spoil, 0
        for name in ("algorithm", "driver", "block_size", "chunk_size", "iv_size", "max_message"):
            setattr(self, name, getattr(genuine, name))

    def answer(
        self, way: str, direction: str, data: bytes, iv: bytes, right: bytes, **more: Any
    ) -> bytes:
        """Spoil an answer."""
        call = Call(way, direction, bytes(data), iv, self.key, right, self.given, **more)
        self.given += 1
        return self.spoil(call)

    def _one(self, direction: str, data: bytes, iv: bytes, threads: int | None = None) -> bytes:
        run = self.genuine.encrypt if direction == "encrypt" else self.genuine.decrypt
        right = run(data, iv=iv, threads=threads)
        way = "threads" if (threads or 1) > 1 else "one-shot"
        return self.answer(way, direction, data, iv, right)

    def encrypt(self, data: bytes, *, iv: bytes, threads: int | None = None) -> bytes:
        """Encrypt, wrongly."""
        return self._one("encrypt", data, iv, threads)

    def decrypt(self, data: bytes, *, iv: bytes, threads: int | None = None) -> bytes:
        """Decrypt, wrongly."""
        return self._one("decrypt", data, iv, threads)

    def _into(self, direction: str, data: Any, out: Any, iv: bytes) -> int:
        run = self.genuine.encrypt if direction == "encrypt" else self.genuine.decrypt
        aligned = not len(data) or (address(data) % 4 == 0 and address(out) % 4 == 0)
        way = "aligned" if aligned else "unaligned"
        out[:] = self.answer(way, direction, data, iv, run(data, iv=iv), into=True)
        return len(data)

    def encrypt_into(self, data: Any, out: Any, *, iv: bytes) -> int:
        """Encrypt into a buffer."""
        return self._into("encrypt", data, out, iv)

    def decrypt_into(self, data: Any, out: Any, *, iv: bytes) -> int:
        """Decrypt into a buffer."""
        return self._into("decrypt", data, out, iv)

    def encrypt_many(self, requests: Iterable[tuple[bytes, bytes]], *, threads: int) -> list[bytes]:
        """Encrypt many."""
        return self._many("encrypt", requests)

    def decrypt_many(self, requests: Iterable[tuple[bytes, bytes]], *, threads: int) -> list[bytes]:
        """Decrypt many."""
        return self._many("decrypt", requests)

    def _many(self, direction: str, requests: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
        run = self.genuine.encrypt if direction == "encrypt" else self.genuine.decrypt
        return [self.answer("many", direction, data, iv, run(data, iv=iv)) for data, iv in requests]

    def encrypt_units(self, data: bytes, **options: Any) -> bytes:
        """Encrypt units."""
        right = self.genuine.encrypt_units(data, **options)
        return self.answer("units", "encrypt", data, b"", right)

    def decrypt_units(self, data: bytes, **options: Any) -> bytes:
        """Decrypt units."""
        right = self.genuine.decrypt_units(data, **options)
        return self.answer("units", "decrypt", data, b"", right)

    def encryptor(self, *, iv: bytes) -> WrongStream:
        """Begin a stream."""
        return WrongStream(self, "encrypt", iv)

    def decryptor(self, *, iv: bytes) -> WrongStream:
        """Begin a stream."""
        return WrongStream(self, "decrypt", iv)

    def close(self) -> None:
        """Close it."""
        self.genuine.close()

    def __enter__(self) -> "WrongCipher":
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def spoilt(spoil: Spoil) -> Opener:
    """Give what makes ciphers with a fault."""

    def open_wrong(
        algorithm: str, key: bytes, /, *, provider: afalg.Provider | None
    ) -> afalg.Cipher:
        genuine = afalg.Cipher(algorithm, key, provider="userspace")
        return cast("afalg.Cipher", WrongCipher(genuine, bytes(key), spoil))

    return open_wrong
