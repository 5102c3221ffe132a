"""What every test of the package shares: the gate to the kernel, and the providers."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import HealthCheck

import afalg
from commands import Folder
from gate import (
    own_session,
    pytest_collection_modifyitems,
    pytest_runtest_setup,
    skip_or_fail,
)
from oracles.cases import IN_LAB, PROVIDERS, NewCipher, marks_of
from sector_commands import lay_disk
from sessions import Session
from terminals import Terminal

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["own_session", "pytest_collection_modifyitems", "pytest_runtest_setup"]

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
def disk_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a disk image and its key in the working directory, for `afalg sectors`."""
    return lay_disk(tmp_path, monkeypatch)


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
