"""A terminal of the tests' own, on which commands ask for secrets."""

import os
import pty
import select
import termios
import time

SECRET = b"Secret of this test="
CONTROLLING = ("setsid", "--ctty")
"""What makes standard input the controlling terminal of a command."""


class Terminal:
    """A terminal, what it shows, and how it is set."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.shown = b""

    def wait_for(self, text: bytes) -> None:
        """Read what is shown until a text is there."""
        deadline = time.monotonic() + 30
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self.read(1)

    def read(self, patience: float) -> None:
        """Read what is shown by now."""
        if select.select([self.master], [], [], patience)[0]:
            self.shown += os.read(self.master, 65536)

    def answer(self, prompt: bytes, text: bytes) -> None:
        """Wait for a prompt and type."""
        self.wait_for(prompt)
        os.write(self.master, text)

    def check(self) -> None:
        """Check that it is set as before, shows nothing of what was typed, and keeps nothing."""
        self.read(0)
        assert termios.tcgetattr(self.slave) == self.before
        assert SECRET[:4] not in self.shown
        os.write(self.master, b"\n")
        assert os.read(self.slave, 100) == b"\n"
