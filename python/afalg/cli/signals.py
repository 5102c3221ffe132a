"""Ends that leave nothing half done."""

import os
import select
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["orderly", "wait"]

ENDING = (signal.SIGTERM, signal.SIGHUP)
_LISTENING: list[int] = []
"""The end of a pipe where signals are told, while a block is orderly."""


@contextmanager
def orderly() -> Generator[None]:
    """Let a signal that ends the process be an exception in the block, so that it cleans up."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Python lets no other thread do this
        return
    found = [number for number in ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in found:
        signal.signal(number, _leave)
    try:
        with _told():
            yield
    finally:
        for number in found:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def _told() -> Generator[None]:
    """Have signals told by a pipe too, for whoever waits."""
    listening, telling = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    before = signal.set_wakeup_fd(telling, warn_on_full_buffer=False)
    _LISTENING.append(listening)
    try:
        yield
    finally:
        _LISTENING.remove(listening)
        signal.set_wakeup_fd(before)
        os.close(listening)
        os.close(telling)


def wait(descriptor: int, what: int) -> None:
    """Wait until a file can go on (POLLIN, POLLOUT), or a signal raises.

    A signal that comes just before read(2) does not interrupt it: Python would hear of it when
    there is something to read, which may be never.
    """
    poll = select.poll()
    poll.register(descriptor, what)
    for listening in _LISTENING:
        poll.register(listening, select.POLLIN)
    while descriptor not in dict(poll.poll()):
        for listening in _LISTENING:
            with suppress(BlockingIOError):
                os.read(listening, select.PIPE_BUF)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
