"""A disk image, read as if it were not encrypted."""

import errno
import io
import mmap
import os
import threading
from operator import index
from typing import TYPE_CHECKING, Protocol, TypeGuard, cast

from afalg._afalg import Cipher
from afalg.errors import ClosedError, InvalidInputError, InvalidLengthError
from afalg.files import PART, CipherFile, bytes_in
from afalg.options import Numbering

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["SeekableFile", "UnitReader"]

NUMBERS = 1 << 64


class SeekableFile(Protocol):
    """What an image is read from: any binary file that can seek."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go somewhere, and say where that is."""
        ...

    def read(self, size: int, /) -> bytes | None:
        """Give up to so many bytes; b"" at the end."""


class UnitReader(CipherFile):
    """A file that reads a disk image and decrypts its units (sectors), wherever it seeks to.

    For whatever reads files: a library that knows a file system, ``zipfile``,
    ``shutil.copyfileobj``; with ``io.BufferedReader`` about it where few bytes are read at a
    time, since each read decrypts whole units: as many as it asks for, at once. Nothing is
    kept or read ahead here, and what does not go to the caller is wiped; what the caller's
    buffers and a BufferedReader's hold is plaintext.

    Threads may share it: a call is whole before the next begins, and they share its position.
    An image that is a file has its own position moved, so that one file is one reader's; a
    buffer (``mmap``) has none. Neither the image nor the Cipher is closed with the reader.
    Nothing that is read is authenticated.

    What can be wrong is found when it is made, by a trial on a unit of zeros; of the image no
    byte is read for that.

    Args:
        image: a binary file that can seek, or anything bytes-like, such as ``mmap``.
        cipher: the algorithm and its key: "xts(aes)" for dm-crypt's aes-xts-plain64.
        unit_size: bytes of a unit, as for ``Cipher.decrypt_units``.
        first_iv: the number of the unit at ``offset``.
        iv_step: from one number to the next; 8 for LUKS2's units of 4096 bytes.
        iv: how a number is written.
        offset: where the first unit begins in the image, in bytes (LUKS: its payload).
        size: how many bytes to read from there on, whole units; None: to the image's end.

    Raises:
        InvalidLengthError: the image ends before its last unit does, or ``size`` is no
            whole number of units; or a rule of ``decrypt_units``.
        InvalidInputError: ``offset`` or ``size`` is negative, or the image cannot seek.
        TypeError: the image is neither a binary file nor bytes-like.
        BufferError: it is bytes-like and not C-contiguous.

    And what ``Cipher.decrypt_units`` raises, and OSError for a file that cannot be read.

    """

    def __init__(
        self,
        image: "SeekableFile | Buffer",
        cipher: Cipher,
        *,
        unit_size: int,
        first_iv: int = 0,
        iv_step: int = 1,
        iv: Numbering = "plain64",
        offset: int = 0,
        size: int | None = None,
    ) -> None:
        self._lock, self._position = threading.RLock(), 0
        self._cipher, self._unit = cipher, index(unit_size)
        self._iv: Numbering = iv
        self._first_iv, self._iv_step = index(first_iv), index(iv_step)
        self._decrypted(0, 0)  # for the rules of a cipher and its units
        self._image = _opened(image)
        self._offset = index(offset)
        self._size = _measured(self._image.size(), self._offset, size, self._unit)
        if count := self._size // self._unit:
            self._check_numbers(count)

    def _check_numbers(self, count: int) -> None:
        """Try the last number, as the likeliest to break a rule."""
        last = self._first_iv + (count - 1) * self._iv_step
        if last >= NUMBERS:
            raise InvalidInputError(
                f"the last unit's iv would be {last}, beyond 64 bits, where it would begin again "
                "at 0; begin lower, or pass a size"
            )
        self._decrypted(self._unit, count - 1)

    def _decrypted(self, size: int, number: int) -> None:
        """Decrypt zeros, for the errors that it may raise."""
        self._decrypt_into(bytes(size), number, bytearray(size))

    @property
    def size(self) -> int:
        """How many bytes there are to read, from the first unit on."""
        return self._size

    def readable(self) -> bool:
        """Say yes."""
        self._check_open()
        return True

    def seekable(self) -> bool:
        """Say yes."""
        self._check_open()
        return True

    def tell(self) -> int:
        """Give the position, in bytes from the first unit's beginning."""
        self._check_open()
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a position and give it; beyond the end there is nothing to read.

        Raises:
            InvalidInputError: that is before the beginning, or ``whence`` is not 0, 1 or 2.

        """
        with self._lock:
            self._check_open()
            bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}
            if whence not in bases:
                raise InvalidInputError(f"whence is {whence}, it must be 0, 1 or 2")
            position = bases[whence] + index(offset)
            if position < 0:
                raise InvalidInputError(f"the position would be {position}, the first one is 0")
            self._position = position
            return position

    def readinto(self, buffer: "Buffer", /) -> int:
        """Fill a buffer with what is there from the position on, and give the count.

        Raises:
            InvalidLengthError: the image has become shorter.
            ClosedError: this reader is closed, or the Cipher is.
            KernelError: the kernel failed; the position is where it was.

        And what the image's own ``seek`` and ``read`` raise.

        """
        with memoryview(buffer) as given, bytes_in(given) as room, self._lock:
            self._check_open()
            wanted, done = min(len(room), max(0, self._size - self._position)), 0
            while done < wanted:
                with room[done:wanted] as rest:
                    done += self._some(self._position + done, rest)
            self._position += done
            return done

    def read(self, size: int | None = -1, /) -> bytes:
        """Give up to so many bytes, all there are for -1 and None; b"" at the end.

        And raise what ``readinto`` raises.
        """
        with self._lock:
            self._check_open()
            rest = max(0, self._size - self._position)
            room = bytearray(rest if size is None or size < 0 else min(rest, size))
            try:
                self.readinto(room)
                return bytes(room)
            finally:
                _wipe(room)

    def readall(self) -> bytes:
        """Give all from the position on; see ``read``."""
        return self.read()

    def _some(self, position: int, room: memoryview) -> int:
        """Decrypt whole units to where they go, or a part of one; give how many bytes."""
        number, skipped = divmod(position, self._unit)
        if not skipped and len(room) >= self._unit:
            whole = min(len(room), max(PART, self._unit)) // self._unit * self._unit
            self._decrypt_into(self._units(number, whole), number, room[:whole])
            return whole
        count = min(self._unit - skipped, len(room))
        unit = bytearray(self._unit)
        try:
            self._decrypt_into(self._units(number, self._unit), number, unit)
            room[:count] = memoryview(unit)[skipped : skipped + count]
        finally:
            _wipe(unit)
        return count

    def _units(self, number: int, count: int) -> "Buffer":
        """Give so many bytes of the image from a unit on."""
        return self._image.taken(self._offset + number * self._unit, count)

    def _decrypt_into(self, data: "Buffer", number: int, room: "Buffer") -> None:
        self._cipher.decrypt_units_into(
            data,
            room,
            unit_size=self._unit,
            first_iv=self._first_iv + number * self._iv_step,
            iv_step=self._iv_step,
            iv=self._iv,
        )

    def close(self) -> None:
        """Let go of the image; it stays open, and so does the Cipher."""
        if not self.closed:
            super().close()
            if hasattr(self, "_image"):  # what __init__ refused is closed too
                with self._lock:
                    self._image.release()

    def _check_open(self) -> None:
        if self.closed:
            raise ClosedError("the UnitReader is closed: open another")


class _Memory:
    """An image in memory."""

    def __init__(self, view: memoryview) -> None:
        if not view.c_contiguous:
            raise BufferError("the image is not one C-contiguous run of bytes; make a copy of it")
        self._view = bytes_in(view)

    def size(self) -> int:
        return len(self._view)

    def taken(self, start: int, count: int) -> "Buffer":
        return self._view[start : start + count]

    def release(self) -> None:
        self._view.release()


class _File:
    """An image in a file."""

    def __init__(self, file: SeekableFile) -> None:
        self._file = file

    def size(self) -> int:
        self._file.read(0)  # refused by a file that was opened to write
        try:
            return self._file.seek(0, os.SEEK_END)
        except OSError as error:
            if error.errno not in {None, errno.ESPIPE}:
                raise
            raise InvalidInputError(
                "the image cannot seek, as a pipe cannot; pass a file, or decrypt it a part at a "
                "time with Cipher.decrypt_units"
            ) from error

    def taken(self, start: int, count: int) -> "Buffer":
        self._file.seek(start)
        parts: list[bytes] = []
        while count:
            part = self._file.read(count)
            if part is None:
                raise BlockingIOError("the image is non-blocking and has nothing now: wait for it")
            start, count = start + len(part), count - len(part)
            parts.append(part)
            if not part:
                raise InvalidLengthError(
                    f"the image ends at byte {start}, {count} bytes early: it has become shorter "
                    "since it was opened; open it anew"
                )
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def release(self) -> None:
        pass


def _opened(image: "SeekableFile | Buffer") -> _Memory | _File:
    if _is_file(image):
        return _File(image)
    try:
        return _Memory(memoryview(cast("Buffer", image)))
    except TypeError:
        raise TypeError(
            f"image is of type {type(image).__name__}, it must be a binary file that can seek "
            '(open it with mode "rb") or bytes-like'
        ) from None


def _is_file(image: "SeekableFile | Buffer") -> TypeGuard[SeekableFile]:
    """Whether it is to be read as a file; an mmap, which has those methods too, is not."""
    if isinstance(image, mmap.mmap | io.TextIOBase):
        return False
    return all(callable(getattr(image, name, None)) for name in ("seek", "read"))


def _measured(there: int, offset: int, size: int | None, unit: int) -> int:
    """Give how many bytes there are to read."""
    if offset < 0 or (size is not None and index(size) < 0):
        raise InvalidInputError(
            f"offset is {offset} and size is {size}, neither may be negative; offset is in bytes "
            "from the image's beginning, size in bytes from there"
        )
    if there < offset:
        raise InvalidLengthError(
            f"the image has {there} bytes, it ends before offset {offset}: it is truncated, or "
            "offset is not in bytes from its beginning"
        )
    rest = there - offset
    wanted = rest if size is None else index(size)
    whole = f"pass size={rest // unit * unit} to read the whole units that are there"
    if wanted > rest:
        raise InvalidLengthError(
            f"the image has {there} bytes, offset {offset} and size {wanted} need "
            f"{offset + wanted}: it is truncated, or they are not in bytes; {whole}"
        )
    if wanted % unit:
        raise InvalidLengthError(
            f"from offset {offset} there are {wanted} bytes to read, which is no whole number of "
            f"units of {unit} bytes: the image is truncated, or size is not in bytes; {whole}"
        )
    return wanted


def _wipe(buffer: bytearray) -> None:
    memoryview(buffer)[:] = bytes(len(buffer))


UnitReader.__module__ = "afalg"
