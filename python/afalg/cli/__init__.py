"""The command `afalg`, also `python -m afalg`.

Each verb is a module with `add_to`, which adds its grammar and says what does it: that
takes the parsed arguments and gives the text to print and the exit status.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TextIO

import afalg
from afalg.cli import bench, catalogue, completion, crypt, doctor, key, sectors, verify
from afalg.cli.grammar import Grammar
from afalg.cli.output import (
    FAILED,
    INTERRUPTED,
    UNPRINTED,
    Answer,
    RefusedError,
    complain,
    encodable,
    warn,
)
from afalg.cli.plumbing import ReaderGoneError

__all__ = ["main", "parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and give the exit status."""
    try:
        chosen = parser().parse_args(arguments)
        if sys.stdout is None and chosen.prints:  # nobody opened it
            return UNPRINTED
        with _warnings_in_words():
            answer: Answer = chosen.act(chosen)
        return answer.status if printed(answer.text) else UNPRINTED
    except (afalg.AfalgError, afalg.ProviderFallbackWarning, RefusedError) as error:
        complain(str(error))
        return FAILED
    except MemoryError:
        complain("there is not enough memory")
        return FAILED
    except ReaderGoneError:
        return UNPRINTED
    except KeyboardInterrupt:
        return INTERRUPTED


@contextmanager
def _warnings_in_words() -> Generator[None]:
    """Say warnings as the command says everything, without a line of Python."""

    def say(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if issubclass(category, afalg.ProviderFallbackWarning):
            what = str(message).partition(": ")[0]
            warn(f"{what}: `afalg doctor` says why. To choose it: --provider userspace")
        else:
            usual(message, category, filename, lineno, file, line)

    usual = warnings.showwarning
    warnings.showwarning = say
    try:
        yield
    finally:
        warnings.showwarning = usual


def printed(text: str) -> bool:
    """Print a text, and say whether it went out."""
    if sys.stdout is None:
        return not text
    try:
        if text:
            print(encodable(text, sys.stdout))
        sys.stdout.flush()
    except OSError as error:
        # What is left to be written would be tried once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            complain(f"cannot print: {error.strerror}")
        return False
    return True


def parser() -> argparse.ArgumentParser:
    """Give the command line's grammar."""
    root = Grammar(
        prog="afalg",
        description="The Linux kernel's ciphers (AF_ALG) on the command line: files, disk "
        "images, keys, and what the kernel has and refuses.",
        epilog="afalg VERB --help has examples and exit statuses.",
    )
    root.set_defaults(prints=True)
    root.add_argument("--version", action="version", version=f"afalg {afalg.__version__}")
    verbs = root.add_subparsers(required=True, metavar="VERB")
    for each in (crypt, sectors, catalogue, doctor, verify, bench, key, completion):
        each.add_to(verbs.add_parser)
    return root
