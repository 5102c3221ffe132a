"""Ask for a line on the terminal, unseen.

Not getpass: it gives a str, which nobody can wipe.
"""

import os
import signal
import termios
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

from afalg.cli.output import RefusedError

__all__ = ["LINE", "ask", "wipe"]

LINE = 4096
"""What a terminal takes as one line, its end included (termios(3)); the rest it drops."""

INPUT_FLAGS, LOCAL_FLAGS = 0, 3  # in what tcgetattr gives
STDIN, STDERR = 0, 2
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def wipe(buffer: bytearray) -> None:
    """Overwrite a buffer where it is."""
    memoryview(buffer)[:] = bytes(len(buffer))


def ask(prompt: str, buffer: bytearray, *, what: str, otherwise: str, twice: bool) -> int:
    """Ask for a line, or two times, which must agree; fill the buffer and give its length.

    The buffer has LINE bytes at least. The end of the line is not part of it. `what` is
    asked for, and `otherwise` it is passed.
    """
    again = bytearray(LINE)
    try:
        with _terminal() as (tty, out), _unseen(tty):
            length = _line(tty, out, prompt, buffer, otherwise)
            repeated = _line(tty, out, "The same again: ", again, otherwise) if twice else length
        if twice and memoryview(buffer)[:length] != memoryview(again)[:repeated]:
            raise RefusedError(f"the two {what}s are not the same; nothing was done")
    except (OSError, termios.error) as error:
        number = error.errno if isinstance(error, OSError) else error.args[0]
        raise RefusedError(
            f"cannot ask for the {what} on the terminal: {os.strerror(number or 0)}; "
            f"pass it by {otherwise}"
        ) from error
    else:
        return length
    finally:
        wipe(again)


@contextmanager
def _terminal() -> Generator[tuple[int, int]]:
    """Give the terminal to read from, and where the prompt goes."""
    try:
        tty = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:  # no controlling terminal; standard input is one
        yield STDIN, STDERR
        return
    try:
        yield tty, tty
    finally:
        os.close(tty)


@contextmanager
def _unseen(tty: int) -> Generator[None]:
    """Have a terminal show nothing of what is typed; afterwards it is as it was before.

    A signal that ends the process restores it in its handler, at once: a second one may
    come before any `finally` is reached. Ctrl-Z is ignored, since a shell may turn the
    echo on while the command is stopped.
    """
    before = termios.tcgetattr(tty)
    hidden = before.copy()
    hidden[INPUT_FLAGS] |= termios.ICRNL
    hidden[LOCAL_FLAGS] |= termios.ICANON | termios.ISIG
    hidden[LOCAL_FLAGS] &= ~(termios.ECHO | termios.ECHONL)

    def restore() -> None:
        with suppress(termios.error):  # it has hung up
            _change(tty, before)

    def leave(number: int, _frame: FrameType | None) -> None:
        restore()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    handled = {signal.SIGTSTP: signal.SIG_IGN} | dict.fromkeys(ENDING, leave)
    found = {number: signal.getsignal(number) for number in handled}
    # What is ignored stays so: nohup. What is not Python's cannot be put back.
    found = {number: old for number, old in found.items() if old not in {signal.SIG_IGN, None}}
    try:
        for number in found:
            signal.signal(number, handled[number])
        _change(tty, hidden)
        yield
    finally:
        restore()
        for number, old in found.items():
            signal.signal(number, old)


def _change(tty: int, settings: list[int | list[bytes | int]]) -> None:
    """Set a terminal and drop what was typed ahead, without waiting for a stopped output."""
    termios.tcsetattr(tty, termios.TCSANOW, settings)
    termios.tcflush(tty, termios.TCIFLUSH)


def _line(tty: int, out: int, prompt: str, buffer: bytearray, otherwise: str) -> int:
    """Prompt, read a line and give its length."""
    view, length = memoryview(buffer), 0
    try:
        with suppress(OSError):
            os.write(out, prompt.encode())
        while length < LINE and (count := os.readv(tty, [view[length:LINE]])):
            length += count
            if buffer[length - 1] == ord("\n"):
                length -= 1
                break
    finally:
        with suppress(OSError):
            os.write(out, b"\n")  # the one typed was not shown
    if length >= LINE - 1:
        raise RefusedError(
            f"a terminal takes {LINE - 2} bytes in one line, this one may have lost some; "
            f"pass it by {otherwise}"
        )
    return length
