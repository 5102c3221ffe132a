"""`afalg sectors --in-place`: asked before, ended between two sectors, and what is said then."""

import errno
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from afalg.cli import disk
from afalg.cli.output import RefusedError
from oracles import difference
from oracles.cases import PROVIDERS, marks_of, message
from sector_commands import COMMAND, DEADLINE, SECTORS, SIZE, expected, sectors

Capture = pytest.CaptureFixture[str]

pytestmark = [*marks_of(PROVIDERS[-1]), pytest.mark.usefixtures("disk_folder")]


def calls(monkeypatch: pytest.MonkeyPatch, act: Callable[[int, disk.Image], None]) -> None:
    """Have something happen before each write to the image, which is told its place in the row."""
    genuine, count = disk.Image.write, iter(range(1000))

    def write(image: disk.Image, data: memoryview, at: int) -> None:
        act(next(count), image)
        genuine(image, data, at)

    monkeypatch.setattr(disk.Image, "write", write)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_between_two_sectors_and_it_can_go_on_or_back(
    ending: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plain, found = message(SIZE), signal.getsignal(ending)
    due = expected("encrypt", plain)
    with monkeypatch.context() as patch:
        calls(patch, lambda count, _: os.kill(os.getpid(), ending) if count == 2 else None)
        sectors("encrypt", "--in-place", "--yes", "-q", status=128 + ending)
    assert signal.getsignal(ending) is found
    done = 3 << 20
    assert not difference(Path("disk").read_bytes(), due[:done] + plain[done:])
    said = capsys.readouterr().err
    assert said == (
        "afalg: stopped; sectors 0 to 6143 are encrypted, sectors 6144 to 10239 are as they were. "
        "To go on, the same again with --first 6144 --count 4096; to go back, `afalg sectors "
        "decrypt` with --first 0 --count 6144\n"
    )
    on, back = re.findall(r"--first [0-9]+ --count [0-9]+", said)
    half = Path("disk").read_bytes()
    sectors("encrypt", "--in-place", "--yes", "-q", *on.split())
    assert not difference(Path("disk").read_bytes(), due)
    Path("disk").write_bytes(half)
    sectors("decrypt", "--in-place", "--yes", "-q", *back.split())
    assert Path("disk").read_bytes() == plain


def test_a_signal_at_the_last_sectors_is_too_late(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    calls(monkeypatch, lambda count, _: os.kill(os.getpid(), signal.SIGINT) if count == 4 else None)
    sectors("encrypt", "--in-place", "--yes", "-q")
    assert capsys.readouterr().err == ""
    assert not difference(Path("disk").read_bytes(), expected("encrypt", message(SIZE)))


def failing_writes(
    monkeypatch: pytest.MonkeyPatch, failing: range, number: int = errno.ENOSPC
) -> None:
    """Have writes fail, by their place in the row, after 700 bytes of each."""
    genuine, count = os.pwritev, iter(range(1000))

    def pwritev(descriptor: int, buffers: list[memoryview], at: int) -> int:
        if len(buffers[0]) == 700 or next(count) not in failing:
            return genuine(descriptor, buffers, at)
        pwritev(descriptor, [buffers[0][:700]], at)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwritev", pwritev)


def test_sectors_that_cannot_be_written_are_put_back(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    plain = message(SIZE)
    failing_writes(monkeypatch, range(2, 3))
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    said = capsys.readouterr().err
    assert said.startswith("afalg: cannot write disk: No space left on device; sectors 0 to 4095 ")
    assert "To go on, the same again with --first 4096 --count 6144" in said
    done = 2 << 20
    due = expected("encrypt", plain[:done])
    assert not difference(Path("disk").read_bytes(), due + plain[done:])


def test_what_cannot_be_put_back_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    failing_writes(monkeypatch, range(2, 4), errno.EIO)
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    said = capsys.readouterr().err
    assert "what was there cannot be put back; sectors 0 to 4095 are encrypted, in the MiB" in said
    assert "from byte 2097152 on some sectors may be and some not" in said


def test_what_fills_the_disk_is_put_back(disk_folder: Path) -> None:
    # What the first sectors' file may have is less than all of it, at no sector's end.
    limited = ["prlimit", f"--fsize={(1 << 20) + 700}", *COMMAND]
    command = [*limited, "encrypt", "disk", "--key-file", "key", "--in-place", "--yes", "-q"]
    done = subprocess.run(
        command, cwd=disk_folder, check=False, stderr=subprocess.PIPE, timeout=DEADLINE
    )
    assert done.returncode == 1
    assert b"cannot write disk: File too large; sectors 0 to 2047 are encrypted, " in done.stderr
    plain, due = message(SIZE), expected("encrypt", message(1 << 20))
    assert not difference(Path("disk").read_bytes(), due + plain[1 << 20 :])


@pytest.mark.parametrize("failing", [range(0), range(2, 3)])
def test_what_the_disk_may_not_have_is_not_told_as_done(
    failing: range, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def sync(_: disk.Image) -> None:
        raise RefusedError("cannot write disk: Input/output error")

    failing_writes(monkeypatch, failing)
    monkeypatch.setattr(disk.Image, "sync", sync)
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    last = 4095 if failing else SECTORS - 1
    text = f"; each of sectors 0 to {last} may be encrypted or as it was: the disk does not say"
    assert text in capsys.readouterr().err


def test_nothing_was_written_where_the_first_sectors_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    failing_writes(monkeypatch, range(1))
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    assert capsys.readouterr().err.endswith("No space left on device; nothing was written\n")
    assert Path("disk").read_bytes() == message(SIZE)


def test_a_cipher_that_fails_half_way_leaves_whole_sectors(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def act(count: int, _image: disk.Image) -> None:
        if count == 1:
            os.truncate("disk", 2 << 20)

    calls(monkeypatch, act)
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    said = capsys.readouterr().err
    assert "disk has become shorter: it ends at byte 2097152; sectors 0 to 4095 are encry" in said


@pytest.mark.parametrize(("answer", "status"), [(b"yes\n", 0), (b"y\n", 1), (b"\n", 1)])
def test_a_terminal_is_asked_before(answer: bytes, status: int, disk_folder: Path) -> None:
    terminal, inner = pty.openpty()
    command = [*COMMAND, "encrypt", "disk", "--key-file", "key", "--in-place", "-q"]
    try:
        os.write(terminal, answer)
        done = subprocess.run(
            command, cwd=disk_folder, check=False, stdin=inner, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(terminal)
        os.close(inner)
    said = done.stderr.decode()
    assert done.returncode == status
    assert "sectors 0 to 10239 of disk, 5242880 bytes from byte 0 on, will be overwritten" in said
    assert ("nothing was written" in said) == bool(status)
    plain = message(SIZE)
    due = plain if status else expected("encrypt", plain)
    assert not difference(Path("disk").read_bytes(), due)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_disk_is_waited_for_is_no_end_without_a_word(
    ending: signal.Signals, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    genuine = disk.Image.sync

    def sync(image: disk.Image) -> None:
        os.kill(os.getpid(), ending)
        genuine(image)

    monkeypatch.setattr(disk.Image, "sync", sync)
    sectors("encrypt", "--in-place", "--yes", "-q")
    assert Path("disk").read_bytes() == expected("encrypt", message(SIZE))
    calls(monkeypatch, lambda count, _: os.kill(os.getpid(), ending) if count == 1 else None)
    sectors("decrypt", "--in-place", "--yes", "-q", status=128 + ending)
    assert "stopped; sectors 0 to " in capsys.readouterr().err
