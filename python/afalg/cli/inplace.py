"""Sectors overwritten where they are: asked before, ended between two of them."""

import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import afalg
from afalg.cli.disk import Block, Image, Range, UnwrittenError, each_block
from afalg.cli.output import Answer, RefusedError, complain, encodable, one_line
from afalg.cli.progress import Advance, bar
from afalg.options import Direction

__all__ = ["confirm", "overwrite"]

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OPPOSITE: dict[Direction, Direction] = {"encrypt": "decrypt", "decrypt": "encrypt"}


class TornError(Exception):
    """A part could not be written, nor put back as it was."""


def confirm(direction: Direction, image: Image, work: Range, *, sure: bool) -> None:
    """Ask whether sectors may be overwritten, unless that was said."""
    if sure:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise RefusedError(
            "--in-place overwrites, and standard input is no terminal to ask on: say --yes"
        )
    question = (
        f"{_which(work, 0, work.count)} of {image.name}, {work.size} bytes from byte {work.start} "
        f"on, will be overwritten with what they {direction} to; with a wrong key, cipher or "
        f"offset that is noise, which `afalg sectors {OPPOSITE[direction]}` with the same ones "
        "undoes. Type yes to do it: "
    )
    if sys.stderr is None:
        raise RefusedError("--in-place asks on standard error, which is closed: say --yes")
    sys.stderr.write(encodable(one_line(question), sys.stderr))
    sys.stderr.flush()
    if sys.stdin.readline().strip() != "yes":
        raise RefusedError("nothing was written")


def overwrite(
    direction: Direction, image: Image, work: Range, cipher: afalg.Cipher, *, wanted: bool | None
) -> Answer:
    """Overwrite sectors with what becomes of them, and say how far that got if not to the end."""
    caught = list[int]()
    with _between_sectors(caught):  # until that is said: who does not know it does it twice
        with bar(image.name, work.size, wanted=wanted) as advance:
            done = _overwritten(direction, image, work, cipher, advance, caught)
        if done < work.count:
            complain(f"stopped; {_how_far(direction, work, done)}")
    return Answer("", 128 + caught[0] if done < work.count else 0)


def _overwritten(
    direction: Direction,
    image: Image,
    work: Range,
    cipher: afalg.Cipher,
    advance: Advance,
    caught: list[int],
) -> int:
    """Overwrite sectors until a signal is caught, have them on the disk, and give how many."""
    done = 0
    try:
        for block in each_block(direction, image, work, cipher):
            _put(image, work, block, advance)
            done = block.end
            if caught:
                break
    except TornError as error:
        raise RefusedError(f"{error}; {_torn(direction, work, done)}") from error
    except (afalg.AfalgError, RefusedError, MemoryError) as error:
        reason = str(error) or "there is no memory left"
        raise RefusedError(f"{reason}; {_settled(direction, image, work, done)}") from error
    try:
        image.sync()
    except RefusedError as error:
        raise RefusedError(f"{error}; {_unsettled(direction, work, done)}") from error
    return done


def _settled(direction: Direction, image: Image, work: Range, done: int) -> str:
    """Say how far it is, once that is on the disk."""
    try:
        image.sync()
    except RefusedError:
        return _unsettled(direction, work, done)
    return _how_far(direction, work, done)


@contextmanager
def _between_sectors(caught: list[int]) -> Generator[None]:
    """Note signals that end the process, so that the block can choose where."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets no other thread do this
        return

    def note(number: int, _frame: FrameType | None) -> None:
        caught.append(number)

    found = {number: signal.getsignal(number) for number in ENDING}
    # What is ignored stays so: nohup.
    found = {number: old for number, old in found.items() if old not in {signal.SIG_IGN, None}}
    for number in found:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, old in found.items():
            signal.signal(number, old)


def _put(image: Image, work: Range, block: Block, advance: Advance) -> None:
    """Write sectors; where that fails they are put back, that none be half of each."""
    at = work.place(work.first + block.begin)
    try:
        image.write(block.made, at)
    except UnwrittenError as error:
        try:
            image.write(block.found, at)
        except UnwrittenError as again:  # at the same place: all that was written is put back
            if not error.full or again.written < error.written:
                raise TornError(f"{error}, and what was there cannot be put back") from error
        raise
    advance(block.end * work.sector_size)


def _which(work: Range, begin: int, end: int) -> str:
    first, last = work.first + begin, work.first + end - 1
    return f"sector {first}" if first == last else f"sectors {first} to {last}"


def _how_far(direction: Direction, work: Range, done: int) -> str:
    """Say what is done, and how to go on or back."""
    if done == 0:
        return "nothing was written"
    rest = f"--first {work.first + done} --count {work.count - done}"
    return (
        f"{_which(work, 0, done)} are {direction}ed, {_which(work, done, work.count)} are as they "
        f"were. To go on, the same again with {rest}; to go back, `afalg sectors "
        f"{OPPOSITE[direction]}` with --first {work.first} --count {done}"
    )


def _unsettled(direction: Direction, work: Range, done: int) -> str:
    return (
        f"each of {_which(work, 0, done or 1)} may be {direction}ed or as it was: the disk does "
        "not say which it has"
    )


def _torn(direction: Direction, work: Range, done: int) -> str:
    before = f"{_which(work, 0, done)} are {direction}ed, " if done else ""
    return (
        f"{before}in the MiB from byte {work.place(work.first + done)} on some sectors may be and "
        "some not, and the rest is as it was"
    )
