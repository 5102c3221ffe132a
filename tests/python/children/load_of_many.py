"""Many messages and units with their answers, for programs that have no oracle."""

import pickle
from pathlib import Path
from typing import NamedTuple

import afalg


class Load(NamedTuple):
    """Data, cut into pieces of one size, and what becomes of it.

    `hidden` is each piece as a message under `iv`, `units` each as a unit under its number.
    """

    algorithm: str
    key: bytes
    iv: bytes
    size: int
    plain: bytes
    hidden: bytes
    units: bytes

    def pieces(self, data: bytes | bytearray) -> list[bytes]:
        """Cut it."""
        return [bytes(data[at : at + self.size]) for at in range(0, len(data), self.size)]

    def requests(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """Give the pieces with their IV."""
        return [(piece, self.iv) for piece in self.pieces(data)]

    def make(self) -> afalg.Cipher:
        """Make a Cipher for it."""
        return afalg.Cipher(self.algorithm, self.key, provider="kernel")

    def many_right(self, cipher: afalg.Cipher, count: int | None = None) -> bool:
        """Whether so many come out right, there and back."""
        there = cipher.encrypt_many(self.requests(self.plain)[:count])
        back = cipher.decrypt_many(self.requests(self.hidden)[:count])
        both = self.pieces(self.hidden)[:count], self.pieces(self.plain)[:count]
        return (there, back) == both


def write(load: Load, folder: Path) -> str:
    """Write it to a file and give its name."""
    file = folder / "load"
    file.write_bytes(pickle.dumps(tuple(load)))
    return str(file)


def read(name: str) -> Load:
    """Read it back."""
    return Load(*pickle.loads(Path(name).read_bytes()))
