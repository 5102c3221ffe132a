"""Plots over the size, by matplotlib, which the dependency group `bench` has."""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib import rc  # pyright: ignore[reportMissingImports]
from matplotlib.axes import Axes  # pyright: ignore[reportMissingImports]
from matplotlib.figure import Figure as Canvas  # pyright: ignore[reportMissingImports]
from matplotlib.ticker import LogLocator  # pyright: ignore[reportMissingImports]

from benches.names import COLOURS, ENCRYPT_INTO, UNITS_INTO
from benches.report.results import Figure, Pair, Result, pair_name, size_name

__all__ = ["draw", "to_svg"]

rc("svg", fonttype="none")  # text that can be selected, and that browsers draw best
rc("font", family="sans-serif", size=10)
rc("axes.spines", top=False, right=False)


LOWEST = 0.4
"""Slower than that is told by the figures, and would squeeze the lines that matter."""

INTO = (ENCRYPT_INTO, UNITS_INTO)
"""Dashed in the third plot."""


class Line(NamedTuple):
    """A label, the name whose colour it has, and figures over sizes."""

    label: str
    name: str
    points: dict[int, Figure]
    style: str = "o-"


def draw(title: str, results: Sequence[Result]) -> Canvas:
    """Draw throughput, latency and ratios over the size."""
    names = list(dict.fromkeys(name for result in results for name in result.seconds))
    pairs = list(dict.fromkeys(pair for result in results for pair in result.ratios))
    canvas = Canvas(figsize=(16, 6), layout="constrained")
    canvas.suptitle(title, fontsize=13, fontweight="bold")
    speed, wait, ratio = canvas.subplots(1, 3)
    lines(speed, "throughput, MB/s", [_of(name, results, _speed) for name in names])
    lines(wait, "latency, µs", [_of(name, results, _micros) for name in names])
    shared = len({pair.peer for pair in pairs}) == 1
    beside = [_beside(pair, results, pair.ours if shared else pair.peer) for pair in pairs]
    lines(ratio, "times as fast as the peer", beside)
    if any(point.median < LOWEST for line in beside for point in line.points.values()):
        ratio.set_ylim(bottom=LOWEST)
        ratio.set_title(f"times as fast as the peer, from {LOWEST} up", loc="left", fontsize=10)
    ratio.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ratio.yaxis.set_major_formatter("{x:g}")
    ratio.axhline(1, color="black", linewidth=0.8)
    legends(canvas, wait, ratio)
    return canvas


def lines(axes: Axes, title: str, drawn: Sequence[Line]) -> None:
    """Draw lines with their quartiles on log axes."""
    for line in drawn:
        sizes, colour = list(line.points), COLOURS[line.name]
        low, median, high = zip(*line.points.values(), strict=True)
        axes.plot(sizes, median, line.style, label=line.label, color=colour, markersize=3)
        axes.fill_between(sizes, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xscale("log", base=4)
    axes.set_yscale("log")
    axes.set_title(title, loc="left", fontsize=10)
    ticks = sorted({size for line in drawn for size in line.points})
    axes.set_xticks(ticks, [size_name(size) for size in ticks], rotation=45, ha="right")
    axes.minorticks_off()
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)


def legends(canvas: Canvas, times: Axes, ratio: Axes) -> None:
    """Name the lines below the plots: everybody, and on the right the pairs."""
    everybody, names = times.get_legend_handles_labels()
    canvas.legend(everybody, names, loc="outside lower left", ncols=4, frameon=False, fontsize=8.5)
    pairs, beside = ratio.get_legend_handles_labels()
    canvas.legend(pairs, beside, loc="outside lower right", ncols=2, frameon=False, fontsize=8.5)


def _of(name: str, results: Sequence[Result], shown: Callable[[Result, Figure], Figure]) -> Line:
    there = [(each, each.seconds[name]) for each in results if name in each.seconds]
    return Line(name, name, {each.race["size"]: shown(each, taken) for each, taken in there})


def _speed(result: Result, seconds: Figure) -> Figure:
    return Figure(*(result.race["size"] / each / 1e6 for each in seconds))


def _micros(_: Result, seconds: Figure) -> Figure:
    return Figure(*(each * 1e6 for each in seconds))


def _beside(pair: Pair, results: Sequence[Result], name: str) -> Line:
    there = [each for each in results if pair in each.ratios]
    points = {each.race["size"]: each.ratios[pair] for each in there}
    return Line(pair_name(pair), name, points, "o--" if pair.ours in INTO else "o-")


def to_svg(canvas: Canvas) -> str:
    """Give a drawing as an element of HTML."""
    written = io.StringIO()
    canvas.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    return text[text.index("<svg") :]
