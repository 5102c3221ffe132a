"""Run a command under a seccomp filter that answers socket(AF_ALG) with an errno.

    python seccomp.py EPERM COMMAND [ARGUMENT ...]

What container engines do. It needs no privilege: only what this process may is taken away.
"""

import ctypes
import errno
import os
import struct
import sys

AF_ALG = 38
SOCKET = {"x86_64": 41, "aarch64": 198}
KEYRINGS = {"x86_64": (248, 249, 250), "aarch64": (217, 218, 219)}  # add_key, request_key, keyctl
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, ANSWER = 0x7FFF0000, 0x00050000
NUMBER_AT, FIRST_ARGUMENT_AT = 0, 16  # in struct seccomp_data


class Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


Step = tuple[int, int, int, int]


def refuse(number: int) -> None:
    """Answer socket(AF_ALG) with an errno, in this process and what it starts."""
    steps = [
        (LOAD, 0, 0, NUMBER_AT),
        (EQUAL, 0, 3, SOCKET[os.uname().machine]),
        (LOAD, 0, 0, FIRST_ARGUMENT_AT),
        (EQUAL, 0, 1, AF_ALG),
        (RETURN, 0, 0, ANSWER | number),
        (RETURN, 0, 0, ALLOW),
    ]
    filter_by(steps)


def refuse_keyrings(number: int) -> None:
    """Answer all calls that ask for keyrings with an errno, in this process and what it starts."""
    calls = KEYRINGS[os.uname().machine]
    tries = [(EQUAL, len(calls) - at, 0, call) for at, call in enumerate(calls)]
    filter_by(
        [(LOAD, 0, 0, NUMBER_AT), *tries, (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ANSWER | number)]
    )


def filter_by(steps: list[Step]) -> None:
    """Set a filter."""
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = ctypes.byref(Program(len(steps), code))
    for arguments in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    refuse(getattr(errno, sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
