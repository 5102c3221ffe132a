"""The same message in the same two system calls: by this package, a loop in C, Python's socket.

Each way gives a function that does it so many times and gives the nanoseconds of one time. What
came out is compared with what went in, each time that the clock has stopped.
"""

import ctypes
import socket
import subprocess
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path
from typing import Self

import afalg

KEY, IV = bytes(range(32)), bytes(range(16))
PIECE = 512 << 10  # this package's: FASTEST in src/kernel/plan.rs
SOL_ALG = 279  # what Python 3.11 calls it where it has AF_ALG at all
CONTROL = [
    (SOL_ALG, socket.ALG_SET_OP, (socket.ALG_OP_ENCRYPT).to_bytes(4, "little")),
    (SOL_ALG, socket.ALG_SET_IV, len(IV).to_bytes(4, "little") + IV),
]
BUILT = Path(__file__).parents[2] / "target" / "instrument"

Work = Callable[[int], float]


def instrument() -> afalg.Cipher:
    """Give a Cipher over sockets that give back what was sent, and make sure that it is one."""
    cipher = afalg.Cipher("cbc(aes)", KEY, provider="kernel")
    if cipher.encrypt(KEY, iv=IV) != KEY:
        raise SystemExit("this core computes: have target/instrument/package first in PYTHONPATH")
    return cipher


def message(size: int) -> bytes:
    """Give so many bytes, which differ from their neighbours."""
    return bytes(at * 7 % 251 for at in range(size))


class Clock:
    """The time of a block, by the number of rounds in it."""

    def __init__(self, count: int) -> None:
        self.count, self.each = count, 0.0

    def __enter__(self) -> Self:
        """Start."""
        self.begin = time.perf_counter_ns()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.each = (time.perf_counter_ns() - self.begin) / self.count


def encrypt(cipher: afalg.Cipher, data: bytes) -> Work:
    """Encrypt into new bytes."""
    one = cipher.encrypt

    def work(count: int) -> float:
        result = b""
        with Clock(count) as clock:
            for _ in repeat(None, count):
                result = one(data, iv=IV)
        assert result == data
        return clock.each

    return work


def encrypt_into(cipher: afalg.Cipher, data: bytes) -> Work:
    """Encrypt into a buffer that is there."""
    one, out = cipher.encrypt_into, bytearray(len(data))

    def work(count: int) -> float:
        out[:] = bytes(len(out))
        with Clock(count) as clock:
            for _ in repeat(None, count):
                one(data, out, iv=IV)
        assert out == data
        return clock.each

    return work


def stdlib(data: bytes) -> Work:
    """Do it with Python's socket, as people write it; a new bytes for each piece, if there are."""
    loop = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    loop.bind("")
    loop.connect(loop.getsockname())
    loop.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
    pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]

    def work(count: int) -> float:
        result = b""
        with Clock(count) as clock:
            for _ in repeat(None, count):
                parts = []
                for piece in pieces:
                    loop.sendmsg([piece], CONTROL)
                    parts.append(loop.recv(len(piece)))
                result = b"".join(parts)
        assert result == data
        return clock.each

    def at_once(count: int) -> float:
        result, size = b"", len(data)
        with Clock(count) as clock:
            for _ in repeat(None, count):
                loop.sendmsg([data], CONTROL)
                result = loop.recv(size)
        assert result == data
        return clock.each

    return work if len(pieces) > 1 else at_once


def in_c(data: bytes) -> Work:
    """Do it in C, into a buffer that is there."""
    loop, out = compiled(), bytearray(len(data))
    socket_of_it = loop.open_loop(PIECE)
    place = (ctypes.c_char * len(out)).from_buffer(out)

    def work(count: int) -> float:
        out[:] = bytes(len(out))
        each = loop.run_loop(socket_of_it, data, place, len(data), PIECE, count)
        assert out == data
        return float(each)

    return work


def compiled() -> ctypes.CDLL:
    """Compile the loop in C, if it is newer than what was compiled of it."""
    source, library = Path(__file__).with_name("loop.c"), BUILT / "loop.so"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", library, source], check=True)
    loop = ctypes.CDLL(str(library))
    loop.run_loop.restype = ctypes.c_double
    loop.run_loop.argtypes = [
        *(ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p),
        *(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_long),
    ]
    return loop
