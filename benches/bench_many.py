"""Many messages in one call, and units by number, beside the loops that do the same.

64 messages are what goes through a ring at once; units are timed also by the mebibyte.
"""

from contextlib import ExitStack

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import afalg
from benches.names import MANY, UNITS_INTO
from benches.peers import batches, c_loop, pyca, stdlib_socket
from benches.race import Race
from benches.work import DATA, ivs, key_of, numbers

COUNT = 64
PROVIDERS = [pytest.param("kernel", marks=pytest.mark.kernel), "userspace"]


def cipher_of(held: ExitStack, name: str, provider: afalg.Provider) -> afalg.Cipher:
    """Give a Cipher that is closed when the race is over."""
    return held.enter_context(afalg.Cipher(name, key_of(name), provider=provider))


@pytest.mark.parametrize("size", [16, 256, 4096])
@pytest.mark.parametrize("name", ["cbc(aes)", "ctr(aes)", "xts(aes)", "chacha20"])
@pytest.mark.parametrize("provider", PROVIDERS)
def bench_messages(
    benchmark: BenchmarkFixture, held: ExitStack, provider: afalg.Provider, name: str, size: int
) -> None:
    data, each = DATA[: COUNT * size], ivs(COUNT)
    messages = [data[at : at + size] for at in range(0, len(data), size)]
    contestants = batches.many(cipher_of(held, name, provider), messages, each)
    if provider == "kernel":
        contestants.append(c_loop.many(held, name, data, each, MANY))
        contestants.append(stdlib_socket.many(held, name, messages, each))
    else:
        contestants += pyca.many(name, messages, each)
    title = f"{COUNT} messages of {name}, the size of each"
    Race(suite=f"{provider}, many", title=title, size=size, contestants=contestants).run(benchmark)


@pytest.mark.parametrize("count", [COUNT, 1024])
@pytest.mark.parametrize("unit_size", [512, 4096])
@pytest.mark.parametrize("provider", PROVIDERS)
def bench_units(
    benchmark: BenchmarkFixture,
    held: ExitStack,
    provider: afalg.Provider,
    unit_size: int,
    count: int,
) -> None:
    name, data = "xts(aes)", DATA[: unit_size * count]
    contestants = batches.units(cipher_of(held, name, provider), data, unit_size)
    if provider == "kernel":
        contestants.append(c_loop.many(held, name, data, numbers(count), UNITS_INTO))
    else:
        contestants.append(pyca.units(name, data, unit_size))
    title = f"units of {unit_size} bytes of {name}, all together"
    race = Race(suite=f"{provider}, many", title=title, size=len(data), contestants=contestants)
    race.run(benchmark)
