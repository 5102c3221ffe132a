"""A key, its payload, a passphrase: read into a buffer that is wiped, never into a str or bytes."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from afalg.cli.output import RefusedError
from afalg.cli.terminal import ask, wipe

__all__ = ["LARGEST", "PAYLOAD", "Kind", "payload"]

LARGEST = 32767
"""A user or logon key has no more (the kernel's user_preparse)."""

LARGEST_TEXT = 4 * LARGEST  # two digits for a byte, and as much whitespace
STDIN = 0
SPACES = frozenset(b" \t\n\v\f\r")
DIGITS = {ord(digit): int(digit, 16) for digit in "0123456789abcdefABCDEF"}


class Kind(NamedTuple):
    """What is read, and how: the words for it, and where it may come from."""

    name: str
    option: str
    otherwise: str
    stdin: bool = False
    twice: bool = False
    file: str | None = None
    """The path of what was opened for it, where the user knows no descriptor."""


PAYLOAD = Kind("payload", "--fd", "--fd or standard input", stdin=True, twice=True)


@contextmanager
def payload(
    descriptor: int | None, prompt: str, *, in_hex: bool, kind: Kind = PAYLOAD
) -> Generator[memoryview]:
    """Read a payload; when the block ends it is wiped.

    The buffer never changes its size: to do so might leave a copy behind.
    """
    most = LARGEST_TEXT if in_hex else LARGEST
    buffer = bytearray(most + 1)
    try:
        length = _read(descriptor, prompt, buffer, kind)
        if length > most:
            raise RefusedError(f"the {kind.name} has more than {most} bytes{' of text' * in_hex}")
        if in_hex:
            length = _decode(buffer, length, kind.name)
            if length > LARGEST:
                raise RefusedError(f"the {kind.name} has {length} bytes, at most {LARGEST} can be")
        yield memoryview(buffer)[:length]
    finally:
        wipe(buffer)


def _read(descriptor: int | None, prompt: str, buffer: bytearray, kind: Kind) -> int:
    """Fill the buffer from a descriptor, the terminal or standard input."""
    if descriptor is not None:
        what = kind.file or f"descriptor {descriptor}"
        if os.isatty(descriptor):
            raise RefusedError(
                f"{what} is a terminal, which shows what is typed; "
                f"leave {kind.option} out to be asked"
            )
        return _whole(descriptor, what, buffer)
    if kind.stdin:
        if sys.stdin is None:  # 0 may be any other file by now
            raise RefusedError("standard input is closed; pass the payload by it or by --fd")
        if not os.isatty(STDIN):
            return _whole(STDIN, "standard input", buffer)
    return ask(prompt, buffer, what=kind.name, otherwise=kind.otherwise, twice=kind.twice)


def _whole(descriptor: int, what: str, buffer: bytearray) -> int:
    """Read to the end, or until the buffer is full."""
    view, length = memoryview(buffer), 0
    try:
        while length < len(buffer) and (count := os.readv(descriptor, [view[length:]])):
            length += count
    except OSError as error:
        raise RefusedError(f"cannot read {what}: {error.strerror}") from error
    return length


def _decode(buffer: bytearray, length: int, name: str) -> int:
    """Turn hexadecimal into bytes where it is, and give how many; nothing of it is told."""
    digits = 0
    for place in range(length):
        if buffer[place] in SPACES:
            continue
        digit = DIGITS.get(buffer[place])
        if digit is None:
            raise RefusedError(f"the {name} is not hexadecimal: it has other characters in it")
        at, low = divmod(digits, 2)
        buffer[at] = buffer[at] | digit if low else digit << 4
        digits += 1
    if digits % 2:
        raise RefusedError(
            f"the {name} is not hexadecimal: a byte has two digits, the last has one"
        )
    return digits // 2
