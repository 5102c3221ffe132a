"""Units: each is a message of its own under its number, as dm-crypt writes it."""

import mmap
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import afalg
import children
from numbering import Cut, has_units, in_units
from oracles import ORACLES, Oracle, difference
from oracles.cases import (
    DIRECTIONS,
    NewCipher,
    cases,
    is_lacking,
    key_of,
    marks_of,
    message,
)
from vectors import FILES, Vector
from ways import BEYOND, MARK

Wrong: TypeAlias = Any  # an argument that may be against the signature
LAST = (1 << 64) - 1
XTS = ORACLES["xts(aes)"]
CUTS: tuple[Cut, ...] = (
    {"unit_size": 512, "first_iv": 3},
    {"unit_size": 4096, "first_iv": 8, "iv_step": 8},  # LUKS2
    {"unit_size": 16, "first_iv": (1 << 32) - 20, "iv": "plain64be"},
    {"unit_size": 528, "first_iv": (1 << 40) - 1, "iv_step": (1 << 33) + 1, "iv": "benbi"},
)

disks = cases(has_units)


def called(cipher: afalg.Cipher, direction: str, suffix: str = "") -> Callable[..., Any]:
    """Give encrypt_units, decrypt_units, or what writes into a buffer."""
    call: Callable[..., Any] = getattr(cipher, f"{direction}_units{suffix}")
    return call


@pytest.mark.parametrize(("provider", "oracle"), disks)
def test_each_unit_is_the_oracles_under_its_number(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    for cut in CUTS:
        data = message(cut["unit_size"] * (70 if cut["unit_size"] < 512 else 6))
        for direction in DIRECTIONS:
            due = in_units(oracle, direction, data, **cut)
            assert not difference(called(cipher, direction)(data, **cut), due), cut
            out = bytearray([MARK]) * (len(data) + BEYOND)
            assert called(cipher, direction, "_into")(data, out, **cut) == len(data)
            assert not difference(out[: len(data)], due)
            assert out[len(data) :] == bytearray([MARK]) * BEYOND
            area = bytearray(data)
            assert called(cipher, direction, "_into")(area, area, **cut, threads=2) == len(data)
            assert not difference(area, due)


@pytest.mark.parametrize("unit_size", [512, 4096])
@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda o: o.name in ("xts(aes)", "cbc(aes)", "cbc(camellia)"))
)
def test_threads_share_many_units(new_cipher: NewCipher, oracle: Oracle, unit_size: int) -> None:
    """More than a group of them, and none at all."""
    cipher, data = new_cipher(oracle.name, key_of(oracle)), message((1 << 20) + 5 * unit_size)
    due = in_units(oracle, "encrypt", data, unit_size, first_iv=7)
    for threads in (None, 2, 3, 1000):
        cut: Wrong = {"unit_size": unit_size, "first_iv": 7, "threads": threads}
        assert not difference(cipher.encrypt_units(data, **cut), due)
        assert not difference(cipher.decrypt_units(due, **cut), data)
        area = bytearray(data)
        cipher.encrypt_units_into(area, area, **cut)
        assert cipher.encrypt_units(b"", **cut) == b""
        assert cipher.decrypt_units_into(b"", area, **cut) == 0
        assert not difference(area, due)


# From dm-crypt.c by hand. benbi: (sector << (9 - log2(block))) + 1, big-endian in the last 64 bits.
WRITTEN = [
    ("cbc(aes)", "plain64", 0x0123456789ABCDEF, "efcdab8967452301 0000000000000000"),
    ("cbc(aes)", "plain64be", 0x0123456789ABCDEF, "0000000000000000 0123456789abcdef"),
    ("cbc(aes)", "benbi", 0, "0000000000000000 0000000000000001"),
    ("cbc(aes)", "benbi", 5, "0000000000000000 00000000000000a1"),
    ("lrw(aes)", "benbi", 0x0123456789, "0000000000000000 0000002468acf121"),
    ("cbc(des3_ede)", "plain64", 258, "0201000000000000"),
    ("cbc(des3_ede)", "plain64be", 258, "0000000000000102"),
    ("cbc(des3_ede)", "benbi", 5, "0000000000000141"),
    (
        "adiantum(xchacha12,aes)",
        "plain64",
        LAST,
        "ffffffffffffffff 0000000000000000 0000000000000000 0000000000000000",
    ),
    ("essiv(cbc(aes),sha256)", "plain64", 1, "0100000000000000 0000000000000000"),
    ("xts(aes)", "benbi", (1 << 59) - 1, "0000000000000000 ffffffffffffffe1"),
]


@pytest.mark.parametrize(
    ("algorithm", "form", "number", "written"),
    [pytest.param(*row, id=f"{row[0]}-{row[1]}-{row[2]:#x}") for row in WRITTEN],
)
def test_a_number_is_written_as_dm_crypt_does(
    new_cipher: NewCipher, algorithm: str, form: afalg.Numbering, number: int, written: str
) -> None:
    oracle, data = ORACLES[algorithm], message(32)
    cipher = new_cipher(algorithm, key_of(oracle))
    due = cipher.encrypt(data, iv=bytes.fromhex(written))
    assert cipher.encrypt_units(data, unit_size=32, first_iv=number, iv=form) == due
    assert due == in_units(oracle, "encrypt", data, 32, number, iv=form)


def numbered() -> list[Vector]:
    """Give NIST's vectors whose tweak is a data unit's number, of whole blocks."""
    files = [file for file in FILES if "dataunitseqno" in file.path]
    found = [vector for file in files for vector in file.vectors()]
    return [vector for vector in found if len(vector.plaintext) % 16 == 0]


def test_the_published_data_units_come_out(new_cipher: NewCipher) -> None:
    """SP 800-38E's validation, XTSGenAES in the format "data unit sequence number"."""
    vectors = numbered()
    assert len(vectors) > 500
    for vector in vectors:
        number = int.from_bytes(vector.iv, "little")
        with new_cipher("xts(aes)", vector.key) as cipher:
            for direction in vector.directions:
                given, due = vector.sides(direction)
                call = called(cipher, direction)
                assert call(given, unit_size=len(given), first_iv=number) == due, vector.where


# Refusals


@contextmanager
def refused(error: type[Exception], *parts: str) -> Generator[None]:
    """Expect this very class, and a text with these parts."""
    with pytest.raises(error) as caught:
        yield
    assert caught.type is error
    assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)


def every(cipher: afalg.Cipher, data: Wrong, **options: Wrong) -> list[Callable[[], object]]:
    """Give each way to make units."""
    out = bytearray(len(data))
    return [
        lambda: cipher.encrypt_units(data, **options),
        lambda: cipher.decrypt_units(data, **options),
        lambda: cipher.encrypt_units_into(data, out, **options),
        lambda: cipher.decrypt_units_into(data, out, threads=2, **options),
    ]


@pytest.mark.parametrize(
    ("options", "error", "parts"),
    [
        ({"unit_size": 0}, afalg.InvalidLengthError, ["unit_size is 0", "a multiple of 16"]),
        ({"unit_size": 8}, afalg.InvalidLengthError, ["unit_size is 8", "a multiple of 16"]),
        ({"unit_size": 520}, afalg.InvalidLengthError, ["unit_size is 520", "a multiple of 16"]),
        ({"unit_size": -512}, afalg.InvalidInputError, ["unit_size is -512"]),
        ({"unit_size": 1 << 70}, afalg.InvalidInputError, ["unit_size is 118059162071741130"]),
        ({"unit_size": "512"}, TypeError, ["unit_size is of type str, it must be an int"]),
        ({"unit_size": 512.0}, TypeError, ["unit_size is of type float, it must be an int"]),
        ({}, TypeError, ["unit_size"]),
        (
            {"unit_size": 768},
            afalg.InvalidLengthError,
            ["data has 2048 bytes, which is no whole number of units of 768 bytes", "pad it"],
        ),
        (
            {"unit_size": 4096},
            afalg.InvalidLengthError,
            ["data has 2048 bytes, which is no whole number of units of 4096 bytes"],
        ),
        ({"unit_size": 512, "iv_step": 0}, afalg.InvalidInputError, ["iv_step is 0", "use 1"]),
        ({"unit_size": 512, "iv_step": -1}, afalg.InvalidInputError, ["iv_step is -1"]),
        ({"unit_size": 512, "iv_step": None}, TypeError, ["iv_step is of type NoneType"]),
        ({"unit_size": 512, "first_iv": -1}, afalg.InvalidInputError, ["first_iv is -1"]),
        ({"unit_size": 512, "first_iv": LAST + 1}, afalg.InvalidInputError, ["first_iv is 18446"]),
        ({"unit_size": 512, "first_iv": bytes(16)}, TypeError, ["first_iv is of type bytes"]),
        (
            {"unit_size": 512, "iv": "plain"},
            afalg.InvalidInputError,
            ['iv is "plain", it must be "plain64", "plain64be" or "benbi"'],
        ),
        ({"unit_size": 512, "iv": bytes(16)}, TypeError, ["iv is of type bytes, it must be a str"]),
        ({"unit_size": 512, "iv": None}, TypeError, ["iv is of type NoneType"]),
    ],
)
def test_a_rule_that_is_broken_is_told(
    new_cipher: NewCipher, options: Wrong, error: type[Exception], parts: list[str]
) -> None:
    cipher = new_cipher("xts(aes)", key_of(XTS))
    for call in every(cipher, bytes(2048), **options):
        with refused(error, *parts):
            call()


@pytest.mark.parametrize(
    ("options", "most"),
    [
        ({}, LAST - 3),
        ({"iv": "plain64be"}, LAST - 3),
        ({"iv_step": 8}, LAST - 24),
        ({"iv_step": LAST // 3}, 0),
        ({"iv": "benbi"}, (1 << 59) - 4),
    ],
)
def test_numbers_go_up_to_their_end_and_not_past_it(
    new_cipher: NewCipher, options: Wrong, most: int
) -> None:
    cipher, data = new_cipher("xts(aes)", key_of(XTS)), message(4 * 512)
    due = in_units(XTS, "encrypt", data, 512, most, **options)
    assert cipher.encrypt_units(data, unit_size=512, first_iv=most, **options) == due
    for call in every(cipher, data, unit_size=512, first_iv=most + 1, **options):
        with refused(afalg.InvalidInputError, "the last unit's iv", "beyond 64 bits"):
            call()
    past = {"unit_size": 512, "first_iv": LAST, "iv_step": LAST, "iv": options.get("iv", "plain64")}
    with refused(afalg.InvalidInputError, "beyond 64 bits"):
        cipher.encrypt_units(data, **past)


def others() -> "list[pytest.ParameterSet]":
    """Give modes that have no units, with a part of the reason."""
    keystream, not_for = "the same keystream each time that a unit is written", "not for"
    table = {
        **dict.fromkeys(("ctr(aes)", "chacha20", "xchacha20", "rfc3686(ctr(aes))"), keystream),
        **dict.fromkeys(("cfb(aes)", "ofb(aes)"), keystream),
        **dict.fromkeys(("ecb(aes)", "cts(cbc(aes))", "pcbc(aes)", "ecb(cipher_null)"), not_for),
    }
    return [
        pytest.param(provider, *row, id=f"{provider}-{row[0]}", marks=marks_of(provider))
        for provider in ("kernel", "userspace")
        for row in table.items()
        if not is_lacking(provider, row[0])
    ]


@pytest.mark.parametrize(("provider", "algorithm", "reason"), others())
def test_other_modes_have_no_units_and_the_reason_is_told(
    new_cipher: NewCipher, algorithm: str, reason: str
) -> None:
    cipher = new_cipher(algorithm, key_of(ORACLES[algorithm]))
    for call in every(cipher, bytes(1024), unit_size=512):
        with refused(afalg.InvalidInputError, "units are for xts, adiantum", reason, algorithm):
            call()


def test_an_out_that_does_not_fit_is_refused_and_left_alone(new_cipher: NewCipher) -> None:
    cipher, area = new_cipher("xts(aes)", key_of(XTS)), bytearray(message(4096))
    view = memoryview(area)
    for call in (cipher.encrypt_units_into, cipher.decrypt_units_into):
        with refused(afalg.InvalidLengthError, "out has 1023 bytes, the result needs 1024"):
            call(bytes(1024), view[:1023], unit_size=512)
        for source, target in ((0, 512), (512, 0), (0, 1), (16, 0)):
            with refused(afalg.BufferOverlapError, "overlap in part"):
                call(view[source : source + 2048], view[target:][:2048], unit_size=512)
        with refused(BufferError, "out is read-only"):
            call(bytes(1024), bytes(1024), unit_size=512)
        with refused(TypeError, "data is of type str"):
            call("text", area, unit_size=512)  # type: ignore[arg-type]
        with refused(TypeError, "out is of type int"):
            call(bytes(512), 7, unit_size=512)  # type: ignore[arg-type]
        with refused(BufferError, "data is not one C-contiguous run"):
            call(view[::2], area, unit_size=512)
    assert area == message(4096)


def test_in_place_out_may_be_longer(new_cipher: NewCipher) -> None:
    cipher, area = new_cipher("xts(aes)", key_of(XTS)), bytearray(message(4096))
    assert cipher.encrypt_units_into(memoryview(area)[:1024], area, unit_size=512) == 1024
    assert area[:1024] == in_units(XTS, "encrypt", message(1024), 512)
    assert area[1024:] == message(4096)[1024:]


def test_a_file_is_encrypted_where_it_lies(new_cipher: NewCipher, tmp_path: Path) -> None:
    file, data = tmp_path / "disk", message(1 << 18)
    file.write_bytes(data)
    cipher = new_cipher("xts(aes)", key_of(XTS))
    for threads in (None, 2):
        with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as area:
            cipher.encrypt_units_into(area, area, unit_size=4096, iv_step=8, threads=threads)
        due = in_units(XTS, "encrypt", data, 4096, iv_step=8)
        assert not difference(file.read_bytes(), due)
        with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as area:
            cipher.decrypt_units_into(area, area, unit_size=4096, iv_step=8, threads=threads)
        assert not difference(file.read_bytes(), data)


# Longer than a request


@pytest.mark.kernel
@pytest.mark.limits
def test_a_unit_has_to_fit_a_request_of_the_kernels() -> None:
    with afalg.Cipher("xts(aes)", key_of(XTS), provider="kernel") as cipher:
        limit = cipher.max_message or 0
        data = message(2 * limit)
        due = in_units(XTS, "encrypt", data, limit)
        assert not difference(cipher.encrypt_units(data, unit_size=limit), due)
        for call in every(cipher, bytes(limit + 16), unit_size=limit + 16):
            with refused(afalg.MessageTooLongError, f"carries at most {limit} in this process"):
                call()
    oracle = ORACLES["cbc(aes)"]  # which can be cut
    with afalg.Cipher(oracle.name, key_of(oracle), provider="kernel") as cipher:
        found = cipher.encrypt_units(message(2 * (limit + 16)), unit_size=limit + 16)
        due = in_units(oracle, "encrypt", message(2 * (limit + 16)), limit + 16)
        assert not difference(found, due)


@pytest.mark.kernel
@pytest.mark.limits
def test_longer_units_are_userspaces_where_it_may_and_it_is_said() -> None:
    children.run("long_units")
