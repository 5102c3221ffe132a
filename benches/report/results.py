"""What the suites left in target/bench/, and the figures that are made of it."""

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benches.race import Facts, Timed

__all__ = ["Figure", "Pair", "Result", "Run", "load", "pair_name", "size_name"]


class Figure(NamedTuple):
    """A median, and the quartiles around it."""

    low: float
    median: float
    high: float


class Pair(NamedTuple):
    """One of ours and whom it is compared with."""

    ours: str
    peer: str


def figure(samples: list[float]) -> Figure:
    """Give the figure of some samples, one a round."""
    return Figure(*statistics.quantiles(samples, n=4, method="inclusive"))


@dataclass(frozen=True, slots=True)
class Result:
    """A race that was run."""

    race: Facts

    @property
    def seconds(self) -> dict[str, Figure]:
        """What each contestant took for the work."""
        return {each["name"]: figure(each["seconds"]) for each in self.race["contestants"]}

    @property
    def ratios(self) -> dict[Pair, Figure]:
        """How many times as fast as its peer each of ours was, in the same round."""
        timed = {each["name"]: each for each in self.race["contestants"]}
        return {
            Pair(ours, peer["name"]): figure(_ratios(timed[ours], peer))
            for peer in timed.values()
            for ours in peer["beside"]
        }


def _ratios(ours: Timed, peer: Timed) -> list[float]:
    pairs = zip(ours["seconds"], peer["seconds"], strict=True)
    return [theirs / own for own, theirs in pairs]


@dataclass(frozen=True, slots=True)
class Run:
    """A file: what was run at once, on one kernel."""

    title: str
    about: str
    results: list[Result]

    @property
    def suites(self) -> dict[str, dict[str, list[Result]]]:
        """The results by suite and title, the sizes in order."""
        found: dict[str, dict[str, list[Result]]] = {}
        for result in sorted(self.results, key=lambda each: each.race["size"]):
            suite = found.setdefault(result.race["suite"], {})
            suite.setdefault(result.race["title"], []).append(result)
        return {name: dict(sorted(found[name].items())) for name in sorted(found)}


def load(path: Path, title: str) -> Run:
    """Read what pytest-benchmark wrote."""
    written = json.loads(path.read_text(encoding="utf-8"))
    races = [each["extra_info"]["race"] for each in written["benchmarks"]]
    about = written["machine_info"]["about"]
    return Run(title, about, [Result(race) for race in races])


def size_name(size: int) -> str:
    """Give a size as people say it."""
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:g} {name}"
    return f"{size} B"


def pair_name(pair: Pair) -> str:
    """Name two that are compared."""
    return f"{pair.ours.removeprefix('afalg ')} : {pair.peer}"
