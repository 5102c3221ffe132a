"""What verbs give, and how it is shown."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import NamedTuple, TextIO

__all__ = ["AddVerb", "Answer", "RefusedError", "encodable", "escaped", "one_line"]

AddVerb = Callable[..., ArgumentParser]
"""`add_parser` of argparse, whose class has no public name."""


class Answer(NamedTuple):
    """What a verb has to say: the text to print, and the exit status."""

    text: str
    status: int = 0


class RefusedError(Exception):
    """The command cannot be done; its text is all that the user is told."""


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


def encodable(text: str, stream: TextIO) -> str:
    """Give a text that a stream can take: what its encoding lacks becomes a code."""
    encoding = stream.encoding or "ascii"
    return text.encode(encoding, "backslashreplace").decode(encoding)
