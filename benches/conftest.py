"""What needs AF_ALG has the mark `kernel`, as with the tests, and is held back as they are."""

import os
import platform
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import cryptography
import pytest

import afalg
from conftest import pytest_runtest_setup

__all__ = ["held", "pytest_benchmark_update_machine_info", "pytest_runtest_setup"]


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Keep what contestants hold open until the race is over."""
    with ExitStack() as stack:
        yield stack


def pytest_benchmark_update_machine_info(machine_info: dict[str, object]) -> None:
    """Tell the report where this was."""
    cpu = {
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith(("model name", "host"))
    }
    one, _, fifteen = os.getloadavg()
    machine_info["about"] = (
        f"Linux {platform.release()}, {os.cpu_count()} CPUs, {', '.join(sorted(cpu))}; load "
        f"{one:.2f} in the minute before, {fifteen:.2f} in fifteen; Python "
        f"{platform.python_version()}, afalg {afalg.__version__}, cryptography "
        f"{cryptography.__version__}"
    )
