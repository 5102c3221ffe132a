"""Any length and any way to call: the bytes are the oracle's.

Lengths stand around the step of the mode, the page, the socket's default buffer and the
largest kernel request of this process, where messages are cut. What a mode cannot take is a
named error.
"""

import mmap
from array import array
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

import afalg
from oracles import ORACLES, Lengths, Oracle, difference
from oracles.cases import (
    DIRECTIONS,
    MESSAGE_SIZE,
    NewCipher,
    cases,
    iv_of,
    key_of,
    marks_of,
    message,
    pairs,
)
from ways import CALLS, LONG_CALLS, MARK

BUFFER = 212992  # net.core.wmem_default, in whole pages
NOMINAL = 1 << 18  # stands for the limit, which only a running test can ask for
LARGEST_SMALL = 65552

Measure = Callable[[int, int], int]  # step, limit

SMALL: dict[str, Measure] = {
    "nothing": lambda _step, _limit: 0,
    "one-byte": lambda _step, _limit: 1,
    "step-1": lambda step, _limit: step - 1,
    "step": lambda step, _limit: step,
    "step+1": lambda step, _limit: step + 1,
    "page-1": lambda _step, _limit: 4095,
    "page": lambda _step, _limit: 4096,
    "page+1": lambda _step, _limit: 4097,
    "64KiB-1": lambda _step, _limit: 65535,
    "64KiB": lambda _step, _limit: 65536,
    "64KiB+1": lambda _step, _limit: 65537,
    "64KiB+16": lambda _step, _limit: LARGEST_SMALL,
}
LARGE: dict[str, Measure] = {
    "buffer-1": lambda _step, _limit: BUFFER - 1,
    "buffer": lambda _step, _limit: BUFFER,
    "buffer+1": lambda _step, _limit: BUFFER + 1,
    "buffer+step": lambda step, _limit: BUFFER + step,
    "limit-1": lambda _step, limit: limit - 1,
    "limit": lambda _step, limit: limit,
    "limit+1": lambda _step, limit: limit + 1,
    "limit+step": lambda step, limit: limit + step,
    "3limit+7": lambda _step, limit: 3 * limit + 7,
    "3limit+step": lambda step, limit: 3 * limit + step,
    "16MiB": lambda _step, _limit: 1 << 24,
}


def is_wanted(oracle: Oracle, name: str) -> bool:
    """Leave out the even lengths just beyond a boundary where the uneven ones can be had."""
    return oracle.lengths is Lengths.WHOLE_BLOCKS or not name.endswith("+step")


def measured(table: dict[str, Measure], *, allowed: bool) -> "list[pytest.ParameterSet]":
    """Give each algorithm with each length that its rule allows, or refuses."""
    return [
        pytest.param(
            provider,
            oracle,
            measure,
            id=f"{provider}-{oracle.name}-{name}",
            marks=marks_of(provider),
        )
        for provider, oracle in pairs()
        for name, measure in table.items()
        if is_wanted(oracle, name) and oracle.allows(measure(oracle.chunk_size, NOMINAL)) is allowed
    ]


@lru_cache(maxsize=1)
def longest_answer(name: str, length: int) -> bytes:
    """Give the oracle's ciphertext of a message."""
    oracle = ORACLES[name]
    return oracle.encrypt(key_of(oracle), iv_of(oracle), message(length))


def answer(oracle: Oracle, length: int) -> bytes:
    """Give the oracle's ciphertext, cut from a long one where the mode looks only backwards."""
    if oracle.lengths is Lengths.ONE_BLOCK_OR_MORE:
        return longest_answer(oracle.name, length)
    longest = next((size for size in (LARGEST_SMALL, MESSAGE_SIZE) if length <= size), length)
    return longest_answer(oracle.name, longest)[:length]


def sides(oracle: Oracle, direction: str, length: int) -> tuple[bytes, bytes]:
    """Give what goes in and what must come out."""
    plain, hidden = message(length), answer(oracle, length)
    return (plain, hidden) if direction == "encrypt" else (hidden, plain)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle", "measure"), measured(SMALL, allowed=True))
def test_a_small_message_is_the_oracles_in_every_way(
    new_cipher: NewCipher, oracle: Oracle, measure: Measure, direction: str
) -> None:
    given, expected = sides(oracle, direction, measure(oracle.chunk_size, 0))
    cipher = new_cipher(oracle.name, key_of(oracle))
    for way, call in CALLS.items():
        found = call(cipher, direction, given, iv_of(oracle))
        assert not difference(found, expected), way


@pytest.mark.limits
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle", "measure"), measured(LARGE, allowed=True))
def test_a_large_message_is_the_oracles_or_named_too_long(
    new_cipher: NewCipher, limit: int, oracle: Oracle, measure: Measure, direction: str
) -> None:
    length = measure(oracle.chunk_size, limit)
    cipher = new_cipher(oracle.name, key_of(oracle))
    turn = list(LARGE.values()).index(measure) + DIRECTIONS.index(direction)
    way = [*LONG_CALLS][turn % len(LONG_CALLS)]
    call = LONG_CALLS[way]
    if cipher.max_message is not None and length > cipher.max_message:
        with pytest.raises(afalg.MessageTooLongError, match=str(cipher.max_message)):
            call(cipher, direction, message(length), iv_of(oracle))
        return
    given, expected = sides(oracle, direction, length)
    assert not difference(call(cipher, direction, given, iv_of(oracle)), expected), way


@pytest.mark.parametrize(("provider", "oracle", "measure"), measured(SMALL | LARGE, allowed=False))
def test_a_length_against_the_rule_is_an_error_that_names_it(
    new_cipher: NewCipher, limit: int, oracle: Oracle, measure: Measure
) -> None:
    length = measure(oracle.chunk_size, limit)
    cipher = new_cipher(oracle.name, key_of(oracle))
    for direction in DIRECTIONS:
        for call in CALLS.values():
            with pytest.raises(afalg.InvalidLengthError):
                call(cipher, direction, message(length), iv_of(oracle))


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_a_cipher_has_the_sizes_of_its_algorithm(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    assert cipher.algorithm == oracle.name
    found = (cipher.block_size, cipher.chunk_size, cipher.iv_size)
    assert found == (oracle.block_size, oracle.chunk_size, oracle.iv_size)


@pytest.mark.limits
@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_only_a_mode_that_cannot_be_cut_has_a_longest_message(
    new_cipher: NewCipher, provider: str, oracle: Oracle
) -> None:
    longest = new_cipher(oracle.name, key_of(oracle)).max_message
    if oracle.one_request and provider == "kernel":
        assert longest is not None
        assert longest >= mmap.PAGESIZE
    else:
        assert longest is None


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: len(oracle.key_sizes) > 1))
def test_every_key_size_is_taken(new_cipher: NewCipher, oracle: Oracle) -> None:
    for size in oracle.key_sizes:
        key, iv, data = key_of(oracle, size), iv_of(oracle), message(4096)
        cipher = new_cipher(oracle.name, key)
        expected = oracle.encrypt(key, iv, data)
        assert cipher.encrypt(data, iv=iv) == expected
        assert cipher.decrypt(expected, iv=iv) == data


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.iv_size == 0))
def test_no_iv_and_an_empty_one_are_the_same(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    assert cipher.encrypt(message(48)) == cipher.encrypt(message(48), iv=b"")
    with pytest.raises(afalg.InvalidIVError):
        cipher.encrypt(message(48), iv=bytes(1))


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.iv_size > 0))
def test_an_iv_has_exactly_its_size(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, data, iv = new_cipher(oracle.name, key_of(oracle)), message(64), iv_of(oracle)
    out = bytearray(data)
    for wrong in (None, b"", iv[:-1], iv + bytes(1)):
        with pytest.raises(afalg.InvalidIVError):
            cipher.encrypt(data, iv=wrong)
        with pytest.raises(afalg.InvalidIVError):
            cipher.decrypt_into(data, out, iv=wrong)
        with pytest.raises(afalg.InvalidIVError):
            cipher.encryptor(iv=wrong)
    assert out == data


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_a_module_level_call_is_a_ciphers(provider: afalg.Provider, oracle: Oracle) -> None:
    key, iv, data = key_of(oracle), iv_of(oracle), message(128)
    expected = oracle.encrypt(key, iv, data)
    assert afalg.encrypt(oracle.name, key, data, iv=iv, provider=provider) == expected
    assert afalg.decrypt(oracle.name, key, expected, iv=iv, provider=provider) == data


def test_an_algorithm_that_the_provider_lacks_is_not_found(provider: afalg.Provider) -> None:
    lacking = [oracle.name for name, oracle in pairs(lacking=True) if name == provider]
    for algorithm in [*lacking, "cbc(nonesuch)"]:
        with pytest.raises(afalg.AlgorithmNotFoundError) as caught:
            afalg.Cipher(algorithm, bytes(16), provider=provider)
        assert caught.value.algorithm == algorithm


def mapped(data: bytes) -> mmap.mmap:
    """Give an anonymous mapping that holds `data`."""
    area = mmap.mmap(-1, len(data))
    area[:] = data
    return area


def odd_slice(data: bytes, offset: int) -> memoryview:
    """Give a slice whose address is `offset` bytes off whatever bytearray aligns to."""
    return memoryview(bytearray(offset) + data + bytes(1))[offset : offset + len(data)]


# Any: an array is a Buffer to a type checker only since Python 3.12.
KINDS: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "off-by-1": lambda data: odd_slice(data, 1),
    "off-by-7": lambda data: odd_slice(data, 7),
    "off-by-13": lambda data: odd_slice(data, 13),
    "mmap": mapped,
    "array-of-int32": lambda data: array("i", data),
    "array-of-double": lambda data: array("d", data),
    "numpy-uint64-matrix": lambda data: np.frombuffer(data, "u8").reshape(2, -1).copy(),
    "numpy-record": lambda data: np.frombuffer(data, "u4,u2,u2").copy(),
}
"""Ways to hold a message; all but bytes and its memoryview can be written to."""

BUFFERS = ("cbc(aes)", "ctr(aes)", "xts(aes)", "cts(cbc(aes))", "chacha20", "lrw(aes)")
SIZE = 5 * 4096 + 64  # a multiple of every item size


def bytes_of(held: bytes | bytearray) -> bytes:
    """Give what a buffer holds."""
    return memoryview(held).tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name in BUFFERS))
def test_a_message_may_lie_in_any_contiguous_buffer(
    new_cipher: NewCipher, oracle: Oracle, kind: str
) -> None:
    key, iv, data = key_of(oracle), iv_of(oracle), message(SIZE)
    expected = oracle.encrypt(key, iv, data)
    held = KINDS[kind](data)
    cipher = new_cipher(oracle.name, KINDS[kind](key))
    assert cipher.encrypt(held, iv=KINDS[kind](iv) if iv else None) == expected
    assert bytes_of(held) == data
    assert cipher.decrypt(KINDS[kind](expected), iv=iv) == data


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("bytes", "memoryview")])
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name in BUFFERS))
def test_the_output_may_go_to_any_writable_buffer(
    new_cipher: NewCipher, oracle: Oracle, kind: str
) -> None:
    key, iv, data = key_of(oracle), iv_of(oracle), message(SIZE)
    expected = oracle.encrypt(key, iv, data)
    cipher = new_cipher(oracle.name, key)
    out = KINDS[kind](bytes(SIZE))
    held = bytearray(data)
    assert cipher.encrypt_into(held, out, iv=iv) == SIZE
    assert (bytes_of(out), bytes(held)) == (expected, data)
    assert cipher.decrypt_into(out, out, iv=iv) == SIZE
    assert bytes_of(out) == data


def test_what_is_no_contiguous_buffer_is_refused(new_cipher: NewCipher) -> None:
    cipher = new_cipher("ecb(aes)", bytes(16))
    broken: Any
    for broken in (memoryview(bytearray(64))[::2], np.zeros((8, 8), np.uint8)[:, ::2]):
        with pytest.raises(BufferError):
            cipher.encrypt(broken)
        with pytest.raises(BufferError):
            cipher.encrypt_into(bytes(16), broken)
    with pytest.raises(BufferError):
        cipher.encrypt_into(bytes(16), bytes(8))
    text: Any = "text"
    with pytest.raises(TypeError):
        cipher.encrypt(text)
    with pytest.raises(TypeError):
        cipher.encrypt_into(bytes(16), text)


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_an_out_that_is_too_small_is_refused_and_left_alone(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, out = new_cipher(oracle.name, key_of(oracle)), bytearray([MARK]) * 63
    with pytest.raises(afalg.InvalidLengthError, match="64"):
        cipher.encrypt_into(message(64), out, iv=iv_of(oracle))
    assert out == bytearray([MARK]) * 63


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name in BUFFERS))
@pytest.mark.parametrize(("source", "target"), [(0, 1), (1, 0), (0, 4095), (4096, 0)])
def test_a_partial_overlap_is_refused_and_left_alone(
    new_cipher: NewCipher, oracle: Oracle, source: int, target: int
) -> None:
    area = bytearray(message(3 * 4096))
    held = memoryview(area)[source : source + 4112]
    out = memoryview(area)[target : target + 4112]
    with pytest.raises(afalg.BufferOverlapError):
        new_cipher(oracle.name, key_of(oracle)).encrypt_into(held, out, iv=iv_of(oracle))
    assert area == message(3 * 4096)
