"""Messages and units past 4 GiB, where a 32-bit count or offset somewhere would wrap.

Their addresses are all there, their memory is not: most of the windows of a message show the
same 16 MiB. Only those that are compared, at 0, 2^31, 2^32 and the end, have memory of their own.
"""

import ctypes
import mmap
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdings import anonymous
from numbering import in_units
from oracles import ORACLES, difference
from oracles.cases import IN_LAB, NewCipher, iv_of, key_of, message

SIZE = (1 << 32) + 16
WINDOW = 1 << 24
KEPT = (0, (1 << 31) - WINDOW, 1 << 31, (1 << 32) - WINDOW, 1 << 32)
MAP_FIXED, MAP_NORESERVE, MAP_POPULATE = 0x10, 0x4000, 0x8000  # <asm-generic/mman.h>
# Populated, for User-mode Linux: of the host's mappings, which are limited, it would take one for
# every few pages that fault alone.
SHOWN = mmap.MAP_SHARED | MAP_FIXED | MAP_POPULATE
FAILED = ctypes.c_void_p(-1).value

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def map_at(address: int | None, size: int, flags: int, file: int, offset: int) -> int:
    """Call mmap(2)."""
    protection = mmap.PROT_READ | mmap.PROT_WRITE
    found = libc.mmap(address, size, protection, flags, file, offset)
    if found == FAILED:
        raise OSError(ctypes.get_errno(), "mmap")
    return int(found)


def windows() -> Iterator[tuple[int, int, int]]:
    """Give each window's place, its size, and where in the file its memory lies."""
    for place in range(0, SIZE, WINDOW):
        own = KEPT.index(place) + 1 if place in KEPT else 0
        yield place, min(WINDOW, SIZE - place), own * WINDOW


@contextmanager
def huge_buffer() -> Generator[memoryview]:
    """Give SIZE bytes of address space over a few windows of memory."""
    nowhere = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    base = map_at(None, SIZE, nowhere, -1, 0)
    file = os.memfd_create("huge")
    try:
        os.ftruncate(file, (len(KEPT) + 1) * WINDOW)
        for place, size, offset in windows():
            map_at(base + place, size, SHOWN, file, offset)
        yield memoryview((ctypes.c_ubyte * SIZE).from_address(base)).cast("B")
    finally:
        libc.munmap(base, SIZE)
        os.close(file)


def kept(buffer: memoryview) -> dict[int, bytes]:
    """Give what the windows that are compared hold."""
    return {
        place: bytes(buffer[place : place + size]) for place, size, offset in windows() if offset
    }


def fill(buffer: memoryview) -> None:
    """Write something else into each window that is compared."""
    for number, place in enumerate(KEPT):
        size = min(WINDOW, SIZE - place)
        buffer[place : place + size] = message(number + size)[number:]


@pytest.mark.slow
def test_a_message_past_4_gib_arrives_whole(new_cipher: NewCipher) -> None:
    cipher = new_cipher("ecb(cipher_null)", b"")
    with huge_buffer() as data, huge_buffer() as out:
        fill(data)
        assert cipher.encrypt_into(data, out) == SIZE
        found = kept(out)
        for place, expected in kept(data).items():
            assert not difference(found[place], expected), place


@pytest.mark.slow
def test_ctr_past_4_gib_in_place_is_the_oracles(new_cipher: NewCipher) -> None:
    oracle = ORACLES["ctr(aes)"]
    key, iv = key_of(oracle), iv_of(oracle)
    with huge_buffer() as data:
        fill(data)
        before = kept(data)
        assert new_cipher(oracle.name, key).encrypt_into(data, data, iv=iv) == SIZE
        found = kept(data)
    for place, plain in before.items():
        counter = (int.from_bytes(iv) + place // 16) % (1 << 128)
        expected = oracle.encrypt(key, counter.to_bytes(16), plain)
        assert not difference(found[place], expected), place


# Units, of which an image of any size may have millions

UNIT, FIRST = 4096, (1 << 32) - 5  # numbers go on where 32 bits end
FLAT = 2 << 20
IMAGE = 1 << (26 if IN_LAB else 28)


@contextmanager
def flat_memory() -> Generator[None]:
    """Expect no more anonymous memory than before, at any time meanwhile."""
    before, over, seen = anonymous(), threading.Event(), list[int]()

    def watch() -> None:
        while not over.wait(0.01):
            seen.append(anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert seen
    assert max(*seen, anonymous()) - before < FLAT


@pytest.mark.parametrize("threads", [None, 2])
@pytest.mark.parametrize(
    "size", [IMAGE] + [pytest.param(1 << 32, marks=pytest.mark.slow)] * (not IN_LAB)
)
def test_an_image_is_encrypted_in_its_file_and_takes_no_memory(
    new_cipher: NewCipher, tmp_path: Path, size: int, threads: int | None
) -> None:
    oracle, file = ORACLES["xts(aes)"], tmp_path / "image"
    file.touch()
    os.truncate(file, size)
    cipher = new_cipher(oracle.name, key_of(oracle))
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as area:
        with flat_memory():
            cipher.encrypt_units_into(area, area, unit_size=UNIT, first_iv=FIRST, threads=threads)
        for place in (0, size // 2, size - 16 * UNIT):
            due = in_units(oracle, "encrypt", bytes(16 * UNIT), UNIT, FIRST + place // UNIT)
            assert not difference(area[place : place + 16 * UNIT], due), place
    file.unlink()


@pytest.mark.slow
def test_units_past_4_gib_in_place_are_the_oracles(new_cipher: NewCipher) -> None:
    oracle, size = ORACLES["xts(aes)"], SIZE // UNIT * UNIT
    with huge_buffer() as data, data[:size] as units:
        fill(data)
        before = kept(data)
        cipher = new_cipher(oracle.name, key_of(oracle))
        with flat_memory():
            cipher.encrypt_units_into(units, units, unit_size=UNIT, first_iv=FIRST, threads=2)
        found = kept(data)
    assert found.pop(size) == before.pop(size)  # no whole unit
    for place, plain in before.items():
        due = in_units(oracle, "encrypt", plain, UNIT, FIRST + place // UNIT)
        assert not difference(found[place], due), place
