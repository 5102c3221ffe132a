"""What the tests of the stock kernels share: a boot, and what came of a program in it.

They boot kernels, some half a minute each, and are run by tools/lab_matrix.py.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def boot() -> Callable[..., Any]:
    """Boot a kernel, run a program of inside/ there, and give what it printed as JSON."""
    assert "AFALG_LAB" not in os.environ, "a lab kernel boots no other: run this outside"

    def run(kernel: str, program: str, *options: str) -> Any:  # noqa: ANN401 - it is JSON
        lab = [sys.executable, "-m", "lab", "run", "--kernel", kernel, "--timeout", "400"]
        command = [*lab, *options, "--", sys.executable, f"tests/stock/inside/{program}.py"]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
