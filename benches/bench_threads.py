"""Two threads at the same time, beside one: the caller's, and those that share a call."""

from contextlib import ExitStack

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import afalg
from benches.peers import batches, threads
from benches.race import Race
from benches.work import DATA, IV, encrypted, in_units, key_of

LASTING = 50e-3
"""To wake a thread, or a process, takes a while, which is not to be seen."""


PROVIDERS = [pytest.param("kernel", marks=pytest.mark.kernel), "userspace"]
UNIT = 4096


@pytest.mark.parametrize("size", [16, 4 << 10, 64 << 10, 1 << 20])
@pytest.mark.parametrize("name", ["cbc(aes)", "ctr(aes)"])
@pytest.mark.parametrize("provider", PROVIDERS)
def bench_two(
    benchmark: BenchmarkFixture, held: ExitStack, provider: afalg.Provider, name: str, size: int
) -> None:
    race = Race(
        suite=f"{provider}, threads",
        title=f"{name} by two",
        size=size,
        contestants=threads.contestants(held, name, provider, size),
        lasting=LASTING,
        alike=True,
    )
    race.run(benchmark)


@pytest.mark.parametrize("size", [64 << 10, 1 << 20, 4 << 20])
@pytest.mark.parametrize("what", ["ctr(aes)", "cbc(aes) to decrypt", "xts(aes) in units"])
@pytest.mark.parametrize("provider", PROVIDERS)
def bench_shared_call(
    benchmark: BenchmarkFixture, held: ExitStack, provider: afalg.Provider, what: str, size: int
) -> None:
    name, data = what.partition(" ")[0], DATA[:size]
    cipher = held.enter_context(afalg.Cipher(name, key_of(name), provider=provider))

    def units(data: bytes, out: bytearray, threads: int) -> int:
        return cipher.encrypt_units_into(data, out, unit_size=UNIT, threads=threads)

    def decrypt(data: bytes, out: bytearray, threads: int) -> int:
        return cipher.decrypt_into(data, out, iv=IV, threads=threads)

    def encrypt(data: bytes, out: bytearray, threads: int) -> int:
        return cipher.encrypt_into(data, out, iv=IV, threads=threads)

    match name:
        case "xts(aes)":
            contestants = batches.shared(units, data, in_units(name, data, UNIT))
        case "cbc(aes)":
            contestants = batches.shared(decrypt, encrypted(name, size), data)
        case _:
            contestants = batches.shared(encrypt, data, encrypted(name, size))
    suite = f"{provider}, threads="
    Race(suite=suite, title=what, size=size, contestants=contestants).run(benchmark)
