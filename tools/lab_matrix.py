"""The tests on this machine and in every kernel of the lab, two runs at a time.

    python tools/lab_matrix.py [--kernels here,7.3-stock] [--timeout SECONDS] [PYTEST-OPTION ...]

On this machine runs all that pytest finds, beside the first kernels, for it leaves a CPU idle.
In each User-mode Linux the Python suite runs as root, and the tests marked `limits` once more
without capabilities. Stock kernels are emulated where there is no KVM, too slowly for the whole
suite: in them run the tests of threads, which want their two CPUs, and tests/stock, whose files
boot a kernel each and ask it from outside. A run's output is printed when it ends, whole, so that
two at once stay legible. A failure in one kernel stops none of the others.
"""

import argparse
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
"""Without a cache, for another kernel may write it at the same time."""

HERE = "here"
SUITES = ("6.1", "6.12", "7.2")
THREADS = "6.1-stock"
STOCK = {
    "6.1-stock": {"accelerated": "the CPU's own ciphers", "fips": "fips=1"},
    "7.3-stock": {
        "restriction": "af_alg_restrict 0, 1, 2 for root, nocaps, nobody",
        "verify": "afalg verify for each of them",
    },
}
"""Which files of tests/stock boot a kernel, and what for."""


@dataclass(frozen=True)
class Run:
    """Some tests, and the kernel they need."""

    kernel: str
    what: str
    command: Sequence[str]


def inside(kernel: str, user: str, timeout: int, tests: Sequence[str]) -> Run:
    """Tests that run in a kernel, as one of its users."""
    lab = [sys.executable, "-m", "lab", "run", "--kernel", kernel, "--timeout", str(timeout)]
    return Run(kernel, f"as {user}", [*lab, "--as", user, "--", *PYTEST, *tests])


def runs(kernels: Sequence[str], timeout: int, options: Sequence[str]) -> Iterator[Run]:
    """Give what is to be done, the longest first."""
    if HERE in kernels:
        yield Run(platform.release(), "of this machine", [*PYTEST, *options])
    # The oracles' own tests need no kernel.
    suite = ["tests/python", "--ignore=tests/python/oracles"]
    for user, chosen in (("root", options), ("nocaps", [*options, "-m", "limits"])):
        for kernel in kernels:
            if kernel in SUITES:
                yield inside(kernel, user, timeout, [*chosen, *suite])
            elif (kernel, user) == (THREADS, "root"):
                yield inside(kernel, user, timeout, [*options, "tests/python/test_threads.py"])
    for kernel in kernels:
        if kernel in SUITES:
            # Apart: with Dask about, a run of the suite has more memory than User-mode Linux maps.
            yield inside(kernel, "root", timeout, [*options, "tests/examples"])
        for file, what in STOCK.get(kernel, {}).items():
            yield Run(kernel, f"with {what}", [*PYTEST, f"tests/stock/test_{file}.py"])


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
        return f"kernel {self.run.kernel} {self.run.what}: {end}, {self.seconds:.0f} s"


def carry_out(run: Run) -> Outcome:
    """Boot, test, power off."""
    start = time.monotonic()
    done = subprocess.run(
        run.command,
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
    parser = argparse.ArgumentParser(
        description="Run the Python suite here and in every lab kernel."
    )
    parser.add_argument("--kernels", default=",".join([HERE, *SUITES, *STOCK]))
    parser.add_argument("--timeout", type=int, default=1200, help="seconds for a run of the suite")
    asked, options = parser.parse_known_args()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        todo = runs(asked.kernels.split(","), asked.timeout, options)
        for future in as_completed([pool.submit(carry_out, run) for run in todo]):
            outcomes.append(outcome := future.result())
            print(f"\n===== {outcome}\n{outcome.output.rstrip()}", flush=True)
    print("\n=====", *sorted(str(outcome) for outcome in outcomes), sep="\n")
    return 1 if any(outcome.status for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
