"""`afalg sectors`: which sectors, what it says, and where it ends when it is ended."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import afalg
from afalg import cli
from afalg.cli import disk
from numbering import in_units
from oracles import ORACLES, difference
from oracles.cases import IN_LAB, PROVIDERS, key_of, marks_of, message

COMMAND = [sys.executable, "-m", "afalg", "sectors"]
XTS = ORACLES["xts(aes)"]
SIZE = 5 << 20
SECTORS = SIZE // 512
DEADLINE = 100
LARGE = 64 << 20 if IN_LAB else 2 << 30

Capture = pytest.CaptureFixture[str]

pytestmark = [*marks_of(PROVIDERS[-1])]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a key and an image where the command runs; who computes is said once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFALG_PROVIDER", PROVIDERS[-1])
    Path("key").write_bytes(key_of(XTS))
    Path("disk").write_bytes(message(SIZE))
    return tmp_path


def sectors(direction: str, *arguments: str, status: int = 0) -> None:
    """Run the command on the image."""
    assert cli.main(["sectors", direction, "disk", "--key-file", "key", *arguments]) == status


def expected(
    direction: str, data: bytes, sector_size: int = 512, first_iv: int = 0, iv_step: int = 1
) -> bytes:
    """Give what becomes of sectors."""
    return in_units(XTS, direction, data, sector_size, first_iv, iv_step)


@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
@pytest.mark.parametrize(
    ("arguments", "place", "cut"),
    [
        ([], (0, SIZE), {}),
        (["--sector-size", "4096"], (0, SIZE), {"sector_size": 4096, "iv_step": 8}),
        (
            ["--sector-size", "4096", "--iv-large-sectors", "--first", "3", "--iv-offset", "16"],
            (3 * 4096, SIZE),
            {"sector_size": 4096, "first_iv": 5},
        ),
        (
            ["--offset", "2MiB", "--first", "7", "--count", "9", "--iv-offset", "100"],
            ((2 << 20) + 7 * 512, (2 << 20) + 16 * 512),
            {"first_iv": 107},
        ),
        (["--offset", "3s", "--count", "1"], (1536, 2048), {}),
        (["--offset", "96", "--count", "2"], (96, 96 + 1024), {}),
        (
            ["--sector-size", "1024", "--first", "2", "--iv-offset", "4", "--count", "3"],
            (2048, 2048 + 3072),
            {"sector_size": 1024, "first_iv": 8, "iv_step": 2},
        ),
    ],
)
def test_sectors_are_found_and_numbered_as_asked(
    direction: str, arguments: list[str], place: tuple[int, int], cut: dict[str, int]
) -> None:
    plain = message(SIZE)
    due = expected(direction, plain[slice(*place)], **cut)
    sectors(direction, *arguments, "-q", "--out", "out")
    assert not difference(Path("out").read_bytes(), due)
    assert Path("disk").read_bytes() == plain
    sectors(direction, *arguments, "-q", "--in-place", "--yes")
    begin, end = place
    assert not difference(Path("disk").read_bytes(), plain[:begin] + due + plain[end:])


def test_standard_output_has_the_sectors_and_nothing_else(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    sectors("decrypt", "--first", "12", "--count", "3")
    said = capfdbinary.readouterr()
    assert said.out == expected("decrypt", message(SIZE)[12 * 512 :][: 3 * 512], first_iv=12)
    assert said.err.count(b"\n") == 1
    assert b"warning: xts(aes) does not authenticate: nothing tells whether" in said.err
    sectors("encrypt", "--count", "1", "-o", "-", "--quiet")
    assert capfdbinary.readouterr().err == b""


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-o", "out", "--first", "10240"], "from sector 10240 on, at byte 5242880, 0 sectors of"),
        (["-o", "out", "--count", "10241"], "10240 sectors of 512: it is truncated, or --offset"),
        (["-o", "out", "--offset", "16MiB"], "at byte 16777216, 0 sectors of 512"),
        (["-o", "out", "--offset", "10"], "502 bytes more: it may be truncated; --count 10239"),
        (["-o", "out", "--count", "0"], "--count is 0, which is nothing to do"),
        (["-o", "out", "--iv-offset", "3", "--sector-size", "4096"], "a multiple of 8"),
        (["-o", "out", "-c", "aes-xts-plain", "--iv-offset", str(1 << 32)], "end at 4294967295"),
        (["-o", "disk", "--count", "1"], "disk is the image itself"),
        (["-o", "./disk"], "disk is the image itself"),
        (["-o", "out", "--yes"], "--yes goes with --in-place"),
        (["-o", "no/folder", "--count", "1"], "cannot write no/folder: No such file"),
        (["--in-place"], "standard input is no terminal to ask on: say --yes"),
        (["-o", "out", "-c", "ctr(aes)", "--key-file", "key32"], "units are for xts"),
        (["-o", "out", "-c", "aes-cbc-essiv:sha256"], "essiv(cbc(aes),sha256) needs 16, 24 or 32"),
        (["-o", "out", "--key-file", "no-key"], "cannot open the key file no-key: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(
    arguments: list[str], text: str, capsys: Capture
) -> None:
    Path("key32").write_bytes(bytes(32))
    sectors("decrypt", *arguments, "-q", status=1)
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert text in said.err
    assert not Path("out").exists()
    assert Path("disk").read_bytes() == message(SIZE)


@pytest.mark.parametrize(
    ("image", "text"),
    [("none", "cannot open none: No such file"), ("/dev/null", "neither a file nor a block dev")],
)
def test_what_is_no_image_is_told(image: str, text: str, capsys: Capture) -> None:
    assert cli.main(["sectors", "decrypt", image, "--key-file", "key", "-o", "out"]) == 1
    assert text in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--sector-size", "520"],
        ["--offset", "16MB"],
        ["--offset", "-1"],
        ["--offset", "9999999TiB"],
        ["--first", "x"],
        ["--cipher", "aes"],
        ["--in-place", "-o", "out"],
        ["--key", "00"],
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["sectors", "decrypt", "disk", *arguments])
    assert caught.value.code == 2
    assert re.search(r"^afalg( sectors decrypt)?: error: ", capsys.readouterr().err, re.MULTILINE)


def test_an_image_of_gigabytes_takes_no_more_memory(folder: Path) -> None:
    grown = []
    for size in (1 << 20, LARGE):
        os.truncate("disk", size)
        program = (
            "import resource, sys; from afalg.cli import main; status = main(sys.argv[1:]); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(status)"
        )
        arguments = ["sectors", "encrypt", "disk", "--key-file", "key", "-q", "-o", "/dev/null"]
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            timeout=200,
        )
        grown.append(int(done.stdout))
    assert grown[1] - grown[0] < 8 << 10  # in KiB


# In place


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


def failing_writes(monkeypatch: pytest.MonkeyPatch, failing: range) -> None:
    """Have writes fail, by their place in the row, after 700 bytes of each."""
    genuine, count = os.pwritev, iter(range(1000))

    def pwritev(descriptor: int, buffers: list[memoryview], at: int) -> int:
        if len(buffers[0]) == 700 or next(count) not in failing:
            return genuine(descriptor, buffers, at)
        pwritev(descriptor, [buffers[0][:700]], at)
        raise OSError(28, "No space left on device")

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
    failing_writes(monkeypatch, range(2, 4))
    sectors("encrypt", "--in-place", "--yes", "-q", status=1)
    said = capsys.readouterr().err
    assert "what was there cannot be put back; sectors 0 to 4095 are encrypted, in the MiB" in said
    assert "from byte 2097152 on some sectors may be and some not" in said


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
def test_a_terminal_is_asked_before(answer: bytes, status: int, folder: Path) -> None:
    terminal, inner = pty.openpty()
    command = [*COMMAND, "encrypt", "disk", "--key-file", "key", "--in-place", "-q"]
    try:
        os.write(terminal, answer)
        done = subprocess.run(
            command, cwd=folder, check=False, stdin=inner, stderr=subprocess.PIPE, timeout=60
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


@pytest.mark.kernel
@pytest.mark.by_serial
@pytest.mark.usefixtures("own_session")
def test_a_key_of_a_keyring_does_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AFALG_PROVIDER")
    # Each in a process of its own: the command has the user's keyrings as long as that lives.
    key = afalg.KeyringKey.add("logon", "test:disk", key_of(XTS))
    for name in ("%logon:test:disk", str(key.serial)):
        arguments = ["encrypt", "disk", "--keyring", name, "-q", "-o", "out"]
        subprocess.run([*COMMAND, *arguments], check=True, timeout=DEADLINE)
        assert not difference(Path("out").read_bytes(), expected("encrypt", message(SIZE)))
        Path("out").unlink()


def test_the_header_of_a_luks_volume_is_spared(capsys: Capture) -> None:
    header = b"LUKS\xba\xbe\x00\x02" + bytes(1016)
    plain = message(SIZE)
    Path("volume").write_bytes(header)
    sectors("encrypt", "-o", "volume", status=1)
    assert "volume is a LUKS volume, whose header would go: name another" in capsys.readouterr().err
    assert Path("volume").read_bytes() == header
    Path("disk").write_bytes(header + plain[1024:])
    sectors("encrypt", "--in-place", "--yes", status=1)
    assert "has its payload's --offset, mostly 16MiB" in capsys.readouterr().err
    sectors("encrypt", "--in-place", "--yes", "--offset", "1MiB")
    assert Path("disk").read_bytes()[:1024] == header
    assert Path("disk").read_bytes()[1 << 20 :] == expected("encrypt", plain[1 << 20 :])


def test_nobody_has_to_type_where_a_terminal_is_written_to() -> None:
    master, slave = pty.openpty()
    try:
        out = ["-o", os.ttyname(slave), "--count", "1", "-q"]
        command = [*COMMAND, "decrypt", "disk", "--key-file", "key", *out]
        subprocess.run(command, check=True, timeout=DEADLINE)
        assert len(os.read(master, 4096)) >= 512
    finally:
        os.close(master)
        os.close(slave)


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
