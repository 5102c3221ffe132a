"""Programs that tests run as processes of their own, and how to run one.

A program is a module here with a `main`. It ends with status 0 where all was as it should
be; what it prints is for the test to read.
"""

import faulthandler
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).parent.parent
DEADLINE = 90


def command(name: str, *arguments: str) -> list[str]:
    """Give the command line of a program; to be started in FOLDER."""
    return [sys.executable, "-m", f"children.{name}", *arguments]


def run(name: str, *arguments: str, under: Sequence[str] = ()) -> str:
    """Run a program, under a tool if told, and give what it printed."""
    done = subprocess.run(
        [*under, *command(name, *arguments)],
        cwd=FOLDER,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE + 10,
    )
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def set_deadline() -> None:
    """End this process, saying where it hangs, should it live too long."""
    faulthandler.dump_traceback_later(DEADLINE, exit=True)
