"""Try a wheel in an empty root: install its file alone, run README's first example."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from wheels.roots import SITE, WORK, Root, inside

PROJECT = Path(__file__).parents[2]
COMPUTE = Path(__file__).with_name("inside.py")
IMPORT = "import afalg"


@dataclass(frozen=True)
class Step:
    """What is run, and what is wrong with its answer if anything is."""

    name: str
    command: list[str]
    fault: Callable[[subprocess.CompletedProcess[str]], str]


def first_example() -> str:
    """Give README's first example."""
    found = re.search(r"```python\n(.*?)```", (PROJECT / "README.md").read_text("utf-8"), re.DOTALL)
    if not found:
        raise SystemExit("README.md has no example")
    return found[1]


@cache
def expected() -> str:
    """Compute here, with what the tests have tested, what every wheel has to compute."""
    command = [sys.executable, str(COMPUTE)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def succeeds(done: subprocess.CompletedProcess[str]) -> str:
    """Nothing but an exit status of 0 will do."""
    return "" if done.returncode == 0 else f"exit status {done.returncode}: {done.stderr[-2000:]}"


def alone(done: subprocess.CompletedProcess[str]) -> str:
    """Nothing is installed but the wheel and who installed it."""
    names = {re.split("==| @ ", line)[0] for line in done.stdout.splitlines()}
    expected = {"afalg", "pip"}
    ours = expected <= names <= expected | {"setuptools"}
    return succeeds(done) or ("" if ours else f"installed are {sorted(names)}")


def computes(done: subprocess.CompletedProcess[str]) -> str:
    """Every userspace algorithm gives what it gives here."""
    if fault := succeeds(done):
        return fault
    theirs, ours = set(done.stdout.splitlines()), set(expected().splitlines())
    return "" if theirs == ours else f"computes other bytes: {sorted(theirs ^ ours)[:4]}"


def diagnoses(done: subprocess.CompletedProcess[str]) -> str:
    """The doctor says yes or no, and what it looked at."""
    return "" if done.returncode in {0, 1} and "kernel" in done.stdout else done.stderr[-2000:]


def steps(root: Root, wheel: Path) -> Iterator[Step]:
    """Give what is done, in order. QEMU starts no second program: there the wheel is unpacked."""
    python, file = [f"/usr/bin/{root.python}"], f"{WORK}/{wheel.name}"
    if root.emulator:
        yield Step("unpack", [*python, "-m", "zipfile", "-e", file, SITE], succeeds)
    else:
        yield Step("venv", [*python, "-m", "venv", f"{WORK}/venv"], succeeds)
        python = [f"{WORK}/venv/bin/python"]
        pip = [*python, "-m", "pip", "--disable-pip-version-check"]
        yield Step("pip install", [*pip, "install", "--no-index", "--quiet", file], succeeds)
        yield Step("pip freeze", [*pip, "freeze", "--all"], alone)
        yield Step("the command", [f"{WORK}/venv/bin/afalg", "--version"], succeeds)
    yield Step("import", [*python, "-W", "error", "-X", "dev", "-c", IMPORT], succeeds)
    yield Step("README's first example", [*python, f"{WORK}/example.py"], succeeds)
    yield Step("every algorithm", [*python, f"{WORK}/compute.py"], computes)
    yield Step("afalg --version", [*python, "-m", "afalg", "--version"], succeeds)
    yield Step("afalg doctor", [*python, "-m", "afalg", "doctor"], diagnoses)


def try_out(root: Root, wheel: Path) -> str:
    """Install and use a wheel in a root; gives the first fault, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copy(wheel, work)
        shutil.copy(COMPUTE, work / "compute.py")
        (work / "example.py").write_text(first_example(), "utf-8")
        for step in steps(root, wheel):
            if fault := step.fault(inside(root, work, step.command)):
                return f"{step.name}: {fault}"
    return ""
