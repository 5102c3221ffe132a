"""`afalg list` and `afalg info`: what there is, and what one algorithm asks for."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import afalg
from afalg.cli.colour import painted
from afalg.cli.output import AddVerb, Answer, escaped, to_json

__all__ = ["add_to"]

TYPES: tuple[afalg.AlgType, ...] = ("skcipher", "aead", "hash", "rng")
HEADS = ("name", "type", "providers", "driver", "keys", "iv", "block")
NOTHING = "-"
STATUSES = (
    "The exit status is 0, or 1 where there is none such, 2 where the command line is wrong, 3 "
    "where the answer could not be printed."
)


def add_to(add_verb: AddVerb) -> None:
    """Add the verbs."""
    listing = add_verb(
        "list",
        help="list the algorithms that this machine is known to have",
        description="List what /proc/crypto has now and what userspace has. The kernel makes a "
        "mode such as xts(aes) when somebody binds it: `afalg info NAME` asks for one. Keys are "
        "in bits, IVs and blocks in bytes.",
        epilog=STATUSES,
    )
    listing.add_argument("--type", choices=TYPES, help="of this type alone; all if not given")
    listing.add_argument("--json", action="store_true", help="print JSON, a list of objects")
    listing.set_defaults(act=_list)
    info = add_verb(
        "info",
        help="ask for one algorithm: its sizes, its driver, who may use it here and now",
        description="Bind an algorithm without a key, and say what it asks for and who serves it.",
        epilog=STATUSES,
    )
    info.add_argument("name", metavar="NAME", help="as /proc/crypto spells it: 'xts(aes)'")
    info.add_argument("--json", action="store_true", help="print JSON, an object")
    info.set_defaults(act=_info)


def _list(chosen: argparse.Namespace) -> Answer:
    found = afalg.algorithms(chosen.type)
    return Answer(to_json([_facts(each) for each in found]) if chosen.json else _table(found))


def _info(chosen: argparse.Namespace) -> Answer:
    facts = _facts(afalg.info(chosen.name))
    if chosen.json:
        return Answer(to_json(facts))
    width = max(map(len, facts))
    lines = (
        f"{painted(f'{name:{width}}', 'bold', sys.stdout)}  {_words(value)}"
        for name, value in facts.items()
    )
    return Answer("\n".join(lines))


def _facts(info: afalg.AlgorithmInfo) -> dict[str, Any]:
    """Give what is known; key sizes as numbers, or as the least and the most."""
    known = {name: fact for name, fact in asdict(info).items() if fact is not None}
    if isinstance(info.key_sizes, range):
        known["key_sizes"] = {"least": info.key_sizes[0], "most": info.key_sizes[-1]}
    return known


def _words(value: object) -> str:
    if isinstance(value, dict):
        return "{least} to {most}".format_map(cast("dict[str, int]", value))
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "nobody"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escaped(str(value))


def _table(found: Sequence[afalg.AlgorithmInfo]) -> str:
    """Give a line for each algorithm."""
    rows = [HEADS, *map(_row, found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([painted(lines[0], "bold", sys.stdout), *lines[1:]])


def _row(info: afalg.AlgorithmInfo) -> tuple[str, ...]:
    return (
        escaped(info.name),
        info.type,
        ",".join(info.providers) or NOTHING,
        NOTHING if info.driver is None else escaped(info.driver),
        _bits(info.key_sizes),
        NOTHING if info.iv_size is None else str(info.iv_size),
        NOTHING if info.block_size is None else str(info.block_size),
    )


def _bits(sizes: Sequence[int] | None) -> str:
    if not sizes:
        return NOTHING
    if isinstance(sizes, range):
        return f"{8 * sizes[0]}-{8 * sizes[-1]}"
    return ",".join(str(8 * size) for size in sizes)
