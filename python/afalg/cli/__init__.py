"""The command `afalg`, also `python -m afalg`.

Each verb is a module with `add_to`, which adds its grammar and says what does it: that
takes the parsed arguments and gives the text to print and the exit status.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import afalg
from afalg.cli import bench, doctor, key, verify
from afalg.cli.output import Answer, RefusedError, encodable, one_line

__all__ = ["main", "parser"]

FAILED = 1
UNPRINTED = 3
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and give the exit status."""
    chosen = parser().parse_args(arguments)
    if sys.stdout is None:  # nobody opened it
        return UNPRINTED
    try:
        answer: Answer = chosen.act(chosen)
        return answer.status if printed(answer.text) else UNPRINTED
    except (afalg.AfalgError, RefusedError) as error:
        complain(str(error))
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def printed(text: str) -> bool:
    """Print a text, and say whether it went out."""
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


def complain(text: str) -> None:
    """Say in one line what went wrong, if anybody listens."""
    if sys.stderr is not None:  # print would take standard output for it
        with suppress(OSError):
            print(f"afalg: {encodable(one_line(text), sys.stderr)}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """Give the command line's grammar."""
    root = argparse.ArgumentParser(
        prog="afalg", description="The Linux kernel's ciphers (AF_ALG) for Python."
    )
    root.add_argument("--version", action="version", version=f"afalg {afalg.__version__}")
    verbs = root.add_subparsers(required=True, metavar="VERB")
    doctor.add_to(verbs.add_parser)
    bench.add_to(verbs.add_parser)
    key.add_to(verbs.add_parser)
    verify.add_to(verbs.add_parser)
    return root
