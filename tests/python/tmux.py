"""A terminal of a given width that is looked at as a person would: tmux."""

import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
PATIENCE = 20
HEIGHT = 30


class Screen:
    """What is on a screen, and the keys that are pressed."""

    def __init__(self, socket: Path) -> None:
        """Take the socket of a server that has one session."""
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]

    def ask(self, *arguments: str) -> str:
        """Give what tmux answers."""
        done = subprocess.run(
            [*self._tmux, *arguments], check=True, capture_output=True, text=True, timeout=PATIENCE
        )
        return done.stdout

    def coloured(self) -> str:
        """Give the screen with its colours."""
        return self.ask("capture-pane", "-p", "-e")

    def text(self) -> str:
        """Give the screen's text, without the empty lines below."""
        return self.ask("capture-pane", "-p").rstrip("\n")

    def press(self, *keys: str) -> None:
        """Press keys."""
        self.ask("send-keys", *keys)

    def wait(self, seen: Callable[[str], bool]) -> str:
        """Wait until the screen shows something, and give its text."""
        deadline = time.monotonic() + PATIENCE
        while not seen(text := self.text()):
            assert time.monotonic() < deadline, text
            time.sleep(0.02)
        return text

    def wait_for(self, pattern: str) -> str:
        """Wait until the screen matches."""
        return self.wait(lambda text: re.search(pattern, text) is not None)


@contextmanager
def screen(
    folder: Path, command: Sequence[str], columns: int, environment: dict[str, str]
) -> Iterator[Screen]:
    """Run a command on a screen; below what it leaves stand its status and the terminal's echo.

    All that it writes to the terminal is in the file `written` of the folder, too.
    """
    made = Screen(folder / "tmux")
    # readline, which pytest imports, has told all children that there are 80 columns.
    unset = [word for name in ("COLUMNS", "LINES", "NO_COLOR") for word in ("-u", name)]
    words = shlex.join(["env", *unset, *map("=".join, environment.items()), *command])
    after = "echo STATUS $?; stty -a | grep -ow -- '-*echo'; echo END; read -r _"
    script = f"trap : INT; read -r _; {words}; {after}"
    size = ["-x", str(columns), "-y", str(HEIGHT)]
    try:
        made.ask("new-session", "-d", *size, "sh", "-c", script)
        made.ask("pipe-pane", "-o", f"cat > {shlex.quote(str(folder / 'written'))}")
        made.press("Enter")
        yield made
    finally:
        subprocess.run([*made._tmux, "kill-server"], check=False, capture_output=True, timeout=60)  # noqa: SLF001 - its own
