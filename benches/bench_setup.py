"""What it takes to make a Cipher and drop it, next to the bare system calls in C.

    make lab KERNEL=6.12 CMD='.venv/bin/python benches/bench_setup.py'

Of each cipher, with a key's bytes and with a key of a keyring: the calls that no program can spare;
the calls that this package makes, in C; and the Cipher. They take turns, some at a time, so that
what else the machine does falls on all of them.
"""

import argparse
import ctypes
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import afalg

BY_SERIAL = 7  # ALG_SET_KEY_BY_KEY_SERIAL, which Python's socket module lacks
TIMES = 20  # in a turn
DRAWN = random.Random("set-up")
IV, BLOCK = DRAWN.randbytes(16), DRAWN.randbytes(16)
KEYS = {"cbc(aes)": DRAWN.randbytes(32), "xts(aes)": DRAWN.randbytes(64)}
KEYS["cts(cbc(aes))"] = KEYS["cbc(aes)"]
TFMS = {"cts(cbc(aes))": ("cts(cbc(aes))", "cbc(aes)")}
"""What carries cts's long messages is made with it."""


class Tfm(ctypes.Structure):
    """`struct tfm` of bare_setup.c."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("key", ctypes.c_char_p),
        ("key_size", ctypes.c_uint),
        ("option", ctypes.c_int),
    )


class Contestant(NamedTuple):
    """What is done in a turn, so many times."""

    name: str
    work: Callable[[int], None]


def library(folder: str) -> ctypes.CDLL:
    """Compile the calls."""
    source, built = Path(__file__).with_name("bare_setup.c"), f"{folder}/bare_setup.so"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run(["cc", *flags, "-o", built, str(source)], check=True)
    return ctypes.CDLL(built, use_errno=True)


def one_block(algorithm: str) -> bytes:
    """Give what becomes of the block by another implementation; one block of cts is cbc's."""
    key = algorithms.AES(KEYS[algorithm])
    mode = modes.XTS(IV) if algorithm == "xts(aes)" else modes.CBC(IV)
    stream = Cipher(key, mode).encryptor()
    return stream.update(BLOCK) + stream.finalize()


def bare(
    calls: ctypes.CDLL, algorithm: str, key: bytes | afalg.KeyringKey, *, careful: bool
) -> Contestant:
    """Give the calls in C, after they have made an op socket that encrypts right."""
    serial = isinstance(key, afalg.KeyringKey)
    given = key.serial.to_bytes(4, sys.byteorder) if isinstance(key, afalg.KeyringKey) else key
    option = BY_SERIAL if serial else socket.ALG_SET_KEY
    names = TFMS.get(algorithm, (algorithm,))
    tfms = (Tfm * len(names))(*(Tfm(name.encode(), given, len(given), option) for name in names))

    def work(times: int) -> None:
        if errno := calls.set_up(tfms, len(names), careful, times):
            raise OSError(errno, os.strerror(errno))

    fd = calls.op_socket(tfms, careful)
    with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0, fileno=fd) as op:
        op.sendmsg_afalg([BLOCK], op=socket.ALG_OP_ENCRYPT, iv=IV)
        assert op.recv(len(BLOCK)) == one_block(algorithm)
    return Contestant("the calls that afalg makes, in C" if careful else "bare calls in C", work)


def ours(algorithm: str, key: bytes | afalg.KeyringKey) -> Contestant:
    """Give the Cipher, after one has encrypted right."""

    def work(times: int) -> None:
        for _ in range(times):
            afalg.Cipher(algorithm, key, provider="kernel")

    cipher = afalg.Cipher(algorithm, key, provider="kernel")
    assert cipher.encrypt(BLOCK, iv=IV) == one_block(algorithm)
    return Contestant("afalg.Cipher", work)


def timed(contestants: list[Contestant], rounds: int) -> list[list[float]]:
    """Give each one's microseconds, a figure a round."""
    times: list[list[float]] = [[] for _ in contestants]
    for _ in range(rounds):
        for found, contestant in zip(times, contestants, strict=True):
            start = time.perf_counter()
            contestant.work(TIMES)
            found.append((time.perf_counter() - start) / TIMES * 1e6)
    return times


def show(contestants: list[Contestant], times: list[list[float]]) -> None:
    """Print medians, quartiles, and ratios to the first in the same round."""
    for contestant, found in zip(contestants, times, strict=True):
        low, median, high = statistics.quantiles(found, n=4)
        pairs = zip(found, times[0], strict=True)
        ratio = statistics.median(one / first for one, first in pairs)
        print(f"  {contestant.name:34}{median:8.1f} us  ({low:.1f} to {high:.1f})  {ratio:.2f}x")


def keys_of(algorithm: str) -> dict[str, bytes | afalg.KeyringKey]:
    """Give the key as bytes and, where the kernel takes it from there, in a keyring."""
    key = KEYS[algorithm]
    kept = afalg.KeyringKey.add("logon", f"bench:{algorithm}", key, keyring="process")
    try:
        afalg.Cipher(algorithm, kept, provider="kernel")
    except afalg.KeyringUnavailableError as error:
        print(error)
        return {"bytes": key}
    return {"bytes": key, "a KeyringKey": kept}


def main() -> None:
    """Time them all."""
    parser = argparse.ArgumentParser(description="A Cipher's set-up next to the bare calls.")
    parser.add_argument("--rounds", type=int, default=200, help=f"of {TIMES} set-ups each")
    rounds: int = parser.parse_args().rounds
    print(f"Linux {platform.release()}, {rounds} rounds of {TIMES}")
    with tempfile.TemporaryDirectory() as folder:
        calls = library(folder)
        for algorithm in KEYS:
            for kind, key in keys_of(algorithm).items():
                contestants = [
                    bare(calls, algorithm, key, careful=False),
                    bare(calls, algorithm, key, careful=True),
                    ours(algorithm, key),
                ]
                print(f"{algorithm} with {kind}")
                show(contestants, timed(contestants, rounds))


if __name__ == "__main__":
    main()
