"""CipherReader and CipherWriter: what reads and writes files works over them."""

import copy
import csv
import gc
import gzip
import io
import os
import pickle
import random
import shutil
import subprocess
import sys
import tarfile
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

import afalg
from oracles.cases import PROVIDERS, marks_of
from test_signals import alarmed

if TYPE_CHECKING:
    from typing_extensions import Buffer

OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]
IV, KEY = bytes(range(16)), bytes(range(32))
DATA = random.Random(0).randbytes(700_001)


@pytest.fixture(params=OF_PROVIDERS)
def cipher(request: pytest.FixtureRequest) -> afalg.Cipher:
    """Give a Cipher of each provider."""
    return afalg.Cipher("cbc(aes)", KEY, provider=request.param)


def writer(cipher: afalg.Cipher, target: io.BytesIO) -> afalg.CipherWriter:
    """Give a file that encrypts into another."""
    return afalg.CipherWriter(target, cipher.encryptor(iv=IV, padding="pkcs7"))


def reader(cipher: afalg.Cipher, sealed: bytes) -> afalg.CipherReader:
    """Give a file that decrypts."""
    return afalg.CipherReader(io.BytesIO(sealed), cipher.decryptor(iv=IV, padding="pkcs7"))


def sealed(cipher: afalg.Cipher, data: bytes = DATA) -> bytes:
    """Give what it should be."""
    return cipher.encrypt(data, iv=IV, padding="pkcs7")


def test_copyfileobj_there_and_back(cipher: afalg.Cipher) -> None:
    target, back = io.BytesIO(), io.BytesIO()
    with writer(cipher, target) as file:
        shutil.copyfileobj(io.BytesIO(DATA), file, 1000)
    assert target.getvalue() == sealed(cipher)
    with reader(cipher, target.getvalue()) as file:
        shutil.copyfileobj(file, back, 1000)
    assert back.getvalue() == DATA


def test_reading_may_encrypt_and_writing_decrypt(cipher: afalg.Cipher) -> None:
    stream = cipher.encryptor(iv=IV, padding="pkcs7")
    assert afalg.CipherReader(io.BytesIO(DATA), stream).read() == sealed(cipher)
    back = io.BytesIO()
    with afalg.CipherWriter(back, cipher.decryptor(iv=IV, padding="pkcs7")) as file:
        file.write(sealed(cipher))
    assert back.getvalue() == DATA


@pytest.mark.parametrize("size", [1, 7, 16, 4096, 1 << 18])
def test_reads_of_any_size_give_all(cipher: afalg.Cipher, size: int) -> None:
    data = DATA[:5000] if size < 16 else DATA
    file = reader(cipher, sealed(cipher, data))
    assert b"".join(iter(lambda: file.read(size), b"")) == data
    assert file.read(size) == b""
    assert file.read(0) == b""


def test_lines_of_text_are_read(cipher: afalg.Cipher) -> None:
    text = "".join(f"line {number}\n" for number in range(9999))
    file = io.TextIOWrapper(io.BufferedReader(reader(cipher, sealed(cipher, text.encode()))))
    assert list(file) == text.splitlines(keepends=True)


def test_lines_of_text_are_written(cipher: afalg.Cipher) -> None:
    target = io.BytesIO()
    with io.TextIOWrapper(io.BufferedWriter(writer(cipher, target)), newline="") as file:
        csv.writer(file).writerows([[1, 2], [3, 4]])
    assert target.getvalue() == sealed(cipher, b"1,2\r\n3,4\r\n")


def test_gzip_goes_through(cipher: afalg.Cipher) -> None:
    target = io.BytesIO()
    with writer(cipher, target) as file, gzip.GzipFile(fileobj=file, mode="wb") as packed:
        packed.write(DATA)
    with reader(cipher, target.getvalue()) as back, gzip.GzipFile(fileobj=back) as packed:
        assert packed.read() == DATA


def test_a_tar_archive_goes_through(cipher: afalg.Cipher, tmp_path: Path) -> None:
    (tmp_path / "member").write_bytes(DATA)
    target = io.BytesIO()
    with (
        writer(cipher, target) as file,
        tarfile.open(fileobj=file, mode="w|gz") as archive,
    ):
        archive.add(tmp_path / "member", "member")
    with (
        reader(cipher, target.getvalue()) as back,
        tarfile.open(fileobj=back, mode="r|gz") as archive,
    ):
        member = archive.extractfile(archive.next() or "nothing")
        assert member is not None
        assert member.read() == DATA


@pytest.mark.anywhere
def test_a_table_of_pandas_goes_through(cipher: afalg.Cipher) -> None:
    import pandas as pd  # noqa: PLC0415 - more than User-mode Linux maps in a run of the suite

    table = pd.DataFrame({"number": range(1000), "square": [n * n for n in range(1000)]})
    target = io.BytesIO()
    with writer(cipher, target) as file:
        table.to_csv(file, index=False)
    with reader(cipher, target.getvalue()) as file:
        pd.testing.assert_frame_equal(pd.read_csv(file), table)


def test_an_array_of_numpy_goes_through(cipher: afalg.Cipher) -> None:
    array = np.arange(100_000, dtype="<f8").reshape(100, -1)
    target = io.BytesIO()
    with writer(cipher, target) as file:
        assert file.write(array.data) == array.nbytes
    back = np.empty_like(array)
    with io.BufferedReader(reader(cipher, target.getvalue())) as file:
        assert file.readinto(back.data) == array.nbytes
    assert np.array_equal(array, back)


def test_an_array_without_elements_goes_through(cipher: afalg.Cipher) -> None:
    nothing = np.empty((0, 4))
    target = io.BytesIO()
    with writer(cipher, target) as file:
        assert file.write(nothing.data) == 0
    with reader(cipher, target.getvalue()) as file:
        assert file.readinto(nothing.data) == 0
        with pytest.raises(TypeError, match="read-only"):
            file.readinto(memoryview(b""))


def test_the_files_within_stay_open(cipher: afalg.Cipher) -> None:
    target = io.BytesIO()
    writer(cipher, target).close()
    assert target.getvalue() == sealed(cipher, b"")
    source = io.BytesIO(sealed(cipher))
    with afalg.CipherReader(source, cipher.decryptor(iv=IV)) as file:
        file.read(1)
    assert not source.closed


def test_an_exception_in_the_block_does_not_end_the_message(cipher: afalg.Cipher) -> None:
    target = io.BytesIO()

    def fail() -> None:
        with writer(cipher, target) as file:
            file.write(DATA[:100])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert target.getvalue() == sealed(cipher)[:96]


def test_a_writer_that_is_forgotten_does_not_end_the_message(cipher: afalg.Cipher) -> None:
    target = io.BytesIO()
    file = writer(cipher, target)
    file.write(DATA[:100])
    del file
    gc.collect()
    assert target.getvalue() == sealed(cipher)[:96]


FORGOTTEN = """
import contextlib, gc, io, afalg

cipher = afalg.Cipher("ctr(aes)", bytes(32), provider="userspace")
with io.BytesIO() as target:
    file = afalg.CipherWriter(target, cipher.encryptor(iv=bytes(16)))
    file.write(b"attack")
del file
with contextlib.suppress(TypeError):
    afalg.CipherWriter(target)
gc.collect()
"""


def test_a_writer_that_is_forgotten_says_nothing_of_a_closed_target() -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", FORGOTTEN]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Full(io.BytesIO):
    """A file that fails once."""

    fails = True

    def write(self, data: "Buffer", /) -> int:
        """Fail, or write."""
        if self.fails:
            self.fails = False
            raise OSError("full")
        return super().write(data)


def test_after_a_failed_write_the_message_is_not_ended(cipher: afalg.Cipher) -> None:
    target = Full()
    file = writer(cipher, target)
    with pytest.raises(OSError, match="full"):
        file.write(DATA)
    with pytest.raises(afalg.StreamStateError, match="an earlier write failed"):
        file.write(DATA)
    file.close()
    assert target.getvalue() == b""


def test_a_wrong_end_is_told_by_the_read_that_finds_it(cipher: afalg.Cipher) -> None:
    file = reader(cipher, sealed(cipher)[:-16])
    for _ in range(3):  # an end of the file would hide it
        with pytest.raises(afalg.InvalidPaddingError):
            file.read()
    with pytest.raises(afalg.InvalidLengthError):
        reader(cipher, sealed(cipher)[:-1]).read()


def test_a_wrong_length_is_told_by_close(cipher: afalg.Cipher) -> None:
    file = afalg.CipherWriter(io.BytesIO(), cipher.encryptor(iv=IV))
    file.write(b"seventeen bytes!!")
    with pytest.raises(afalg.InvalidLengthError):
        file.close()
    assert file.closed
    file.close()


def test_closed_files_say_so(cipher: afalg.Cipher) -> None:
    written, read = writer(cipher, io.BytesIO()), reader(cipher, sealed(cipher))
    written.close()
    read.close()
    with pytest.raises(afalg.ClosedError, match="CipherWriter is closed"):
        written.write(b"")
    with pytest.raises(afalg.ClosedError, match="CipherReader is closed"):
        read.readinto(bytearray(1))


def test_they_are_files_of_one_direction_that_cannot_seek(cipher: afalg.Cipher) -> None:
    with writer(cipher, io.BytesIO()) as written, reader(cipher, sealed(cipher)) as read:
        assert (written.readable(), written.writable(), written.seekable()) == (False, True, False)
        assert (read.readable(), read.writable(), read.seekable()) == (True, False, False)
        with pytest.raises(io.UnsupportedOperation):
            read.seek(0)


def test_a_source_that_has_nothing_now_gives_nothing_now(cipher: afalg.Cipher) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with (
        os.fdopen(reading, "rb", buffering=0) as source,
        os.fdopen(writing, "wb", buffering=0) as target,
    ):
        file = afalg.CipherReader(source, cipher.decryptor(iv=IV))
        assert file.read(10) is None
        target.write(cipher.encrypt(bytes(32), iv=IV))
        assert file.read(10) == bytes(10)


def test_flush_reaches_the_target(cipher: afalg.Cipher, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as target, afalg.CipherWriter(target, cipher.encryptor(iv=IV)) as file:
        file.write(bytes(32))
        file.flush()
        assert path.stat().st_size == 32


@pytest.mark.kernel
def test_a_message_that_is_too_long_has_no_end() -> None:
    cipher = afalg.Cipher("xts(aes)", bytes(range(64)), provider="kernel")
    assert cipher.max_message is not None
    source = io.BytesIO(bytes(cipher.max_message + (1 << 20)))
    file = afalg.CipherReader(source, cipher.decryptor(iv=IV))
    for _ in range(4):
        with pytest.raises(afalg.MessageTooLongError):
            file.read(1 << 20)


def test_a_read_that_was_interrupted_has_no_end() -> None:
    class Interrupted:
        def update(self, _data: bytes) -> bytes:
            raise KeyboardInterrupt

    file = afalg.CipherReader(io.BytesIO(DATA), cast("afalg.Stream", Interrupted()))
    with pytest.raises(KeyboardInterrupt):
        file.read(1)
    for _ in range(2):
        with pytest.raises(afalg.StreamStateError, match="interrupted"):
            file.read(1)


def test_a_read_that_the_source_left_is_the_last() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            super().read(size)
            raise TimeoutError  # of a signal's handler, say: nobody knows what was read

    with afalg.Cipher("ctr(aes)", KEY, provider="userspace") as cipher:
        file = afalg.CipherReader(Failing(DATA), cipher.decryptor(iv=IV))
        with pytest.raises(TimeoutError):
            file.read(1)
        with pytest.raises(afalg.StreamStateError, match="interrupted"):
            file.read(1)


def raising_in(module: str) -> AbstractContextManager[None]:
    """Have the handler of a signal raise again and again, where a module's code runs."""

    def handle(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_globals["__name__"] == module:
            raise ZeroDivisionError

    return alarmed(handle, 0.0005, 0.0005)


def read_all(file: io.RawIOBase, room: bytearray) -> bytes:
    """Read to the end, again after an error, or until it says that this is useless."""
    found = bytearray()
    while True:
        try:
            count = file.readinto(room) or 0
        except ZeroDivisionError:
            continue
        except afalg.StreamStateError:
            return bytes(found)
        if count == 0:
            return bytes(found)
        found += room[:count]


@pytest.mark.parametrize("size", [100, 1 << 16])
def test_no_byte_is_lost_to_the_handler_of_a_signal(size: int) -> None:
    data, cut_short, end = random.Random(1).randbytes(1 << 20), 0, time.monotonic() + 60
    with afalg.Cipher("ctr(aes)", KEY, provider="userspace") as cipher:
        sealed = cipher.encrypt(data, iv=IV)
        while cut_short < 20:
            file = afalg.CipherReader(io.BytesIO(sealed), cipher.decryptor(iv=IV))
            with raising_in("afalg.files"):
                found = read_all(file, bytearray(size))
            assert data.startswith(found)
            cut_short += len(found) < len(data)
            assert time.monotonic() < end


@pytest.mark.parametrize("kind", ["reader", "writer", "units"])
def test_there_is_one_of_a_file_which_reads_or_writes(kind: str) -> None:
    with afalg.Cipher("cbc(aes)", KEY, provider="userspace") as cipher:
        files: dict[str, io.RawIOBase] = {
            "reader": afalg.CipherReader(io.BytesIO(), cipher.decryptor(iv=IV)),
            "writer": afalg.CipherWriter(io.BytesIO(), cipher.encryptor(iv=IV)),
            "units": afalg.UnitReader(bytes(512), cipher, unit_size=512),
        }
        file = files[kind]
        for use in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied or pickled: open another"):
                use(file)
        with pytest.raises(io.UnsupportedOperation):
            file.readinto(bytearray(1)) if kind == "writer" else file.write(b"1")
        file.close()
