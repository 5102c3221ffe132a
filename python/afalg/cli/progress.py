"""A bar on the terminal for what takes a while."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal, Protocol

from afalg.cli.output import RefusedError

__all__ = ["Advance", "add_progress_options", "bar"]

NARROW = 70  # columns of a terminal, in which the bytes and their speed would be cut


class Advance(Protocol):
    """What moves a bar."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """Say how much is done by now, and of how much, where that is known by now only."""


def add_progress_options(verb: argparse.ArgumentParser) -> None:
    """Let the user say whether there is to be a bar."""
    verb.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a bar on standard error; if not given, where that is a terminal",
    )


@contextmanager
def bar(
    label: str,
    total: int | None,
    *,
    wanted: bool | None = None,
    unit: Literal["bytes", "items"] = "bytes",
) -> Generator[Advance]:
    """Draw a bar on standard error while the block runs, and give what moves it.

    Nothing is drawn where standard error is no terminal, or where rich is not installed,
    unless it was asked for.
    """
    if not (wanted if wanted is not None else sys.stderr is not None and sys.stderr.isatty()):
        yield _nothing
        return
    try:
        from rich import progress  # noqa: PLC0415 - an extra, and slow to import
        from rich.console import Console  # noqa: PLC0415
    except ImportError:
        if wanted:
            raise RefusedError("a progress bar needs rich: pip install 'afalg[cli]'") from None
        yield _nothing
        return
    console = Console(stderr=True)
    counts: tuple[progress.ProgressColumn, ...] = (progress.MofNCompleteColumn(),)
    if console.width < NARROW:
        counts = (progress.TaskProgressColumn(),)
    elif unit == "bytes":
        counts = (progress.DownloadColumn(binary_units=True), progress.TransferSpeedColumn())
    text = progress.TextColumn("{task.description}", markup=False)
    columns = (text, progress.BarColumn(), *counts, progress.TimeRemainingColumn())
    with progress.Progress(
        *columns, console=console, transient=True, redirect_stdout=False
    ) as drawn:
        task = drawn.add_task(label, total=total)
        yield lambda done, of=None, /: drawn.update(task, completed=done, total=of)


def _nothing(_done: int, _total: int | None = None, /) -> None:
    """Draw no bar."""
