"""Bad input: the class, the fact and the rule in its text; and the Cipher works on."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

import afalg
from oracles import ORACLES
from oracles.cases import NewCipher, iv_of, key_of, message

KEY = bytes(range(16))
IV = bytes(range(16))
Wrong: TypeAlias = Any  # an argument that may be against the signature
Calls: TypeAlias = list[Callable[[], object]]


def counted(size: int) -> str:
    """Say so many bytes."""
    return f"{size} byte{'' if size == 1 else 's'}"


@contextmanager
def refused(error: type[Exception], *parts: str) -> Generator[None]:
    """Expect this very class, and a text that has these parts and no errno's words."""
    with pytest.raises(error) as caught:
        yield
    assert caught.type is error
    assert [part for part in parts if part not in str(caught.value)] == [], str(caught.value)
    assert "Invalid argument" not in str(caught.value)
    assert "EINVAL" not in str(caught.value)


def made(new_cipher: NewCipher, algorithm: str) -> afalg.Cipher:
    """Make the Cipher that the oracle has the answers of."""
    return new_cipher(algorithm, key_of(ORACLES[algorithm]))


def assert_works(cipher: afalg.Cipher) -> None:
    """Hold a small message, there and back, against the oracle."""
    oracle = ORACLES[cipher.algorithm]
    iv, data = iv_of(oracle), message(4 * oracle.chunk_size)
    expected = oracle.encrypt(key_of(oracle), iv, data)
    assert cipher.encrypt(data, iv=iv) == expected
    assert cipher.decrypt(expected, iv=iv) == data


def streamed(begin: Callable[..., afalg.Stream], data: Wrong, iv: Wrong) -> None:
    """Run a message through a stream."""
    stream = begin(iv=iv)
    stream.update(data)
    stream.finalize()


def ways(cipher: afalg.Cipher, data: Wrong, iv: Wrong) -> Calls:
    """Give every way to pass a message."""
    out = bytearray(64)
    return [
        lambda: cipher.encrypt(data, iv=iv),
        lambda: cipher.decrypt(data, iv=iv),
        lambda: cipher.encrypt_into(data, out, iv=iv),
        lambda: cipher.decrypt_into(data, out, iv=iv),
        lambda: streamed(cipher.encryptor, data, iv),
        lambda: streamed(cipher.decryptor, data, iv),
        lambda: cipher.encrypt_many([(data, iv)]),
        lambda: cipher.decrypt_many([(data, iv)] * 5, threads=2),
    ]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("", ["is empty", "cbc(aes)"]),
        ("cbc(aes)\0", ["NUL at position 8"]),
        ("\0cbc(aes)", ["NUL at position 0"]),
        ("x" * 104, ["104 bytes", "at most 103"]),
        ("é" * 52, ["104 bytes", "at most 103"]),
        ("ecb(arc4)", ["ecb(arc4) is refused", "RC4", "another cipher"]),
    ],
)
def test_a_name_that_no_kernel_should_get_is_refused(name: str, parts: list[str]) -> None:
    with refused(afalg.InvalidInputError, *parts):
        afalg.Cipher(name, KEY)
    for call in (afalg.encrypt, afalg.decrypt):
        with refused(afalg.InvalidInputError, *parts):
            call(name, KEY, b"")


@pytest.mark.parametrize("name", [b"cbc(aes)", None, 7, ["cbc(aes)"]])
def test_a_name_that_is_no_str_is_a_type_error(name: Wrong) -> None:
    with pytest.raises(TypeError, match="str"):
        afalg.Cipher(name, KEY)


def not_found(provider: afalg.Provider, name: str, *parts: str) -> None:
    """Expect the name not to be found, and to be told which it was."""
    with refused(afalg.AlgorithmNotFoundError, name, *parts):
        afalg.encrypt(name, KEY, bytes(16), iv=IV, provider=provider)
    with pytest.raises(LookupError) as caught:
        afalg.Cipher(name, KEY, provider=provider)
    assert isinstance(caught.value, afalg.AlgorithmNotFoundError)
    assert caught.value.algorithm == name


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("aes-256-cbc", "cbc(aes)"),
        ("AES-128-CTR", "ctr(aes)"),
        ("cbc(ase)", "cbc(aes)"),
        ("aes-xts", "xts(aes)"),
        ("xchacha", "xchacha20"),
        ("cbc(aes", "cbc(aes)"),
    ],
)
def test_an_unknown_name_is_told_what_was_meant(
    provider: afalg.Provider, name: str, meant: str
) -> None:
    not_found(provider, name, f"did you mean {meant}?")


@pytest.mark.parametrize("name", ["n" * 103, "no such thing", "ß(日本)"])
def test_a_name_unlike_any_other_is_told_where_to_look(provider: afalg.Provider, name: str) -> None:
    where = "afalg doctor" if provider == "kernel" else "it has chacha20"
    not_found(provider, name, "no skcipher", where)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sha256", "a hash"),
        ("hmac(sha256)", "a hash"),
        ("cmac(aes)", "a hash"),
        ("gcm(aes)", "an aead"),
        ("authenc(hmac(sha256),cbc(aes))", "an aead"),
        ("stdrng", "an rng"),
    ],
)
def test_an_algorithm_of_another_type_is_told_so(
    provider: afalg.Provider, name: str, kind: str
) -> None:
    not_found(provider, name, f"{name} is {kind}, not a skcipher")


@pytest.mark.parametrize(
    ("algorithm", "sizes", "rule"),
    [
        ("cbc(aes)", (0, 15, 17, 31, 33, 64), "16, 24 or 32"),
        ("xts(aes)", (0, 16, 31, 33, 63, 65), "32, 48 or 64"),
        ("lrw(aes)", (16, 33, 64), "32, 40 or 48"),
        ("essiv(cbc(aes),sha256)", (20,), "16, 24 or 32"),
        ("rfc3686(ctr(aes))", (16, 32), "20, 28 or 36"),
        ("cbc(des3_ede)", (8, 16, 23, 25), "24"),
        ("chacha20", (0, 31, 33), "32"),
        ("xchacha20", (16,), "32"),
        ("adiantum(xchacha12,aes)", (16, 33), "32"),
        ("ecb(serpent)", (33,), "0 to 32"),
        ("ecb(cipher_null)", (1,), "none (0 bytes)"),
    ],
)
def test_a_key_of_a_wrong_size_is_told_the_right_ones(
    provider: afalg.Provider, algorithm: str, sizes: tuple[int, ...], rule: str
) -> None:
    for size in sizes:
        text = f"key has {counted(size)}, {algorithm} needs {rule}"
        with refused(afalg.InvalidKeyError, text):
            afalg.Cipher(algorithm, bytes(size), provider=provider)
        with refused(afalg.InvalidKeyError, text):
            afalg.decrypt(algorithm, bytes(size), bytes(16), provider=provider)
    with afalg.Cipher(algorithm, key_of(ORACLES[algorithm]), provider=provider) as cipher:
        assert_works(cipher)


def test_an_odd_key_of_two_halves_is_refused_where_the_cipher_takes_any(
    provider: afalg.Provider,
) -> None:
    with refused(afalg.InvalidKeyError, "33 bytes", "xts(serpent)"):
        afalg.Cipher("xts(serpent)", bytes(33), provider=provider)


@pytest.mark.parametrize(
    ("algorithm", "size", "text"),
    [
        ("cbc(aes)", None, "iv is missing, cbc(aes) needs one of 16 bytes"),
        ("cbc(aes)", 0, "iv has 0 bytes, cbc(aes) needs 16"),
        ("cbc(aes)", 17, "iv has 17 bytes, cbc(aes) needs 16"),
        ("ctr(aes)", 1000, "iv has 1000 bytes, ctr(aes) needs 16"),
        ("xts(aes)", 12, "iv has 12 bytes, xts(aes) needs 16"),
        ("cbc(des3_ede)", 16, "iv has 16 bytes, cbc(des3_ede) needs 8"),
        ("rfc3686(ctr(aes))", 16, "iv has 16 bytes, rfc3686(ctr(aes)) needs 8"),
        ("chacha20", 12, "iv has 12 bytes, chacha20 needs 16"),
        ("xchacha20", 24, "iv has 24 bytes, xchacha20 needs 32"),
        ("adiantum(xchacha12,aes)", None, "needs one of 32 bytes"),
        ("ecb(aes)", 16, "iv has 16 bytes, ecb(aes) takes none; leave it out"),
    ],
)
def test_an_iv_that_is_missing_superfluous_or_of_a_wrong_size_is_told_the_right_one(
    new_cipher: NewCipher, algorithm: str, size: int | None, text: str
) -> None:
    cipher = made(new_cipher, algorithm)
    for call in ways(cipher, bytes(32), None if size is None else bytes(size)):
        with refused(afalg.InvalidIVError, text):
            call()
        assert_works(cipher)


@pytest.mark.parametrize(
    ("algorithm", "sizes", "rule"),
    [
        ("cbc(aes)", (1, 15, 17), "a multiple of 16"),
        ("ecb(aes)", (31,), "a multiple of 16"),
        ("cbc(des3_ede)", (12,), "a multiple of 8"),
        ("lrw(aes)", (24,), "a multiple of 16"),
        ("essiv(cbc(aes),sha256)", (40,), "a multiple of 16"),
        ("xts(aes)", (0, 1, 15), "at least 16"),
        ("cts(cbc(aes))", (0, 1, 15), "at least 16"),
        ("adiantum(xchacha12,aes)", (0, 15), "at least 16"),
    ],
)
def test_a_length_that_the_mode_cannot_take_is_told_the_rule(
    new_cipher: NewCipher, algorithm: str, sizes: tuple[int, ...], rule: str
) -> None:
    cipher = made(new_cipher, algorithm)
    for size in sizes:
        for call in ways(cipher, bytes(size), iv_of(ORACLES[algorithm])):
            text = f"data has {counted(size)}, {algorithm} needs {rule}"
            with refused(afalg.InvalidLengthError, text):
                call()
            assert_works(cipher)


def test_padding_is_the_way_out_of_an_odd_length_where_it_is_one(new_cipher: NewCipher) -> None:
    cipher, way_out = made(new_cipher, "cbc(aes)"), 'padding="pkcs7" makes it one'
    with refused(afalg.InvalidLengthError, way_out):
        cipher.encrypt(bytes(17), iv=bytes(16))
    with pytest.raises(afalg.InvalidLengthError) as caught:
        cipher.decrypt(bytes(17), iv=bytes(16))
    assert way_out not in str(caught.value)


def padded_ways(cipher: afalg.Cipher, iv: bytes, word: Wrong) -> Calls:
    """Give every way to ask for padding."""
    return [
        lambda: cipher.encrypt(bytes(32), iv=iv, padding=word),
        lambda: cipher.decrypt(bytes(32), iv=iv, padding=word),
        lambda: cipher.encryptor(iv=iv, padding=word),
        lambda: cipher.decryptor(iv=iv, padding=word),
    ]


@pytest.mark.parametrize("algorithm", ["ctr(aes)", "xts(aes)", "cts(cbc(aes))", "chacha20"])
def test_padding_is_refused_where_the_mode_has_none(new_cipher: NewCipher, algorithm: str) -> None:
    cipher = made(new_cipher, algorithm)
    for call in padded_ways(cipher, iv_of(ORACLES[algorithm]), "pkcs7"):
        with refused(afalg.InvalidInputError, "ecb, cbc and pcbc", f"leave it out for {algorithm}"):
            call()
        assert_works(cipher)


@pytest.mark.parametrize("word", ["pkcs5", "PKCS7", "", "pkcs7\0"])
def test_another_word_for_padding_is_told_the_right_one(new_cipher: NewCipher, word: str) -> None:
    cipher = made(new_cipher, "cbc(aes)")
    for call in padded_ways(cipher, IV, word):
        with refused(afalg.InvalidInputError, "padding is", 'must be "pkcs7" or None'):
            call()
        assert_works(cipher)


def places(cipher: afalg.Cipher, wrong: Wrong) -> dict[str, Calls]:
    """Give every way to pass something for each argument that is a buffer."""
    stream = cipher.encryptor(iv=IV)
    return {
        "data": [*ways(cipher, wrong, IV), lambda: stream.update_into(wrong, bytearray(16))],
        "iv": ways(cipher, bytes(16), wrong),
        "out": writing(cipher, wrong),
        "key": [
            lambda: afalg.Cipher("cbc(aes)", wrong),
            lambda: afalg.encrypt("cbc(aes)", wrong, b""),
        ],
    }


def writing(cipher: afalg.Cipher, out: Wrong) -> Calls:
    """Give every way to have a result written."""
    stream = cipher.encryptor(iv=IV)
    return [
        lambda: cipher.encrypt_into(bytes(16), out, iv=IV),
        lambda: cipher.decrypt_into(bytes(16), out, iv=IV),
        lambda: stream.update_into(bytes(16), out),
        lambda: stream.finalize_into(out),
    ]


@pytest.mark.parametrize("wrong", ["text", 16, [1, 2, 3], object()])
def test_what_has_no_bytes_is_a_type_error_that_says_which_argument(
    new_cipher: NewCipher, wrong: Wrong
) -> None:
    cipher = made(new_cipher, "cbc(aes)")
    for name, calls in places(cipher, wrong).items():
        for call in calls:
            with refused(TypeError, f"{name} is", type(wrong).__name__, "must be bytes-like"):
                call()
    assert_works(cipher)


SCATTERED: dict[str, Wrong] = {
    "every-other": memoryview(bytearray(64))[::2],
    "backwards": memoryview(bytearray(64))[::-1],
    "columns": np.zeros((8, 8), np.uint8)[:, ::2],
    "fortran": np.asfortranarray(np.zeros((4, 8), np.uint8)),
}


@pytest.mark.parametrize("kind", SCATTERED)
def test_bytes_in_several_places_are_a_buffer_error_that_says_which_argument(
    new_cipher: NewCipher, kind: str
) -> None:
    cipher = made(new_cipher, "cbc(aes)")
    for name, calls in places(cipher, SCATTERED[kind]).items():
        for call in calls:
            with refused(BufferError, f"{name} is not one C-contiguous run", "contiguous copy"):
                call()
    assert_works(cipher)


def mapped_file() -> mmap:
    """Map this file, to be read only."""
    with Path(__file__).open("rb") as file:
        return mmap(file.fileno(), 64, access=ACCESS_READ)


READ_ONLY: dict[str, Callable[[], Wrong]] = {
    "bytes": lambda: bytes(64),
    "memoryview": lambda: memoryview(bytearray(64)).toreadonly(),
    "numpy": lambda: np.frombuffer(bytes(64), np.uint8),
    "mmap": mapped_file,
}


@pytest.mark.parametrize("kind", READ_ONLY)
def test_an_out_that_is_read_only_is_a_buffer_error(new_cipher: NewCipher, kind: str) -> None:
    cipher = made(new_cipher, "cbc(aes)")
    for call in writing(cipher, READ_ONLY[kind]()):
        with refused(BufferError, "out is read-only", "bytearray"):
            call()
    assert_works(cipher)


def test_an_out_that_is_too_short_is_told_what_it_takes(new_cipher: NewCipher) -> None:
    cipher, out = made(new_cipher, "cbc(aes)"), bytearray(b"\xa5" * 31)
    stream = cipher.encryptor(iv=IV)
    assert stream.update(bytes(15)) == b""
    calls: Calls = [
        lambda: cipher.encrypt_into(bytes(32), out, iv=IV),
        lambda: cipher.decrypt_into(bytes(32), out, iv=IV),
        lambda: stream.update_into(bytes(17), out),
    ]
    for call in calls:
        with refused(afalg.InvalidLengthError, "out has 31 bytes, the result needs 32"):
            call()
        assert out == b"\xa5" * 31
    assert_works(cipher)


def test_buffers_that_overlap_in_part_are_refused_and_left_alone(new_cipher: NewCipher) -> None:
    cipher, area = made(new_cipher, "ctr(aes)"), bytearray(message(64))
    for source, target in ((0, 1), (1, 0), (0, 31), (31, 0)):
        data, out = memoryview(area)[source:][:32], memoryview(area)[target:][:32]
        for call in (cipher.encrypt_into, cipher.decrypt_into):
            with refused(afalg.BufferOverlapError, "overlap in part", "data itself or apart"):
                call(data, out, iv=IV)
    for out in (memoryview(area), memoryview(area)[:16], memoryview(area)[15:]):
        with refused(afalg.BufferOverlapError, "of a stream overlap", "apart from data"):
            cipher.encryptor(iv=IV).update_into(memoryview(area)[:16], out)
    assert area == message(64)
    assert_works(cipher)
