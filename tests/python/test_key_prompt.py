"""`afalg key add` on a terminal: the payload is asked for twice, and nothing of it is shown."""

import os
import signal
import termios
import time
from pathlib import Path

import pytest

from sessions import Process, Session
from terminals import CONTROLLING, SECRET, Terminal

NAMED = "%user:the key\x1b"
ADD = ("add", "user", "the key\x1b", "--keyring", "session")
ASKED, AGAIN = b"Payload of the user key the key\\x1b: ", b"The same again: "


def ended(process: Process) -> tuple[int, bytes, bytes]:
    """Wait for the end; give status, output and errors."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def added(session: Session, process: Process) -> bytes:
    """Give the payload of the key that a command added."""
    status, out, err = ended(process)
    assert (status, err) == (0, b"")
    return session.read(int(out))


def test_the_payload_is_typed_twice_and_not_shown(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.wait_for(ASKED)
        assert not termios.tcgetattr(terminal.slave)[3] & (termios.ECHO | termios.ECHONL)
        terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(AGAIN, SECRET + b"\n")
        assert added(session, process) == SECRET
    terminal.check()
    assert terminal.shown == ASKED + b"\r\n" + AGAIN + b"\r\n"


def test_hexadecimal_is_typed_as_it_is_read(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, "--hex", stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.answer(ASKED, SECRET.hex(" ").encode() + b"\n")
        terminal.answer(AGAIN, SECRET.hex(" ").encode() + b"\n")
        assert added(session, process) == SECRET
    terminal.check()


def test_a_line_may_be_corrected_and_is_bytes(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.answer(ASKED, b"wrong\x15\xff\xfex\x7f\r")
        terminal.answer(AGAIN, b"\xff\xfe\x04\n")
        assert added(session, process) == b"\xff\xfe"
    terminal.check()


@pytest.mark.parametrize("again", [b"", SECRET[:-1], SECRET + b"=", SECRET.swapcase()])
def test_the_two_must_agree(session: Session, terminal: Terminal, again: bytes) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(AGAIN, again + b"\n")
        text = b"afalg: the two payloads are not the same; nothing was done\n"
        assert ended(process) == (1, b"", text)
    terminal.check()
    # Not `show`, which finds keys of sessions that have just ended, too.
    assert "is not in the keyrings" in session.run("revoke", NAMED).stderr


@pytest.mark.parametrize("typed", [b"\n", b"\x04"])
def test_nothing_is_no_payload(session: Session, terminal: Terminal, typed: bytes) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.answer(ASKED, typed)
        terminal.answer(AGAIN, typed)
        status, out, err = ended(process)
        assert (status, out) == (1, b"")
        assert b"payload has 0 bytes" in err
    terminal.check()


def test_a_line_that_the_terminal_cuts_is_refused(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.answer(ASKED, b"x" * 2000)
        for _ in range(2):
            os.write(terminal.master, b"x" * 2000)
        os.write(terminal.master, b"\n")
        status, out, err = ended(process)
        assert (status, out) == (1, b"")
        assert b"takes 4094 bytes in one line" in err
    terminal.check()


@pytest.mark.parametrize("prompt", [ASKED, AGAIN])
@pytest.mark.parametrize("way", ["typed", "SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"])
def test_whoever_leaves_finds_the_terminal_as_it_was(
    session: Session, terminal: Terminal, prompt: bytes, way: str
) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        if prompt == AGAIN:
            terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(prompt, SECRET)
        time.sleep(0.05)  # so that some have it half-way and some before
        number = signal.SIGINT if way == "typed" else signal.Signals[way]
        if way == "typed":
            os.write(terminal.master, b"\x03")
        else:
            process.send_signal(number)
        assert ended(process) == (128 + number, b"", b"")
    terminal.check()


def test_ctrl_z_does_not_stop_it(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=CONTROLLING) as process:
        terminal.wait_for(ASKED)
        status = Path(f"/proc/{process.pid}/status").read_text()
        ignored = next(line for line in status.splitlines() if line.startswith("SigIgn:"))
        assert int(ignored.split()[1], 16) >> (signal.SIGTSTP - 1) & 1
        os.write(terminal.master, b"\x03")
        assert ended(process)[0] == 130
    terminal.check()


def test_without_a_controlling_terminal_standard_input_is_asked(
    session: Session, terminal: Terminal
) -> None:
    with session.start(*ADD, stdin=terminal.slave, under=("setsid",)) as process:
        time.sleep(0.1)
        assert process.stderr
        prompts = b""
        for prompt in (ASKED, AGAIN):
            while not prompts.endswith(prompt):
                prompts += os.read(process.stderr.fileno(), 100)
            os.write(terminal.master, SECRET + b"\n")
        status, out, err = ended(process)
        assert (status, err) == (0, b"\n")
        assert session.read(int(out)) == SECRET
    terminal.check()


def test_a_descriptor_that_is_a_terminal_is_refused(session: Session, terminal: Terminal) -> None:
    with session.start(*ADD, "--fd", "0", stdin=terminal.slave) as process:
        status, out, err = ended(process)
        assert (status, out) == (1, b"")
        assert b"descriptor 0 is a terminal" in err
    terminal.check()
    assert terminal.shown == b""
