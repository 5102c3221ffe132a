"""Which tests run here: a gate that the conftest of each folder opens.

A test that needs AF_ALG has the mark `kernel`. Where no such socket can be opened it is
skipped with the reason; in the lab (AFALG_LAB=1), whose kernels have AF_ALG, it fails.
The marks `by_serial` and `before_by_serial` tell kernels from Linux 6.2 on from older ones.
The mark `anywhere` keeps a test out of the lab, where every second counts.
The mark `slow` keeps a test out unless asked for: `--run-slow`, or `slow` in `-m`.
"""

from typing import NoReturn

import pytest

import afalg
from keyrings import join_session
from oracles.cases import IN_LAB
from oracles.kernels import release


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
