"""Draws cases: the same ones of the same seed, each by itself.

What a driver gets wrong lies at edges: of blocks, of pages, of what a socket takes, of a
counter, of an aligned buffer. Half of all is aimed there.
"""

from dataclasses import replace
from math import ceil
from random import Random

from afalg.verify.cases import Case, Direction, Way
from afalg.verify.rules import Rules

__all__ = ["GROUP", "case"]

GROUP = 8
"""How many messages one key and its Cipher are used for, one after the other."""
DIRECTIONS: tuple[Direction, ...] = ("encrypt", "decrypt")
PLAIN: tuple[Way, ...] = ("one-shot", "in-place", "into", "stream", "stream-into")
"""Ways that take a message of any length as it is."""
ANY_EACH = 4
"""Of so many lengths one is any, and the others are edges."""
PAGE = 4096
SHARED_OUT = 512 << 10
"""From here on threads share a message out."""
LONG_EACH = 9
"""In so many rounds of the ways one message ends at the border of a request, which is dear."""
OFFSETS = (0, 1, 3, 4, 8, 15, 17, 63, PAGE - 1)
CHAIN = 64
"""How many small messages are one system call, where there is io_uring."""


def case(rules: Rules, seed: int, number: int) -> Case:
    """Give the message of a number."""
    group = number // GROUP
    size = rules.key_sizes[group % len(rules.key_sizes)]
    key = Random(f"{seed} {rules.algorithm} key {group}").randbytes(size)  # noqa: S311
    rng = Random(f"{seed} {rules.algorithm} {number}")  # noqa: S311 - likewise: to be had again
    ways = rules.ways
    turn, place = divmod(number, len(ways))
    way = ways[place]
    border = way == "many" and turn % LONG_EACH == LONG_EACH // 2
    if (way == "threads" and turn % 8 != 1) or border:
        way = rng.choice(PLAIN)
    drawn = Case(
        direction=DIRECTIONS[turn % 2],
        way=way,
        key=key,
        length=rules.fit(rules.border + rng.choice((-1, 0, 1)) * rules.step)
        if border
        else _length(rules, seed, rng, number),
        data=f"{seed} {rules.algorithm} {number}",
    )
    drawn = _around(rules, rng, drawn)
    return replace(drawn, iv=_iv(rules, rng, drawn.length))


def _length(rules: Rules, seed: int, rng: Random, number: int) -> int:
    """Give a length that the mode takes: the edges by turns, and in between any."""
    turn, place = divmod(number, len(rules.ways))
    aimed = (*PLAIN, "concurrent")
    way = rules.ways[place]
    nth = turn * len(aimed) + aimed.index(way) if way in aimed else ANY_EACH - 1
    if nth % ANY_EACH < ANY_EACH - 1:
        edges = _edges(rules, seed)
        return edges[(nth - nth // ANY_EACH) % len(edges)]
    return rules.fit(rng.randint(0, rng.choice((6 * rules.chunk, 3 * PAGE))))


def _edges(rules: Rules, seed: int) -> list[int]:
    """Give the lengths at and beside blocks and pages, in an order of the seed's."""
    blocks = (count * rules.chunk for count in (0, 1, 2, 3, 4, 8, 16))
    pages = (count * PAGE for count in (1, 2, 4, 16))
    near = (edge + off * rules.step for edge in (*blocks, *pages) for off in (-1, 0, 1))
    edges = sorted({rules.fit(max(length, 0)) for length in near})
    Random(f"{seed} {rules.algorithm} edges").shuffle(edges)  # noqa: S311
    return edges


def _around(rules: Rules, rng: Random, drawn: Case) -> Case:
    """Add what its way needs."""
    match drawn.way:
        case "in-place" | "into":
            return replace(drawn, offsets=(rng.choice(OFFSETS), rng.choice(OFFSETS)))
        case "stream" | "stream-into":
            few = rng.randint(1, 5)
            count = drawn.length if drawn.length < CHAIN and not rng.randrange(3) else few
            cuts = sorted(rng.randint(0, drawn.length) for _ in range(count))
            return replace(drawn, cuts=tuple(cuts))
        case "many":
            return _many(rules, rng, drawn)
        case "units":
            return _units(rules, rng, drawn)
        case "threads":
            length = rules.fit(SHARED_OUT + rng.randint(0, 4 * PAGE))
            return replace(drawn, length=length, threads=rng.randint(2, 4))
        case "concurrent":
            return replace(drawn, threads=rng.randint(2, 4))
        case _:
            return drawn


def _many(rules: Rules, rng: Random, drawn: Case) -> Case:
    """Make messages of their own: mostly a few, now and then more than a chain has."""
    count = CHAIN + rng.randint(1, 9) if not rng.randrange(3) else rng.randint(1, 8)
    most = 4 * rules.chunk if count > CHAIN else min(drawn.length, 4 * PAGE)
    sizes = [rules.fit(rng.randint(0, most)) for _ in range(count)]
    ends = [sum(sizes[: number + 1]) for number in range(count)]
    threads = rng.choice((1, 1, 2))
    return replace(drawn, length=ends[-1], cuts=tuple(ends[:-1]), threads=threads)


def _units(rules: Rules, rng: Random, drawn: Case) -> Case:
    """Make disk units: sectors of the usual sizes, and of few blocks."""
    unit = rng.choice((512, 4096, rules.block * rng.randint(1, 9)))
    count = rng.randint(1, 9)
    first = rng.choice((0, 1, rng.getrandbits(40), (1 << 32) - 2, (1 << 64) - count))
    threads = rng.choice((1, 1, 2))
    return replace(drawn, length=unit * count, unit=unit, first_iv=first, threads=threads)


def _iv(rules: Rules, rng: Random, length: int) -> bytes:
    """Give an IV: any, zeros, all ones, or with its counter about to carry in the message."""
    iv, blocks = rng.randbytes(rules.iv_size), ceil(length / rules.chunk)
    (kind,) = rng.choices(("any", "zeros", "ones", "carries"), (5, 2, 3, 10 * bool(rules.counter)))
    if kind == "zeros":
        iv = bytes(rules.iv_size)
    elif kind == "ones":
        iv = b"\xff" * rules.iv_size
    elif kind == "carries" and rules.counter:
        bits = rng.choice([bits for bits in (8, 32, 64, 128) if bits <= 8 * rules.counter[1]])
        upper = rng.choice((1, rng.getrandbits(32)))
        iv = rules.with_counter(iv, (upper << bits) - rng.randint(0, blocks + 2))
    return iv if rules.lasts(iv, length) else rules.with_counter(iv, -blocks)
