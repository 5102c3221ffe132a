"""libkcapi, the C library for AF_ALG: Debian's libkcapi-dev, called from C and from Python.

`kcapi_cipher_encrypt` cuts a message into 64 KiB and begins each with the IV of the first: beyond
that it is wrong wherever there is an IV, and returns the full length. It is looked at, and timed
only where it is right. What is right at any size is its stream.
"""

import ctypes
from collections.abc import Callable
from contextlib import ExitStack
from itertools import repeat

from benches.names import ENCRYPT_INTO, KCAPI, KCAPI_CTYPES, KCAPI_ONE_CALL
from benches.peers.built import check, library
from benches.peers.sockets import PIECE
from benches.race import Contestant
from benches.work import DATA, encrypted, iv_of, key_of

__all__ = ["one_message"]

HEURISTIC, SENDMSG = 0, 2  # KCAPI_ACCESS_
CUT = 64 << 10
"""Up to here one call is best, and by sendmsg, not by the pipe that it takes of itself."""


class Handle:
    """A cipher with its key, and a message for it."""

    def __init__(self, held: ExitStack, algorithm: str, size: int) -> None:
        """Open it."""
        self.calls, self.cipher = library("kcapi_loop", "-lkcapi"), ctypes.c_void_p()
        key = key_of(algorithm)
        made = ctypes.byref(self.cipher)
        check(self.calls.open_cipher(algorithm.encode(), key, len(key), made))
        held.callback(self.calls.kcapi_cipher_destroy, self.cipher)
        self.buffer, self.size = bytearray(size), ctypes.c_size_t(size)
        self.out = (ctypes.c_char * size).from_buffer(self.buffer)
        self.message = (self.cipher, iv_of(algorithm), DATA[:size], self.size, self.out)

    def one_call(self, access: int) -> Callable[[int], None]:
        """Give the work of one call a message."""
        return lambda times: check(self.calls.one_call(*self.message, access, times))

    def streamed(self, times: int) -> None:
        """Do it as a stream."""
        check(self.calls.streamed(*self.message, ctypes.c_size_t(PIECE), times))

    def by_ctypes(self, times: int) -> None:
        """Call it from Python."""
        cipher, iv, data, size, out = self.message
        encrypt = self.calls.kcapi_cipher_encrypt  # found in what the library is linked with
        encrypt.restype = ctypes.c_ssize_t
        for _ in repeat(None, times):
            if encrypt(cipher, data, size, iv, out, size, SENDMSG) != size.value:
                raise OSError("kcapi_cipher_encrypt failed")


def contestant(name: str, handle: Handle, work: Callable[[int], None], right: bytes) -> Contestant:
    """Give a way that writes into the handle's buffer."""
    return Contestant(
        name=name, work=work, expected=right, buffer=handle.buffer, beside=(ENCRYPT_INTO,)
    )


def is_right(held: ExitStack, algorithm: str, size: int) -> bool:
    """Whether one call gives what it should."""
    handle = Handle(held, algorithm, size)
    handle.one_call(HEURISTIC)(1)
    return handle.buffer == encrypted(algorithm, size)


def one_message(held: ExitStack, algorithm: str, size: int) -> tuple[list[Contestant], list[str]]:
    """Give the ways that are right, and the names of those that are not."""
    right, found = encrypted(algorithm, size), []
    handle = Handle(held, algorithm, size)
    best = handle.one_call(SENDMSG) if size <= CUT else handle.streamed
    found.append(contestant(KCAPI, handle, best, right))
    if not is_right(held, algorithm, size):
        return found, [KCAPI_ONE_CALL, KCAPI_CTYPES]
    handle = Handle(held, algorithm, size)
    found.append(contestant(KCAPI_ONE_CALL, handle, handle.one_call(HEURISTIC), right))
    handle = Handle(held, algorithm, size)
    found.append(contestant(KCAPI_CTYPES, handle, handle.by_ctypes, right))
    return found, []
