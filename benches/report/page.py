"""The report's two files."""

import html
from collections.abc import Iterator
from pathlib import Path

from benches.report.plots import draw, to_svg
from benches.report.results import Result, Run
from benches.report.tables import notes, summary, tables

__all__ = ["figures", "write"]

TITLE = "afalg beside its peers"
READING = (
    "Each row was run beside its peers, in rounds that shuffle who comes when; every result was "
    "checked. A ratio is of two times of the same round: 2 is twice as fast as the peer, 0.5 "
    "half as fast. In the lab one kernel's times compare with each other, not with another's."
)
PLOTTED = 3
"""As many sizes make a plot."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 1250px; padding: 0 1em;
  color: #222; background: #fff }
svg { max-width: 100%; height: auto; margin: 1em 0 }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; display: block;
  overflow-x: auto; white-space: nowrap }
caption { text-align: left; font-weight: 600; padding: .3em 0 }
th, td { padding: .15em .7em; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child, .names td:nth-child(2) { text-align: left }
summary { cursor: pointer }
"""


def write(runs: list[Run], told: dict[str, str], folder: Path) -> None:
    """Write both; `told` is what other benches printed, by its title."""
    (folder / "report.md").write_text("\n\n".join(markdown(runs, told)) + "\n", encoding="utf-8")
    (folder / "report.html").write_text("\n".join(page(runs, told)), encoding="utf-8")


def figures(runs: list[Run], told: dict[str, str]) -> Iterator[str]:
    """Give the parts of a summary, in Markdown."""
    for run in runs:
        yield f"### {run.title}"
        yield run.about
        yield summary(run).to_markdown()
    yield from printed(told, "###")


def printed(told: dict[str, str], level: str) -> Iterator[str]:
    """Give what other benches printed, in Markdown."""
    for title, text in told.items():
        yield f"{level} {title}\n\n```\n{text.rstrip()}\n```"


def groups(run: Run) -> Iterator[tuple[str, list[Result]]]:
    """Give what belongs together, by its title."""
    for suite, titles in run.suites.items():
        for title, results in titles.items():
            yield f"{suite}, {title}", results


def markdown(runs: list[Run], told: dict[str, str]) -> Iterator[str]:
    """Give the parts of the Markdown."""
    yield f"# {TITLE}"
    yield READING
    for run in runs:
        yield f"## {run.title}"
        yield run.about
        yield summary(run).to_markdown()
        for title, results in groups(run):
            yield f"### {title}"
            yield from notes(results)
            yield from (table.to_markdown() for table in tables(title, results))
    yield from printed(told, "##")


def page(runs: list[Run], told: dict[str, str]) -> Iterator[str]:
    """Give the lines of the HTML."""
    yield f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{TITLE}</title>'
    yield '<meta name="viewport" content="width=device-width">'
    yield f"<style>{STYLE}</style><h1>{TITLE}</h1><p>{html.escape(READING)}</p>"
    for run in runs:
        yield f"<h2>{html.escape(run.title)}</h2><p>{html.escape(run.about)}</p>"
        yield f'<div class="names">{summary(run).to_html()}</div>'
        for title, results in groups(run):
            yield f"<h3>{html.escape(title)}</h3>"
            yield from (f"<p>{html.escape(note)}</p>" for note in notes(results))
            if len(results) >= PLOTTED:
                yield to_svg(draw(f"{run.title}: {title}", results))
                yield "<details><summary>figures</summary>"
            yield from (table.to_html() for table in tables(title, results))
            if len(results) >= PLOTTED:
                yield "</details>"
    for title, text in told.items():
        yield f"<h2>{html.escape(title)}</h2><pre>{html.escape(text)}</pre>"
    yield "</html>"
