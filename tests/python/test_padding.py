"""PKCS#7 around ecb, cbc and pcbc, in one shot and in streams, held against another padder."""

import random
from functools import partial
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.padding import PKCS7

import afalg
from oracles import Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message

if TYPE_CHECKING:
    from collections.abc import Callable

PADDED = ("ecb", "cbc", "pcbc")


def is_padded(oracle: Oracle) -> bool:
    """Whether the mode takes padding."""
    return oracle.name.partition("(")[0] in PADDED and oracle.block_size > 1


def padded(oracle: Oracle, data: bytes) -> bytes:
    """Pad with `cryptography`."""
    padder = PKCS7(8 * oracle.block_size).padder()
    return padder.update(data) + padder.finalize()


def hidden(oracle: Oracle, data: bytes) -> bytes:
    """Give the oracle's ciphertext of a padded message."""
    return oracle.encrypt(key_of(oracle), iv_of(oracle), padded(oracle, data))


def begin(cipher: afalg.Cipher, direction: str, iv: bytes) -> afalg.Stream:
    """Begin a padded stream in a direction."""
    if direction == "encrypt":
        return cipher.encryptor(iv=iv, padding="pkcs7")
    return cipher.decryptor(iv=iv, padding="pkcs7")


@pytest.mark.parametrize(("provider", "oracle"), cases(is_padded))
def test_padding_is_added_and_taken_off_at_every_length(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    for length in range(3 * oracle.block_size + 1):
        data = message(length)
        assert cipher.encrypt(data, iv=iv, padding="pkcs7") == hidden(oracle, data), length
        assert cipher.decrypt(hidden(oracle, data), iv=iv, padding="pkcs7") == data, length


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases(is_padded))
def test_a_padded_stream_equals_one_call_at_every_length_and_split(
    new_cipher: NewCipher, oracle: Oracle, direction: str
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    for length in range(3 * oracle.block_size + 1):
        data = message(length)
        fed, expected = data, hidden(oracle, data)
        if direction == "decrypt":
            fed, expected = expected, fed
        for cut in {0, 1, length // 2, oracle.block_size, 2 * oracle.block_size - 1, len(fed)}:
            stream = begin(cipher, direction, iv_of(oracle))
            found = stream.update(fed[:cut]) + stream.update(fed[cut:]) + stream.finalize()
            assert found == expected, (length, cut)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases(is_padded))
def test_a_padded_stream_writes_into_just_the_room_it_asks_for(
    new_cipher: NewCipher, oracle: Oracle, direction: str
) -> None:
    data = message(2 * oracle.block_size + 3)
    fed, expected = data, hidden(oracle, data)
    if direction == "decrypt":
        fed, expected = expected, fed
    stream = begin(new_cipher(oracle.name, key_of(oracle)), direction, iv_of(oracle))
    result, taken = bytearray(), 0
    for at in range(0, len(fed), 5):
        taken += len(fed[at : at + 5])
        out = bytearray(taken - len(result))
        result += out[: stream.update_into(fed[at : at + 5], out)]
    out = bytearray(oracle.block_size)
    result += out[: stream.finalize_into(out)]
    assert result == expected


@pytest.mark.limits
@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: is_padded(oracle) and "(aes)" in oracle.name)
)
def test_padding_goes_on_beyond_one_kernel_request(
    new_cipher: NewCipher, limit: int, oracle: Oracle
) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    data = message(limit + 7)
    expected = hidden(oracle, data)
    assert not difference(cipher.encrypt(data, iv=iv, padding="pkcs7"), expected)
    assert not difference(cipher.decrypt(expected, iv=iv, padding="pkcs7"), data)


def broken_endings(size: int) -> list[bytes]:
    """Give last blocks that no padder makes."""
    filler = random.Random(size).randbytes(size)
    long = bytes([size + 1])
    return [
        filler[:-1] + b"\0",
        filler[:-1] + long,
        filler[:-1] + b"\xff",
        filler[:-2] + b"\1\2",
        filler[:-3] + b"\2\3\3",
        b"\0" + bytes([size]) * (size - 1),
        bytes([size]) * (size - 1) + long,
        bytes(size),
    ]


@pytest.mark.parametrize(("provider", "oracle"), cases(is_padded))
def test_every_bad_padding_is_one_and_the_same_error(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, key, iv = new_cipher(oracle.name, key_of(oracle)), key_of(oracle), iv_of(oracle)
    texts = set[str]()
    for before in (b"", message(2 * oracle.block_size)):
        for ending in broken_endings(oracle.block_size):
            fed = oracle.encrypt(key, iv, before + ending)
            stream = begin(cipher, "decrypt", iv)
            stream.update(fed)
            calls: list[Callable[[], bytes]] = [
                partial(cipher.decrypt, fed, iv=iv, padding="pkcs7"),
                stream.finalize,
            ]
            for call in calls:
                with pytest.raises(afalg.InvalidPaddingError) as caught:
                    call()
                texts.add(str(caught.value))
    assert len(texts) == 1


@pytest.mark.parametrize(("provider", "oracle"), cases(is_padded))
def test_a_ciphertext_without_a_block_or_with_part_of_one_is_an_error(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    for length in (0, 1, oracle.block_size - 1, oracle.block_size + 1):
        with pytest.raises(afalg.InvalidLengthError):
            cipher.decrypt(message(length), iv=iv, padding="pkcs7")
        stream = begin(cipher, "decrypt", iv)
        stream.update(message(length))
        with pytest.raises(afalg.InvalidLengthError):
            stream.finalize()


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: not is_padded(oracle)))
def test_other_modes_take_no_padding(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    with pytest.raises(afalg.InvalidInputError):
        cipher.encrypt(message(64), iv=iv, padding="pkcs7")
    with pytest.raises(afalg.InvalidInputError):
        cipher.decryptor(iv=iv, padding="pkcs7")
