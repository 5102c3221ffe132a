"""Build the wheels: maturin for Python, zig for the linker and the C library of each target."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wheels.targets import MUSLLINUX, Family, Target, wheel_name, why_not

SCRIPTS = Path(sys.executable).parent
MANYLINUX_MINIMUM = "manylinux2014"


@dataclass(frozen=True)
class Outcome:
    """A wheel, or why there is none."""

    name: str
    family: Family
    size: int = 0
    seconds: float = 0
    failure: str = ""

    def __str__(self) -> str:
        """Give a line of the table."""
        if self.failure:
            return f"NOT BUILT  {self.name}: {self.failure}"
        return f"built  {self.name}  {self.size / 1000:.0f} kB, {self.seconds:.0f} s"


def environment() -> dict[str, str]:
    """Find zig and maturin where this Python is; times in what is made are the last commit's."""
    path = os.pathsep.join([str(SCRIPTS), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, "SOURCE_DATE_EPOCH": committed()}


def committed() -> str:
    """Give the time of the last commit, for what has to have one."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    command = ["git", "log", "-1", "--format=%ct"]
    return (
        given or subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    )


def build(version: str, family: Family, target: Target, into: Path) -> Outcome:
    """Build one."""
    name = wheel_name(version, family, target)
    if failure := why_not(target):
        return Outcome(name, family, failure=failure)
    start = time.monotonic()
    compatibility = MUSLLINUX if target.tag == MUSLLINUX else MANYLINUX_MINIMUM
    command = [
        *(str(SCRIPTS / "maturin"), "build", "--release", "--zig", "--target", target.triple),
        *("--interpreter", family.interpreter, "--compatibility", compatibility),
        *("--out", str(into)),
    ]
    print(f"== {name}", flush=True)
    done = subprocess.run(command, check=False, env=environment())
    wheel, seconds = into / name, time.monotonic() - start
    if done.returncode != 0:
        return Outcome(name, family, failure=f"maturin ended with {done.returncode}, see above")
    if not wheel.exists():
        return Outcome(name, family, failure="maturin gave a wheel of another name, see above")
    return Outcome(name, family, wheel.stat().st_size, seconds)


def build_all(
    version: str, families: Iterable[Family], targets: Iterable[Target], into: Path
) -> list[Outcome]:
    """Build each family for each target."""
    chosen = list(targets)
    return [build(version, family, target, into) for family in families for target in chosen]
