"""What ``afalg.doctor`` gives."""

import json
from dataclasses import asdict, dataclass
from textwrap import wrap
from typing import Literal

__all__ = ["Check", "Report"]

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that the doctor looked at: plain data.

    Attributes:
        name: what: a stable word ("af-alg", "restriction"), or an algorithm's name.
        status: "ok"; "warning": something is refused or missing, but the kernel serves;
            "fault": it does not serve this process; "unknown": it cannot be found out.
        found: what was found.
        advice: the way out, where there is something to do.

    """

    name: str
    status: Literal["ok", "warning", "fault", "unknown"]
    found: str
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What the doctor found; printed, it is a table.

    Attributes:
        checks: one after the other: kernel, AF_ALG and its types, what restricts them,
            limits, and at the end a line for each usual algorithm.

    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether the kernel serves this process: no check is a fault."""
        return all(check.status != "fault" for check in self.checks)

    def to_json(self) -> str:
        """Give the report as a JSON object of "ok" and "checks", each with its four fields."""
        checks = [asdict(check) for check in self.checks]
        return json.dumps({"ok": self.ok, "checks": checks}, indent=2)

    def __str__(self) -> str:
        """Give a table: status, name, what was found; below it the way out."""
        verdict = "serves" if self.ok else "does not serve"
        return "\n".join([*map(self._line, self.checks), "", f"The kernel {verdict} this process."])

    def _line(self, check: Check) -> str:
        column = " " * (11 + max(len(check.name) for check in self.checks))
        head = f"{check.status:9}{check.name}".ljust(len(column))
        text = _wrapped(check.found, head, column)
        return (
            _wrapped(check.advice, f"{text}\n{column}> ", f"{column}  ") if check.advice else text
        )


def _wrapped(text: str, head: str, column: str) -> str:
    """Give a text in lines of WIDTH, the first after `head`, which is as wide as `column`."""
    lines = wrap(text, WIDTH - len(column), break_long_words=False, break_on_hyphens=False)
    return head + f"\n{column}".join(lines)


for _name in __all__:
    globals()[_name].__module__ = "afalg"
