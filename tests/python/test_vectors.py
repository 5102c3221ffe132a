"""Published vectors, through the package. One file of vectors is one test.

That the oracles give the same answers is tested in oracles/test_oracles.py.
"""

from collections.abc import Callable, Sequence
from functools import cache

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

import afalg
from oracles.cases import PROVIDERS, NewCipher, is_lacking, marks_of
from vectors import (
    COUNTER_CASES,
    ECB_MONTE_CARLO,
    FILES,
    MONTE_CARLO,
    USERSPACE_FILES,
    CounterCase,
    MonteCarlo,
    Round,
    VectorFile,
)

STEPS = 1000  # of one Monte Carlo round
CHECKED = (0, 99)  # rounds of a series; all hundred are 100 000 kernel requests, for --run-slow

Step = Callable[[bytes], bytes]


def runs(
    items: Sequence[VectorFile] | Sequence[MonteCarlo] | Sequence[CounterCase],
) -> "list[pytest.ParameterSet]":
    """Pair what names an algorithm with every provider that has it."""
    return [
        pytest.param(provider, item, id=f"{provider}-{item}", marks=marks_of(provider))
        for provider in PROVIDERS
        for item in items
        if not is_lacking(provider, item.algorithm)
    ]


def userspace_runs() -> "list[pytest.ParameterSet]":
    """Give userspace's further files, where that is tried."""
    return [
        pytest.param("userspace", file, id=f"userspace-{file}")
        for file in USERSPACE_FILES
        if "userspace" in PROVIDERS
    ]


@pytest.mark.parametrize(("provider", "file"), [*runs(FILES), *userspace_runs()])
def test_the_published_answers_come_out(new_cipher: NewCipher, file: VectorFile) -> None:
    cipher, key = None, b""
    for vector in file.vectors():
        if cipher is None or vector.key != key:  # a file has few keys in a row, or one for each
            cipher, key = new_cipher(file.algorithm, vector.key), vector.key
        for direction in vector.directions:
            given, expected = vector.sides(direction)
            run: Callable[..., bytes] = getattr(cipher, direction)
            assert run(given, iv=vector.iv) == expected, f"{direction}, {vector.where}"


@pytest.mark.parametrize(("provider", "case"), runs(COUNTER_CASES))
def test_a_block_counter_carries_to_its_end_and_not_past_it(
    new_cipher: NewCipher, case: CounterCase
) -> None:
    cipher = new_cipher(case.algorithm, case.key)
    if case.ciphertext is None:
        with pytest.raises(afalg.InvalidLengthError):
            cipher.encrypt(case.plaintext, iv=case.iv)
    else:
        assert cipher.encrypt(case.plaintext, iv=case.iv) == case.ciphertext
        assert cipher.decrypt(case.ciphertext, iv=case.iv) == case.plaintext


def walk(step: Step, start: Round) -> tuple[bytes, bytes]:
    """Take the steps of one round and give the last two outcomes.

    With an IV the next input is the outcome before the last, without one the last.
    """
    given, before, outcome = start.first, b"", start.iv
    for _ in range(STEPS):
        before, outcome = outcome, step(given)
        given = before if start.iv else outcome
    return before, outcome


def seed_after(start: Round, before: bytes, outcome: bytes) -> tuple[bytes, bytes, bytes]:
    """Give the next round's key, IV and first input."""
    change = (before + outcome)[-len(start.key) :]
    key = bytes(a ^ b for a, b in zip(start.key, change, strict=True))
    return (key, outcome, before) if start.iv else (key, b"", outcome)


@cache
def whole(series: MonteCarlo) -> tuple[Round, ...]:
    """Give a series' hundred rounds; OpenSSL computes ECB's, of which one figure is published."""
    if series.rounds[0].iv:
        return series.rounds
    rounds = list[Round]()
    start = series.rounds[0]
    for _ in range(100):
        context = Cipher(AES(start.key), ECB())
        run = context.encryptor() if series.direction == "encrypt" else context.decryptor()
        before, outcome = walk(run.update, start)
        rounds.append(Round(start.key, b"", start.first, outcome))
        start = Round(*seed_after(start, before, outcome), b"")
    return tuple(rounds)


@pytest.mark.parametrize("series", ECB_MONTE_CARLO, ids=str)
def test_openssl_ends_the_ecb_monte_carlo_as_published(series: MonteCarlo) -> None:
    assert whole(series)[-1].last == series.rounds[0].last


def stepper(cipher: afalg.Cipher, series: MonteCarlo, iv: bytes) -> Step:
    """Give one round's step: a stream where there is an IV to carry, else a call for each."""
    if not iv:
        alone: Step = getattr(cipher, series.direction)
        return alone
    stream = cipher.encryptor(iv=iv) if series.direction == "encrypt" else cipher.decryptor(iv=iv)
    return stream.update


@pytest.mark.parametrize(("provider", "series"), runs([*MONTE_CARLO, *ECB_MONTE_CARLO]))
def test_monte_carlo_rounds_end_as_published(new_cipher: NewCipher, series: MonteCarlo) -> None:
    for number in CHECKED:
        start = whole(series)[number]
        cipher = new_cipher(series.algorithm, start.key)
        _, outcome = walk(stepper(cipher, series, start.iv), start)
        assert outcome == start.last, f"round {number}"


@pytest.mark.slow
@pytest.mark.parametrize(("provider", "series"), runs([*MONTE_CARLO, *ECB_MONTE_CARLO]))
def test_a_whole_monte_carlo_series_walks_as_published(
    new_cipher: NewCipher, series: MonteCarlo
) -> None:
    rounds = whole(series)
    seed = (rounds[0].key, rounds[0].iv, rounds[0].first)
    for number, start in enumerate(rounds):
        assert seed == (start.key, start.iv, start.first), f"seed of round {number}"
        cipher = new_cipher(series.algorithm, start.key)
        before, outcome = walk(stepper(cipher, series, start.iv), start)
        assert outcome == start.last, f"round {number}"
        seed = seed_after(start, before, outcome)
