"""Where data comes from and goes to: files, pipes, and what is said when they fail."""

import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from afalg.atomic import replacing
from afalg.cli.output import RefusedError
from afalg.files import write_all

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["ReaderGoneError", "Source", "Target", "opened_source", "opened_target"]

STANDARD = "-"


class ReaderGoneError(Exception):
    """Nobody reads standard output any more."""


class Source:
    """What is read; an error names it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Take an open file, and what to call it."""
        self._file, self.name = file, name

    def read(self, size: int, /) -> bytes:
        """Give up to so many bytes; b"" at the end."""
        try:
            return self._file.read(size)
        except OSError as error:
            raise RefusedError(f"cannot read {self.name}: {error.strerror}") from error

    def size(self) -> int | None:
        """Give what is left to be read, where that is known."""
        found = os.fstat(self._file.fileno())
        return found.st_size - self._file.tell() if stat.S_ISREG(found.st_mode) else None


class Target:
    """What is written; an error names it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Take an open file, and what to call it."""
        self._file, self.name = file, name

    def write(self, data: "Buffer", /) -> int:
        """Take all of the data."""
        try:
            return write_all(self._file, data)
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise RefusedError(f"cannot write {self.name}: {error.strerror}") from error


@contextmanager
def opened_source(path: str | None) -> Generator[Source]:
    """Open a file, or take standard input."""
    if path is None or path == STANDARD:
        if sys.stdin is None:
            raise RefusedError("standard input is closed; name a FILE")
        with os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) as file:
            yield Source(file, "standard input")
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise RefusedError(f"cannot open {path}: {error.strerror}") from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise RefusedError(f"{path} is a folder; make a file of it: tar -c {path} | afalg ...")
        yield Source(file, path)


@contextmanager
def opened_target(path: str | None) -> Generator[Target]:
    """Begin a file that has the path when the block has ended well, or take standard output."""
    if path is None or path == STANDARD:
        if path is None and os.isatty(1):
            raise RefusedError(
                "standard output is a terminal: name a file, -o FILE, or say -o - to see it there"
            )
        with os.fdopen(os.dup(1), "wb", buffering=0) as file:
            yield Target(file, "standard output")
        return
    try:
        with replacing(path) as file:
            yield Target(file, path)
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror}; {path} is as it was") from error
