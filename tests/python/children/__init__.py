"""Programs that tests run as processes of their own, and how to run one.

A program is a module here with a `main`. It ends with status 0 where all was as it should
be; what it prints is for the test to read.
"""

import faulthandler
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent.parent
DEADLINE = 90


def command(name: str, *arguments: str) -> list[str]:
    """Give the command line of a program; to be started in FOLDER."""
    return [sys.executable, "-m", f"children.{name}", *arguments]


def python(program: str) -> list[str]:
    """Give the command line of a program that is written out."""
    return [sys.executable, "-c", program]


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


def forked(work: Callable[[], object], seconds: int = DEADLINE) -> object:
    """Fork, and give what the work gave in the child; None where its alarm ended it."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            signal.alarm(seconds)
            os.write(writing, json.dumps(work()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.wait()
    return json.loads(text) if text else None


def set_deadline() -> None:
    """End this process, saying where it hangs, should it live too long."""
    faulthandler.dump_traceback_later(DEADLINE, exit=True)
