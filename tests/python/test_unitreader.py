"""A UnitReader reads what the units decrypt to, from any place, as any file is read."""

import io
import mmap
import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias

import numpy as np
import pytest

import afalg
from numbering import Cut, in_units
from oracles import ORACLES, difference
from oracles.cases import NewCipher, key_of, message

Wrong: TypeAlias = Any  # an argument that may be against the signature
XTS = ORACLES["xts(aes)"]
LAST = (1 << 64) - 1
UNIT = 512
HEAD = b"a header of another kind".ljust(96)
LUKS2: Cut = {"unit_size": 4096, "first_iv": 80, "iv_step": 8}


@pytest.fixture
def cipher(new_cipher: NewCipher) -> Iterator[afalg.Cipher]:
    """Give the cipher of most disks."""
    with new_cipher(XTS.name, key_of(XTS)) as made:
        yield made


@pytest.fixture(params=["file", "unbuffered", "mmap", "bytes", "BytesIO", "UnitReader"])
def opened(
    request: pytest.FixtureRequest, tmp_path: Path, cipher: afalg.Cipher
) -> Callable[[bytes], Any]:
    """Open an image, in each of the ways there are."""

    def in_file(data: bytes, buffering: int) -> Any:  # noqa: ANN401 - a file or a mapping
        path = tmp_path / "image"
        path.write_bytes(data)
        file = path.open("r+b", buffering=buffering)
        request.addfinalizer(file.close)
        return file

    def mapped(data: bytes) -> mmap.mmap:
        area = mmap.mmap(in_file(data, 0).fileno(), 0)
        request.addfinalizer(area.close)
        return area

    def in_another(data: bytes) -> afalg.UnitReader:
        more = data + bytes(-len(data) % UNIT)
        inner = io.BytesIO(in_units(XTS, "encrypt", more, UNIT))
        return afalg.UnitReader(inner, cipher, unit_size=UNIT)

    ways: dict[str, Callable[[bytes], Any]] = {
        "file": lambda data: in_file(data, -1),
        "unbuffered": lambda data: in_file(data, 0),
        "mmap": mapped,
        "bytes": bytes,
        "BytesIO": io.BytesIO,
        "UnitReader": in_another,
    }
    return ways[request.param]


def sealed(data: bytes, cut: Cut) -> bytes:
    """Give what an image has of the data."""
    return in_units(XTS, "encrypt", data, **cut)


def test_any_part_is_what_it_was(
    cipher: afalg.Cipher, opened: Callable[[bytes], io.BufferedReader]
) -> None:
    cut: Cut = {"unit_size": 64, "first_iv": 3, "iv_step": 5}
    plain = message(4 * 64)
    image = opened(HEAD + sealed(plain, cut) + bytes(500))
    with afalg.UnitReader(image, cipher, offset=len(HEAD), size=len(plain), **cut) as reader:
        assert reader.size == len(plain)
        for start in (0, 1, 63, 64, 65, 127, 128, 200, 255, 256, 300):
            for length in (0, 1, 63, 64, 65, 128, 129, 256, 1000):
                assert reader.seek(start) == start
                assert reader.read(length) == plain[start : start + length]
                assert reader.tell() == max(start, min(start + length, len(plain)))


@pytest.mark.parametrize("form", ["plain64", "plain64be", "benbi"])
def test_numbers_are_written_as_asked(cipher: afalg.Cipher, form: afalg.Numbering) -> None:
    cut: Cut = {"unit_size": UNIT, "first_iv": 1 << 40, "iv_step": 3, "iv": form}
    plain = message(9 * UNIT)
    with afalg.UnitReader(sealed(plain, cut), cipher, **cut) as reader:
        assert reader.seek(-700, io.SEEK_END) == len(plain) - 700
        assert reader.readall() == plain[-700:]


def test_luks2_s_large_sectors_are_read_in_any_portions(cipher: afalg.Cipher) -> None:
    plain = message(3 * (1 << 20) + 5 * 4096)
    for portion in (1000, 4096, 1 << 16, (1 << 20) + 1, 1 << 23):
        reader = afalg.UnitReader(sealed(plain, LUKS2), cipher, **LUKS2)
        parts = list(iter(lambda: reader.read(portion), b""))  # noqa: B023 - used at once
        assert not difference(b"".join(parts), plain)
        reader.close()


def test_readinto_leaves_what_is_beyond_the_end(cipher: afalg.Cipher) -> None:
    plain, room = message(2 * UNIT), bytearray(b"\xa5" * 3 * UNIT)
    with afalg.UnitReader(sealed(plain, {"unit_size": UNIT}), cipher, unit_size=UNIT) as reader:
        reader.seek(UNIT // 2)
        assert reader.readinto(room) == 2 * UNIT - UNIT // 2
        assert room[: 2 * UNIT - UNIT // 2] == plain[UNIT // 2 :]
        assert set(room[2 * UNIT - UNIT // 2 :]) == {0xA5}
        assert reader.readinto(room) == 0


def test_it_is_what_libraries_take_for_a_file(cipher: afalg.Cipher) -> None:
    names = [f"{at}.txt" for at in range(50)]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, name * 1000)
    plain = archive.getvalue() + bytes(-len(archive.getvalue()) % 4096)
    with (
        afalg.UnitReader(sealed(plain, LUKS2), cipher, **LUKS2) as reader,
        io.BufferedReader(reader, 1 << 16) as buffered,
        zipfile.ZipFile(buffered) as found,
    ):
        for name in reversed(names):
            assert found.read(name).decode() == name * 1000
        assert (reader.readable(), reader.seekable(), reader.writable()) == (True, True, False)


@contextmanager
def watched(cipher: afalg.Cipher) -> Iterator[tuple[Any, list[Any]]]:
    """Give what looks like the Cipher, and the buffers that it decrypted into."""
    rooms: list[Any] = []

    def into(data: bytes, room: Any, **cut: Any) -> int:  # noqa: ANN401 - a spy
        rooms.append(room)
        return cipher.decrypt_units_into(data, room, **cut)

    yield SimpleNamespace(decrypt_units_into=into), rooms


def test_a_large_read_is_few_calls(cipher: afalg.Cipher) -> None:
    plain = message(8 << 20)
    with watched(cipher) as (spy, rooms):
        reader = afalg.UnitReader(bytes(len(plain)), spy, unit_size=UNIT)
        rooms.clear()
        with reader, io.BufferedReader(reader, 1 << 20) as buffered:
            while buffered.read(1 << 18):
                pass
        assert len(rooms) <= 10


def test_what_does_not_go_to_the_caller_is_wiped(cipher: afalg.Cipher) -> None:
    plain = message(4 * UNIT)
    with watched(cipher) as (spy, rooms):
        reader = afalg.UnitReader(sealed(plain, {"unit_size": UNIT}), spy, unit_size=UNIT)
        rooms.clear()
        reader.seek(10)
        assert reader.read(3 * UNIT) == plain[10 : 10 + 3 * UNIT]
        own = [room for room in rooms if isinstance(room, bytearray)]
        assert [len(room) for room in own] == [UNIT, UNIT]  # of the first unit and the last
        assert not any(map(any, own))
        reader.close()


def test_threads_that_share_one_read_each_unit_once(cipher: afalg.Cipher) -> None:
    units = [message(4 * UNIT)[:UNIT][at:] + bytes([at]) * at for at in range(200)]
    cut: Cut = {"unit_size": UNIT}
    found: list[bytes] = []

    with afalg.UnitReader(io.BytesIO(sealed(b"".join(units), cut)), cipher, **cut) as reader:

        def work() -> None:
            found.extend(iter(lambda: reader.read(UNIT), b""))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(found) == sorted(units)


def test_closed_it_lets_go_of_the_image_and_closes_nothing(
    cipher: afalg.Cipher, opened: Callable[[bytes], Any]
) -> None:
    image = opened(bytes(4 * UNIT))
    reader = afalg.UnitReader(image, cipher, unit_size=UNIT)
    reader.read(UNIT)
    reader.close()
    reader.close()
    for call in (reader.read, reader.tell, reader.readable, lambda: reader.seek(0)):
        with pytest.raises(afalg.ClosedError, match="the UnitReader is closed: open another"):
            call()
    assert len(image[:16] if isinstance(image, bytes) else image.read(16)) <= 16
    if not isinstance(image, bytes):
        image.close()  # BufferError if the reader still had a view of it
    assert cipher.decrypt_units(bytes(UNIT), unit_size=UNIT)


def test_a_closed_cipher_is_told_and_the_position_stays(new_cipher: NewCipher) -> None:
    cipher = new_cipher(XTS.name, key_of(XTS))
    with afalg.UnitReader(bytes(4 * UNIT), cipher, unit_size=UNIT) as reader:
        reader.read(100)
        cipher.close()
        with pytest.raises(afalg.ClosedError, match="this Cipher is closed"):
            reader.read(100)
        assert reader.tell() == 100


# Refusals


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"unit_size": 520}, afalg.InvalidLengthError, "unit_size is 520, .* a multiple of 16"),
        ({"unit_size": 0}, afalg.InvalidLengthError, "unit_size is 0"),
        ({"unit_size": "512"}, TypeError, "str"),
        ({"first_iv": -1}, afalg.InvalidInputError, "first_iv is -1"),
        ({"first_iv": LAST - 2}, afalg.InvalidInputError, "last unit's iv would be .* 64 bits"),
        ({"first_iv": 1 << 59, "iv": "benbi"}, afalg.InvalidInputError, "beyond 64 bits"),
        ({"iv_step": 0}, afalg.InvalidInputError, "iv_step is 0"),
        ({"iv": "plain"}, afalg.InvalidInputError, 'iv is "plain"'),
        ({"offset": -1}, afalg.InvalidInputError, "offset is -1 and size is None"),
        ({"size": -512}, afalg.InvalidInputError, "offset is 0 and size is -512"),
        ({"offset": 1.5}, TypeError, "float"),
        ({"offset": 2049}, afalg.InvalidLengthError, "2048 bytes, it ends before offset 2049"),
        ({"offset": 512, "size": 2048}, afalg.InvalidLengthError, "need 2560.* pass size=1536 "),
        ({"size": 1000}, afalg.InvalidLengthError, "1000 bytes .* no whole number of units of 512"),
        ({"offset": 10}, afalg.InvalidLengthError, "from offset 10 .* 2038 .* pass size=1536 "),
    ],
)
def test_wrong_arguments_are_found_when_it_is_made(
    cipher: afalg.Cipher, options: Wrong, error: type[Exception], text: str
) -> None:
    for image in (bytes(2048), io.BytesIO(bytes(2048))):
        with pytest.raises(error, match=text) as caught:
            afalg.UnitReader(image, cipher, **{"unit_size": UNIT, **options})
        assert caught.type is error


def test_another_mode_is_found_when_it_is_made(new_cipher: NewCipher) -> None:
    with (
        new_cipher("ctr(aes)", key_of(ORACLES["ctr(aes)"])) as cipher,
        pytest.raises(afalg.InvalidInputError, match="units are for xts"),
    ):
        afalg.UnitReader(b"", cipher, unit_size=UNIT)


def test_the_last_number_there_is_can_be_read(cipher: afalg.Cipher) -> None:
    cut: Cut = {"unit_size": UNIT, "first_iv": LAST - 3}
    plain = message(4 * UNIT)
    with afalg.UnitReader(sealed(plain, cut), cipher, **cut) as reader:
        assert reader.read() == plain
    with afalg.UnitReader(b"", cipher, unit_size=UNIT, first_iv=LAST) as reader:
        assert reader.read() == b""


def test_an_array_without_elements_is_an_empty_image_and_room_for_nothing(
    cipher: afalg.Cipher,
) -> None:
    nothing = np.empty((0, 4))
    with afalg.UnitReader(nothing.data, cipher, unit_size=UNIT) as reader:
        assert (reader.size, reader.read()) == (0, b"")
    with afalg.UnitReader(bytes(UNIT), cipher, unit_size=UNIT) as reader:
        assert (reader.readinto(nothing.data), reader.tell()) == (0, 0)


def test_where_the_image_ends_before_offset_no_size_is_the_way_out(cipher: afalg.Cipher) -> None:
    for size in (None, 0, 512):
        with pytest.raises(afalg.InvalidLengthError, match="it ends before offset") as caught:
            afalg.UnitReader(bytes(2048), cipher, unit_size=UNIT, offset=2049, size=size)
        assert "size" not in str(caught.value)
    with afalg.UnitReader(bytes(2048), cipher, unit_size=UNIT, offset=2048) as reader:
        assert reader.read() == b""


@pytest.mark.parametrize("image", [7, "image", io.StringIO("image"), None])
def test_what_is_no_image_is_told(cipher: afalg.Cipher, image: Wrong) -> None:
    with pytest.raises(TypeError, match=f"image is of type {type(image).__name__}, it must be"):
        afalg.UnitReader(image, cipher, unit_size=UNIT)


def test_an_image_that_cannot_be_read_is_told(cipher: afalg.Cipher, tmp_path: Path) -> None:
    with (tmp_path / "image").open("wb") as written, pytest.raises(io.UnsupportedOperation):
        afalg.UnitReader(written, cipher, unit_size=UNIT)
    with pytest.raises(BufferError, match="not one C-contiguous run"):
        afalg.UnitReader(memoryview(bytes(2048))[::2], cipher, unit_size=UNIT)


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_pipe_is_told(cipher: afalg.Cipher, buffering: int) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with (
        os.fdopen(reading, "rb", buffering=buffering) as pipe,
        pytest.raises(afalg.InvalidInputError, match="the image cannot seek, as a pipe cannot"),
    ):
        afalg.UnitReader(pipe, cipher, unit_size=UNIT)


def test_an_image_that_is_cut_while_it_is_read_is_told(
    cipher: afalg.Cipher, tmp_path: Path
) -> None:
    path, plain = tmp_path / "image", message(8 * UNIT)
    path.write_bytes(sealed(plain, {"unit_size": UNIT}))
    with (
        path.open("r+b", buffering=0) as file,
        afalg.UnitReader(file, cipher, unit_size=UNIT) as reader,
    ):
        file.truncate(3 * UNIT + 100)
        reader.seek(2 * UNIT)
        assert reader.read(UNIT) == plain[2 * UNIT :][:UNIT]
        with pytest.raises(afalg.InvalidLengthError, match="ends at byte 1636, 412 bytes early"):
            reader.read(UNIT)
        assert reader.tell() == 3 * UNIT


@pytest.mark.parametrize(
    ("where", "text"), [((-1, 0), "would be -1"), ((-2049, 2), "would be -1"), ((0, 3), "whence")]
)
def test_a_place_that_is_none_is_told(
    cipher: afalg.Cipher, where: tuple[int, int], text: str
) -> None:
    with afalg.UnitReader(bytes(2048), cipher, unit_size=UNIT) as reader:
        with pytest.raises(afalg.InvalidInputError, match=text):
            reader.seek(*where)
        assert reader.seek(1 << 70) == 1 << 70
        assert reader.read() == b""
