"""A hundred thousand keyed Ciphers and keys, made and dropped: nothing of them stays anywhere.

Each with a key's bytes and with a key of a keyring, and with refusals in between. By default it is
some thousand; `--run-slow` makes it a hundred thousand.
"""

import mmap
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import afalg
from gate import skip_or_fail
from holdings import PATIENCE, Held, grown
from oracles import ORACLES
from oracles.cases import IN_LAB, iv_of, key_of, message
from oracles.kernels import release

pytestmark = pytest.mark.kernel

SHORT, LONG, WARM_UP = 2000, 100_000, 300
COUNTS = [SHORT, pytest.param(LONG, marks=pytest.mark.slow)]
ALGORITHMS = ("cbc(aes)", "xts(aes)", "cts(cbc(aes))")  # cts binds two tfms
TAKES_SERIALS = release() >= (6, 2)
RING: afalg.KeyringName = "process"  # it ends with the tests
REFUSED_EACH = 10
KEPT_EACH = 100

AnyKey = bytes | afalg.KeyringKey
Outcome = type[afalg.AfalgError] | None


class Keys(NamedTuple):
    """A key that a cipher takes, and those that it refuses, each with its error."""

    right: AnyKey
    wrong: list[tuple[AnyKey, type[afalg.AfalgError]]]

    def of(self, number: int) -> tuple[AnyKey, Outcome]:
        """Give the key of a round, and what is to come of it."""
        turn, rest = divmod(number, REFUSED_EACH)
        key, error = self.wrong[turn % len(self.wrong)] if rest == 0 else (self.right, None)
        if isinstance(key, afalg.KeyringKey) and not TAKES_SERIALS:
            return key, afalg.KeyringUnavailableError
        return key, error


def added(name: str, payload: bytes) -> afalg.KeyringKey:
    """Add a key that nobody may read.

    The quota still counts keys that were unlinked a moment ago; an ordinary user's is 200.
    """
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return afalg.KeyringKey.add("logon", f"soak:{name}", payload, keyring=RING)
        except afalg.KeyQuotaError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
        except afalg.KeyringUnavailableError as error:
            skip_or_fail(str(error))


def forget(key: afalg.KeyringKey) -> None:
    """Unlink a key and wait until the kernel has forgotten it: until then it is nobody's."""
    key.unlink(RING)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            afalg.KeyringKey(key.serial)
        except afalg.KeyNotFoundError:
            return
        time.sleep(0.01)
    raise AssertionError(f"{key} is still there")


@contextmanager
def keys_of(algorithm: str, kind: str) -> Generator[Keys]:
    """Give keys as bytes or in a keyring, for as long as they are needed."""
    key = key_of(ORACLES[algorithm])
    if kind == "bytes":
        yield Keys(key, [(key[1:], afalg.InvalidKeyError)])
        return
    right, odd, revoked, gone = (
        added("right", key),
        added("odd", key[1:]),
        added("revoked", key),
        added("gone", key),
    )
    revoked.revoke()
    forget(gone)
    yield Keys(
        right,
        [
            (odd, afalg.InvalidKeyError),
            (revoked, afalg.KeyRevokedError),
            (gone, afalg.KeyNotFoundError),
            (key[1:], afalg.InvalidKeyError),
        ],
    )
    for each in (right, odd, revoked):
        each.unlink(RING)


def let_go(cipher: afalg.Cipher, number: int) -> None:
    """Use a Cipher a little, or not at all, and have it end in one of the ways that there are."""
    oracle, data = ORACLES[cipher.algorithm], message(48)
    match number % 4:
        case 0:
            cipher.close()
        case 1:
            with cipher:
                pass
        case 2:
            cipher.encryptor(iv=iv_of(oracle)).update(data)
        case _ if number % 20 == 3:
            assert cipher.encrypt(data, iv=iv_of(oracle)) == answer(cipher.algorithm)
        case _:
            pass  # it is dropped


@cache
def answer(algorithm: str) -> bytes:
    """Give what becomes of the message."""
    oracle = ORACLES[algorithm]
    return oracle.encrypt(key_of(oracle), iv_of(oracle), message(48))


def outcome(algorithm: str, key: AnyKey, number: int) -> Outcome:
    """Make a Cipher and let go of it."""
    try:
        cipher = afalg.Cipher(algorithm, key, provider="kernel")
    except afalg.AfalgError as error:
        return type(error)
    let_go(cipher, number)
    return None


def make_and_drop(algorithm: str, keys: Keys, count: int) -> None:
    """Do so many rounds, each of which comes out as it must."""
    wrong: Counter[tuple[Outcome, Outcome]] = Counter()
    for number in range(count):
        key, expected = keys.of(number)
        found = outcome(algorithm, key, number)
        if found is not expected:
            wrong[found, expected] += 1
    assert wrong == {}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["bytes", "keyring"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_ciphers_that_are_made_and_dropped_leave_nothing_behind(
    algorithm: str, kind: str, count: int
) -> None:
    with keys_of(algorithm, kind) as keys:
        Held.now()  # it collects what thousands of tests left; the rounds first settle in the room
        make_and_drop(algorithm, keys, WARM_UP)
        before = Held.now()
        make_and_drop(algorithm, keys, count)
        assert grown(before, count) == {}


# Keys


def update(count: int) -> None:
    """Give one key new bytes, again and again."""
    serials = {added("updated", number.to_bytes(32)).serial for number in range(count)}
    assert len(serials) == 1
    afalg.KeyringKey(*serials).unlink(RING)


def come_and_go(count: int) -> None:
    """Add keys and take them out again; some are revoked before that."""
    for number in range(count):
        key = added(f"fresh {number}", bytes(32))
        if number % 10 == 0:
            key.revoke()
        key.unlink(RING)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("work", [update, come_and_go])
def test_keys_that_come_and_go_give_their_quota_back(
    work: Callable[[int], None], count: int
) -> None:
    work(WARM_UP)
    before = Held.now()
    work(count)
    assert grown(before, count) == {}


# That a leak is seen


def ciphers(count: int) -> Iterator[object]:
    """Keep some Ciphers."""
    key = key_of(ORACLES["cbc(aes)"])
    for number in range(count):
        cipher = afalg.Cipher("cbc(aes)", key, provider="kernel")
        if number % KEPT_EACH == 0:
            yield cipher


def unlinked_too_seldom(count: int) -> Iterator[object]:
    """Leave some keys in the keyring."""
    for number in range(count):
        key = added(f"leaked {number}", bytes(32))
        if number % KEPT_EACH:
            key.unlink(RING)
        else:
            yield key


def large_keys(count: int) -> Iterator[object]:
    """Leave memory of the kernel's behind; root's quota has room for it."""
    for number in range(count // 50):
        yield added(f"large {number}", bytes(32767))


def pages(count: int) -> Iterator[object]:
    """Keep memory that is not the heap's."""
    for _ in range(count // 5):
        page = mmap.mmap(-1, mmap.PAGESIZE)
        page[0] = 1
        yield page


@contextmanager
def kept(leak: Callable[[int], Iterator[object]], count: int) -> Generator[None]:
    """Have a leak for a while."""
    held = list(leak(count))
    yield
    for one in held:
        if isinstance(one, afalg.KeyringKey):
            one.unlink(RING)


@pytest.fixture
def many_files() -> Generator[None]:
    """Let a leak go on until it is measured."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


IN_PROCESS = {"descriptors", "heap"} | ({"sockets"} if IN_LAB else set())
IN_QUOTA = {"keys", "key_quota", "key_bytes"}
IN_KERNEL = {"slab"} if IN_LAB else set[str]()


@pytest.mark.usefixtures("many_files")
@pytest.mark.parametrize(
    ("leak", "count", "seen"),
    [
        (ciphers, SHORT, IN_PROCESS),
        pytest.param(ciphers, LONG, IN_PROCESS | {"blocks"} | IN_KERNEL, marks=pytest.mark.slow),
        (unlinked_too_seldom, SHORT, IN_QUOTA),
        *([(large_keys, SHORT, IN_QUOTA | IN_KERNEL)] if IN_LAB else []),
        (pages, SHORT, {"blocks", "resident"}),
    ],
)
def test_a_leak_of_some_is_seen(
    leak: Callable[[int], Iterator[object]], count: int, seen: set[str]
) -> None:
    with kept(leak, count):
        pass  # the kernel's allocator keeps pages for the next time that so much is wanted
    before = Held.now()
    with kept(leak, count):
        assert seen <= grown(before, count, patience=0.5).keys()
    assert grown(before, count) == {}


def test_the_bench_of_the_set_up_finds_right_answers() -> None:
    bench = Path(__file__).parents[2] / "benches" / "bench_setup.py"
    rounds = [sys.executable, str(bench), "--rounds", "2"]
    done = subprocess.run(rounds, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
