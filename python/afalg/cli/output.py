"""What verbs give, and how it is shown."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TextIO

from afalg.cli.colour import painted

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "UNPRINTED",
    "AddVerb",
    "Answer",
    "RefusedError",
    "complain",
    "encodable",
    "escaped",
    "one_line",
    "tell",
    "to_json",
    "warn",
]

FAILED = 1
UNPRINTED = 3
INTERRUPTED = 130

AddVerb = Callable[..., ArgumentParser]
"""`add_parser` of argparse, whose class has no public name."""


class Answer(NamedTuple):
    """What a verb has to say: the text to print, and the exit status."""

    text: str
    status: int = 0


class RefusedError(Exception):
    """The command cannot be done; its text is all that the user is told."""


def complain(text: str) -> None:
    """Say in one line what went wrong, if anybody listens."""
    _say(painted("afalg:", "red", sys.stderr) if sys.stderr else "", text)


def warn(text: str) -> None:
    """Say in one line what the user should know."""
    _say(painted("afalg: warning:", "yellow", sys.stderr) if sys.stderr else "", text)


def tell(text: str) -> None:
    """Say in one line what goes on, to who wants to know."""
    _say("afalg:", text)


def _say(head: str, text: str) -> None:
    if sys.stderr is not None:  # print would take standard output for it
        with suppress(OSError):
            print(head, encodable(one_line(text), sys.stderr), file=sys.stderr, flush=True)


def escaped(name: str) -> str:
    """Give a name that others chose, so that it is all text and no two look the same."""
    return one_line(name.replace("\\", "\\\\"))


def one_line(text: str) -> str:
    """Give a text that moves no cursor and changes no colours.

    What is not printable (newlines, escape sequences, marks that turn the direction of
    writing) becomes a backslash and a code.
    """
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def to_json(facts: object) -> str:
    """Give JSON in which no name can write to a terminal."""
    return json.dumps(facts, indent=2).replace("\x7f", "\\u007f")  # all else json escapes itself


def encodable(text: str, stream: TextIO) -> str:
    """Give a text that a stream can take: what its encoding lacks becomes a code."""
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
