"""An archive that a cluster encrypted is what one call makes of it, and no key was sent."""

import base64
import random
from argparse import ArgumentTypeError
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dask.config
import pytest
from distributed import Client

import afalg
import dask_archive
from dask_archive import ALGORITHM, BLOCK, Job, KeyName
from oracles.cases import marks_of, message
from programs import PROVIDER, run

KEY = random.Random("archive").randbytes(32)
SIZE = (5 << 20) + 7
RANGE = 1 << 20

pytestmark = [*marks_of(PROVIDER)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have an archive and a key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFALG_PROVIDER", PROVIDER)
    Path("archive").write_bytes(message(SIZE))
    Path("key").write_bytes(KEY)


def opened(sealed: Path, iv: bytes | None = None) -> bytes:
    """Decrypt in one call."""
    data = sealed.read_bytes()
    assert iv in {None, data[:BLOCK]}
    return afalg.decrypt(ALGORITHM, KEY, data[BLOCK:], iv=data[:BLOCK], provider=PROVIDER)


def test_what_a_cluster_made_is_what_one_call_makes() -> None:
    done = run("dask_archive", "archive", "sealed", "--key-file", "key", "--range", str(RANGE))
    assert done.stdout == f"sealed: {SIZE} bytes encrypted\n".encode()
    assert opened(Path("sealed")) == message(SIZE)
    assert sorted(path.name for path in Path().iterdir()) == ["archive", "key", "sealed"]


@pytest.mark.parametrize("number", [0, 1 << 64, (1 << 128) - 100_000, (1 << 128) - 1])
def test_ranges_go_on_where_the_one_before_ended(number: int) -> None:
    iv, target = number.to_bytes(BLOCK), Path("sealed")
    target.write_bytes(iv + bytes(SIZE))
    each = dask_archive.jobs(Path("archive"), target, KeyName(Path("key"), None), iv, RANGE)
    for job in random.Random(number).sample(each, len(each)):
        dask_archive.seal(job)
    assert opened(target, iv) == message(SIZE)


@contextmanager
def overheard(monkeypatch: pytest.MonkeyPatch) -> Generator[bytearray]:
    """Give all that goes through sockets from this process, the scheduler's with it."""
    heard = bytearray()
    tcp = import_module("distributed.comm.tcp")
    genuine: Callable[..., Awaitable[list[bytes | memoryview]]] = tcp.to_frames

    async def to_frames(*arguments: Any, **options: Any) -> list[bytes | memoryview]:  # noqa: ANN401 - Dask's
        frames = await genuine(*arguments, **options)
        for frame in frames:
            heard.extend(bytes(frame))
        return frames

    with monkeypatch.context() as patch, dask.config.set({"distributed.comm.compression": None}):
        patch.setattr(tcp, "to_frames", to_frames)
        yield heard


def test_the_key_is_in_nothing_that_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path("key").rename("where-it-is").absolute()
    with overheard(monkeypatch) as heard, dask_archive.opened_cluster(None) as client:
        sealed = Path("sealed")
        dask_archive.encrypt(client, Path("archive"), sealed, KeyName(file, None), RANGE)
    assert opened(sealed) == message(SIZE)
    assert heard.count(file.name.encode()) >= 1  # what the workers were told is in it
    assert sealed.read_bytes()[:BLOCK] in heard
    for half in (KEY[:16], KEY[16:]):
        for form in (half, half.hex().encode(), base64.b64encode(half)[:20], repr(half).encode()):
            assert form not in heard


@pytest.mark.kernel
@pytest.mark.by_serial
@pytest.mark.usefixtures("own_session")
def test_workers_take_the_key_from_a_keyring() -> None:
    afalg.KeyringKey.add("logon", "archive:main", KEY, keyring="user", timeout=600)
    Path("key").unlink()
    run("dask_archive", "archive", "sealed", "--keyring", "logon:archive:main")
    assert opened(Path("sealed")) == message(SIZE)


def test_a_failure_leaves_nothing_behind() -> None:
    def each(work: Callable[[Job], int], jobs: Iterable[Job], *, pure: bool) -> Iterable[int]:
        assert not pure
        return map(work, jobs)

    here = cast(Client, SimpleNamespace(map=each, gather=list))
    Path("sealed").write_bytes(b"old")
    Path("key").write_bytes(KEY[:7])
    name = KeyName(Path("key"), None)
    with pytest.raises(afalg.InvalidKeyError, match="ctr\\(aes\\) needs 16, 24 or 32"):
        dask_archive.encrypt(here, Path("archive"), Path("sealed"), name, RANGE)
    assert Path("sealed").read_bytes() == b"old"
    assert sorted(path.name for path in Path().iterdir()) == ["archive", "key", "sealed"]


def test_an_archive_that_becomes_shorter_is_told() -> None:
    Path("sealed").write_bytes(bytes(BLOCK + SIZE))
    name = KeyName(Path("key"), None)
    job = Job(Path("archive"), Path("sealed"), name, bytes(BLOCK), 0, SIZE + 1)
    with pytest.raises(EOFError, match="archive has become shorter"):
        dask_archive.seal(job)


@pytest.mark.parametrize("size", ["1000", "0", "-16", "x"])
def test_a_range_is_of_whole_blocks(size: str) -> None:
    with pytest.raises(ArgumentTypeError, match=f"{size!r} is no whole number of blocks of 16 byt"):
        dask_archive.whole_blocks(size)
