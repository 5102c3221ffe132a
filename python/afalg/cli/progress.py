"""A bar on the terminal for what takes a while."""

import argparse
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, Protocol, TextIO, cast

from afalg.cli.output import RefusedError, one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

__all__ = ["Advance", "add_progress_options", "bar"]

NARROW = 70  # columns of a terminal, in which the bytes and their speed would be cut
TINY = 30  # in which the time that is left would be, too


class Advance(Protocol):
    """What moves a bar."""

    def __call__(
        self, done: int | None = None, total: int | None = None, /, *, label: str | None = None
    ) -> None:
        """Say how much is done by now, and of how much, and of what; None: that is as it was."""


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
    unless it was asked for; and where it is closed.
    """
    if sys.stderr is None or not (sys.stderr.isatty() if wanted is None else wanted):
        yield _nothing
        return
    try:
        from rich import progress  # noqa: PLC0415 - an extra, and slow to import
    except ImportError:
        if wanted:
            raise RefusedError("a progress bar needs rich: pip install 'afalg[cli]'") from None
        yield _nothing
        return
    console = _console()
    gone = console.is_terminal  # where nothing can be drawn over, the bar stands there at the end
    with progress.Progress(
        *_columns(console.width, unit), console=console, transient=gone, redirect_stdout=False
    ) as drawn:
        task = drawn.add_task(one_line(label), total=total)

        def advance(
            done: int | None = None, total: int | None = None, /, *, label: str | None = None
        ) -> None:
            shown = None if label is None else one_line(label)
            drawn.update(task, completed=done, total=total, description=shown)

        yield advance


def _console() -> "Console":
    """Give standard error as rich has it, with room for the ^C that a terminal adds to a line.

    On a line of its own that would leave the bar standing above.
    """
    from rich.console import Console  # noqa: PLC0415

    shown = cast("TextIO", _Shown(sys.stderr))
    width = Console(file=shown).width - len("^C")
    return Console(file=shown, width=max(width, 1))


class _Shown:
    """Standard error, but what it cannot take is lost: no work ends for want of a bar."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding, self.isatty, self.fileno = stream.encoding, stream.isatty, stream.fileno

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def _columns(width: int, unit: str) -> "list[ProgressColumn]":
    """Give what has room beside the bar in a terminal so wide; a long label is cut."""
    from rich import progress  # noqa: PLC0415
    from rich.table import Column  # noqa: PLC0415

    cut = Column(no_wrap=True, overflow="ellipsis", max_width=width // 3)
    label = progress.TextColumn("{task.description}", markup=False, table_column=cut)
    columns: list[ProgressColumn] = [label, progress.BarColumn()]
    if width < NARROW:
        columns.append(progress.TaskProgressColumn())
    elif unit == "bytes":
        columns += [progress.DownloadColumn(), progress.TransferSpeedColumn()]
    else:
        columns.append(progress.MofNCompleteColumn())
    return [*columns, progress.TimeRemainingColumn()] if width >= TINY else columns


def _nothing(
    _done: int | None = None, _total: int | None = None, /, *, label: str | None = None
) -> None:
    """Draw no bar."""
