"""A file that takes another's place all at once, or not at all."""

import errno
import os
import re
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["UnsettledError", "descriptor_of", "replacing"]

READ_WRITE_BY_UMASK = 0o666
OWNERS_ALONE = 0o600
LINKS = 40
"""As many symbolic links in a row as the kernel follows (MAXSYMLINKS, linux/namei.h)."""
ACL = "system.posix_acl_access"


class UnsettledError(OSError):
    """The new file has the path, but a crash now may give it back to the old one."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Generator[BinaryIO]:
    """Give a new file; when the block ends well it has the path, and what was there is gone.

    Until then the path has what it had, through a crash and SIGKILL too: the bytes are on
    the disk before the name is. An exception leaves nothing behind. The new file has the
    permissions of the old one, its ACL too, and its owner and group where this process may give
    it away (else its group may no more than everybody); a symbolic link stays one, and what it
    leads to is replaced; another hard link keeps the old contents. What is no regular file (a
    device, a FIFO) is written to as it is, and so is an open file (/dev/stdout, /dev/fd/3): who
    redirected it there wants what it has kept.

    Raises:
        OSError: the folder cannot be written to, the disk is full, and the like.
        UnsettledError: all is done but the folder's fsync(2).

    """
    if os.fspath(path).endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    old = _stat(path)
    there = _as_it_is(path, old)
    if there is not None:
        with there:
            yield there
            if stat.S_ISBLK(os.fstat(there.fileno()).st_mode):
                os.fsync(there.fileno())  # what the disk refuses is told by nothing else
        return
    final = _final(path, old)
    folder = _opened(final.parent)
    try:
        with _unnamed(folder, old) as (file, name):
            yield file
            file.flush()
            if old is not None:
                _liken(file.fileno(), old, _acl(final))
            os.fsync(file.fileno())
            _give(folder, file.fileno(), name, final.name, old)
        _settle(folder)
    finally:
        os.close(folder)


def _stat(path: str | os.PathLike[str]) -> os.stat_result | None:
    try:
        return Path(path).stat()
    except FileNotFoundError:
        return None


def _as_it_is(path: str | os.PathLike[str], old: os.stat_result | None) -> BinaryIO | None:
    """Open what is not replaced: an open file, by its number, and what is no regular file."""
    descriptor = descriptor_of(path)
    if descriptor is not None:
        return os.fdopen(os.dup(descriptor), "wb", buffering=0)
    if old is None or stat.S_ISREG(old.st_mode):
        return None
    # EBUSY where a disk is mounted, or device-mapper has it.
    excluding = os.O_EXCL if stat.S_ISBLK(old.st_mode) else os.O_TRUNC
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CLOEXEC | excluding), "wb", buffering=0)


def descriptor_of(path: str | os.PathLike[str]) -> int | None:
    """Give the open file of this process that a path means: /dev/stdout, /dev/fd/3."""
    mine = os.path.realpath("/proc/self/fd")  # by this /proc's numbers
    for step in _steps(path):
        if re.fullmatch("[0-9]{1,9}", step.name) and os.path.realpath(step.parent) == mine:
            return int(step.name)
    return None


def _steps(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path and what it leads to, symbolic link by symbolic link, as the kernel goes."""
    step = Path(path)
    for _ in range(LINKS):
        yield step
        try:
            step = step.parent / step.readlink()
        except OSError:  # it is no link, or there is none
            return


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


def _acl(path: Path) -> bytes | None:
    """Give who else may use a file; None: nobody, or its file system has no such lists."""
    try:
        return os.getxattr(path, ACL)
    except OSError:
        return None


def _liken(descriptor: int, old: os.stat_result, acl: bytes | None) -> None:
    """Let a file have the owner and the permissions that another had."""
    mode = stat.S_IMODE(old.st_mode)
    found = os.fstat(descriptor)
    try:
        if (found.st_uid, found.st_gid) != (old.st_uid, old.st_gid):
            os.fchown(descriptor, old.st_uid, old.st_gid)
        if acl is not None:
            os.setxattr(descriptor, ACL, acl)
    except OSError:
        # No set-user-id of another user, and another group is as everybody. With an ACL the
        # group's bits are the most that it gives to anyone, and say nothing of the group.
        mode = mode & 0o707 | (mode & 0o007) << 3
        acl = None
    if acl is None:
        with suppress(OSError):
            os.removexattr(descriptor, ACL)  # what it has from its folder the old one did not have
    os.fchmod(descriptor, mode)


def _final(path: str | os.PathLike[str], old: os.stat_result | None) -> Path:
    """Give the name that a path leads to; /dev/fd/3 of a file that was deleted leads to none."""
    *_, final = _steps(path)  # no realpath(3), for which nothing/../file is a file
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


def _give(folder: int, descriptor: int, name: str, final: str, old: os.stat_result | None) -> None:
    """Let a file have the final name, over whoever has it.

    linkat(2) replaces nobody: over somebody it passes by a name that rename(2) can move.
    """
    if os.fstat(descriptor).st_nlink == 0:
        unnamed = f"/proc/self/fd/{descriptor}"
        if old is None:
            with suppress(FileExistsError):  # somebody has come meanwhile
                os.link(unnamed, final, dst_dir_fd=folder, follow_symlinks=True)
                return
        os.link(unnamed, name, dst_dir_fd=folder, follow_symlinks=True)
    os.replace(name, final, src_dir_fd=folder, dst_dir_fd=folder)
