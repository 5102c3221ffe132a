"""Colours, on a terminal alone."""

import os
from typing import Literal, TextIO, TypeAlias

__all__ = ["Colour", "painted"]

# As in options.py, for stubtest.
Colour: TypeAlias = (
    Literal["bold"]  # noqa: PYI030
    | Literal["dim"]
    | Literal["red"]
    | Literal["green"]
    | Literal["yellow"]
)
CODES: dict[Colour, int] = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}


def painted(text: str, colour: Colour, stream: TextIO) -> str:
    """Give a text in a colour if the stream shows such (https://no-color.org has its say)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{CODES[colour]}m{text}\x1b[0m"
