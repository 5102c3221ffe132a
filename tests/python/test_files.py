"""Whole files: `encrypt_file` and `decrypt_file`, between paths and open files."""

import gzip
import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import afalg
from afalg.files import PART
from oracles.cases import PROVIDERS, marks_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]
IV, KEY = bytes(range(16)), bytes(range(32))
SIZES = (0, 1, 15, 16, 17, PART - 1, PART, PART + 1, 2 * PART + 33)


class Slow:
    """A file object with `read` and `write` alone, which does few bytes at once."""

    def __init__(self, data: bytes = b"") -> None:
        self.data, self.draw = data, random.Random(len(data))

    def read(self, size: int, /) -> bytes:
        """Give a few bytes."""
        count = min(size, self.draw.randrange(1, 100_000))
        part, self.data = self.data[:count], self.data[count:]
        return part

    def write(self, data: "Buffer", /) -> int:
        """Take a few bytes."""
        part = bytes(memoryview(data)[:70_000])
        self.data += part
        return len(part)


@pytest.fixture(params=OF_PROVIDERS)
def cipher(request: pytest.FixtureRequest) -> afalg.Cipher:
    """Give a Cipher of each provider."""
    return afalg.Cipher("cbc(aes)", KEY, provider=request.param)


@pytest.mark.parametrize("size", SIZES)
def test_a_file_there_and_back(cipher: afalg.Cipher, size: int, tmp_path: Path) -> None:
    plain = random.Random(size).randbytes(size)
    source, sealed, back = (tmp_path / name for name in ("plain", "sealed", "back"))
    source.write_bytes(plain)
    count = afalg.encrypt_file(source, str(sealed), cipher, iv=IV, padding="pkcs7")
    assert count == sealed.stat().st_size == 16 * (size // 16 + 1)
    assert sealed.read_bytes() == cipher.encrypt(plain, iv=IV, padding="pkcs7")
    assert afalg.decrypt_file(sealed, back, cipher, iv=IV, padding="pkcs7") == size
    assert back.read_bytes() == plain


def test_open_files_stay_open(cipher: afalg.Cipher) -> None:
    source, target = io.BytesIO(bytes(32)), io.BytesIO()
    assert afalg.encrypt_file(source, target, cipher, iv=IV) == 32
    assert target.getvalue() == cipher.encrypt(bytes(32), iv=IV)
    assert not source.closed


def test_files_that_do_little_at_once_are_read_and_written_whole(cipher: afalg.Cipher) -> None:
    plain = random.Random(0).randbytes(1_000_000)
    target = Slow()
    afalg.encrypt_file(Slow(plain), target, cipher, iv=IV)
    assert target.data == cipher.encrypt(plain, iv=IV)


def test_a_file_may_become_its_own_ciphertext(cipher: afalg.Cipher, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(PART + 16))
    afalg.encrypt_file(path, path, cipher, iv=IV)
    assert path.read_bytes() == cipher.encrypt(bytes(PART + 16), iv=IV)


def test_progress_is_told_from_the_first_part_to_the_last(
    cipher: afalg.Cipher, tmp_path: Path
) -> None:
    path, told = tmp_path / "file", list[tuple[int, int | None]]()
    path.write_bytes(bytes(2 * PART + 16))
    afalg.encrypt_file(path, io.BytesIO(), cipher, iv=IV, progress=lambda *of: told.append(of))
    total = 2 * PART + 16
    assert told == [(PART, total), (2 * PART, total), (total, total)]


def test_of_what_has_no_end_progress_tells_no_total(cipher: afalg.Cipher) -> None:
    told = list[tuple[int, int | None]]()
    afalg.encrypt_file(
        Slow(bytes(32)), io.BytesIO(), cipher, iv=IV, progress=lambda *of: told.append(of)
    )
    assert told
    assert {total for _, total in told} == {None}


def failing(*_: object) -> None:
    """Raise."""
    raise ZeroDivisionError


FAULTS: dict[str, tuple[dict[str, object], type[Exception]]] = {
    "progress": ({"iv": IV, "progress": failing}, ZeroDivisionError),
    "length": ({"iv": IV}, afalg.InvalidLengthError),
    "iv": ({"iv": IV[:12]}, afalg.InvalidIVError),
    "padding": ({"iv": IV, "padding": "iso"}, afalg.InvalidInputError),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failure_leaves_the_old_file(cipher: afalg.Cipher, fault: str, tmp_path: Path) -> None:
    options, error = FAULTS[fault]
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(17))
    target.write_bytes(b"old")
    run: Callable[..., int] = afalg.encrypt_file
    with pytest.raises(error):
        run(source, target, cipher, **options)
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_wrong_padding_leaves_the_old_file(cipher: afalg.Cipher, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"old")
    with pytest.raises(afalg.InvalidPaddingError):
        afalg.decrypt_file(io.BytesIO(bytes(32)), target, cipher, iv=IV, padding="pkcs7")
    assert target.read_bytes() == b"old"


def test_a_source_that_is_not_there_makes_no_target(cipher: afalg.Cipher, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        afalg.encrypt_file(tmp_path / "absent", tmp_path / "target", cipher, iv=IV)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_the_systems_error(cipher: afalg.Cipher) -> None:
    with pytest.raises(OSError, match="No space left"):
        afalg.encrypt_file(io.BytesIO(bytes(32)), "/dev/full", cipher, iv=IV)


def test_a_source_that_has_nothing_now_is_an_error(cipher: afalg.Cipher) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with (
        os.fdopen(reading, "rb", buffering=0) as source,
        os.fdopen(writing, "wb"),
        pytest.raises(BlockingIOError, match="non-blocking"),
    ):
        afalg.encrypt_file(source, io.BytesIO(), cipher, iv=IV)


@pytest.mark.parametrize("name", ["xts(aes)", "cts(cbc(aes))", "chacha20"])
def test_other_modes_do_files_too(name: str, tmp_path: Path) -> None:
    cipher = afalg.Cipher(name, bytes(range(32)), provider="userspace")
    iv = bytes(cipher.iv_size)
    data = random.Random(0).randbytes(2 * PART + 5)
    path = tmp_path / "file"
    path.write_bytes(data)
    afalg.encrypt_file(path, path, cipher, iv=iv)
    assert path.read_bytes() == cipher.encrypt(data, iv=iv)


def test_no_total_is_told_of_what_is_packed_or_made_when_it_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "packed", "wb") as packed:
        packed.write(bytes(100_000))
    cipher = afalg.Cipher("ctr(aes)", KEY, provider="userspace")
    told = list[int | None]()

    def progress(_done: int, total: int | None) -> None:
        told.append(total)

    with gzip.open(tmp_path / "packed") as unpacked:
        for source in (unpacked, "/proc/cpuinfo"):
            afalg.encrypt_file(source, io.BytesIO(), cipher, iv=IV, progress=progress)
    assert told
    assert set(told) == {None}


@pytest.mark.parametrize("buffering", [0, -1])
@pytest.mark.parametrize("begun", ["seek", "read"])
def test_of_a_file_that_was_begun_the_rest_is_told(
    begun: str, buffering: int, tmp_path: Path
) -> None:
    path, told = tmp_path / "file", list[tuple[int, int | None]]()
    path.write_bytes(bytes(PART + 30))
    cipher = afalg.Cipher("ctr(aes)", KEY, provider="userspace")
    with path.open("rb", buffering=buffering) as source:
        getattr(source, begun)(16)  # an IV is read so; the buffer about the file reads ahead
        afalg.encrypt_file(
            source, io.BytesIO(), cipher, iv=IV, progress=lambda *of: told.append(of)
        )
    assert told == [(PART, PART + 14), (PART + 14, PART + 14)]
