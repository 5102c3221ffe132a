"""`afalg completion`: what a shell needs to complete the command line."""

import argparse
from typing import cast

from afalg.cli.output import AddVerb, Answer, RefusedError

__all__ = ["add_to"]

SHELLS = ("bash", "zsh", "tcsh")
FILE = "FILE"  # the metavar of every argument that is one
ABOUT = """\
Print a script that completes this command's verbs and options.

    afalg completion bash > ~/.local/share/bash-completion/completions/afalg
    afalg completion zsh > "${fpath[1]}/_afalg"
"""


def add_to(add_verb: AddVerb) -> None:
    """Add the verb."""
    verb = add_verb(
        "completion",
        help="print a script with which a shell completes this command",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="The exit status is 0, 1 without shtab (pip install 'afalg[cli]'), 3 where the "
        "script could not be printed.",
    )
    verb.add_argument("shell", choices=SHELLS, help="whose script")
    verb.set_defaults(act=_completion)


def _completion(chosen: argparse.Namespace) -> Answer:
    try:
        import shtab  # noqa: PLC0415 - an extra
    except ImportError:
        raise RefusedError("completion needs shtab: pip install 'afalg[cli]'") from None
    from afalg.cli import parser  # noqa: PLC0415 - it has this verb

    root = parser()
    for action in _actions(root):
        if action.metavar == FILE:
            action.complete = shtab.FILE  # type: ignore[attr-defined] # shtab's own attribute
    return Answer(shtab.complete(root, chosen.shell))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Give the arguments of a parser and of its verbs."""
    own = parser._actions  # noqa: SLF001 - argparse shows them nowhere else
    inner: list[argparse.Action] = []
    for action in own:
        choices = cast("object", action.choices)
        if isinstance(choices, dict):  # of verbs, by their names
            verbs = cast("dict[str, argparse.ArgumentParser]", choices)
            inner += [each for verb in verbs.values() for each in _actions(verb)]
    return [*own, *inner]
