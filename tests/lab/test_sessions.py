"""A process that was given no session keyring, which only a fresh boot has for certain."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif("AFALG_LAB" in os.environ, reason="a lab kernel boots no other")


def test_a_new_session_keyring_takes_no_key_away() -> None:
    lab = [sys.executable, "-m", "lab", "run", "--kernel", "7.2", "--timeout", "100"]
    done = subprocess.run(
        [*lab, "--", sys.executable, "tests/lab/sessions.py"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == dict.fromkeys(("before", "added", "after", "once"), True)
