"""What this process holds, in itself and in the kernel, and how much more than before."""

import ctypes
import gc
import os
import re
import resource
import sys
import time
from pathlib import Path
from typing import NamedTuple

from oracles.cases import IN_LAB

PATIENCE = 10.0
"""Seconds. The kernel forgets a key some time after its last keyring did: behind an RCU grace
period, by a worker. kernel.keys.gc_delay (300 s) is not waited for: it is how long a keyring keeps
keys that have ended and that nobody unlinked."""


class MallInfo(ctypes.Structure):
    """What glibc's allocator has given out (mallinfo2, malloc.h)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


def descriptors() -> int:
    """Count this process's open files, and always the folder that lists them."""
    return len(list(Path("/proc/self/fd").iterdir()))


def heap() -> int:
    """Give how many bytes are allocated, the mapped ones included."""
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = MallInfo
    info = mallinfo2()
    return int(info.uordblks) + int(info.hblkhd)


def resident() -> int:
    """Give how many bytes of memory this process occupies."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def anonymous() -> int:
    """Give how many of them are of no file."""
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^RssAnon:\s+(\d+) kB$", status, re.MULTILINE)
    assert found
    return int(found[1]) << 10


def keys() -> tuple[int, int, int]:
    """Count this user's keys, those of them that the quota counts, and their bytes."""
    users = Path("/proc/key-users").read_text()
    line = rf"^ *{os.getuid()}: +\d+ (\d+)/\d+ (\d+)/\d+ (\d+)/\d+$"
    found = re.search(line, users, re.MULTILINE)
    every, counted, size = map(int, found.groups()) if found else (0, 0, 0)
    return every, counted, size


def number(file: str, after: str) -> int:
    """Give the number that follows a word, of the whole kernel: 0 unless that is the test's own."""
    found = re.search(rf"{after}:? +(\d+)", Path(file).read_text()) if IN_LAB else None
    return int(found[1]) if found else 0


class Held(NamedTuple):
    """How much there is of what could be left behind."""

    descriptors: int
    heap: int
    blocks: int
    resident: int
    keys: int
    key_quota: int
    key_bytes: int
    sockets: int
    slab: int

    @classmethod
    def now(cls) -> "Held":
        """Look."""
        gc.collect()
        return cls(
            descriptors(),
            heap(),
            sys.getallocatedblocks(),
            resident(),
            *keys(),
            sockets=number("/proc/net/sockstat", "used"),
            slab=number("/proc/meminfo", "SUnreclaim") << 10,
        )


def allowed(count: int) -> Held:
    """Give what may come to be held in so many rounds, whatever they do: no more than a byte each.

    Python keeps some of the blocks that it frees, and the kernel's allocator gives its emptied
    pages back late: 100 blocks were seen, and 0.5 MiB after keys.
    """
    return Held(
        descriptors=0,
        heap=4096 + count,
        blocks=200 + count // 1000,
        resident=512 << 10,
        keys=0,
        key_quota=0,
        key_bytes=0,
        sockets=0,
        slab=1 << 20,
    )


def grown(before: Held, count: int, patience: float = PATIENCE) -> dict[str, int]:
    """Give by how much more is held than before, where that is too much after so many rounds."""
    end = time.monotonic() + patience
    while True:
        growth = [new - old for new, old in zip(Held.now(), before, strict=True)]
        names = zip(Held._fields, growth, allowed(count), strict=True)
        excess = {name: more for name, more, most in names if more > most}
        if not excess or time.monotonic() > end:
            return excess
        time.sleep(0.02)
