"""`afalg sectors`: which sectors, from where to where, and what it says."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

import afalg
from afalg import cli
from oracles import difference
from oracles.cases import IN_LAB, PROVIDERS, key_of, marks_of, message
from sector_commands import COMMAND, DEADLINE, SIZE, XTS, expected, sectors

LARGE = 64 << 20 if IN_LAB else 2 << 30
Capture = pytest.CaptureFixture[str]

pytestmark = [*marks_of(PROVIDERS[-1]), pytest.mark.usefixtures("disk_folder")]


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


def test_an_image_of_gigabytes_takes_no_more_memory(disk_folder: Path) -> None:
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
            cwd=disk_folder,
            check=True,
            stdout=subprocess.PIPE,
            timeout=200,
        )
        grown.append(int(done.stdout))
    assert grown[1] - grown[0] < 8 << 10  # in KiB


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


def test_a_pipe_is_not_waited_for(disk_folder: Path) -> None:
    os.mkfifo("fifo")
    command = [*COMMAND, "decrypt", "fifo", "--key-file", "key", "-o", "out"]
    done = subprocess.run(
        command, cwd=disk_folder, check=False, stderr=subprocess.PIPE, timeout=DEADLINE
    )
    assert b"fifo is neither a file nor a block device" in done.stderr


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
