"""`afalg doctor`."""

import argparse
import sys

import afalg
from afalg.cli.colour import Colour, painted
from afalg.cli.output import AddVerb, Answer

__all__ = ["add_to"]

COLOURS: dict[str, Colour] = {"ok": "green", "warning": "yellow", "fault": "red", "unknown": "dim"}


def add_to(add_verb: AddVerb) -> None:
    """Add the verb."""
    verb = add_verb(
        "doctor",
        help="say whether the kernel serves this process, what is in the way and the way out",
        epilog="The exit status is 0 where the kernel serves, 1 where it does not, 3 where that "
        "could not be printed.",
    )
    verb.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    verb.set_defaults(act=_doctor)


def _doctor(chosen: argparse.Namespace) -> Answer:
    report = afalg.doctor()
    text = report.to_json() if chosen.json else "\n".join(map(_line, str(report).splitlines()))
    return Answer(text, 0 if report.ok else 1)


def _line(line: str) -> str:
    """Paint the status that a line begins with."""
    status = line.partition(" ")[0]
    colour = COLOURS.get(status)
    return line if colour is None else painted(status, colour, sys.stdout) + line[len(status) :]
