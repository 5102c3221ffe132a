"""Run the suites, here and in the lab, and write the report: `make bench`.

    python -m benches.run [--only userspace,6.12] [--report] [--readme]

Each run leaves target/bench/NAME.json, or NAME.txt if it prints its figures. A run that fails is
told and stops none of the others.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benches.peers.built import BUILT, library
from benches.report.page import figures, write
from benches.report.results import load

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
README = Path(__file__).with_name("README.md")
HEADING = "## Figures\n\n"


@dataclass(frozen=True, slots=True)
class Told:
    """A bench that prints what it found, and the shell's words for it."""

    name: str
    title: str
    command: str
    kept: bool = False
    """Whether the README keeps it too."""


INSTRUMENTED = f"PYTHONPATH=target/instrument/package {sys.executable}"
TOLD = (
    Told(
        "instrument",
        "This machine, the kernel's path over sockets that compute nothing",
        f"make instrument >&2 && {INSTRUMENTED} -m benches.instrument.measure",
        kept=True,
    ),
    Told(
        "instructions",
        "The instructions of one message of 16 bytes on that path",
        f"make instrument >&2 && {INSTRUMENTED} -m benches.instrument.count",
    ),
    Told(
        "rust",
        "This machine, the Rust core",
        "cargo bench --locked --features instrument --bench requests",
    ),
)


def carry_out(run: Run | Told) -> bool:
    """Run it and say how it went."""
    start = time.monotonic()
    print(f"== {run.name}", flush=True)
    status = timed(run) if isinstance(run, Run) else told(run)
    end = "done" if status == 0 else f"FAILED, exit status {status}"
    print(f"== {run.name}: {end}, {time.monotonic() - start:.0f} s", flush=True)
    return status == 0


def timed(run: Run) -> int:
    """Run suites and give the exit status."""
    environment, command = dict(os.environ), run.command
    if run.kernel and run.kernel.endswith(STOCK):
        # Emulated CPUs that take turns would not show what two threads do at the same time.
        environment.setdefault("AFALG_LAB_TCG", "multi")
    elif run.kernel:
        # User-mode Linux is two processes that wait for each other: on two CPUs each system call
        # costs ten times as much, at some moments and not at others.
        command = ["taskset", "--cpu-list", str(max(os.sched_getaffinity(0))), *command]
    done = subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL)
    return done.returncode


def told(run: Told) -> int:
    """Run what prints its figures, keep them, and give the exit status."""
    done = subprocess.run(
        ["sh", "-c", run.command], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    if done.returncode == 0:
        (BUILT / f"{run.name}.txt").write_bytes(done.stdout)
    return done.returncode


def report(*, into_readme: bool) -> None:
    """Write the report of what is there, and print its summary, or keep that."""
    files = [(run, BUILT / f"{run.name}.json") for run in RUNS]
    texts = [(run, BUILT / f"{run.name}.txt") for run in TOLD]
    found = [load(path, run.title) for run, path in files if path.exists()]
    printed = {run.title: path.read_text("utf-8") for run, path in texts if path.exists()}
    write(found, printed, BUILT)
    if into_readme:
        kept = {run.title for run in TOLD if run.kept}
        brief = {title: text for title, text in printed.items() if title in kept}
        text = "\n\n".join(figures(found, brief))
        before, heading, _ = README.read_text("utf-8").partition(HEADING)
        README.write_text(f"{before}{heading}{text}\n", "utf-8")
    else:
        print("", *figures(found, printed), sep="\n\n")
    print(f"\n{BUILT / 'report.md'}\n{BUILT / 'report.html'}")


def main() -> int:
    """Do what the command line says; the exit status is 1 if a run failed."""
    parser = argparse.ArgumentParser(description="Time this package beside its peers.")
    runs = (*RUNS, *TOLD)
    names = [run.name for run in runs]
    parser.add_argument("--only", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--report", action="store_true", help="run nothing, write the report")
    parser.add_argument("--readme", action="store_true", help="keep the figures in the README")
    asked = parser.parse_args()
    chosen: list[str] = [] if asked.report else asked.only.split(",")
    if unknown := set(chosen) - set(names):
        parser.error(f"there is no {', '.join(unknown)}")
    # Here, and not in the lab, where a compiler takes its time.
    library("raw_loop")
    library("kcapi_loop", "-lkcapi")
    went = [carry_out(run) for run in runs if run.name in chosen]
    report(into_readme=asked.readme)
    return 0 if all(went) else 1


if __name__ == "__main__":
    sys.exit(main())
