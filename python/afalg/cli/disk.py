"""A disk image, and a range of its sectors."""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import afalg
from afalg.cli.output import RefusedError
from afalg.cli.terminal import wipe
from afalg.files import PART
from afalg.options import Direction

__all__ = ["Block", "Image", "Range", "UnwrittenError", "each_block", "opened_image"]

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""What refuses a byte before it is written; a disk's own errors may come after."""


class UnwrittenError(RefusedError):
    """A buffer could not be written, or not all of it.

    Attributes:
        written: how many of its bytes, from its beginning, are there all the same.
        full: whether no more than these can be, for there is no room.

    """

    def __init__(self, text: str, written: int, *, full: bool) -> None:
        """Take what the user is told."""
        super().__init__(text)
        self.written, self.full = written, full


@dataclass(frozen=True, kw_only=True)
class Range:
    """Sectors of an image, and how they are numbered."""

    sector_size: int
    offset: int
    first: int
    count: int
    iv: afalg.Numbering
    iv_base: int
    iv_step: int

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return self.count * self.sector_size

    @property
    def start(self) -> int:
        """Where the first begins in the image."""
        return self.place(self.first)

    def place(self, sector: int) -> int:
        """Give where a sector begins in the image."""
        return self.offset + sector * self.sector_size

    def number(self, sector: int) -> int:
        """Give what is a sector's IV."""
        return self.iv_base + sector * self.iv_step


class Image:
    """An open disk image; an error names it."""

    def __init__(self, descriptor: int, name: str) -> None:
        """Take an open file, and what to call it."""
        self._descriptor, self.name = descriptor, name
        self._size = os.lseek(descriptor, 0, os.SEEK_END)

    def range(self, asked: Range, *, to_the_end: bool, numbers: int) -> Range:
        """Give the range that was asked for, once it is known to be there."""
        rest = max(0, self._size - asked.start)
        whole, more = divmod(rest, asked.sector_size)
        has = (
            f"{self.name} has {self._size} bytes, and from sector {asked.first} on, at byte "
            f"{asked.start}, {whole} sectors of {asked.sector_size}"
        )
        if whole == 0 or asked.count > whole:
            raise RefusedError(f"{has}: it is truncated, or --offset, --first or --count is wrong")
        if to_the_end and more:
            raise RefusedError(
                f"{has} and {more} bytes more: it may be truncated; --count {whole} takes the "
                "whole ones"
            )
        found = replace(asked, count=whole) if to_the_end else asked
        if found.count == 0:
            raise RefusedError("--count is 0, which is nothing to do")
        last = found.number(found.first + found.count - 1)
        if last >= numbers:
            raise RefusedError(
                f"the last sector's number is {last}, which the cipher's IVs do not count to, they "
                f"end at {numbers - 1}: is it the cipher, or --iv-offset?"
            )
        return found

    def read(self, room: memoryview, at: int) -> None:
        """Fill a buffer from a place on."""
        done = 0
        while done < len(room):
            try:
                count = os.preadv(self._descriptor, [room[done:]], at + done)
            except OSError as error:
                raise RefusedError(f"cannot read {self.name}: {error.strerror}") from error
            if count == 0:
                raise RefusedError(f"{self.name} has become shorter: it ends at byte {at + done}")
            done += count

    def write(self, data: memoryview, at: int) -> None:
        """Write all of a buffer to a place.

        Raises:
            UnwrittenError: that is not possible.

        """
        done = 0
        while done < len(data):
            try:
                done += os.pwritev(self._descriptor, [data[done:]], at + done)
            except OSError as error:
                text = f"cannot write {self.name}: {error.strerror}"
                raise UnwrittenError(text, done, full=error.errno in FULL) from error

    def sync(self) -> None:
        """Have what was written on the disk."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise RefusedError(f"cannot write {self.name}: {error.strerror}") from error


@contextmanager
def opened_image(path: str, *, write: bool) -> Generator[Image]:
    """Open a disk image or a block device; to write, one that nobody has mounted."""
    flags = os.O_CLOEXEC | (os.O_RDWR if write else os.O_RDONLY)
    try:
        kind = Path(path).stat().st_mode  # before it is opened: a FIFO would wait for a writer
        if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
            raise RefusedError(f"{path} is neither a file nor a block device, so it has no sectors")
        if write and stat.S_ISBLK(kind):
            flags |= os.O_EXCL  # EBUSY where it is mounted, or device-mapper has it
        descriptor = os.open(path, flags)
    except OSError as error:
        used = ": it is mounted, or device-mapper has it" if error.errno == errno.EBUSY else ""
        raise RefusedError(f"cannot open {path}: {error.strerror}{used}") from error
    try:
        yield Image(descriptor, path)
    finally:
        os.close(descriptor)


class Block(NamedTuple):
    """Some sectors of a range.

    Attributes:
        begin: how many sectors of the range are before these.
        end: with these.
        found: what they were.
        made: what becomes of them.

    """

    begin: int
    end: int
    found: memoryview
    made: memoryview


def each_block(
    direction: Direction, image: Image, work: Range, cipher: afalg.Cipher
) -> Iterator[Block]:
    """Give the range a part at a time, in buffers that are the same each time, and wiped."""
    run = cipher.encrypt_units_into if direction == "encrypt" else cipher.decrypt_units_into
    most = min(PART // work.sector_size, work.count)
    buffers = bytearray(most * work.sector_size), bytearray(most * work.sector_size)
    found, made = memoryview(buffers[0]), memoryview(buffers[1])
    try:
        for begin in range(0, work.count, most):
            end = min(begin + most, work.count)
            size = (end - begin) * work.sector_size
            first = work.first + begin
            image.read(found[:size], work.place(first))
            run(
                found[:size],
                made[:size],
                unit_size=work.sector_size,
                first_iv=work.number(first),
                iv_step=work.iv_step,
                iv=work.iv,
            )
            yield Block(begin, end, found[:size], made[:size])
    finally:
        for buffer in buffers:
            wipe(buffer)
