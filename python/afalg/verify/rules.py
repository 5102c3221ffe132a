"""What an algorithm takes: lengths, keys, ways, and where its IV counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil
from typing import Literal

from afalg.verify.cases import WAYS, Case, Way

__all__ = ["Rules"]

PIECE = 512 << 10
"""What one kernel request carries at most of a message that may be cut."""
AT_LEAST_A_BLOCK = ("xts", "cts", "adiantum", "hctr2")
OF_DISKS = ("xts", "adiantum", "hctr2", "cbc", "essiv", "lrw")
SHARED_OUT = ("ecb", "cbc", "ctr", "rfc3686", "chacha20", "xchacha12", "xchacha20")
"""Modes that can begin in the middle of a message, so that threads share it; cbc to decrypt."""
FEW = 3
Counter = tuple[int, int, Literal["little", "big"]]
CHACHA: dict[str, Counter] = {
    "chacha20": (0, 4, "little"),
    "xchacha12": (24, 8, "little"),
    "xchacha20": (24, 8, "little"),
}
COUNTING = ("ctr", "lrw")
"""Modes whose IV is one big-endian counter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The sizes of one driver, and what follows from its algorithm's name. Bytes.

    Attributes:
        algorithm: the generic name.
        key_sizes: the keys that are tried.
        iv_size: of an IV; 0: none.
        block: what lengths are multiples of; 1: of nothing.
        chunk: the step of the cipher.
        limit: the longest message of a mode that cannot be cut; None: there is none.

    """

    algorithm: str
    key_sizes: tuple[int, ...]
    iv_size: int
    block: int
    chunk: int
    limit: int | None = None

    @staticmethod
    def keys(algorithm: str, sizes: Iterable[int]) -> tuple[int, ...]:
        """Choose key sizes: all of a few; of a range its ends, and those of usual ciphers."""
        found = list(sizes)
        if algorithm.startswith("xts("):
            found = [size for size in found if size % 2 == 0]  # two keys of one size
        usual = {16, 24, 32, 48, 64} & set(found)
        return tuple(found if len(found) <= FEW else sorted({found[0], found[-1], *usual}))

    @property
    def outer(self) -> str:
        """The mode's name: "xts" of "xts(aes)"."""
        return self.algorithm.partition("(")[0]

    @property
    def step(self) -> int:
        """The least by which lengths differ."""
        return self.block if self.block > 1 and self.outer not in AT_LEAST_A_BLOCK else 1

    @property
    def least(self) -> int:
        """The shortest message."""
        return self.block if self.outer in AT_LEAST_A_BLOCK else 0

    @property
    def border(self) -> int:
        """Where one kernel request ends."""
        return self.limit or PIECE

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways to run a message."""
        modes = {"units": OF_DISKS, "threads": SHARED_OUT}
        return tuple(way for way in WAYS if self.outer in modes.get(way, (self.outer,)))

    def fit(self, length: int) -> int:
        """Give the nearest length that the mode takes, not longer unless it must be."""
        most = length if self.limit is None else min(length, self.limit)
        return max(most // self.step * self.step, self.least)

    def takes(self, case: Case) -> bool:
        """Whether a case keeps the rules; one that was made smaller may not."""
        if case.way not in self.ways or case.length < 0:
            return False
        if case.way == "units":
            whole = case.unit > 0 and case.unit % self.block == 0 and case.length % case.unit == 0
            return whole and self.fit(case.unit) == case.unit
        sizes = case.sizes if case.way == "many" else (case.length,)
        return all(self.fit(size) == size for size in sizes) and self.lasts(case.iv, case.length)

    @property
    def counter(self) -> Counter | None:
        """Where the IV has a block counter: its place, its size and its order of bytes."""
        if self.outer in CHACHA:
            return CHACHA[self.outer]
        return (0, self.iv_size, "big") if self.outer in COUNTING and self.iv_size else None

    def with_counter(self, iv: bytes, value: int) -> bytes:
        """Write the counter of an IV that has one."""
        if self.counter is None:
            return iv
        at, size, order = self.counter
        return iv[:at] + (value % (1 << 8 * size)).to_bytes(size, order) + iv[at + size :]

    def lasts(self, iv: bytes, length: int) -> bool:
        """Whether a counter that ends (ChaCha's, which nobody lets wrap) has room enough."""
        if self.counter is None or self.outer in COUNTING:
            return True
        at, size, order = self.counter
        left = (1 << 8 * size) - int.from_bytes(iv[at : at + size], order)
        return ceil(length / self.chunk) <= left
