"""The command on a terminal, recorded with tmux; and in a pipe, where nothing of it is left."""

import os
import re
import select
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import AFALG, CBC, MIB, WHO, Folder, plaintext, run
from tmux import ESCAPES, Screen, screen

pytestmark = pytest.mark.anywhere

BAR = re.compile("[━╸╺]")
PARTS = 4
SIZE = PARTS * MIB
PROVIDER = ("--provider", WHO)
XTERM = {"TERM": "screen-256color"}


class Held:
    """An encryption whose target is a pipe: it goes on as far as the pipe is read."""

    def __init__(self, folder: Folder) -> None:
        """Make the file and the pipe."""
        folder.plain.write_bytes(plaintext(SIZE))
        self.fifo, self.taken = folder.path / "fifo", b""
        os.mkfifo(self.fifo)
        files = [str(folder.plain), "-o", str(self.fifo)]
        self.command = [*AFALG, "encrypt", "-q", *PROVIDER, *folder.by_key(), *files]
        self.reading = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self.reading, True)

    def take(self, size: int | None = None) -> None:
        """Read so much of what was made, or all that is left."""
        until = SIZE + 16 if size is None else len(self.taken) + size
        while len(self.taken) < until:
            part = os.read(self.reading, min(65536, until - len(self.taken)))
            assert part
            self.taken += part


@contextmanager
def held(
    folder: Folder, columns: int, *options: str, **environment: str
) -> Iterator[tuple[Screen, Held]]:
    """Give a screen on which an encryption runs, and its target."""
    encryption = Held(folder)
    command = [*encryption.command, *options]
    try:
        with screen(folder.path, command, columns, XTERM | environment) as shown:
            # The pipe has no writer before the command has opened it.
            wait_for_writer(encryption.reading)
            yield shown, encryption
    finally:
        os.close(encryption.reading)


def wait_for_writer(reading: int) -> None:
    """Wait until somebody writes to a pipe."""
    assert select.select([reading], [], [], 60)[0]


def bars(text: str) -> list[str]:
    """Give the lines in which there is some of a bar."""
    return [line for line in text.splitlines() if BAR.search(line)]


def percent(text: str) -> int:
    """Give what a bar says is done."""
    found = re.search(r"(\d+)%", text)
    return int(found[1]) if found else 0


@pytest.mark.parametrize("columns", [24, 40, 69])
def test_a_bar_moves_and_is_gone_at_the_end(folder: Folder, columns: int) -> None:
    with held(folder, columns) as (shown, encryption):
        encryption.take(MIB)
        first = shown.wait(lambda text: percent(text) == 100 // PARTS)
        encryption.take(2 * MIB)
        second = shown.wait(lambda text: percent(text) == 300 // PARTS)
        for text in (first, second):
            (bar,) = bars(text)
            assert len(bar) <= columns
            assert len(text.splitlines()) == 2  # the empty one is of the key that began it
        encryption.take()
        assert shown.wait_for("END").split() == ["STATUS", "0", "echo", "END"]
    assert encryption.taken == CBC.by_key("encrypt", plaintext(SIZE))


def test_where_there_is_room_it_says_how_much_and_how_fast(folder: Folder) -> None:
    with held(folder, 100) as (shown, encryption):
        encryption.take(MIB)
        (bar,) = bars(shown.wait_for(r"1\.0/4\.2 MB"))
        assert re.fullmatch(r"\S+ [━╸╺ ]+ 1\.0/4\.2 MB +(\?|[0-9.]+ .?B/s) +[-0-9:]+", bar.rstrip())
        encryption.take()
        assert shown.wait_for("END").split() == ["STATUS", "0", "echo", "END"]


def test_a_long_name_is_cut_and_the_bar_stays(folder: Folder) -> None:
    long = folder.path / ("n" * 200)
    folder.plain = long
    for columns in (24, 80):
        (folder.path / "fifo").unlink(missing_ok=True)
        with held(folder, columns) as (shown, encryption):
            encryption.take(MIB)
            text = shown.wait(
                lambda text: bool(bars(text)) and re.search("%|/4.2", text) is not None
            )
            assert len(text.splitlines()) == 2
            assert "…" in text
            encryption.take()
            shown.wait_for("END")


def test_a_bar_has_colours_and_no_color_takes_them(folder: Folder) -> None:
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        (folder.path / "fifo").unlink(missing_ok=True)
        with held(folder, 60, **environment) as (shown, encryption):
            encryption.take(MIB)
            shown.wait(lambda text: percent(text) == 100 // PARTS)
            (bar,) = bars(shown.coloured())
            assert bool(re.search(r"\x1b\[(3[1-7]|38;5;\d+)m", bar)) == coloured
            encryption.take()
            shown.wait_for("END")


def test_a_dumb_terminal_has_none_of_it(folder: Folder) -> None:
    with held(folder, 60, TERM="dumb") as (shown, encryption):
        encryption.take()
        shown.wait_for("END")
        assert bars(shown.text()) == []
    assert b"\x1b" not in (folder.path / "written").read_bytes()


def test_who_wants_no_bar_says_so(folder: Folder) -> None:
    with held(folder, 60, "--no-progress") as (shown, encryption):
        encryption.take()
        shown.wait_for("END")
    assert not BAR.search((folder.path / "written").read_text())


@pytest.mark.parametrize("columns", [24, 80])
def test_ctrl_c_leaves_no_file_and_a_sane_terminal(folder: Folder, columns: int) -> None:
    fifo = folder.path / "source"
    os.mkfifo(fifo)
    folder.made.write_bytes(b"old")
    options = [*PROVIDER, *folder.by_key(), str(fifo), "-o", str(folder.made)]
    before = {*folder.path.iterdir()} | {folder.path / name for name in ("tmux", "written")}
    command = [*AFALG, "encrypt", "-q", *options]
    with screen(folder.path, command, columns, XTERM) as shown, fifo.open("wb", 0) as source:
        source.write(plaintext(MIB))
        shown.wait(lambda text: bool(bars(text)))
        shown.press("C-c")
        text = shown.wait_for("END")
        assert text.replace("^C", "").split() == ["STATUS", "130", "echo", "END"]
        cursor = shown.ask("display-message", "-p", "#{cursor_flag}")
        assert cursor == "1\n"
    assert folder.made.read_bytes() == b"old"
    assert set(folder.path.iterdir()) <= before


def test_ctrl_c_at_the_prompt_leaves_the_echo_on(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(100))
    command = [*AFALG, "encrypt", "-q", *PROVIDER, str(folder.plain), "-o", str(folder.made)]
    with screen(folder.path, command, 60, XTERM) as shown:
        shown.wait_for("Passphrase:")
        shown.press("h", "u", "s", "h", "C-c")
        text = shown.wait_for("END")
        assert text.split() == ["Passphrase:", "STATUS", "130", "echo", "END"]
    assert not folder.made.exists()


def test_a_word_of_warning_is_coloured_and_above_the_bar(folder: Folder) -> None:
    fifo = folder.path / "source"
    os.mkfifo(fifo)
    options = [*PROVIDER, *folder.by_key(), str(fifo), "-o", str(folder.made)]
    with (
        screen(folder.path, [*AFALG, "encrypt", *options], 60, XTERM) as shown,
        fifo.open("wb", 0) as source,
    ):
        source.write(plaintext(MIB))
        lines = shown.wait(lambda text: bool(bars(text))).splitlines()
        assert lines[1].startswith("afalg: warning: cbc(aes) does not authenticate")
        assert bars(lines[-1])
        assert "\x1b[33mafalg: warning:" in shown.coloured()
        source.close()
        shown.wait_for("STATUS 0")


COLOURFUL = {
    "doctor": (["doctor"], r"\x1b\[3[123]m(ok|warning|fault|unknown)"),
    "list": (["list", "--type", "skcipher"], r"\x1b\[1mname +type"),
    "info": (["info", "cbc(aes)"], r"\x1b\[1mname"),
    "bench": (["bench", "--time", "0.001", "ctr(aes):128"], r"\x1b\[1malgorithm"),
    "complaint": (["info", "nothing(such)"], r"\x1b\[31mafalg:"),
}


@pytest.mark.parametrize("verb", COLOURFUL)
def test_colours_are_for_a_terminal(folder: Folder, verb: str) -> None:
    arguments, pattern = COLOURFUL[verb]
    with screen(folder.path, [*AFALG, *arguments], 100, XTERM) as shown:
        shown.wait_for("END")
        history = shown.ask("capture-pane", "-p", "-e", "-S", "-")
    assert re.search(pattern, history), history


@pytest.mark.parametrize("verb", COLOURFUL)
def test_a_terminal_may_want_no_colours(folder: Folder, verb: str) -> None:
    with screen(
        folder.path, [*AFALG, *COLOURFUL[verb][0]], 100, XTERM | {"NO_COLOR": "1"}
    ) as shown:
        shown.wait_for("END")
        history = shown.ask("capture-pane", "-p", "-e", "-S", "-")
    assert not ESCAPES.search(history), history


def piped(folder: Folder) -> list[Sequence[str]]:
    """Give the commands whose output is looked at in a pipe."""
    folder.plain.write_bytes(plaintext(MIB))
    encrypt = ["encrypt", str(folder.plain), "-o", str(folder.made), *PROVIDER, *folder.by_key()]
    return [*(arguments for arguments, _ in COLOURFUL.values()), encrypt]


def test_a_pipe_gets_neither_a_bar_nor_colours(folder: Folder) -> None:
    # FORCE_COLOR is rich's; what is no terminal is none all the same.
    terminal = ["env", "-u", "NO_COLOR", "TERM=xterm-256color", "FORCE_COLOR=1"]
    for arguments in piped(folder):
        done = run([*terminal, *AFALG, *arguments])
        assert done.out + done.err
        assert b"\x1b" not in done.out + done.err
        assert not BAR.search(done.err.decode())


def test_a_bar_that_is_asked_for_in_a_pipe_is_a_line(folder: Folder) -> None:
    encrypt = piped(folder)[-1]
    done = run([*AFALG, *encrypt, "--progress", "-q"])
    assert (done.status, done.out) == (0, b"")
    assert b"\x1b" not in done.err
    (line,) = done.err.decode().splitlines()
    assert BAR.search(line)
    assert Path(folder.made).stat().st_size == MIB + 16
