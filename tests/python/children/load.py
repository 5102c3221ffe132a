"""Work that takes a while on whatever machine, and little memory: a long message and 3DES."""

import mmap
import time
from functools import cache

import afalg
from oracles import ORACLES, difference
from oracles.cases import iv_of, key_of, message

SLOW = "cbc(des3_ede)"
SLOW_IV = iv_of(ORACLES[SLOW])
SECONDS = 0.5
PROBE = 1 << 20
LEAST = 8  # probes, should the machine have been busy with something else meanwhile
GIB = 1 << 30


def memory(size: int) -> mmap.mmap:
    """Give zeros that take room only where they are written.

    Reading a lot of them is no use in the lab: each page is then a mapping of its own in
    the machine, which has 65,530 for a process.
    """
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def cipher_of(algorithm: str) -> afalg.Cipher:
    """Make the Cipher that the oracle has the answers of, in the kernel."""
    return afalg.Cipher(algorithm, key_of(ORACLES[algorithm]), provider="kernel")


@cache
def slow_data() -> bytes:
    """Give a message that takes about SECONDS to encrypt."""
    cipher, probe = cipher_of(SLOW), bytearray(PROBE)
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        cipher.encrypt_into(probe, probe, iv=SLOW_IV)
        times.append(time.perf_counter() - start)
    return message(max(int(SECONDS / min(times)), LEAST) * PROBE)


@cache
def slow_answer() -> bytes:
    """Give what becomes of it."""
    return ORACLES[SLOW].encrypt(key_of(ORACLES[SLOW]), SLOW_IV, slow_data())


def slow_fault(out: bytearray) -> str:
    """Say where `out` is something else."""
    return difference(out, slow_answer())
