"""`afalg.aio`: the results of the Cipher, and a loop that goes on meanwhile."""

import asyncio
import io
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

import afalg
from afalg import aio
from oracles.cases import PROVIDERS, marks_of

OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]
IV, KEY = bytes(range(16)), bytes(range(32))
DATA = bytes(range(256)) * 64


@pytest.fixture(params=OF_PROVIDERS)
def cipher(request: pytest.FixtureRequest) -> afalg.Cipher:
    """Give a Cipher of each provider."""
    return afalg.Cipher("cbc(aes)", KEY, provider=request.param)


class Blocked:
    """Work for a thread that lasts until it is let go."""

    def __init__(self) -> None:
        self.loop, self.begun = asyncio.get_running_loop(), asyncio.Event()
        self.go, self.done = threading.Event(), threading.Event()

    def work(self) -> str:
        """Wait for `go`."""
        self.loop.call_soon_threadsafe(self.begun.set)
        assert self.go.wait(60)
        self.done.set()
        return "done"

    async def start(self) -> "asyncio.Task[str]":
        """Begin the call in a task, and wait until its thread has it."""
        task = asyncio.create_task(aio._off_loop(self.work))  # noqa: SLF001
        await self.begun.wait()
        return task


def run(main: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Run a coroutine, with time enough."""
    asyncio.run(asyncio.wait_for(main(), 60))


def test_each_call_gives_what_the_cipher_gives(cipher: afalg.Cipher) -> None:
    async def main() -> None:
        shared, out = aio.AsyncCipher(cipher), bytearray(len(DATA))
        sealed = cipher.encrypt(DATA, iv=IV)
        assert await shared.encrypt(DATA, iv=IV) == sealed
        assert await shared.decrypt(sealed, iv=IV, threads=2) == DATA
        assert await shared.encrypt_into(DATA, out, iv=IV) == len(DATA)
        assert out == sealed
        assert await shared.decrypt_into(out, out, iv=IV) == len(DATA)
        assert out == DATA
        assert await shared.encrypt_many([(DATA, IV)] * 3) == [sealed] * 3
        assert await shared.decrypt_many([(sealed, IV)] * 3) == [DATA] * 3
        units = await shared.encrypt_units(DATA, unit_size=512)
        assert units == cipher.encrypt_units(DATA, unit_size=512)
        assert await shared.decrypt_units(units, unit_size=512) == DATA
        assert await shared.encrypt_units_into(DATA, out, unit_size=512) == len(DATA)
        assert await shared.decrypt_units_into(out, out, unit_size=512) == len(DATA)
        assert out == DATA

    run(main)


def test_a_message_in_pieces(cipher: afalg.Cipher) -> None:
    async def main() -> None:
        shared, room = aio.AsyncCipher(cipher), bytearray(64)
        async with await shared.encryptor(iv=IV, padding="pkcs7") as stream:
            sealed = await stream.update(DATA[:100])
            count = await stream.update_into(DATA[100:130], room)
            sealed += room[:count] + await stream.update(DATA[130:]) + await stream.finalize()
        assert sealed == cipher.encrypt(DATA, iv=IV, padding="pkcs7")
        async with await shared.decryptor(iv=IV, padding="pkcs7") as stream:
            back = await stream.update(sealed)
            back += room[: await stream.finalize_into(room)]
        assert back == DATA

    run(main)


@pytest.mark.parametrize("provider", OF_PROVIDERS)
def test_a_cipher_is_opened_and_closed(provider: afalg.Provider) -> None:
    async def main() -> None:
        async with await aio.AsyncCipher.open("cbc(aes)", KEY, provider=provider) as shared:
            assert (shared.cipher.provider, shared.cipher.iv_size) == (provider, 16)
        with pytest.raises(afalg.ClosedError):
            await shared.encrypt(DATA, iv=IV)

    run(main)


def test_errors_are_the_ciphers(cipher: afalg.Cipher) -> None:
    async def main() -> None:
        with pytest.raises(afalg.InvalidIVError, match="iv has 12 bytes"):
            await aio.AsyncCipher(cipher).encrypt(DATA, iv=IV[:12])
        with pytest.raises(afalg.InvalidKeyError):
            await aio.AsyncCipher.open("cbc(aes)", KEY[:7], provider="userspace")

    run(main)


def test_a_block_left_with_bytes_held_back_says_so(cipher: afalg.Cipher) -> None:
    async def main() -> None:
        with pytest.raises(afalg.StreamStateError):
            async with await aio.AsyncCipher(cipher).encryptor(iv=IV, padding="pkcs7") as stream:
                await stream.update(DATA[:7])

    run(main)


def test_files_are_done_in_a_thread(cipher: afalg.Cipher, tmp_path: Path) -> None:
    async def main() -> None:
        threads = set[threading.Thread]()
        path = tmp_path / "file"

        def progress(*_: object) -> None:
            threads.add(threading.current_thread())

        source = io.BytesIO(DATA)
        assert await aio.encrypt_file(source, path, cipher, iv=IV, progress=progress) == len(DATA)
        assert await aio.decrypt_file(path, path, cipher, iv=IV) == len(DATA)
        assert path.read_bytes() == DATA
        assert threads
        assert threading.current_thread() not in threads

    run(main)


@pytest.mark.parametrize("provider", OF_PROVIDERS)
def test_files_take_what_open_gives(provider: afalg.Provider, tmp_path: Path) -> None:
    async def main() -> None:
        path = tmp_path / "file"
        async with await aio.AsyncCipher.open("cbc(aes)", KEY, provider=provider) as shared:
            assert await aio.encrypt_file(io.BytesIO(DATA), path, shared, iv=IV) == len(DATA)
            assert path.read_bytes() == await shared.encrypt(DATA, iv=IV)
            assert await aio.decrypt_file(path, path, shared, iv=IV) == len(DATA)
        assert path.read_bytes() == DATA

    run(main)


def test_the_loop_goes_on_meanwhile() -> None:
    async def main() -> None:
        blocked = Blocked()
        task = await blocked.start()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        blocked.go.set()
        assert await task == "done"

    run(main)


def test_a_task_that_is_cancelled_ends_when_its_thread_does() -> None:
    async def main() -> None:
        blocked = Blocked()
        task = await blocked.start()
        for _ in range(3):  # the thread has the buffers, however often it is told
            task.cancel()
            await asyncio.sleep(0.01)
            assert not task.done()
        blocked.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert blocked.done.is_set()

    run(main)


def test_a_call_that_has_not_begun_is_called_off_at_once_and_never_made() -> None:
    async def main() -> None:
        with ThreadPoolExecutor(1) as pool:
            asyncio.get_running_loop().set_default_executor(pool)
            first, made = Blocked(), list[int]()
            task = await first.start()
            second = asyncio.create_task(aio._off_loop(lambda: made.append(1)))  # noqa: SLF001
            await asyncio.sleep(0.01)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            assert not task.done()
            first.go.set()
            await task
        assert not made

    run(main)


def test_a_timeout_waits_for_the_thread_and_is_a_timeout() -> None:
    async def main() -> None:
        blocked = Blocked()
        asyncio.get_running_loop().call_later(0.1, blocked.go.set)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(aio._off_loop(blocked.work), 0.01)  # noqa: SLF001
        assert blocked.done.is_set()

    run(main)


def test_an_error_after_the_cancellation_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        blocked = Blocked()

        def fail() -> None:
            blocked.work()
            raise ZeroDivisionError

        task = asyncio.create_task(aio._off_loop(fail))  # noqa: SLF001
        await blocked.begun.wait()
        task.cancel()
        await asyncio.sleep(0.01)
        blocked.go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main)
    assert not caplog.records


class Stopping:
    """Raises what no coroutine may, as `next` of an iterator at its end does."""

    def read(self, _size: int, /) -> bytes:
        """Raise it."""
        raise StopIteration

    def progress(self, *_: object) -> None:
        """Raise it."""
        raise StopIteration


@pytest.mark.parametrize("where", ["read", "progress"])
def test_a_stop_iteration_is_an_error_and_no_wait_without_an_end(where: str) -> None:
    caught = list[RuntimeError]()

    async def main() -> None:
        cipher = afalg.Cipher("ctr(aes)", KEY, provider="userspace")
        source = Stopping() if where == "read" else io.BytesIO(DATA)
        progress = Stopping().progress if where == "progress" else None
        with pytest.raises(RuntimeError, match="raised StopIteration") as found:
            await aio.encrypt_file(source, io.BytesIO(), cipher, iv=IV, progress=progress)
        caught.append(found.value)

    # run's own deadline cancels, which is what could not be done
    thread = threading.Thread(target=run, args=(main,), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert [type(error.__cause__) for error in caught] == [StopIteration]


def test_a_file_that_is_cancelled_ends_soon_and_leaves_the_old(tmp_path: Path) -> None:
    async def main() -> None:
        path, parts, begun = tmp_path / "file", list[int](), asyncio.Event()
        path.write_bytes(b"old")
        loop, go = asyncio.get_running_loop(), threading.Event()

        def progress(done: int, _total: int | None) -> None:
            parts.append(done)
            loop.call_soon_threadsafe(begun.set)
            assert go.wait(60)

        cipher = afalg.Cipher("ctr(aes)", KEY, provider="userspace")
        source = io.BytesIO(bytes(9 << 20))
        task = asyncio.create_task(aio.encrypt_file(source, path, cipher, iv=IV, progress=progress))
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert parts == [1 << 20]
        assert path.read_bytes() == b"old"

    run(main)


def test_to_leave_a_stream_in_use_does_not_block_the_loop() -> None:
    async def main() -> None:
        blocked = Blocked()

        class Held:
            def __exit__(self, *_: object) -> None:
                blocked.work()

        stream = aio.AsyncStream(cast("afalg.Stream", Held()))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aio, "Stream", Held)
            leaving = asyncio.create_task(stream.__aexit__(None, None, None))
            await blocked.begun.wait()
            blocked.go.set()
            await leaving
        assert blocked.done.is_set()

    run(main)
