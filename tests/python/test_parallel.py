"""Threads within a message: the bytes are those of one thread, in every mode, at every length."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import afalg
from oracles import ORACLES, Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message
from ways import run_into

STRIDE = 1 << 18  # what a thread takes at once
SHARED = {
    "ecb(aes)": DIRECTIONS,
    "ctr(aes)": DIRECTIONS,
    "cbc(aes)": ("decrypt",),
    "cbc(des3_ede)": ("decrypt",),
    "cfb(aes)": ("decrypt",),
    "chacha20": DIRECTIONS,
    "xchacha20": DIRECTIONS,
}
ALONE = (
    "xts(aes)",
    "lrw(aes)",
    "pcbc(aes)",
    "ofb(aes)",
    "cts(cbc(aes))",
    "essiv(cbc(aes),sha256)",
    "rfc3686(ctr(aes))",
)
"""Modes on which the number of threads has no effect."""
LENGTHS = (STRIDE - 16, STRIDE, STRIDE + 16, 2 * STRIDE + 5, 3 * STRIDE - 1, 4 * STRIDE + 4096)
"""A mode of whole blocks gets what of them is whole."""

shared = cases(lambda oracle: oracle.name in SHARED)
every = cases(lambda oracle: oracle.name in (*SHARED, *ALONE))


def fit(oracle: Oracle, length: int) -> int:
    """Give the nearest length that the mode takes."""
    return length // oracle.block_size * oracle.block_size


def given(direction: str) -> Callable[..., bytes]:
    """Give the method of a direction."""
    call: Callable[..., bytes] = getattr(afalg.Cipher, direction)
    return call


@pytest.mark.parametrize(("provider", "oracle"), shared)
def test_a_shared_message_is_one_threads(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    for turn, length in enumerate(LENGTHS):
        data, threads = message(fit(oracle, length)), 2 + turn % 2
        for direction in SHARED[oracle.name]:
            due = given(direction)(cipher, data, iv=iv)
            found = given(direction)(cipher, data, iv=iv, threads=threads)
            assert not difference(found, due), (length, direction)
            area = bytearray(data)
            run_into(cipher, direction, area, area, iv, threads)
            assert not difference(area, due), (length, direction)


@pytest.mark.parametrize(("provider", "oracle"), every)
def test_a_long_message_is_the_oracles_whoever_shares_it(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    data = message(fit(oracle, 2 * STRIDE + 100))
    if cipher.max_message is not None:
        data = data[: cipher.max_message]
    due = oracle.encrypt(key_of(oracle), iv, data)
    for threads in (2, 1000):
        assert not difference(cipher.encrypt(data, iv=iv, threads=threads), due)
        assert not difference(cipher.decrypt(due, iv=iv, threads=threads), data)


BEFORE = (0, 1, STRIDE // 64 - 1, STRIDE // 64, STRIDE // 64 + 1, 2 * STRIDE // 64)
"""Blocks of ChaCha20 before a counter carries: in the first part, at its end, in the next."""


@pytest.mark.parametrize("algorithm", ["ctr(aes)", "chacha20", "xchacha20"])
@pytest.mark.parametrize("before", BEFORE)
def test_a_counter_goes_on_from_part_to_part(
    new_cipher: NewCipher, algorithm: str, before: int
) -> None:
    oracle = ORACLES[algorithm]
    cipher, data = new_cipher(algorithm, key_of(oracle)), message(2 * STRIDE + 77)
    if algorithm == "ctr(aes)":
        ivs = [((1 << bits) - 4 * before).to_bytes(17)[-16:] for bits in (32, 64, 128)]
    elif algorithm == "chacha20":  # to its very end; past it is refused, below
        last = (1 << 32) - len(data) // 64 - 1 - before
        ivs = [last.to_bytes(4, "little") + bytes(12)]
    else:  # the kernel's own counter has 32 bits
        ivs = [bytes(24) + ((1 << 32) - before).to_bytes(8, "little")]
    for iv in ivs:
        due = cipher.encrypt(data, iv=iv)
        for threads in (2, 3):
            found = cipher.encrypt(data, iv=iv, threads=threads)
            assert not difference(found, due), (iv.hex(), threads)
        if algorithm != "xchacha20":  # its oracle is slow
            assert not difference(due, oracle.encrypt(key_of(oracle), iv, data))


def test_a_counter_that_would_begin_again_is_refused_however_many_threads_there_are(
    new_cipher: NewCipher,
) -> None:
    cipher, data = new_cipher("chacha20", key_of(ORACLES["chacha20"])), bytearray(4 * STRIDE)
    iv = ((1 << 32) - 4 * STRIDE // 64 + 1).to_bytes(4, "little") + bytes(12)
    with pytest.raises(afalg.InvalidLengthError):
        cipher.encrypt(data, iv=iv, threads=2)
    with pytest.raises(afalg.InvalidLengthError):
        cipher.encrypt_into(data, data, iv=iv, threads=2)
    assert not any(data)


@pytest.mark.parametrize("algorithm", ["ecb(aes)", "cbc(aes)"])
@pytest.mark.parametrize("length", [2 * STRIDE - 1, 2 * STRIDE, 3 * STRIDE + 7])
def test_a_padded_message_is_shared_too(new_cipher: NewCipher, algorithm: str, length: int) -> None:
    oracle, data = ORACLES[algorithm], message(length)
    cipher, iv = new_cipher(algorithm, key_of(oracle)), iv_of(oracle)
    fill = 16 - length % 16
    due = oracle.encrypt(key_of(oracle), iv, data + bytes([fill] * fill))
    for threads in (None, 2, 3):
        hidden = cipher.encrypt(data, iv=iv, padding="pkcs7", threads=threads)
        assert not difference(hidden, due), threads
        plain = cipher.decrypt(hidden, iv=iv, padding="pkcs7", threads=threads)
        assert not difference(plain, data), threads
    unpadded = cipher.encrypt(bytes(2 * STRIDE), iv=iv)
    with pytest.raises(afalg.InvalidPaddingError):
        cipher.decrypt(unpadded, iv=iv, padding="pkcs7", threads=2)


def op_sockets() -> int:
    """Count this process's sockets."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return sum(str(link.readlink()).startswith("socket:") for link in links)


@pytest.mark.kernel
@pytest.mark.parametrize("way", ["message", "many", "units"])
def test_each_thread_has_an_op_socket_of_its_own(way: str) -> None:
    with afalg.Cipher("cbc(aes)", key_of(ORACLES["cbc(aes)"]), provider="kernel") as cipher:
        data, iv = message(4 << 20), bytes(16)
        cipher.decrypt(data, iv=iv)
        before = op_sockets()
        calls: dict[str, Callable[[], object]] = {
            "message": lambda: cipher.decrypt(data, iv=iv, threads=2),
            "many": lambda: cipher.decrypt_many([(data[: 1 << 17], iv)] * 32, threads=2),
            "units": lambda: cipher.decrypt_units(data, unit_size=4096, threads=2),
        }
        deadline = time.monotonic() + 30
        while op_sockets() == before:  # on one CPU the first thread may have done all of it
            assert time.monotonic() < deadline, "nobody shares the work"
            calls[way]()
        assert op_sockets() == before + 1
        calls[way]()
        assert op_sockets() <= 1 + 2 * (os.cpu_count() or 1)
