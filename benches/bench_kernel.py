"""One message through the kernel, 16 bytes to 16 MiB, beside all who may ask it."""

from contextlib import ExitStack

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benches.peers import c_loop, kcapi, ours, pyca, stdlib_socket
from benches.race import Race
from benches.work import SIZES

pytestmark = pytest.mark.kernel

NAMES = ("cbc(aes)", "ctr(aes)", "ecb(cipher_null)")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_a_message(benchmark: BenchmarkFixture, held: ExitStack, name: str, size: int) -> None:
    of_kcapi, wrong = kcapi.one_message(held, name, size)
    contestants = [
        *ours.one_message(held, name, size, "kernel"),
        *c_loop.loop(held, name, size),
        *of_kcapi,
        *stdlib_socket.one_message(held, name, size),
        *([] if name == "ecb(cipher_null)" else pyca.one_message(name, size)),
    ]
    race = Race(
        suite="kernel",
        title=name,
        size=size,
        contestants=contestants,
        notes=[ours.driver(name, "kernel")],
        wrong=wrong,
    )
    race.run(benchmark)
