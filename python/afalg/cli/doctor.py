"""`afalg doctor`."""

import argparse

import afalg
from afalg.cli.output import AddVerb, Answer

__all__ = ["add_to"]


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
    return Answer(report.to_json() if chosen.json else str(report), 0 if report.ok else 1)
