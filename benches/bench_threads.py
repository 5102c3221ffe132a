"""Two threads at the same time, beside one, and beside two processes."""

from contextlib import ExitStack

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import afalg
from benches.peers import threads
from benches.race import Race

LASTING = 20e-3
"""To wake a thread, or a process, takes a while, which is not to be seen."""


@pytest.mark.parametrize("size", [16, 4 << 10, 64 << 10, 1 << 20])
@pytest.mark.parametrize("name", ["cbc(aes)", "ctr(aes)"])
@pytest.mark.parametrize(
    "provider", [pytest.param("kernel", marks=pytest.mark.kernel), "userspace"]
)
def bench_two(
    benchmark: BenchmarkFixture, held: ExitStack, provider: afalg.Provider, name: str, size: int
) -> None:
    race = Race(
        suite=f"{provider}, threads",
        title=f"{name} by two",
        size=size,
        contestants=threads.contestants(held, name, provider, size),
        lasting=LASTING,
    )
    race.run(benchmark)
