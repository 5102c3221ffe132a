"""Ciphers that are wrong on purpose: userspace's, with a fault put into what they give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self, cast

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
Requests = Sequence[tuple[bytes, bytes]]


def flipped(right: bytes, at: int = -1) -> bytes:
    """Give an answer with one wrong bit; an empty one stays as it is."""
    wrong = bytearray(right)
    if wrong:
        wrong[at] ^= 0x10
    return bytes(wrong)


def address(buffer: memoryview) -> int:
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
        self,
        way: str,
        direction: str,
        data: bytes,
        iv: bytes,
        right: bytes,
        updates: int = 0,
        *,
        into: bool = False,
    ) -> bytes:
        """Spoil an answer."""
        call = Call(way, direction, data, iv, self.key, right, self.given, updates, into)
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

    def _into(self, direction: str, data: memoryview, out: memoryview, iv: bytes) -> int:
        run = self.genuine.encrypt if direction == "encrypt" else self.genuine.decrypt
        aligned = not len(data) or (address(data) % 4 == 0 and address(out) % 4 == 0)
        way = "aligned" if aligned else "unaligned"
        out[:] = self.answer(way, direction, bytes(data), iv, run(data, iv=iv), into=True)
        return len(data)

    def encrypt_into(self, data: memoryview, out: memoryview, *, iv: bytes) -> int:
        """Encrypt into a buffer."""
        return self._into("encrypt", data, out, iv)

    def decrypt_into(self, data: memoryview, out: memoryview, *, iv: bytes) -> int:
        """Decrypt into a buffer."""
        return self._into("decrypt", data, out, iv)

    def encrypt_many(self, requests: Requests, *, threads: int) -> list[bytes]:
        """Encrypt many."""
        return self._many("encrypt", self.genuine.encrypt_many(requests, threads=threads), requests)

    def decrypt_many(self, requests: Requests, *, threads: int) -> list[bytes]:
        """Decrypt many."""
        return self._many("decrypt", self.genuine.decrypt_many(requests, threads=threads), requests)

    def _many(self, direction: str, rights: list[bytes], requests: Requests) -> list[bytes]:
        return [
            self.answer("many", direction, data, iv, right)
            for right, (data, iv) in zip(rights, requests, strict=True)
        ]

    def encrypt_units(self, data: bytes, *, unit_size: int, first_iv: int, threads: int) -> bytes:
        """Encrypt units."""
        right = self.genuine.encrypt_units(
            data, unit_size=unit_size, first_iv=first_iv, threads=threads
        )
        return self.answer("units", "encrypt", data, b"", right)

    def decrypt_units(self, data: bytes, *, unit_size: int, first_iv: int, threads: int) -> bytes:
        """Decrypt units."""
        right = self.genuine.decrypt_units(
            data, unit_size=unit_size, first_iv=first_iv, threads=threads
        )
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

    def __enter__(self) -> Self:
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
        assert provider == "userspace"
        genuine = afalg.Cipher(algorithm, key, provider=provider)
        return cast("afalg.Cipher", WrongCipher(genuine, bytes(key), spoil))

    return open_wrong
