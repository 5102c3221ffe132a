"""Whole files, and what looks like a file."""

import io
import os
import stat
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, SupportsIndex, TypeAlias

from afalg._afalg import Cipher, Stream
from afalg.atomic import replacing
from afalg.errors import AfalgError, ClosedError, StreamStateError
from afalg.options import Padding

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "CipherFile",
    "CipherReader",
    "CipherWriter",
    "Progress",
    "Readable",
    "Writable",
    "bytes_in",
    "decrypt_file",
    "encrypt_file",
    "pump",
    "rest",
]

PART = 1 << 20
"""What is done at once: long enough to be worth a call, short enough to stay in the cache."""

READ_AHEAD = 1 << 17


class Readable(Protocol):
    """What is read from: any binary file, a pipe, an HTTP response."""

    def read(self, size: int, /) -> bytes | None:
        """Give up to so many bytes; b"" at the end."""


class Writable(Protocol):
    """What is written to."""

    def write(self, data: "Buffer", /) -> int | None:
        """Take bytes, and say how many where it may be fewer than all."""


PathLike: TypeAlias = str | os.PathLike[str]
Progress: TypeAlias = Callable[[int, int | None], object]
"""Called after each part with the bytes read so far, and those there are; None: unknown."""


def encrypt_file(
    src: PathLike | Readable,
    dst: PathLike | Writable,
    cipher: Cipher,
    /,
    *,
    iv: "Buffer | None" = None,
    padding: Padding = None,
    progress: Progress | None = None,
) -> int:
    """Encrypt a file as one message, a MiB at a time.

    Args:
        src: a path, or a binary file that is read to its end.
        dst: a path, whose file is replaced at once when all is done (it may be src), and
            left as it was by an error; or a binary file, which then has a part of the
            message. What is passed open stays open.
        cipher: the algorithm and its key.
        iv: as for ``Cipher.encrypt``. It is not written to the file.
        padding: likewise.
        progress: called with the bytes read so far and in all (None: unknown); what it
            raises ends the work as any error does.

    Returns:
        The count of bytes written.

    Raises:
        OSError: a file cannot be read or written.

    And what ``Cipher.encrypt`` raises. Where the mode cannot be cut (xts) the kernel takes
    a file up to ``Cipher.max_message`` only, and it is held in memory.

    """
    return _file(src, dst, cipher.encryptor(iv=iv, padding=padding), progress)


def decrypt_file(
    src: PathLike | Readable,
    dst: PathLike | Writable,
    cipher: Cipher,
    /,
    *,
    iv: "Buffer | None" = None,
    padding: Padding = None,
    progress: Progress | None = None,
) -> int:
    """Decrypt a file; see ``encrypt_file``.

    The warning of ``Cipher.decrypt`` holds: nothing tells whether it was changed.
    """
    return _file(src, dst, cipher.decryptor(iv=iv, padding=padding), progress)


def _file(
    src: PathLike | Readable, dst: PathLike | Writable, stream: Stream, progress: Progress | None
) -> int:
    with ExitStack() as opened:
        source = opened.enter_context(_source(src))
        target = opened.enter_context(_target(dst))
        return pump(source, target, stream, progress)


@contextmanager
def _source(src: PathLike | Readable) -> Generator[Readable]:
    if isinstance(src, str | os.PathLike):
        with Path(src).open("rb", buffering=0) as opened:
            yield opened
    else:
        yield src


@contextmanager
def _target(dst: PathLike | Writable) -> Generator[Writable]:
    if isinstance(dst, str | os.PathLike):
        with replacing(dst) as opened:
            yield opened
    else:
        yield dst


def pump(
    source: Readable, target: Writable, stream: Stream, progress: Progress | None = None
) -> int:
    """Put all of a source through a stream, finalize it, and give the count written."""
    total, done, written = rest(source), 0, 0
    with stream:
        while part := _read(source, PART):
            written += write_all(target, stream.update(part))
            done += len(part)
            if progress is not None:
                progress(done, total)
        return written + write_all(target, stream.finalize())


def rest(source: Readable) -> int | None:
    """Give how much of a regular file is left, where that is known before it is read.

    Not of what only has such a file within (``gzip``), nor of /proc, whose files say 0.
    """
    outer: Any = source  # its place counts: a BufferedReader's file is ahead by what that holds
    file: object = outer.raw if isinstance(source, io.BufferedReader) else source
    if not isinstance(file, io.FileIO):
        return None
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        return None
    return max(found.st_size - int(outer.tell()), 0)


def _read(source: Readable, size: int) -> bytes:
    part = source.read(size)
    if part is None:
        raise BlockingIOError("the source is non-blocking and has nothing now: wait, or unset it")
    return part


def bytes_in(view: memoryview) -> memoryview:
    """Give a view of a buffer's bytes, whatever its items and dimensions are.

    Where there are none it is a view of its own, for ``cast`` takes no shape of ``(0, 4)``.
    """
    if view.nbytes:
        return view.cast("B")
    return memoryview(b"" if view.readonly else bytearray())


def write_all(target: Writable, data: "Buffer") -> int:
    """Write every byte, though a raw file may take fewer at once."""
    view = bytes_in(memoryview(data))
    at = 0
    while at < len(view):
        count = target.write(view[at:])
        if count is None:
            if isinstance(target, io.RawIOBase):
                raise BlockingIOError("the target is non-blocking and full: wait, or unset it")
            break  # of its own kind, and all was taken
        if count <= 0:
            raise OSError(f"the target takes nothing of {len(view) - at} bytes that are left")
        at += count
    return len(view)


class CipherFile(io.RawIOBase):
    """A file with a place in another and in a message: it reads or writes, and there is one."""

    def readinto(self, _buffer: "Buffer", /) -> int | None:
        """Refuse, unless it is for reading."""
        raise io.UnsupportedOperation("it is not open for reading")

    def write(self, _data: "Buffer", /) -> int | None:
        """Refuse, unless it is for writing."""
        raise io.UnsupportedOperation("it is not open for writing")

    def __reduce_ex__(self, _protocol: SupportsIndex, /) -> NoReturn:
        """Refuse to be copied or pickled: each would end what the other has begun."""
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: open another")


class CipherReader(CipherFile):
    """A file that reads another through a stream: from a decryptor, its plaintext.

    For whatever reads files: ``shutil.copyfileobj``, ``tarfile.open(fileobj=..., mode="r|")``,
    ``gzip``, pandas, with ``io.BufferedReader`` about it where lines or few bytes are read.
    It cannot seek. The message is finalized at the source's end, and what is wrong with it
    then (a length, the padding) is raised by that read. The source stays open. A read that
    is left by an exception, of the source or of a signal's handler, is the last one: what it
    had read may be lost.

    What is read is not authenticated: see ``Cipher.decrypt``. One thread at a time.
    """

    def __init__(self, source: Readable, stream: Stream, /) -> None:
        """Take a source that is read to its end, and a stream that was just begun."""
        self._source, self._stream = source, stream
        self._ready = memoryview(b"")
        self._ended = self._lost = False
        self._failure: Exception | None = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: "Buffer", /) -> int | None:
        """Fill a buffer with what comes next, and give the count: 0 at the end.

        None where the source is non-blocking and has nothing now. After an error of the
        stream every read raises it again: no end of a file may hide it.
        """
        if self.closed:
            raise ClosedError("the CipherReader is closed: open another")
        if self._failure is not None:
            raise self._failure.with_traceback(None)  # which would grow by every read
        if self._lost:
            raise StreamStateError(
                "an earlier read was interrupted and what it had is lost: open another"
            )
        room = bytes_in(memoryview(buffer))
        self._lost = True  # until it is given out
        count = self._fill(room)
        self._lost = False
        return count

    def _fill(self, room: memoryview) -> int | None:
        while not self._ready and not self._ended and len(room):
            part = self._source.read(max(len(room), READ_AHEAD))
            if part is None:
                return None
            self._ready = memoryview(self._through(part))
            self._ended = not part
        count = min(len(room), len(self._ready))
        room[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _through(self, part: bytes) -> bytes:
        """Put a part through the stream, or, where there is none, end the message."""
        try:
            return self._stream.update(part) if part else self._stream.finalize()
        except AfalgError as error:
            self._failure = error
            raise

    def close(self) -> None:
        """Let go of what was read ahead; the source stays open."""
        self._ready = memoryview(b"")
        super().close()


class CipherWriter(CipherFile):
    """A file that writes to another through a stream: to an encryptor, the ciphertext.

    For whatever writes files: ``shutil.copyfileobj``, ``tarfile.open(fileobj=..., mode="w|")``,
    ``gzip``, pandas. ``close`` finalizes the message, so that its end is written; the target
    stays open. A ``with`` block that is left by an exception does not: half a message would
    look like a whole one. One that is neither closed nor left finalizes nothing either. But
    ``io.BufferedWriter`` and ``io.TextIOWrapper`` close what they are about, even where an
    exception leaves their block: call their ``flush`` or ``detach`` in a block of this one.

    One thread at a time.
    """

    _forgotten = False

    def __init__(self, target: Writable, stream: Stream, /) -> None:
        """Take a target, and a stream that was just begun."""
        self._target, self._stream = target, stream
        self._whole = True

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, data: "Buffer", /) -> int:
        """Take all of the data and give its length in bytes; what is ready is written on."""
        if self.closed:
            raise ClosedError("the CipherWriter is closed: open another")
        if not self._whole:
            raise StreamStateError(
                "an earlier write failed and a part of the message may be lost: begin it again"
            )
        view = memoryview(data)
        try:
            write_all(self._target, self._stream.update(view))
        except BaseException:
            self._whole = False  # a part of it may be lost
            raise
        return view.nbytes

    def flush(self) -> None:
        """Flush the target; what does not fill a step of the mode is still held back."""
        if self.closed or self._forgotten:
            return
        if callable(flush := getattr(self._target, "flush", None)):
            flush()

    def close(self) -> None:
        """Finalize the message and write its end, unless it is known not to be whole."""
        if self.closed:
            return
        try:
            if self._whole:
                self._whole = False
                write_all(self._target, self._stream.finalize())
        finally:
            super().close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close it; after an exception without its end."""
        self._whole = self._whole and exc_type is None
        self.close()

    def __del__(self) -> None:
        """Write nothing when it is only forgotten, nor touch the target, which may be closed.

        Nor was it ever there, where ``__init__`` was refused.
        """
        self._whole, self._forgotten = False, True
        super().__del__()


for _name in ("CipherReader", "CipherWriter", "decrypt_file", "encrypt_file"):
    globals()[_name].__module__ = "afalg"
