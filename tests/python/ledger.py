"""What was really compared, for docs/checked.md: counted where a comparison has held.

AFALG_CHECKED names a file to write it to, which `tools/checked.py` reads.
"""

import json
import os
import platform
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from oracles.kernels import restriction
from oracles.reference import REFERENCES

FACTS = Path(__file__).parents[2] / "docs" / "checked"
KERNEL = os.environ.get("AFALG_LAB_KERNEL", "")


class Ledger:
    """Comparisons by algorithm, and with which driver of the kernel."""

    def __init__(self) -> None:
        self.kernel: Counter[str] = Counter()
        self.reference: Counter[str] = Counter()
        self.drivers: dict[str, str | None] = {}

    def write(self, path: Path, names: list[str]) -> None:
        """Write all of it, one algorithm a line."""
        facts = {
            name: {
                "driver": self.drivers.get(name),
                "kernel": self.kernel[name],
                "reference": self.reference[name],
                "by": REFERENCES[name].by if name in REFERENCES else "",
            }
            for name in names
        }
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(facts[name])}" for name in facts)
        head = f'{{"release": {json.dumps(platform.release())}, "algorithms": {{\n'
        path.write_text(f"{head}{lines}\n}}}}\n")


def asked_for() -> Path | None:
    """Give the file to write, if one was asked for."""
    path = os.environ.get("AFALG_CHECKED")
    return Path(path) if path else None


@cache
def listed() -> dict[str, dict[str, Any]]:
    """Give what is in the table of this kernel; nothing where it is none of the lab's."""
    path = FACTS / f"{KERNEL}.json"
    if not KERNEL or asked_for():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text())["algorithms"]
    return found


def known(name: str) -> set[bool]:
    """Say whether this kernel serves an algorithm: one answer if the table has it, else both."""
    if name not in listed():
        return {True, False}
    return {bool(listed()[name]["kernel"])} | ({False} if restriction() == "1" else set())
