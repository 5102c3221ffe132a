"""The command's reference, as Markdown, from the grammar that it parses by."""

import argparse
import re
from collections.abc import Iterator
from functools import partial
from textwrap import dedent

from afalg.cli import parser

__all__ = ["actions", "reference", "verbs"]

WIDTH = 60
SPECIAL = re.compile(r"[\\*_\[\]#]")


def reference() -> Iterator[str]:
    """Give the lines: a section for each verb, and for each of its own verbs."""
    yield from _verbs(parser(), 2)


def actions(verb: argparse.ArgumentParser) -> list[argparse.Action]:
    """Give a verb's arguments, for which argparse has no public name."""
    found: list[argparse.Action] = vars(verb)["_actions"]
    return [one for one in found if "--help" not in one.option_strings]


def verbs(action: argparse.Action) -> dict[str, argparse.ArgumentParser]:
    """Give the verbs that an argument chooses between."""
    known = vars(action)
    return dict(known["choices"]) if "_choices_actions" in known else {}


def _verbs(above: argparse.ArgumentParser, level: int) -> Iterator[str]:
    for action in actions(above):
        helps = {one.dest: one.help or "" for one in vars(action).get("_choices_actions", ())}
        for name, verb in verbs(action).items():
            yield from _section(verb, helps.get(name, ""), level)
            yield from _verbs(verb, level + 1)


def _section(verb: argparse.ArgumentParser, short: str, level: int) -> Iterator[str]:
    """Give what `--help` says, as a section."""
    yield f"\n{'#' * level} {verb.prog} {{ #{verb.prog.replace(' ', '-')} }}\n"
    text = (verb.description or f"{short[:1].upper()}{short[1:]}.") % {"prog": verb.prog}
    yield from map(_paragraph, text.split("\n\n"))
    yield f"\n```text\n{_usage(verb)}\n```\n"
    for action in actions(verb):
        if not verbs(action):
            yield f"\n`{_name(action)}`"
            yield f":   {_prose((action.help or '') % _facts(action, verb)).strip()}"
    if verb.epilog:
        yield from map(_paragraph, (verb.epilog % {"prog": verb.prog}).split("\n\n"))


def _facts(action: argparse.Action, verb: argparse.ArgumentParser) -> dict[str, object]:
    choices = ", ".join(map(str, action.choices or ()))
    return {**vars(action), "prog": verb.prog, "choices": choices}


def _name(action: argparse.Action) -> str:
    """Give how an argument is written."""
    one = action.metavar if isinstance(action.metavar, str) else None
    value = one or "|".join(map(str, action.choices or ())) or action.dest.upper()
    if not action.option_strings:
        return value
    takes = "" if action.nargs == 0 else f" {value}"
    return ", ".join(action.option_strings) + takes


def _usage(verb: argparse.ArgumentParser) -> str:
    verb.formatter_class = partial(argparse.HelpFormatter, width=WIDTH)
    head = "usage: "
    return verb.format_usage().strip().removeprefix(head).replace("\n" + " " * len(head), "\n")


def _paragraph(text: str) -> str:
    """Give a paragraph; one that is indented is code."""
    lines = text.strip("\n").splitlines()
    if all(line.startswith("  ") for line in lines):
        return f"\n```text\n{dedent(text).strip()}\n```\n"
    return _prose(text)


def _prose(text: str) -> str:
    """Give text that Markdown takes for text, but for what stands in backquotes."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    plain = [part if part.startswith("`") else _escaped(part) for part in parts]
    return f"\n{''.join(plain)}\n"


def _escaped(text: str) -> str:
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\g<0>", html)
