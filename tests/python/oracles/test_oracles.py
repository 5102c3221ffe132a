"""The oracles against published answers and against their own definitions. Needs no kernel."""

import random

import numpy as np
import pytest

from oracles import ORACLES, Lengths, Oracle, difference, glue
from oracles.cases import iv_of, key_of, message
from oracles.chacha import keystream
from oracles.openssl import chacha20
from oracles.table import ecb
from vectors import COUNTER_CASES, FILES, CounterCase, VectorFile


def is_known(oracle: Oracle, key: bytes) -> bool:
    """Whether an oracle takes a key; OpenSSL has no xts of two equal keys (IEEE 1619, vector 1)."""
    twice = oracle.name == "xts(aes)" and key[: len(key) // 2] * 2 == key
    return len(key) in oracle.key_sizes and not twice


@pytest.mark.parametrize("file", FILES, ids=str)
def test_an_oracle_gives_the_published_answers(file: VectorFile) -> None:
    oracle = ORACLES[file.algorithm]
    known = [vector for vector in file.vectors() if is_known(oracle, vector.key)]
    assert known
    for vector in known:
        assert oracle.encrypt(vector.key, vector.iv, vector.plaintext) == vector.ciphertext
        assert oracle.decrypt(vector.key, vector.iv, vector.ciphertext) == vector.plaintext


@pytest.mark.parametrize("case", COUNTER_CASES, ids=str)
def test_an_oracle_counts_blocks_as_published(case: CounterCase) -> None:
    oracle = ORACLES[case.algorithm]
    if case.ciphertext is None:
        with pytest.raises(ValueError, match="no block after"):
            oracle.encrypt(case.key, case.iv, case.plaintext)
    else:
        assert oracle.encrypt(case.key, case.iv, case.plaintext) == case.ciphertext


@pytest.mark.parametrize("oracle", ORACLES.values(), ids=lambda oracle: oracle.name)
def test_decryption_undoes_encryption_at_every_length(oracle: Oracle) -> None:
    for length in range(1, 3 * oracle.chunk_size + 6):
        if oracle.allows(length):
            for size in oracle.key_sizes:
                key, data = key_of(oracle, size), message(length)
                hidden = oracle.encrypt(key, iv_of(oracle), data)
                assert len(hidden) == length
                assert oracle.decrypt(key, iv_of(oracle), hidden) == data


def test_chacha_in_numpy_is_openssls() -> None:
    key, iv = random.Random(1).randbytes(32), random.Random(2).randbytes(16)
    position = int.from_bytes(iv[:8], "little")
    ours = keystream(key, position, iv[8:], 300, 20)
    assert ours == chacha20("encrypt", key, iv, bytes(300 * 64))


@pytest.mark.parametrize("first", [0, 5, 2**63 - 1, 2**64 - 3, 3 * 2**64 - 1, 2**128 - 2])
def test_lrw_tweaks_are_the_key_times_the_index(first: int) -> None:
    key = random.Random(3).randbytes(16)
    tweaks = glue.lrw_tweaks(key, first.to_bytes(16), 9)
    for place, tweak in enumerate(tweaks):
        index = (first + place) % 2**128
        assert tweak.tobytes() == glue.multiply(int.from_bytes(key), index).to_bytes(16)


def test_pcbc_chains_plaintext_and_ciphertext() -> None:
    oracle = ORACLES["pcbc(aes)"]
    key, chain, data = key_of(oracle), iv_of(oracle), message(160)
    encrypt, expected = ecb("aes"), b""
    for at in range(0, len(data), 16):
        plain = data[at : at + 16]
        hidden = encrypt("encrypt", key, glue.xor(plain, chain))
        chain = glue.xor(plain, hidden)
        expected += hidden
    assert oracle.encrypt(key, iv_of(oracle), data) == expected


def test_ciphertext_stealing_is_cbc_with_its_last_blocks_swapped() -> None:
    stolen, cbc = ORACLES["cts(cbc(des3_ede))"], ORACLES["cbc(des3_ede)"]
    key, iv, data = key_of(cbc), iv_of(cbc), message(40)
    plain = cbc.encrypt(key, iv, data)
    assert stolen.encrypt(key, iv, data) == plain[:24] + plain[32:] + plain[24:32]
    assert stolen.encrypt(key, iv, data[:8]) == plain[:8]


def test_every_length_rule_is_in_the_table() -> None:
    assert {oracle.lengths for oracle in ORACLES.values()} == set(Lengths)


def test_a_difference_names_the_first_wrong_byte() -> None:
    expected = message(100)
    wrong = bytearray(expected)
    wrong[65] ^= 1
    assert difference(expected, expected) == ""
    assert difference(wrong, expected).startswith("byte 65 of 100: ")
    assert difference(expected[:99], expected) == "99 bytes, not 100"


def test_lrw_steps_cover_every_carry() -> None:
    tweaks = glue.lrw_tweaks(bytes(15) + b"\1", bytes(16), 1 << 12)
    numbers = np.frombuffer(tweaks.tobytes(), ">u8").reshape(-1, 2)[:, 1]
    assert np.array_equal(numbers, np.arange(1 << 12))
