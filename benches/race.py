"""Contestants that take turns, in rounds.

Each round has everybody once, in an order drawn anew, so that what else the machine does falls on
all of them; a ratio is one of two times of the same round. Every time that is taken ends with a
look at the result. pytest-benchmark counts the rounds and writes the file.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TypedDict

from pytest_benchmark.fixture import BenchmarkFixture

from benches.names import COLOURS

ROUNDS = 21
TRIES = 3
TURN = 2e-3
"""How many seconds a turn should take at least: so often is a short work repeated in it."""

ZEROS = bytes((1 << 24) + 16)
"""As long as any buffer."""


def repeated(once: Callable[[], object]) -> Callable[[int], object]:
    """Give the work that does it so many times, where a call more does not count."""

    def work(times: int) -> object:
        for _ in repeat(None, times - 1):
            once()
        return once()

    return work


def as_it_is(given: object) -> object:
    """Give a result that is what the work gave."""
    return given


@dataclass(frozen=True, kw_only=True, slots=True)
class Contestant:
    """One way to do the work of a race.

    Attributes:
        name: one of `names`.
        work: does it so many times.
        expected: the result, found in another way.
        result: gives it, of what `work` gave; it is not timed.
        buffer: where the result goes instead; it is cleared before each turn.
        beside: whom of the race it is compared with.
        at_once: how many times the work is done by what `work` does once, as by two threads.

    """

    name: str
    work: Callable[[int], object]
    expected: object
    result: Callable[[object], object] = as_it_is
    buffer: bytearray | None = None
    beside: tuple[str, ...] = ()
    at_once: int = 1

    def turn(self, times: int) -> float:
        """Do it so many times, check the last result, and give the seconds that one took."""
        if self.buffer is not None:
            with memoryview(self.buffer) as view, memoryview(ZEROS) as zeros:
                view[:] = zeros[: len(view)]
        start = time.perf_counter()
        given = self.work(times)
        taken = time.perf_counter() - start
        found = self.result(given) if self.buffer is None else self.buffer
        assert found == self.expected, f"{self.name}: the result is wrong"
        return taken / times / self.at_once


class Timed(TypedDict):
    """A contestant's times, a figure a round."""

    name: str
    beside: list[str]
    times: int
    seconds: list[float]


class Facts(TypedDict):
    """A race, as the report reads it."""

    suite: str
    title: str
    size: int
    contestants: list[Timed]
    notes: list[str]
    wrong: list[str]


@dataclass(kw_only=True, slots=True)
class Race:
    """Some contestants, and what they are about.

    Attributes:
        suite: what the report gathers in one section.
        title: what it gathers in one table and plot: a race for each size.
        size: the bytes that one work makes of as many.
        notes: what is to be told of it.
        wrong: who was left out, since the result is not right.
        lasting: the seconds of a turn.
        alike: whether all do the work as often as who does it most often, where to begin
            takes some of them long.

    """

    suite: str
    title: str
    size: int
    contestants: Sequence[Contestant]
    notes: Sequence[str] = ()
    wrong: Sequence[str] = ()
    lasting: float = TURN
    alike: bool = False
    times: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    drawn: random.Random = field(default_factory=lambda: random.Random("order"))

    def __post_init__(self) -> None:
        """Have everybody known, and once."""
        names = [each.name for each in self.contestants]
        assert len(set(names)) == len(names)
        assert set(names) <= set(COLOURS)
        assert {name for each in self.contestants for name in each.beside} <= set(names)
        self.times = dict.fromkeys(names, 1)

    def warm_up(self) -> None:
        """Find out how often each does its work in a turn."""
        for each in self.contestants:
            lasting = self.lasting / each.at_once
            taken = self._quickest(each)
            while taken * self.times[each.name] < lasting:
                self.times[each.name] = math.ceil(1.2 * lasting / taken)
                taken = self._quickest(each)
        if self.alike:
            self.times = dict.fromkeys(self.times, max(self.times.values()))

    def _quickest(self, each: Contestant) -> float:
        """Give the best of some turns: one that the machine held up would tell of long works."""
        return min(each.turn(self.times[each.name]) for _ in range(TRIES))

    def round(self) -> None:
        """Let each do it once."""
        for each in self.drawn.sample(self.contestants, len(self.contestants)):
            self.seconds.setdefault(each.name, []).append(each.turn(self.times[each.name]))

    def run(self, benchmark: BenchmarkFixture) -> None:
        """Do all rounds; or one, that tests the results, where nothing is to be timed."""
        benchmark.group = f"{self.suite}, {self.title}"
        if benchmark.enabled:
            self.warm_up()
            benchmark.extra_info["race"] = self._facts()
        benchmark.pedantic(self.round, rounds=ROUNDS)  # type: ignore[no-untyped-call]

    def _facts(self) -> Facts:
        """Give what is known of it; the times are filled in by the rounds to come."""
        timed: list[Timed] = [
            {
                "name": each.name,
                "beside": list(each.beside),
                "times": self.times[each.name],
                "seconds": self.seconds.setdefault(each.name, []),
            }
            for each in self.contestants
        ]
        return {
            "suite": self.suite,
            "title": self.title,
            "size": self.size,
            "contestants": timed,
            "notes": list(self.notes),
            "wrong": list(self.wrong),
        }
