"""The command `afalg`, also `python -m afalg`."""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import afalg

UNPRINTED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and give the exit status."""
    chosen = parser().parse_args(arguments)
    if sys.stdout is None:  # nobody opened it
        return UNPRINTED
    try:
        status = int(chosen.act(chosen))
        sys.stdout.flush()
    except OSError as error:
        # What is left to be written would be tried once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            with suppress(OSError):
                print(f"afalg: cannot print: {error.strerror}", file=sys.stderr, flush=True)
        return UNPRINTED
    return status


def parser() -> argparse.ArgumentParser:
    """Give the command line's grammar."""
    root = argparse.ArgumentParser(
        prog="afalg", description="The Linux kernel's ciphers (AF_ALG) for Python."
    )
    root.add_argument("--version", action="version", version=f"afalg {afalg.__version__}")
    verbs = root.add_subparsers(required=True, metavar="VERB")
    verb = verbs.add_parser(
        "doctor",
        help="say whether the kernel serves this process, what is in the way and the way out",
        epilog="The exit status is 0 where the kernel serves, 1 where it does not, 3 where that "
        "could not be printed.",
    )
    verb.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    verb.set_defaults(act=doctor)
    return root


def doctor(chosen: argparse.Namespace) -> int:
    """Print the report."""
    report = afalg.doctor()
    print(report.to_json() if chosen.json else report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
