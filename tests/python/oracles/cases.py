"""What the tests run over: providers, algorithms, keys, IVs and messages.

Everything is derived from names, so that a failing case can be run again alone.
"""

import os
import random
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import pytest

from oracles.kernels import is_absent
from oracles.oracle import Oracle
from oracles.table import ORACLES

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from afalg import Cipher, Provider

NewCipher = Callable[[str, "Buffer"], "Cipher"]  # algorithm, key

# In the lab every second counts, and userspace is the same there as outside.
IN_LAB = os.environ.get("AFALG_LAB") == "1"
PROVIDERS: "tuple[Provider, ...]" = ("kernel",) if IN_LAB else ("kernel", "userspace")
DIRECTIONS = ("encrypt", "decrypt")
MESSAGE_SIZE = 1 << 24


def marks_of(provider: str) -> tuple[pytest.MarkDecorator, ...]:
    """Give the marks of whatever runs on a provider."""
    return (pytest.mark.kernel,) if provider == "kernel" else ()


def is_lacking(provider: str, algorithm: str) -> bool:
    """Whether a provider is known not to have an algorithm here."""
    return provider == "kernel" and is_absent(algorithm)


def pairs(
    select: Callable[[Oracle], bool] = lambda _: True, *, lacking: bool = False
) -> "list[tuple[Provider, Oracle]]":
    """Give every provider with each of its algorithms, or with those that it lacks."""
    return [
        (provider, oracle)
        for provider in PROVIDERS
        for oracle in ORACLES.values()
        if select(oracle) and is_lacking(provider, oracle.name) is lacking
    ]


def cases(
    select: Callable[[Oracle], bool] = lambda _: True,
    *,
    lacking: bool = False,
    of: "Provider | None" = None,
) -> "list[pytest.ParameterSet]":
    """Give those pairs, or one provider's, as parameters ("provider", "oracle")."""
    return [
        pytest.param(provider, oracle, id=f"{provider}-{oracle.name}", marks=marks_of(provider))
        for provider, oracle in pairs(select, lacking=lacking)
        if of in {None, provider}
    ]


def key_of(oracle: Oracle, size: int | None = None) -> bytes:
    """Give the key that the tests use, the largest unless told."""
    return random.Random(f"key of {oracle.name}").randbytes(size or oracle.key_size)


def iv_of(oracle: Oracle) -> bytes:
    """Give the IV that the tests use; chacha20's begins with a small block counter."""
    drawn = random.Random(f"iv of {oracle.name}").randbytes(oracle.iv_size)
    return bytes([7, 0, 0, 0]) + drawn[4:] if oracle.name == "chacha20" else drawn


@cache
def source() -> bytes:
    """Give 16 MiB that look random."""
    return random.Random("message").randbytes(MESSAGE_SIZE)


def message(length: int) -> bytes:
    """Give a message."""
    whole, rest = divmod(length, MESSAGE_SIZE)
    return source() * whole + source()[:rest]
