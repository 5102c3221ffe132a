"""Ends that leave nothing half done."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["orderly"]

ENDING = (signal.SIGTERM, signal.SIGHUP)


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
        yield
    finally:
        for number in found:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
