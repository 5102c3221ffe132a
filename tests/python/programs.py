"""Run an example as its docstring says."""

import os
import subprocess
import sys
from pathlib import Path

from oracles.cases import PROVIDERS

EXAMPLES = Path(__file__).parents[2] / "examples"
PROVIDER = PROVIDERS[-1]
"""The kernel in the lab, where it has to be there; else userspace, which always is."""

ENVIRONMENT = {**os.environ, "AFALG_PROVIDER": PROVIDER}
DEADLINE = 120
Done = subprocess.CompletedProcess[bytes]


def run(name: str, *arguments: str | Path, status: int = 0, stdin: bytes = b"") -> Done:
    """Run an example, any warning an error, and give what it said."""
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / f"{name}.py", *arguments],
        env=ENVIRONMENT,
        check=False,
        input=stdin,
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == status, done.stderr.decode()
    return done
