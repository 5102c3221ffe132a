"""`afalg verify`: what it takes. What it does is in verification.py."""

import argparse
from functools import partial

from afalg.cli.output import AddVerb, Answer
from afalg.cli.plumbing import STANDARD
from afalg.cli.progress import add_progress_options
from afalg.cli.words import number, seconds

__all__ = ["add_to"]

MESSAGES = 72
"""As many as afalg.verify has; to ask it takes longer than all that other verbs import."""
LARGEST = 1_000_000
LARGEST_SEED = 10**18 - 1
VERIFY = f"""\
Hold every cipher of the kernel, by each driver that can be reached, against the truth: first what
was published (NIST, IEEE, RFCs, papers), then {MESSAGES} messages that userspace computes too.
Their lengths lie around blocks, pages and what one request takes, their IVs are about to carry;
they go in one call and in pieces, in place and into unaligned buffers, many in one call, as disk
units, by several threads. What fails is made as small as it goes, and printed with the Python
that runs it again. Where userspace does not have an algorithm it is compared with itself: one
call with all other ways, and there and back.

A driver that hangs holds this up for ever: the bar names it, and so does --verbose. Ctrl-C prints
what there is by then.

It changes nothing, but the kernel loads the modules of what it is asked for. Hashes, AEADs and
random number generators are not verified. Keys and messages shown are generated or published.
"""
STATUS = """\
The exit status is 0 where all that was reached passed; 1 where something failed, where nothing
was reached, or where an algorithm that was named was not; 2 where the command line is wrong, 3
where the outcome could not be written, 130 after Ctrl-C.
"""


def add_to(add_verb: AddVerb) -> None:
    """Add the verb."""
    verb = add_verb(
        "verify",
        help="hold every cipher of this machine, by each of its drivers, against the truth",
        description=VERIFY,
        epilog=STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_what(verb)
    _add_how_much(verb)
    verb.add_argument("--json", action="store_true", help="print one JSON object")
    verb.add_argument("--junit", metavar="FILE", type=_report, help="write JUnit's XML too")
    add_progress_options(verb)
    verb.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="name each driver on standard error before it is opened and verified",
    )
    verb.set_defaults(act=_verify)


def _add_what(verb: argparse.ArgumentParser) -> None:
    """Let the user choose what is verified."""
    verb.add_argument(
        "algorithms",
        nargs="*",
        metavar="NAME",
        help="an algorithm ('cbc(aes)'), with all its drivers, or a driver ('cbc-aes-aesni'); "
        "default: everything",
    )
    verb.add_argument(
        "--provider",
        choices=("kernel", "userspace"),
        default="kernel",
        help="who is verified; userspace with itself; kernel if not given",
    )
    verb.add_argument(
        "--no-drivers",
        dest="drivers",
        action="store_false",
        help="only the drivers that serve, none by its own name",
    )


def _add_how_much(verb: argparse.ArgumentParser) -> None:
    """Let the user choose how long it takes."""
    amount = verb.add_mutually_exclusive_group()
    amount.add_argument(
        "--messages",
        metavar="N",
        type=partial(number, least=0, most=LARGEST),
        default=MESSAGES,
        help=f"for each driver; {MESSAGES} if not given, 0: only what was published",
    )
    amount.add_argument(
        "--time", metavar="SECONDS", type=seconds, help="for each driver, instead of a number"
    )
    verb.add_argument(
        "--seed",
        metavar="N",
        type=partial(number, least=0, most=LARGEST_SEED),
        help="what messages are drawn from: the same one gives the same; a new one if not given",
    )


def _report(text: str) -> str:
    if text in {"", STANDARD}:
        raise argparse.ArgumentTypeError("standard output has the table or JSON: name a FILE")
    return text


def _verify(chosen: argparse.Namespace) -> Answer:
    from afalg.cli.verification import verified  # noqa: PLC0415 -- see MESSAGES

    return verified(chosen)
