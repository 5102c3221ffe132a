"""Where data comes from and goes to: files, pipes, and what is said when they fail."""

import os
import select
import stat
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from afalg import AfalgError
from afalg.atomic import UnsettledError, descriptor_of, replacing
from afalg.cli.output import RefusedError
from afalg.cli.signals import wait
from afalg.files import rest

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "STANDARD",
    "ReaderGoneError",
    "Source",
    "Target",
    "opened_source",
    "opened_target",
]

STANDARD = "-"


class ReaderGoneError(Exception):
    """Nobody reads standard output any more."""


class Source:
    """What is read; an error names it."""

    def __init__(self, file: FileIO, name: str) -> None:
        """Take an open file, and what to call it."""
        self._file, self.name = file, name

    def read(self, size: int, /) -> bytes:
        """Give up to so many bytes; b"" at the end."""
        part = None
        try:
            while part is None:  # which a non-blocking file gives; whoever opened it wanted it so
                wait(self._file.fileno(), select.POLLIN)
                part = self._file.read(size)
        except OSError as error:
            raise RefusedError(f"cannot read {self.name}: {error.strerror}") from error
        return part

    def size(self) -> int | None:
        """Give what is left to be read, where that is known."""
        return rest(self._file)

    def is_same(self, descriptor: int) -> bool:
        """Say whether a descriptor leads to the same file, pipe, terminal or disk."""
        one, other = os.fstat(self._file.fileno()), os.fstat(descriptor)
        disks = stat.S_ISBLK(one.st_mode) and stat.S_ISBLK(other.st_mode)
        if disks and one.st_rdev == other.st_rdev:  # by another node
            return True
        return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


class Target:
    """What is written; an error names it."""

    def __init__(self, file: BinaryIO, name: str, *, replaces: bool = False) -> None:
        """Take an open file, what to call it, and whether it is still to replace the one there."""
        self._file, self.name, self._replaces = file, name, replaces

    def write(self, data: "Buffer", /) -> int:
        """Take all of the data."""
        view = memoryview(data).cast("B")
        at = 0
        try:
            while at < len(view):
                try:
                    at += os.write(self._file.fileno(), view[at:])
                except BlockingIOError:
                    wait(self._file.fileno(), select.POLLOUT)
        except BrokenPipeError as error:
            raise ReaderGoneError from error
        except OSError as error:
            raise _unwritten(self.name, error, replaces=self._replaces) from error
        return len(view)

    def check_apart(self, source: Source) -> None:
        """Refuse to write where it is still to be read: the same file or disk, and not replaced."""
        kind = os.fstat(self._file.fileno()).st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
            return
        if source.is_same(self._file.fileno()):
            raise RefusedError(
                f"{source.name} is written to where it is read, which what is written would "
                "overwrite or feed: name another file; a regular FILE is replaced by -o FILE"
            )


def _unwritten(name: str, error: OSError, *, replaces: bool) -> RefusedError:
    untouched = f"; {name} is as it was" if replaces else ""
    return RefusedError(f"cannot write {name}: {error.strerror}{untouched}")


@contextmanager
def opened_source(path: str | None) -> Generator[Source]:
    """Open a file, or take standard input."""
    with ExitStack() as opened:
        if path is None or path == STANDARD:
            if sys.stdin is None:
                raise RefusedError("standard input is closed; name a FILE")
            file = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
            yield Source(opened.enter_context(file), "standard input")
            return
        if not path:
            raise RefusedError("the name of the input is empty; standard input is -")
        try:
            file = opened.enter_context(Path(path).open("rb", buffering=0))
        except IsADirectoryError as error:
            raise RefusedError(
                f"{path} is a folder; make a file of it: tar -c {path} | afalg ..."
            ) from error
        except OSError as error:
            raise RefusedError(f"cannot open {path}: {error.strerror}") from error
        yield Source(file, path)


@contextmanager
def opened_target(path: str | None) -> Generator[Target]:
    """Begin a file that has the path when the block has ended well, or take standard output."""
    if path == "":
        raise RefusedError("the name of the output is empty: -o FILE")
    descriptor = _descriptor(path)
    if descriptor is not None:
        if path is None and os.isatty(descriptor):
            raise RefusedError(
                "standard output is a terminal: name a file, -o FILE, or say -o - to see it there"
            )
        with os.fdopen(_duplicate(descriptor), "wb", buffering=0) as file:
            yield Target(file, "standard output" if descriptor == 1 else f"descriptor {descriptor}")
        return
    with _replaced(str(path)) as target:
        yield target


@contextmanager
def _replaced(path: str) -> Generator[Target]:
    """Begin a file that has the path when the block has ended well."""
    replaces = False
    with suppress(OSError):  # what is wrong with it is said when it is opened
        replaces = Path(path).is_file() or Path(path).is_dir()  # no device, which may have a part
    try:
        with replacing(path) as file:
            yield Target(file, path, replaces=replaces)
    except AfalgError:  # some are OSErrors too, and have nothing to do with this file
        raise
    except UnsettledError as error:
        raise RefusedError(
            f"{path} is written, but after a crash it may be as it was: {error.strerror}"
        ) from error
    except OSError as error:
        raise _unwritten(path, error, replaces=replaces) from error


def _descriptor(path: str | None) -> int | None:
    """Give the open file that is meant, which is written to as it is: to append to a log, say."""
    standard = path is None or path in {STANDARD, "/dev/stdout"}
    descriptor = 1 if standard else descriptor_of(str(path))
    if descriptor == 1 and sys.stdout is None:  # 1 may be any other file by now
        raise ReaderGoneError
    return descriptor


def _duplicate(descriptor: int) -> int:
    try:
        return os.dup(descriptor)
    except OSError as error:
        raise RefusedError(f"cannot write descriptor {descriptor}: {error.strerror}") from error
