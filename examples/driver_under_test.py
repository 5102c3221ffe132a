"""Find out whether a driver of the kernel's is right, and how fast it is.

    modprobe my_driver
    python examples/driver_under_test.py ctr-aes-mine --junit report.xml

The name is the driver's, as /proc/crypto has it, or an algorithm's for whoever serves it. It is
held against published vectors, and against userspace by messages of all the lengths, splits,
alignments and threads that drivers stumble over. What fails is made as small as it goes and shown
with the Python that runs it again, for a debugger or a bug report. One that passes is timed
beside whoever serves its algorithm now, and beside userspace.

The exit status is 0 for a driver that passed, 1 for one that failed, 2 for one that cannot be
reached. `afalg verify` does the first half for the whole machine.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import NotRequired, TypedDict

import afalg
from afalg.verify import MESSAGES, Opener, Result, to_junit, verify

STATUSES = {"passed": 0, "failed": 1, "unreachable": 2}


class Row(TypedDict):
    """A figure of `afalg bench --json`; of one that could not be timed there is the reason."""

    algorithm: str
    key_bits: int
    provider: str
    driver: NotRequired[str]
    encryption: NotRequired[float]
    decryption: NotRequired[float]
    reason: NotRequired[str]


def main(arguments: list[str] | None = None, opener: Opener = afalg.Cipher) -> int:
    """Test a driver; `opener` is for one that is not this machine's."""
    parser = argparse.ArgumentParser(description="Test a driver of the kernel's.")
    parser.add_argument("driver", help="ctr-aes-mine, or an algorithm: ctr(aes)")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="how many it gets")
    parser.add_argument("--seed", type=int, help="what they are drawn from; else another each time")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="the outcome, for a CI")
    parser.add_argument(
        "--provider", choices=("kernel", "userspace"), default="kernel", help="whose driver it is"
    )
    chosen = parser.parse_args(arguments)
    (result,) = verify(
        chosen.driver,
        provider=chosen.provider,
        drivers=False,
        messages=chosen.messages,
        seed=chosen.seed,
        opener=opener,
    )
    tell(result)
    if chosen.junit:
        chosen.junit.write_text(to_junit([result], provider=chosen.provider))
    if result.status == "passed":
        for row in timed(result, chosen.provider):
            print(in_words(row))
    return STATUSES[result.status]


def tell(result: Result) -> None:
    """Say what became of the driver."""
    print(f"{result.algorithm}, driver {result.driver}: {result.status}")
    if result.status == "unreachable":
        print(f"  {result.reason}: {result.text}")
        return
    keys = " ".join(map(str, result.key_bits))
    print(f"  keys of {keys} bits, {result.vectors} vectors, {result.messages} messages")
    if failure := result.failure:
        print(f"  {failure.difference}")
        print(f"  smallest case: {failure.case}")
        if not failure.always:
            print(f"  it failed {failure.failed_tries} times of {failure.tries}")
        print(f"  once more: {failure.again}")


def timed(result: Result, provider: str) -> list[Row]:
    """Give MiB a second of a driver by its name, of who serves its algorithm, of userspace."""
    names = dict.fromkeys([result.asked, result.algorithm])
    only = ["--provider", "userspace"] if provider == "userspace" else []
    command = [sys.executable, "-m", "afalg", "bench", "--json", *only, *names]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    rows: list[Row] = json.loads(done.stdout)["rows"]
    return rows


def in_words(row: Row) -> str:
    """Give a figure as a line."""
    name = f"  {row['algorithm']}, {row['key_bits']} bits, {row['provider']}"
    there, back = row.get("encryption"), row.get("decryption")
    if there is None or back is None:
        return f"{name}: {row.get('reason')}"
    return f"{name} ({row.get('driver')}): {there:.0f} MiB/s there, {back:.0f} back"


if __name__ == "__main__":
    sys.exit(main())
