"""Ciphers for asyncio: every call runs in a thread, so that the loop goes on.

    >>> async with await AsyncCipher.open("cbc(aes)", key) as cipher:
    ...     sealed = await cipher.encrypt(data, iv=iv, padding="pkcs7")

The loop's executor runs them (``loop.set_default_executor`` changes it). To hand a call over
costs more than to encrypt a few KiB: of many small messages make one call, ``encrypt_many``.
"""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from afalg import files
from afalg._afalg import Cipher, KeyringKey, Stream
from afalg.files import PathLike, Progress, Readable, Writable
from afalg.options import Padding, Provider

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["AsyncCipher", "AsyncStream", "decrypt_file", "encrypt_file"]

P = ParamSpec("P")
R = TypeVar("R")
Wrapped = TypeVar("Wrapped")


class _Call(Generic[R]):
    """A call that a thread does, unless it was called off before."""

    def __init__(self, work: Callable[[], R]) -> None:
        self._work = work
        self._claimed = threading.Lock()

    def claim(self) -> bool:
        """Be the first, or not: the thread to do it, or the loop to call it off."""
        return self._claimed.acquire(blocking=False)

    def run(self) -> R:
        """Do it; for nobody, if it was called off.

        A Future takes no StopIteration: whoever awaits it would wait for ever.
        """
        if not self.claim():
            raise CancelledError
        try:
            return self._work()
        except StopIteration as error:
            raise RuntimeError(
                "a function that was called in a thread raised StopIteration, which a coroutine "
                "cannot pass on, as it is how one ends; have it raise another error"
            ) from error


async def _off_loop(work: Callable[[], R], stop: threading.Event | None = None) -> R:
    """Have a thread do it.

    A thread cannot be stopped, and has the caller's buffers until it is done: so a task
    that is cancelled ends when the thread does, if that has begun. `stop` tells the work,
    which may look at it.
    """
    call = _Call(partial(contextvars.copy_context().run, work))
    future = asyncio.get_running_loop().run_in_executor(None, call.run)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if call.claim():
            future.cancel()
        else:
            if stop is not None:
                stop.set()
            await _ended(future)
        raise


async def _ended(future: "asyncio.Future[Any]") -> None:
    """Wait for a thread, however often the task is cancelled meanwhile."""
    while not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            continue
    if not future.cancelled():
        future.exception()  # it is nobody's any more


class _Facade(Generic[Wrapped]):
    """What has a thing that blocks."""

    def __init__(self, wrapped: Wrapped, /) -> None:
        self._wrapped = wrapped

    def _call(
        self, method: Callable[Concatenate[Wrapped, P], R], *args: P.args, **options: P.kwargs
    ) -> Coroutine[Any, Any, R]:
        return _off_loop(partial(method, self._wrapped, *args, **options))


def _awaited(
    method: Callable[Concatenate[Wrapped, P], R],
) -> Callable[Concatenate[_Facade[Wrapped], P], Coroutine[Any, Any, R]]:
    """Make a coroutine of a method that blocks."""

    @wraps(method)
    async def awaited(self: _Facade[Wrapped], /, *args: P.args, **options: P.kwargs) -> R:
        return await self._call(method, *args, **options)  # pyright: ignore[reportPrivateUsage]

    return awaited


class AsyncStream(_Facade[Stream]):
    """A ``Stream`` whose calls are awaited; arguments and errors are the Stream's.

    One call at a time, as for a Stream. A call that is cancelled once its thread has begun
    is done all the same, and its result is lost: so the message cannot go on.
    """

    update = _awaited(Stream.update)
    update_into = _awaited(Stream.update_into)
    finalize = _awaited(Stream.finalize)
    finalize_into = _awaited(Stream.finalize_into)

    async def __aenter__(self) -> Self:
        """Give the AsyncStream itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Leave it as a Stream is left, once a call that is under way has ended."""
        await self._call(Stream.__exit__, exc_type, exc_value, traceback)


class AsyncCipher(_Facade[Cipher]):
    """A ``Cipher`` whose calls are awaited; arguments and errors are the Cipher's.

    Tasks may share it. A buffer that is passed must stay as it is until the call has
    ended. A task that is cancelled ends when the call's thread does, since that has the
    buffers, or at once where it has not begun.
    """

    def __init__(self, cipher: Cipher, /) -> None:
        """Take a Cipher; ``await AsyncCipher.open(...)`` makes one."""
        super().__init__(cipher)

    @classmethod
    async def open(
        cls,
        algorithm: str,
        key: "Buffer | KeyringKey",
        /,
        *,
        provider: Provider | None = None,
    ) -> Self:
        """Make a Cipher, for which the kernel may have to load a module."""
        return cls(await _off_loop(partial(Cipher, algorithm, key, provider=provider)))

    @property
    def cipher(self) -> Cipher:
        """The Cipher, for what does not block: its sizes, who computes and why."""
        return self._wrapped

    encrypt = _awaited(Cipher.encrypt)
    decrypt = _awaited(Cipher.decrypt)
    encrypt_into = _awaited(Cipher.encrypt_into)
    decrypt_into = _awaited(Cipher.decrypt_into)
    encrypt_many = _awaited(Cipher.encrypt_many)
    decrypt_many = _awaited(Cipher.decrypt_many)
    encrypt_units = _awaited(Cipher.encrypt_units)
    decrypt_units = _awaited(Cipher.decrypt_units)
    encrypt_units_into = _awaited(Cipher.encrypt_units_into)
    decrypt_units_into = _awaited(Cipher.decrypt_units_into)

    async def encryptor(
        self, *, iv: "Buffer | None" = None, padding: Padding = None
    ) -> AsyncStream:
        """Begin to encrypt one message that comes in pieces."""
        return AsyncStream(await self._call(Cipher.encryptor, iv=iv, padding=padding))

    async def decryptor(
        self, *, iv: "Buffer | None" = None, padding: Padding = None
    ) -> AsyncStream:
        """Begin to decrypt one message that comes in pieces."""
        return AsyncStream(await self._call(Cipher.decryptor, iv=iv, padding=padding))

    async def close(self) -> None:
        """Let go of the key and the sockets."""
        await self._call(Cipher.close)

    async def __aenter__(self) -> Self:
        """Give the AsyncCipher itself."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Close the Cipher."""
        await self.close()


async def encrypt_file(
    src: PathLike | Readable,
    dst: PathLike | Writable,
    cipher: Cipher | AsyncCipher,
    /,
    *,
    iv: "Buffer | None" = None,
    padding: Padding = None,
    progress: Progress | None = None,
) -> int:
    """Do what ``afalg.encrypt_file`` does, whose arguments and errors these are.

    An AsyncCipher serves as its Cipher does. ``progress`` is called in the thread. A task
    that is cancelled ends after the part that is under way, a MiB at most, and a path has
    what it had.
    """
    work = partial(files.encrypt_file, src, dst, _blocking(cipher), iv=iv, padding=padding)
    return await _file(work, progress)


async def decrypt_file(
    src: PathLike | Readable,
    dst: PathLike | Writable,
    cipher: Cipher | AsyncCipher,
    /,
    *,
    iv: "Buffer | None" = None,
    padding: Padding = None,
    progress: Progress | None = None,
) -> int:
    """Do what ``afalg.decrypt_file`` does; see ``encrypt_file``."""
    work = partial(files.decrypt_file, src, dst, _blocking(cipher), iv=iv, padding=padding)
    return await _file(work, progress)


def _blocking(cipher: Cipher | AsyncCipher) -> Cipher:
    return cipher.cipher if isinstance(cipher, AsyncCipher) else cipher


async def _file(work: Callable[..., int], progress: Progress | None) -> int:
    """Do a file in a thread, which looks after each part whether it is still wanted."""
    stop = threading.Event()

    def told(done: int, total: int | None) -> None:
        if stop.is_set():
            raise CancelledError
        if progress is not None:
            progress(done, total)

    return await _off_loop(partial(work, progress=told), stop)
