"""Messages and their answers, for programs that have no oracle: it imports nothing large."""

import pickle
from pathlib import Path
from typing import NamedTuple

import afalg

MANY = 5


class Case(NamedTuple):
    """A message and what becomes of it."""

    algorithm: str
    key: bytes
    iv: bytes
    plain: bytes
    hidden: bytes

    def is_right(self, cipher: afalg.Cipher) -> bool:
        """Whether it comes out right, there and back."""
        return (
            cipher.encrypt(self.plain, iv=self.iv) == self.hidden
            and cipher.decrypt(self.hidden, iv=self.iv) == self.plain
        )

    def streams_right(self, cipher: afalg.Cipher) -> bool:
        """Whether it comes out right of a stream."""
        stream = cipher.encryptor(iv=self.iv)
        parts = [stream.update(self.plain[:5]), stream.update(self.plain[5:]), stream.finalize()]
        return b"".join(parts) == self.hidden

    def many_right(self, cipher: afalg.Cipher) -> bool:
        """Whether it comes out right of many at once, over the ring if it is small."""
        hidden = cipher.encrypt_many([(self.plain, self.iv)] * MANY)
        plain = cipher.decrypt_many([(self.hidden, self.iv)] * MANY, threads=2)
        return (hidden, plain) == ([self.hidden] * MANY, [self.plain] * MANY)

    def make(self) -> afalg.Cipher:
        """Make a Cipher for it."""
        return afalg.Cipher(self.algorithm, self.key, provider="kernel")

    def __str__(self) -> str:
        """Say which it is."""
        return f"{self.algorithm}, {len(self.plain)} bytes"


def write(cases: list[Case], folder: Path) -> str:
    """Write cases to a file and give its name."""
    file = folder / "cases"
    file.write_bytes(pickle.dumps(cases))
    return str(file)


def read(name: str) -> list[Case]:
    """Read them back."""
    cases: list[Case] = pickle.loads(Path(name).read_bytes())
    return cases
