"""What `afalg encrypt` and `afalg decrypt` make of files and descriptors of all kinds."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from afalg import cli
from commands import (
    CBC,
    DEADLINE,
    MIB,
    WHO,
    Capture,
    Done,
    Folder,
    plaintext,
    quiet,
    run,
)
from sessions import Process

pytestmark = pytest.mark.anywhere

PROVIDER = ("--provider", WHO)


def shell(words: str, command: Sequence[str], data: bytes = b"") -> Done:
    """Run a command with a shell's redirections."""
    return run(["bash", "-c", f'"$@" {words}', "bash", *command], data)


def test_a_standard_input_that_is_closed_is_told(folder: Folder) -> None:
    done = shell("<&-", quiet("encrypt", folder, "-o", str(folder.made)))
    assert done == (1, b"", b"afalg: standard input is closed; name a FILE\n")
    assert not folder.made.exists()


def test_a_standard_output_that_is_closed_is_wanted_only_where_it_is_written_to(
    folder: Folder,
) -> None:
    folder.plain.write_bytes(plaintext(100))
    assert shell(">&-", quiet("encrypt", folder, str(folder.plain))) == (3, b"", b"")
    command = quiet("encrypt", folder, str(folder.plain), "-o", str(folder.made))
    assert shell(">&- 2>&-", command) == (0, b"", b"")
    assert folder.made.read_bytes() == CBC.by_key("encrypt", plaintext(100))


def test_a_standard_input_that_cannot_be_read_is_told(folder: Folder) -> None:
    done = shell("0>/dev/null", quiet("encrypt", folder))
    assert done == (1, b"", b"afalg: cannot read standard input: Bad file descriptor\n")


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(folder: Folder) -> None:
    folder.made.write_bytes(b"old")
    link, other = folder.path / "link", folder.path / "other"
    link.symlink_to("made")
    other.hardlink_to(folder.made)
    sealed = folder.do("encrypt", plaintext(100), *folder.by_key(), "-o", str(link))
    assert link.readlink() == Path("made")
    assert sealed == CBC.by_key("encrypt", plaintext(100))
    assert other.read_bytes() == b"old"


def test_a_replaced_file_keeps_its_permissions(folder: Folder) -> None:
    folder.made.write_bytes(b"old")
    folder.made.chmod(0o640)
    folder.do("encrypt", plaintext(100), *folder.by_key())
    assert folder.made.stat().st_mode & 0o7777 == 0o640
    folder.made.unlink()
    before = os.umask(0o027)
    try:
        folder.do("encrypt", plaintext(100), *folder.by_key())
    finally:
        os.umask(before)
    assert folder.made.stat().st_mode & 0o7777 == 0o640


def test_a_pipe_has_a_name_too(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(MIB))
    command = quiet("encrypt", folder, str(folder.plain))
    done = shell('<(true) -o >(cat >"$OUT"; echo done)', ["env", f"OUT={folder.made}", *command])
    assert done.status == 2  # two FILEs
    fifo = folder.path / "fifo"
    os.mkfifo(fifo)
    with Process([*command, "-o", str(fifo)], stderr=subprocess.PIPE) as process:
        assert fifo.read_bytes() == CBC.by_key("encrypt", plaintext(MIB))
        assert process.communicate(timeout=DEADLINE)[1] == b""
    assert process.returncode == 0
    assert fifo.is_fifo()


def test_a_file_that_may_not_outlast_a_crash_is_told(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(100))
    folder.made.write_bytes(b"old")
    strace = ["strace", "-f", "-o", "/dev/null", "-etrace=fsync", "-einject=fsync:error=EIO:when=2"]
    command = quiet("encrypt", folder, str(folder.plain), "-o", str(folder.made))
    text = f"afalg: {folder.made} is written, but after a crash it may be as it was: "
    assert run([*strace, *command]) == (1, b"", f"{text}Input/output error\n".encode())
    assert folder.made.read_bytes() == CBC.by_key("encrypt", plaintext(100))


def test_each_run_says_aloud_that_nothing_is_authenticated(folder: Folder, capsys: Capture) -> None:
    folder.plain.write_bytes(plaintext(100))
    arguments = [*PROVIDER, *folder.by_key(), str(folder.plain), "-o", str(folder.made)]
    said = "afalg: warning: cbc(aes) does not authenticate: "
    assert cli.main(["encrypt", *arguments]) == 0
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"{said}whoever can change the file can change what it decrypts to")
    folder.plain.write_bytes(folder.made.read_bytes())
    assert cli.main(["decrypt", *arguments]) == 0
    err = capsys.readouterr().err
    assert err.startswith(f"{said}nothing tells whether the file is what was encrypted")
    assert err.endswith("age or gpg\n")
    assert cli.main(["decrypt", *arguments[:-1], "/dev/null", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
