"""A file that takes another's place all at once, or not at all."""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["UnsettledError", "replacing"]

READ_WRITE_BY_UMASK = 0o666
OWNERS_ALONE = 0o600


class UnsettledError(OSError):
    """The new file has the path, but a crash now may give it back to the old one."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Give a new file; when the block ends well it has the path, and what was there is gone.

    Until then the path has what it had, through a crash and SIGKILL too: the bytes are on
    the disk before the name is. An exception leaves nothing behind. The new file has the
    permissions of the old one, and its owner and group where this process may give it away
    (else its group may no more than everybody); a symbolic link stays one, and what it leads
    to is replaced; another hard link keeps the old contents. What is no regular file (a device,
    a FIFO) is written to as it is.

    Raises:
        OSError: the folder cannot be written to, the disk is full, and the like.
        UnsettledError: all is done but the folder's fsync(2).

    """
    if os.fspath(path).endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    try:
        old = Path(path).stat()
    except FileNotFoundError:
        old = None
    if old is not None and not stat.S_ISREG(old.st_mode):
        # By the name that it was given: /dev/fd/63 leads to a pipe, which has none.
        with Path(path).open("wb", buffering=0) as there:
            yield there
        return
    final = _final(path, old)
    folder = _opened(final.parent)
    try:
        with _unnamed(folder, old) as (file, name):
            yield file
            file.flush()
            if old is not None:
                _liken(file.fileno(), old)
            os.fsync(file.fileno())
            _give(folder, file.fileno(), name, final.name)
        _settle(folder)
    finally:
        os.close(folder)


@contextmanager
def _unnamed(folder: int, old: os.stat_result | None) -> Generator[tuple[BinaryIO, str]]:
    """Give a file without a name, where the file system has such, and the name to pass by."""
    mode = READ_WRITE_BY_UMASK if old is None else OWNERS_ALONE  # until it is whole
    name = f".afalg-{os.urandom(8).hex()}.part"
    try:  # from before it is there: a signal may end this at once
        with os.fdopen(_open(folder, name, mode), "w+b", buffering=0) as file:
            yield file, name
    except BaseException:
        with suppress(OSError):
            os.unlink(name, dir_fd=folder)
        raise


def _open(folder: int, name: str, mode: int) -> int:
    """Open a file that vanishes with this process, or one of that name."""
    with suppress(OSError):  # an old file system, or one over the network
        descriptor = os.open(".", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode, dir_fd=folder)
        if Path(f"/proc/self/fd/{descriptor}").exists():  # by which it gets a name
            return descriptor
        os.close(descriptor)
    return os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode, dir_fd=folder)


def _liken(descriptor: int, old: os.stat_result) -> None:
    """Let a file have the owner and the permissions that another had."""
    mode = stat.S_IMODE(old.st_mode)
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError:  # no set-user-id of another user, and another group is as everybody
            mode = mode & 0o707 | (mode & 0o007) << 3
    os.fchmod(descriptor, mode)


def _final(path: str | os.PathLike[str], old: os.stat_result | None) -> Path:
    """Give the name that a path leads to; /dev/fd/3 of a file that was deleted leads to none."""
    final = Path(os.path.realpath(path))
    if old is not None and not (final.exists() and final.samefile(path)):
        raise FileNotFoundError(
            errno.ENOENT, "the file that this leads to has no name to be replaced by", str(path)
        )
    return final


def _opened(folder: Path) -> int:
    """Open a folder; one that may not be read can be written to all the same."""
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)


def _settle(folder: int) -> None:
    """Have the folder's names on the disk, where its file system knows such a wish."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EBADF}:  # EBADF: it may not be read
            raise UnsettledError(error.errno, error.strerror) from error


def _give(folder: int, descriptor: int, name: str, final: str) -> None:
    """Let a file have the final name, over whoever has it.

    linkat(2) replaces nobody, so it passes by a name that rename(2) can move.
    """
    if os.fstat(descriptor).st_nlink == 0:
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)
    os.replace(name, final, src_dir_fd=folder, dst_dir_fd=folder)
