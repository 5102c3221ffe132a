"""What every test of the package shares: the gate to the kernel, and the providers.

A test that needs AF_ALG has the mark `kernel`. Where no such socket can be opened it is
skipped with the reason; in the lab (AFALG_LAB=1), whose kernels have AF_ALG, it fails.
The marks `by_serial` and `before_by_serial` tell kernels from Linux 6.2 on from older ones.
The mark `anywhere` keeps a test out of the lab, where every second counts.
The mark `slow` keeps a test out unless asked for: `--run-slow`, or `slow` in `-m`.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hypothesis
import pytest
from hypothesis import HealthCheck

import afalg
from commands import Folder
from keyrings import join_session
from oracles.cases import IN_LAB, PROVIDERS, NewCipher, marks_of
from oracles.kernels import release
from sessions import Session
from terminals import Terminal

if TYPE_CHECKING:
    from typing_extensions import Buffer

PIECE = 1 << 18  # where a provider has no limit, cut here all the same

# A function-scoped fixture only says which provider; nothing of it changes between examples.
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
PROFILES = (("dev", 50, True), ("ci", 200, False), ("lab", 60, False), ("emulated", 15, False))
for name, examples, chance in PROFILES:
    hypothesis.settings.register_profile(
        name,
        max_examples=examples,
        derandomize=not chance,
        database=None,
        deadline=None,
        suppress_health_check=RELAXED,
    )
hypothesis.settings.load_profile("lab" if IN_LAB else "ci" if "CI" in os.environ else "dev")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--run-slow`."""
    parser.addoption("--run-slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, visibly, the slow tests unless asked for, and what is another kernel's."""
    asked = config.getoption("--run-slow", default=False) or "slow" in str(config.getoption("-m"))
    unwanted = {"before_by_serial" if release() >= (6, 2) else "by_serial"}
    unwanted |= set() if asked else {"slow"}
    unwanted |= {"anywhere"} if IN_LAB else set()
    out = [item for item in items if any(map(item.get_closest_marker, unwanted))]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def skip_or_fail(reason: str) -> NoReturn:
    """Skip a test that cannot run here; in the lab, where it can, fail it."""
    if IN_LAB:
        pytest.fail(f"in the lab nothing is skipped: {reason}")
    pytest.skip(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hold the tests marked `kernel` back where there is no AF_ALG."""
    if item.get_closest_marker("kernel") and not afalg.is_available():
        skip_or_fail("this process cannot open an AF_ALG socket")


@pytest.fixture
def own_session() -> None:
    """Leave the session keyring for one that ends with the tests."""
    try:
        join_session()
    except OSError as error:
        skip_or_fail(f"this process may have no keyrings: {error}")


@pytest.fixture(params=[pytest.param(name, marks=marks_of(name)) for name in PROVIDERS])
def provider(request: pytest.FixtureRequest) -> afalg.Provider:
    """Who computes."""
    chosen: afalg.Provider = request.param
    return chosen


@pytest.fixture
def new_cipher(provider: afalg.Provider) -> NewCipher:
    """Make a Cipher of the test's provider; an unexpectedly missing algorithm is told apart."""

    def make(algorithm: str, key: "Buffer") -> afalg.Cipher:
        try:
            return afalg.Cipher(algorithm, key, provider=provider)
        except afalg.AlgorithmNotFoundError as error:
            skip_or_fail(f"{algorithm}: {error}")

    return make


@pytest.fixture
def session() -> Iterator[Session]:
    """Give a session keyring of the test's own; it needs no AF_ALG."""
    with ThreadPoolExecutor(1) as thread:
        try:
            made = Session(thread)
        except (OSError, KeyError) as error:
            skip_or_fail(f"no session keyring is to be had here: {error!r}")
        yield made


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """Give a terminal."""
    made = Terminal()
    yield made
    os.close(made.master)
    os.close(made.slave)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Give a folder with secrets, for `afalg encrypt` and `afalg decrypt`."""
    return Folder(tmp_path)


@cache
def largest_request(provider: afalg.Provider) -> int:
    """Ask xts, which cannot be cut, how much one request takes."""
    with afalg.Cipher("xts(aes)", bytes(range(64)), provider=provider) as cipher:
        return cipher.max_message or PIECE


@pytest.fixture
def limit(provider: afalg.Provider) -> int:
    """Give the largest request of this process, a multiple of every block."""
    return largest_request(provider)
