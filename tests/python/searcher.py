"""Look for secrets in the memory of another process, through /proc/PID/mem."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

import children

Words = NDArray[np.uint64]
WORD = 8  # bytes that a secret is told by
LEAST = 6  # different bytes in a word that is likely to be a secret's
ASCII = 0x80
ADDRESSES = 1 << 48
QUARTERS = 4  # of a word, so large that a table of all values is quick to ask
T = TypeVar("T")
MAY_BE_READ, MAY_BE_WRITTEN = "r", "w"


def words_of(secret: bytes) -> Words:
    """Give the pieces of which any 15 bytes in a row of a secret contain one."""
    whole = len(secret) // WORD * WORD
    return np.frombuffer(secret[:whole] + secret[-WORD:] if whole else b"", np.uint64)


class Needles:
    """Words to look for at any address, each with what it is a piece of."""

    def __init__(self, **named: Words) -> None:
        self.named = named
        self.words = np.unique(np.concatenate([*named.values()]))
        self.quarters = np.zeros((QUARTERS, 1 << 16), bool)
        for quarter, values in enumerate(self.words.view(np.uint16).reshape(-1, QUARTERS).T):
            self.quarters[quarter, values] = True

    def name(self, word: int) -> str:
        """Say what a word is a piece of."""
        return next(name for name, words in self.named.items() if word in words)

    def places(self, memory: bytearray) -> Iterator[tuple[int, int]]:
        """Give where which of them is."""
        for shift in range(min(WORD, len(memory) - WORD + 1)):
            words = np.frombuffer(memory, np.uint64, (len(memory) - shift) // WORD, shift)
            quarters = words.view(np.uint16)
            maybe = np.flatnonzero(self.quarters[0, quarters[::QUARTERS]])
            for quarter in range(1, QUARTERS):
                maybe = maybe[self.quarters[quarter, quarters[maybe * QUARTERS + quarter]]]
            for place in maybe[np.isin(words[maybe], self.words)]:
                yield shift + int(place) * WORD, int(words[place])


class Found(NamedTuple):
    """A word of a secret, and where it is."""

    what: str
    word: int
    place: str


def areas(pid: int, rights: str) -> Iterator[tuple[str, bytearray]]:
    """Give the content of all mappings of a process with such rights, and what they are."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, allowed, _, _, _, *name = line.split(maxsplit=5)
            start, end = (int(edge, 16) for edge in place.split("-"))
            what = "".join(name) or "anonymous"
            if rights in allowed and not what.startswith("[v"):  # the kernel's: vvar, vdso
                content = bytearray(end - start)
                os.preadv(memory.fileno(), [content], start)
                yield what, content


def look(pid: int, needles: Needles) -> list[Found]:
    """Search all that can be read."""
    return [
        Found(needles.name(word), word, f"{what}+{place:#x}")
        for what, content in areas(pid, MAY_BE_READ)
        for place, word in needles.places(content)
    ]


def telling(words: Words) -> Words:
    """Give those words that do not look like text, a number or an address, sorted."""
    words = np.unique(words)
    ordered = np.sort(words.view(np.uint8).reshape(-1, WORD), axis=1)
    different = 1 + np.count_nonzero(np.diff(ordered, axis=1), axis=1)
    drawn = (different >= LEAST) & (ordered[:, -1] >= ASCII) & (words >= ADDRESSES)
    secret: Words = words[drawn]
    return secret


def words_in(pid: int) -> Words:
    """Give all telling words of a process's memory."""
    found = [np.frombuffer(content, np.uint64) for _, content in areas(pid, MAY_BE_WRITTEN)]
    return telling(np.concatenate(found))


class Secrets(NamedTuple):
    """An algorithm and what it is used with."""

    algorithm: str
    key: bytes
    iv: bytes
    data: bytes


class Keeper:
    """The process that is looked at."""

    def __init__(self) -> None:
        reading, self.pipe = os.pipe()
        self.process = subprocess.Popen(
            children.command("keeper", str(reading)),
            cwd=children.FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=[reading],
        )
        os.close(reading)

    def do(
        self, way: str, provider: str, secrets: list[Secrets], look_at: Callable[[int], T]
    ) -> dict[str, T]:
        """Have something done, and give what was seen at each of its moments."""
        said, told, seen = self.process.stdout, self.process.stdin, dict[str, T]()
        assert said is not None
        assert told is not None
        asked = [(one.algorithm, [len(part) for part in one[1:]]) for one in secrets]
        os.write(self.pipe, b"".join(part for one in secrets for part in one[1:]))
        told.write(json.dumps([way, provider, asked]).encode() + b"\n")
        while (line := said.readline().decode()).startswith("moment "):
            name, pid = line.removeprefix("moment ").split(": ")
            seen[name] = look_at(int(pid))
            told.write(b".")
        assert line == "ended: 0\n", f"{way} {line}"
        return seen

    def close(self) -> None:
        """End it."""
        os.close(self.pipe)
        self.process.communicate()
