"""Tables, as Markdown and as HTML."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benches.report.results import Figure, Pair, Result, Run, pair_name, size_name

__all__ = ["Table", "notes", "summary", "tables"]

LARGE = 64 << 10
AT = (16, 256, 4 << 10, 16 << 10)
"""Sizes that the summary shows; from LARGE up it gives the range."""


@dataclass(frozen=True, slots=True)
class Table:
    """Cells under heads; the first column is text, the others are numbers."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_markdown(self) -> str:
        """Give it as Markdown."""
        rule = ["---"] + ["---:"] * (len(self.head) - 1)
        lines = [f"| {' | '.join(cells)} |" for cells in (self.head, rule, *self.rows)]
        return "\n".join([f"{self.title}", "", *lines])

    def to_html(self) -> str:
        """Give it as HTML."""
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in self.head)
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>"
            for row in self.rows
        )
        caption = html.escape(self.title)
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{rows}</table>"


def digits(number: float) -> str:
    """Give three digits of a number, or all before the point."""
    if number >= 100:  # noqa: PLR2004
        return f"{number:.0f}"
    return f"{number:.{1 if number >= 10 else 2}f}"  # noqa: PLR2004


def cell(figure: Figure | None, factor: float = 1) -> str:
    """Give the median and, behind it, the quartiles."""
    if figure is None:
        return ""
    low, median, high = (digits(number * factor) for number in figure)
    return f"{median} ({low} to {high})"


def tables(title: str, results: Sequence[Result]) -> Iterator[Table]:
    """Give the times of everybody and the ratios of ours, a row for each size."""
    names = list(dict.fromkeys(name for result in results for name in result.seconds))
    pairs = list(dict.fromkeys(pair for result in results for pair in result.ratios))
    sizes = [size_name(result.race["size"]) for result in results]
    times = [
        [
            "wrong" if name in result.race["wrong"] else cell(result.seconds.get(name), 1e6)
            for name in names
        ]
        for result in results
    ]
    ratios = [[cell(result.ratios.get(pair)) for pair in pairs] for result in results]
    yield Table(
        f"{title}: microseconds, median (quartiles)",
        ["size", *names],
        [[size, *row] for size, row in zip(sizes, times, strict=True)],
    )
    yield Table(
        f"{title}: times as fast as the peer, median (quartiles)",
        ["size", *map(pair_name, pairs)],
        [[size, *row] for size, row in zip(sizes, ratios, strict=True)],
    )


def summary(run: Run) -> Table:
    """Give the ratios of a run on a line for each pair."""
    rows = []
    for suite, titles in run.suites.items():
        for title, results in titles.items():
            pairs = dict.fromkeys(pair for result in results for pair in result.ratios)
            rows += [
                [f"{suite}, {title}", pair_name(pair), *_ends(pair, results)] for pair in pairs
            ]
    sizes = [size_name(size) for size in AT]
    head = ["what", "ours : peer", *sizes, f"from {size_name(LARGE)}: least", "most"]
    return Table("Times as fast as the peer, medians", head, rows)


def _ends(pair: Pair, results: Sequence[Result]) -> list[str]:
    medians = {
        result.race["size"]: result.ratios[pair].median
        for result in results
        if pair in result.ratios
    }
    large = [median for size, median in medians.items() if size >= LARGE]
    shown = [digits(medians[size]) if size in medians else "" for size in AT]
    return [*shown, *([digits(min(large)), digits(max(large))] if large else ["", ""])]


def notes(results: Sequence[Result]) -> list[str]:
    """Give what is to be told, once."""
    return list(dict.fromkeys(note for result in results for note in result.race["notes"]))
