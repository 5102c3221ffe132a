"""One message in userspace, 16 bytes to 16 MiB, beside `cryptography`."""

from contextlib import ExitStack

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benches.peers import ours, pyca
from benches.race import Race
from benches.work import SIZES

NAMES = ("cbc(aes)", "ctr(aes)", "xts(aes)", "chacha20")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_a_message(benchmark: BenchmarkFixture, held: ExitStack, name: str, size: int) -> None:
    contestants = [*ours.one_message(held, name, size, "userspace"), *pyca.one_message(name, size)]
    notes = [ours.driver(name, "userspace")]
    race = Race(suite="userspace", title=name, size=size, contestants=contestants, notes=notes)
    race.run(benchmark)
