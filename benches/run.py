"""Run the suites, here and in the lab, and write the report: `make bench`.

    python -m benches.run [--only userspace,6.12] [--report]

Each run leaves target/bench/NAME.json. A run that fails is told and stops none of the others.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benches.peers.built import BUILT, library
from benches.report.page import write
from benches.report.results import load
from benches.report.tables import summary

PYTEST = (
    *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "--benchmark-enable"),
    *("--benchmark-only", "--benchmark-quiet", "--benchmark-disable-gc"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Some suites, and the kernel that they need; None: this machine's, in userspace."""

    name: str
    title: str
    suites: Sequence[str]
    kernel: str | None = None
    options: Sequence[str] = ()

    @property
    def command(self) -> list[str]:
        """What does it."""
        mark = "kernel" if self.kernel else "not kernel"
        files = [f"benches/bench_{suite}.py" for suite in self.suites]
        told = [*PYTEST, f"--benchmark-json={BUILT / self.name}.json", "-m", mark, *files]
        if self.kernel is None:
            return told
        lab = [sys.executable, "-m", "lab", "run", "--kernel", self.kernel, "--timeout", "1200"]
        return [*lab, *self.options, "--", *told]


RUNS = (
    Run("userspace", "This machine", ("userspace", "many", "threads")),
    Run("6.12", "Linux 6.12, User-mode Linux", ("kernel", "many"), "6.12"),
    Run("7.2", "Linux 7.2, User-mode Linux", ("kernel", "many"), "7.2"),
    Run("6.1-stock", "Linux 6.1, stock, QEMU", ("many", "threads"), "6.1-stock", ("--cpus", "2")),
)
STOCK = "-stock"


def carry_out(run: Run) -> bool:
    """Run it and say how it went."""
    start = time.monotonic()
    print(f"== {run.name}", flush=True)
    environment = dict(os.environ)
    command = run.command
    if run.kernel and run.kernel.endswith(STOCK):
        # Emulated CPUs that take turns would not show what two threads do at the same time.
        environment.setdefault("AFALG_LAB_TCG", "multi")
    elif run.kernel:
        # User-mode Linux is two processes that wait for each other: on two CPUs each system call
        # costs ten times as much, at some moments and not at others.
        command = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]
    done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL)
    end = "done" if done.returncode == 0 else f"FAILED, exit status {done.returncode}"
    print(f"== {run.name}: {end}, {time.monotonic() - start:.0f} s", flush=True)
    return done.returncode == 0


def report() -> None:
    """Write the report of what is there, and print its summary."""
    found = [load(path, run.title) for run in RUNS if (path := BUILT / f"{run.name}.json").exists()]
    write(found, BUILT)
    for run in found:
        print(f"\n{run.title}: {run.about}\n\n{summary(run).to_markdown()}")
    print(f"\n{BUILT / 'report.md'}\n{BUILT / 'report.html'}")


def main() -> int:
    """Do what the command line says; the exit status is 1 if a run failed."""
    parser = argparse.ArgumentParser(description="Time this package beside its peers.")
    names = [run.name for run in RUNS]
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--report", action="store_true", help="run nothing, write the report")
    asked = parser.parse_args()
    chosen: list[str] = [] if asked.report else asked.only.split(",")
    if unknown := set(chosen) - set(names):
        parser.error(f"there is no {', '.join(unknown)}")
    # Here, and not in the lab, where a compiler takes its time.
    library("raw_loop")
    library("kcapi_loop", "-lkcapi")
    went = [carry_out(run) for run in RUNS if run.name in chosen]
    report()
    return 0 if all(went) else 1


if __name__ == "__main__":
    sys.exit(main())
