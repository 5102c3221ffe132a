"""The bare system calls in C: raw_loop.c."""

import ctypes
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from benches.names import C_FRESH, C_WARM, ENCRYPT, ENCRYPT_INTO
from benches.peers.built import check, library
from benches.peers.sockets import large_op
from benches.race import Contestant
from benches.work import DATA, contexts, encrypted, iv_of, key_of

__all__ = ["loop", "many"]

PIECE = 512 << 10
"""The best for messages that are cut: larger ones leave the cache, smaller ones cost calls."""


class Work(ctypes.Structure):
    """`struct work` of raw_loop.c."""

    _fields_ = (
        ("op", ctypes.c_int),
        ("direction", ctypes.c_uint32),
        ("data", ctypes.c_char_p),
        ("ivs", ctypes.c_char_p),
        ("count", ctypes.c_size_t),
        ("size", ctypes.c_size_t),
        ("iv_size", ctypes.c_size_t),
        ("piece", ctypes.c_size_t),
    )


class Loop:
    """Messages of one size, one behind the other, under one key."""

    def __init__(self, held: ExitStack, algorithm: str, data: bytes, ivs: Sequence[bytes]) -> None:
        """Make the op socket. Without IVs it is one message."""
        self.calls = library("raw_loop")
        self.size, count = len(data), len(ivs) or 1
        self.work = Work(
            op=held.enter_context(large_op(algorithm, key_of(algorithm))).fileno(),
            direction=socket.ALG_OP_ENCRYPT,
            data=data,
            ivs=b"".join(ivs),
            count=count,
            size=len(data) // count,
            iv_size=len(ivs[0]) if ivs else 0,
            piece=PIECE,
        )

    def into(self, buffer: bytearray) -> Callable[[int], None]:
        """Give the work into a buffer."""
        out = (ctypes.c_char * len(buffer)).from_buffer(buffer)
        return lambda times: check(self.calls.into(ctypes.byref(self.work), out, times))

    def into_fresh(self) -> tuple[Callable[[int], None], Callable[[object], bytes]]:
        """Give the work into memory of its own each time, and what takes the last result away."""
        made = ctypes.c_void_p()

        def work(times: int) -> None:
            check(
                self.calls.into_fresh(ctypes.byref(self.work), ctypes.byref(made), times),
            )

        def taken(_: object) -> bytes:
            found = ctypes.string_at(made.value or 0, self.size)
            self.calls.let_go(made)
            return found

        return work, taken


def many(
    held: ExitStack, algorithm: str, data: bytes, ivs: Sequence[bytes], beside: str
) -> Contestant:
    """Give the two calls for each of many messages, or units, into a warm buffer."""
    buffer, size, context = bytearray(len(data)), len(data) // len(ivs), contexts(algorithm)
    expected = b"".join(
        context(iv).encryptor().update(data[at * size : (at + 1) * size])
        for at, iv in enumerate(ivs)
    )
    work = Loop(held, algorithm, data, ivs).into(buffer)
    return Contestant(name=C_WARM, work=work, expected=expected, buffer=buffer, beside=(beside,))


def loop(held: ExitStack, algorithm: str, size: int) -> list[Contestant]:
    """Give both ways to do one message."""
    iv = iv_of(algorithm)
    ivs, expected = [iv] if iv else [], encrypted(algorithm, size)
    buffer = bytearray(size)
    warm = Loop(held, algorithm, DATA[:size], ivs).into(buffer)
    work, taken = Loop(held, algorithm, DATA[:size], ivs).into_fresh()
    return [
        Contestant(name=C_FRESH, work=work, expected=expected, result=taken, beside=(ENCRYPT,)),
        Contestant(
            name=C_WARM, work=warm, expected=expected, buffer=buffer, beside=(ENCRYPT_INTO,)
        ),
    ]
