"""The kernel, userspace and another implementation give the same bytes, or the same refusal.

For every algorithm that the userspace provider has: against this kernel where it has it too,
against `cryptography` or libgcrypt where they have it (`oracles/reference.py`). What was
compared where is in docs/checked.md.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

import afalg
import ledger
from differential import (
    PIECE,
    SUBJECTS,
    WAYS,
    Example,
    Outcome,
    Subject,
    at_counter,
    counter_bytes,
    crypt,
    ends,
    examples,
    outcome,
    told,
)
from oracles import difference
from oracles.cases import IN_LAB, message
from oracles.reference import REFERENCES

LEDGER = ledger.Ledger()
SETTINGS = hypothesis.settings(max_examples=hypothesis.settings().max_examples // 3)
LONG = 1 << 17
THREADS = 4

COUNTING = [subject for subject in SUBJECTS if counter_bytes(subject)]
SHARED = [
    subject
    for subject in SUBJECTS
    if subject.name in ("cbc(aes)", "ctr(aes)", "xts(aes)", "xts(serpent)", "chacha20")
]

each = pytest.mark.parametrize("chosen", SUBJECTS, ids=[subject.name for subject in SUBJECTS])


@pytest.fixture(scope="module", autouse=True)
def _recorded(request: pytest.FixtureRequest) -> Iterator[None]:
    """Write what was compared once all of it has held."""
    yield
    path = ledger.asked_for()
    if path is not None and not request.session.testsfailed:
        LEDGER.write(path, [subject.name for subject in SUBJECTS])


@cache
def kernel_lacks(name: str, key_size: int) -> str | None:
    """Ask the kernel once; in the lab it has to answer."""
    if not IN_LAB and not afalg.is_available():
        return "no AF_ALG"
    try:
        with afalg.Cipher(name, bytes(key_size), provider="kernel") as cipher:
            LEDGER.drivers[name] = cipher.driver
    except (afalg.AlgorithmNotFoundError, afalg.AlgorithmRestrictedError) as error:
        return type(error).__name__
    return None


def kernel_cipher(chosen: Subject, key: bytes) -> afalg.Cipher | None:
    """Give the kernel's Cipher, or None where it has none of the name."""
    if kernel_lacks(chosen.name, chosen.key_sizes[-1]):
        return None
    return afalg.Cipher(chosen.name, key, provider="kernel")


def plain_iv(chosen: Subject) -> bytes:
    """Give an IV whose counter is far from its end."""
    return bytes(range(1, 1 + chosen.iv_size))


def assert_same(found: Outcome, expected: Outcome, what: str) -> None:
    """Hold two outcomes against each other, and show little where they differ."""
    if isinstance(found, bytes) and isinstance(expected, bytes):
        assert not difference(found, expected), what
    else:
        assert found == expected, f"{what}: {told(found)}, not {told(expected)}"


def compare_reference(
    chosen: Subject, example: Example, direction: str, data: bytes, expected: Outcome
) -> None:
    """Hold userspace against the library, where one has the algorithm and the key."""
    reference = REFERENCES.get(chosen.name)
    # Modes in Python are slow, and in the lab the kernel is the other side.
    too_slow = IN_LAB and len(data) > LONG
    if reference is None or too_slow or not reference.takes(example.key):
        return
    if isinstance(expected, bytes):
        found = reference.run(direction, example.key, example.iv, data)
        assert_same(expected, found, f"userspace and {reference.by}, {direction}")
        LEDGER.reference[chosen.name] += 1
    elif chosen.fit(len(data)) == len(data):  # refused for the counter
        with pytest.raises(ValueError, match="no block after"):
            reference.run(direction, example.key, example.iv, data)


def compare(chosen: Subject, example: Example) -> Outcome:
    """Run one example everywhere, both ways; give what it is, encrypted."""
    plain: bytes = message(example.length)
    ours = afalg.Cipher(chosen.name, example.key, provider="userspace")
    kernel = kernel_cipher(chosen, example.key)
    hidden = compare_one_way(chosen, example, "encrypt", plain, (ours, kernel))
    given = hidden if isinstance(hidden, bytes) else plain
    again = compare_one_way(chosen, example, "decrypt", given, (ours, kernel))
    assert_same(again, plain if isinstance(hidden, bytes) else hidden, "there and back")
    return hidden


def compare_one_way(
    chosen: Subject,
    example: Example,
    direction: str,
    data: bytes,
    ciphers: tuple[afalg.Cipher, afalg.Cipher | None],
) -> Outcome:
    """Hold all against userspace in one call."""
    ours, kernel = ciphers
    expected = outcome(crypt, ours, "one_shot", direction, data, example.iv, ())
    compare_reference(chosen, example, direction, data, expected)
    if example.userspace != "one_shot":
        found = outcome(crypt, ours, example.userspace, direction, data, example.iv, example.cuts)
        assert_same(found, expected, f"userspace {example.userspace}, {direction}")
    if kernel is None:
        return expected
    found = outcome(crypt, kernel, example.kernel, direction, data, example.iv, example.cuts)
    too_long = kernel.max_message is not None and len(data) > kernel.max_message
    due = afalg.MessageTooLongError if too_long else expected
    assert_same(found, due, f"kernel {example.kernel} and userspace, {direction}")
    if isinstance(found, bytes):
        LEDGER.kernel[chosen.name] += 1
    return expected


@each
@given(data=st.data())
@SETTINGS
def test_any_message_is_the_same_everywhere(chosen: Subject, data: st.DataObject) -> None:
    compare(chosen, data.draw(examples(chosen)))


@each
def test_every_key_size_is_the_same_everywhere(chosen: Subject) -> None:
    for size in chosen.key_sizes:
        length = chosen.fit(3 * chosen.chunk + 5)
        compare(chosen, Example(message(size), plain_iv(chosen), length))


@each
def test_what_one_refuses_so_does_the_other(chosen: Subject) -> None:
    key, iv = message(chosen.key_sizes[-1]), plain_iv(chosen)
    block, chunk = chosen.block, chosen.chunk
    for length in sorted({0, 1, block - 1, block, block + 1, 2 * block + 1, chunk - 1, chunk + 1}):
        for way in ("one_shot", "stream"):
            compare(chosen, Example(key, iv, length, (1,) * (length > 0), way, way))
    assert (kernel_cipher(chosen, key) is not None) in ledger.known(chosen.name)
    small, large = chosen.key_sizes[0], chosen.key_sizes[-1]
    sizes = {max(size, 0) for size in (small - 1, small + 1, large - 1, large + 1)}
    for size in sizes - {*chosen.key_sizes}:
        for provider in ("userspace", "kernel"):
            if provider == "userspace" or kernel_cipher(chosen, key):
                with pytest.raises(afalg.InvalidKeyError):
                    afalg.Cipher(chosen.name, bytes(size), provider=provider)


@pytest.mark.parametrize("chosen", COUNTING, ids=[subject.name for subject in COUNTING])
def test_a_counter_carries_and_ends_the_same_everywhere(chosen: Subject) -> None:
    key, width, turn = message(chosen.key_sizes[-1]), counter_bytes(chosen), 0
    request = PIECE // chosen.chunk
    for bits in {32, 64, 8 * width} & {*range(8 * width + 1)}:
        # In the message, just before its last block, after it; between two kernel requests.
        for blocks, left in ((6, 2), (6, 5), (6, 6), (request + 3, request)):
            ways = WAYS[turn % len(WAYS)], WAYS[turn // 2 % len(WAYS)]
            iv = at_counter(chosen, (1 << bits) - left, plain_iv(chosen))
            length = chosen.fit(blocks * chosen.chunk - 5)
            cuts = (length // 2, length - 7)
            found = compare(chosen, Example(key, iv, length, cuts, *ways))
            is_over = ends(chosen) and bits == 8 * width and left < blocks
            assert (found is afalg.InvalidLengthError) is is_over
            turn += 1


@pytest.mark.limits
@each
def test_the_edges_of_a_kernel_request_are_the_same_everywhere(chosen: Subject) -> None:
    key, iv = message(chosen.key_sizes[0]), plain_iv(chosen)
    kernel = kernel_cipher(chosen, key)
    limit = (kernel and kernel.max_message) or PIECE
    # The ways go round, so that each is tried at each edge by some algorithm.
    turn = SUBJECTS.index(chosen)
    for number, off in enumerate((-1, 0, 1)):
        length = chosen.fit(limit + off * chosen.unit)
        ways = WAYS[(turn + number) % len(WAYS)], WAYS[(turn // 2) % len(WAYS)]
        example = Example(key, iv, length, (length // 3, length - 7), *ways)
        if off > 0 and kernel and kernel.max_message:
            found = outcome(crypt, kernel, example.kernel, "encrypt", message(length), iv, (1,))
            assert found is afalg.MessageTooLongError
        else:
            # Userspace knows no requests, and Twofish there takes a second for 2 MiB.
            once = off or limit > PIECE
            compare(chosen, replace(example, userspace="one_shot") if once else example)


@pytest.mark.parametrize("chosen", SHARED, ids=[subject.name for subject in SHARED])
def test_threads_that_share_a_cipher_get_userspaces_bytes(chosen: Subject) -> None:
    key, iv = message(chosen.key_sizes[-1]), plain_iv(chosen)
    ours = afalg.Cipher(chosen.name, key, provider="userspace")
    shared = kernel_cipher(chosen, key) or ours
    sizes = [chosen.fit(size) for size in (64, 4095, 4097, 65536, 100_000)]
    tasks = [(way, size) for way in WAYS for size in sizes]
    expected = {size: ours.encrypt(message(size), iv=iv) for size in sizes}

    def run(task: tuple[str, int]) -> Outcome:
        way, size = task
        return outcome(crypt, shared, way, "encrypt", message(size), iv, (size // 3,))

    with ThreadPoolExecutor(THREADS) as pool:
        for (way, size), found in zip(tasks, pool.map(run, tasks), strict=True):
            assert_same(found, expected[size], f"{way}, {size} bytes")
