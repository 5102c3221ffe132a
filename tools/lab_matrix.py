"""The Python suite in every kernel of the lab, two kernels at a time.

    python tools/lab_matrix.py [--kernels 6.1,6.12,7.2] [--timeout SECONDS] [PYTEST-OPTION ...]

In each kernel the suite runs as root, and the tests marked `limits` once more without
capabilities. A run's output is printed when it ends, whole, so that two at once stay
legible. A failure in one kernel stops none of the others.
"""

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """One boot of one kernel: who runs which tests there."""

    kernel: str
    user: str
    options: list[str]

    def command(self, timeout: int) -> list[str]:
        """Give the command line; no cache, for another kernel may write it at the same time."""
        lab = ["-m", "lab", "run", "--kernel", self.kernel, "--timeout", str(timeout)]
        tests = ["-m", "pytest", "-p", "no:cacheprovider", *self.options, "tests/python"]
        tests.append("--ignore=tests/python/oracles")  # they need no kernel: checked outside
        return [sys.executable, *lab, "--as", self.user, "--", sys.executable, *tests]


@dataclass(frozen=True)
class Outcome:
    """What became of a run."""

    run: Run
    status: int
    output: str
    seconds: float

    def __str__(self) -> str:
        """Give the run and how it ended, on one line."""
        end = "ok" if self.status == 0 else f"FAILED, exit status {self.status}"
        return f"kernel {self.run.kernel} as {self.run.user}: {end}, {self.seconds:.0f} s"


def carry_out(run: Run, timeout: int) -> Outcome:
    """Boot, test, power off."""
    start = time.monotonic()
    done = subprocess.run(
        run.command(timeout),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return Outcome(run, done.returncode, done.stdout, time.monotonic() - start)


def main() -> int:
    """Run them all; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(description="Run the Python suite in every lab kernel.")
    parser.add_argument("--kernels", default="6.1,6.12,7.2")
    parser.add_argument("--timeout", type=int, default=1200, help="seconds for one run")
    asked, options = parser.parse_known_args()
    kernels = asked.kernels.split(",")
    runs = [Run(kernel, "root", options) for kernel in kernels]
    runs += [Run(kernel, "nocaps", [*options, "-m", "limits"]) for kernel in kernels]
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for future in as_completed([pool.submit(carry_out, run, asked.timeout) for run in runs]):
            outcomes.append(outcome := future.result())
            print(f"\n===== {outcome}\n{outcome.output.rstrip()}", flush=True)
    print("\n=====", *sorted(str(outcome) for outcome in outcomes), sep="\n")
    return 1 if any(outcome.status for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
