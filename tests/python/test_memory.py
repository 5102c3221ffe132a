"""Another process searches a program's memory and finds no key that a closed Cipher had.

Keys are looked for, key schedules, IVs, and what streams held back. Which forms a key is kept in is
learned (see `Lore`), so that the test knows those of every cipher and processor; those that AES
instructions want are known besides.
"""

import os
from collections.abc import Iterator
from functools import reduce

import numpy as np
import pytest

import afalg
from children.keeper import WAYS
from oracles.aes_schedule import inverse_round_keys, round_keys
from oracles.cases import IN_LAB, marks_of
from searcher import (
    Found,
    Keeper,
    Needles,
    Secrets,
    Words,
    look,
    telling,
    words_in,
    words_of,
)

FACTS = {info.name: info for info in afalg.algorithms() if "userspace" in info.providers}
DATA = 48
# In the lab the kernel is what is new; userspace is searched there too, where a program has both. A
# key of a keyring is the kernel's.
PROVIDERS = ("kernel", "keyring", "userspace")
MARKS = {"keyring": (pytest.mark.kernel, pytest.mark.by_serial)}
EVERY_WAY = ("xts(aes)",) if IN_LAB else ("cbc(aes)", "xts(aes)")
ONE_WAY = ("chacha20", "cbc(des3_ede)", "cbc(camellia)", "cbc(serpent)", "cbc(twofish)")
PADDED = "cbc(aes)"
COUNTER = bytes(4)  # what an IV of chacha20 begins with


def unlike_others(iv: bytes) -> bytes:
    """Give what of an IV was drawn."""
    return iv.removeprefix(COUNTER)


def fresh(algorithm: str, key: bytes = b"") -> Secrets:
    """Draw secrets, but for a key that is given."""
    facts = FACTS[algorithm]
    iv = os.urandom(facts.iv_size or 0)
    if algorithm == "chacha20":
        iv = COUNTER + iv[len(COUNTER) :]
    return Secrets(algorithm, key or os.urandom(max(facts.key_sizes or [0])), iv, os.urandom(DATA))


class Lore:
    """Keys, and what userspace makes of them.

    That is what comes into the memory of two processes when they make a Cipher of the key, and into
    that of two others, with another key, does not.
    """

    def __init__(self, keeper: Keeper, algorithms: list[str]) -> None:
        self.keys = {name: fresh(name).key for name in algorithms}

        def look_on(keys: dict[str, bytes]) -> Words:
            secrets = [fresh(name, keys.get(name, b"")) for name in algorithms]
            seen = keeper.do("alive", "userspace", secrets, words_in)
            return np.setdiff1d(seen["alive"], seen["held"])

        # By turns: what else comes and goes, such as process ids, is not to look like a key.
        turns = [(look_on(self.keys), look_on({})) for _ in range(2)]
        (one, other), (two, another) = turns
        self.forms: Words = reduce(np.setdiff1d, [other, another], np.intersect1d(one, two))


@pytest.fixture(scope="module")
def keeper() -> Iterator[Keeper]:
    """The process that has the secrets."""
    process = Keeper()
    yield process
    process.close()


class Library:
    """Lore of algorithms, learned once."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.known = dict[str, Lore]()

    def of(self, algorithm: str) -> Lore:
        """Give an algorithm's."""
        if algorithm not in self.known:
            self.known[algorithm] = Lore(self.keeper, [algorithm])
        return self.known[algorithm]


@pytest.fixture(scope="module")
def library(keeper: Keeper) -> Library:
    """What was learned so far."""
    return Library(keeper)


def missing(words: Words, found: list[Found]) -> set[int]:
    """Give which words were not found."""
    return {int(word) for word in words} - {each.word for each in found}


def cases() -> Iterator[tuple[str, str, str]]:
    """Give what is searched after: ways, who computes, algorithms."""
    for provider in PROVIDERS:
        for algorithm in EVERY_WAY:
            yield from ((way, provider, algorithm) for way in WAYS if way != "padded")
        yield "padded", provider, PADDED
        yield from (("methods", provider, algorithm) for algorithm in ONE_WAY)


@pytest.mark.parametrize(
    ("way", "provider", "algorithm"),
    [
        pytest.param(*case, id="-".join(case), marks=MARKS.get(case[1], marks_of(case[1])))
        for case in cases()
    ],
)
def test_nothing_is_left(library: Library, way: str, provider: str, algorithm: str) -> None:
    lore = library.of(algorithm)
    secrets = fresh(algorithm, lore.keys[algorithm])
    key = words_of(secrets.key)
    parts = {"iv": words_of(unlike_others(secrets.iv)), "data": words_of(secrets.data)}
    needles = Needles(key=key, schedule=lore.forms, **parts)
    seen = library.keeper.do(way, provider, [secrets], lambda pid: look(pid, needles))
    assert missing(key, seen.pop("held")) == set()  # the search finds it where it is
    if "alive" in seen:
        living = [each for each in seen.pop("alive") if each.what not in parts]
        if provider != "userspace":
            assert living == []
        else:
            assert living != []
            assert missing(lore.forms, living) == set()
    assert seen != {}
    assert {moment: found for moment, found in seen.items() if found} == {}


@pytest.mark.anywhere
def test_nothing_is_left_of_any_cipher_and_mode_of_userspace(keeper: Keeper) -> None:
    names = [name for name in FACTS if name.startswith("cbc(") or "aes" in name or "(" not in name]
    lore = Lore(keeper, names)
    secrets = [fresh(name, key) for name, key in lore.keys.items()]
    parts = {
        part: np.concatenate([words_of(getattr(each, part)) for each in secrets])
        for part in ("key", "data")
    }
    ivs = np.concatenate([words_of(unlike_others(each.iv)) for each in secrets])
    needles = Needles(schedule=lore.forms, iv=ivs, **parts)
    seen = keeper.do("each", "userspace", secrets, lambda pid: look(pid, needles))
    assert [*seen] == names
    assert {name: found for name, found in seen.items() if found} == {}


@pytest.mark.parametrize("algorithm", ["cbc(aes)", "xts(aes)"])
def test_what_is_looked_for_are_the_round_keys_of_aes(library: Library, algorithm: str) -> None:
    lore = library.of(algorithm)
    key = lore.keys[algorithm]
    halves = (key[:32], key[32:]) if algorithm == "xts(aes)" else (key,)
    keys = [each for half in halves for each in round_keys(half) + inverse_round_keys(half)]
    words = np.setdiff1d(telling(words_of(b"".join(keys))), words_of(key))
    with afalg.Cipher(algorithm, key, provider="userspace") as cipher:
        by_instructions = (cipher.driver or "").endswith("-hardware")
    assert len(lore.forms) > len(words) // 2  # of bit-sliced ones fewer may be told
    assert not by_instructions or np.setdiff1d(words, lore.forms).size == 0


def test_the_round_keys_of_aes_are_those_of_the_standard() -> None:
    key = bytes.fromhex("000102030405060708090a0b0c0d0e0f1011121314151617 18191a1b1c1d1e1f")
    assert [len(round_keys(key[:size])) for size in (16, 24, 32)] == [11, 13, 15]
    assert round_keys(key[:16])[10].hex() == "13111d7fe3944a17f307a78b4d2b30c5"
    assert round_keys(key[:24])[12].hex() == "a4970a331a78dc09c418c271e3a41d5d"
    assert round_keys(key)[14].hex() == "24fc79ccbf0979e9371ac23c6d68de36"
    assert inverse_round_keys(key[:16])[8].hex() == "13aa29be9c8faff6f770f58000f7bf03"
