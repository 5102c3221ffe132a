"""Where `afalg encrypt` and `afalg decrypt` take a key or a passphrase from, and what they tell."""

import argparse
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from afalg import cli
from commands import (
    AFALG,
    CBC,
    DEADLINE,
    FEW,
    PASSPHRASE,
    WHO,
    Capture,
    Folder,
    plaintext,
    run,
    succeeded,
)
from sessions import Process
from terminals import CONTROLLING, SECRET, Terminal

pytestmark = pytest.mark.anywhere

PROVIDER = ("--provider", WHO)
DATA = plaintext(1003)
ASKED, AGAIN = b"Passphrase: ", b"The same again: "
OPTIONS = {
    *("-h", "--help", "-o", "--out", "-c", "--cipher", "-q", "--quiet", "--provider"),
    *("--key-file", "--key-fd", "--keyring", "--passphrase-file", "--passphrase-fd", "--hex"),
    *("--iv", "--iterations", "--digest", "--key-bits", "--padding"),
    *("--progress", "--no-progress"),
}


@contextmanager
def holding(content: bytes) -> Iterator[int]:
    """Give a descriptor to read from."""
    reading, writing = os.pipe()
    try:
        os.write(writing, content)
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


@pytest.mark.parametrize("in_hex", [False, True])
def test_a_key_may_come_from_a_descriptor(folder: Folder, in_hex: bool) -> None:  # noqa: FBT001
    with holding(CBC.key.hex(" ").encode() if in_hex else CBC.key) as descriptor:
        options = ["--key-fd", str(descriptor), "--iv", CBC.iv.hex(), *["--hex"] * in_hex]
        assert folder.do("encrypt", DATA, *options) == CBC.by_key("encrypt", DATA)


def test_a_passphrase_may_come_from_a_descriptor(folder: Folder) -> None:
    sealed = CBC.by_passphrase("encrypt", DATA)
    with holding(PASSPHRASE + b"\nand more") as descriptor:
        options = ["--passphrase-fd", str(descriptor), "--iterations", str(FEW)]
        assert folder.do("decrypt", sealed, *options) == DATA


def test_standard_input_may_give_the_secret_where_the_data_is_a_file(folder: Folder) -> None:
    folder.plain.write_bytes(DATA)
    command = [*AFALG, "encrypt", "-q", *PROVIDER, str(folder.plain), "--iv", CBC.iv.hex()]
    sealed = CBC.by_key("encrypt", DATA)
    assert run([*command, "--key-fd", "0"], CBC.key) == (0, sealed, b"")


def on(
    terminal: Terminal, *arguments: str, under: Sequence[str] = CONTROLLING, out: Path | None = None
) -> Process:
    """Start the command on a terminal; its output goes to a pipe."""
    to = [] if out is None else ["-o", str(out)]
    command = [*under, *AFALG, *arguments, "-q", *PROVIDER, "--iterations", str(FEW), *to]
    return Process(command, stdin=terminal.slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def ended(process: Process) -> tuple[int, bytes, bytes]:
    """Wait for the end; give status, output and errors."""
    out, err = process.communicate(timeout=DEADLINE)
    return process.returncode, out, err


def opened(folder: Folder, sealed: bytes) -> bytes:
    """Decrypt by the passphrase that is typed in these tests."""
    folder.passphrase.write_bytes(SECRET)
    return folder.do("decrypt", sealed, *folder.by_passphrase())


def test_a_passphrase_to_encrypt_is_typed_twice(folder: Folder, terminal: Terminal) -> None:
    folder.plain.write_bytes(DATA)
    with on(terminal, "encrypt", str(folder.plain)) as process:
        terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(AGAIN, SECRET + b"\n")
        status, sealed, said = ended(process)
    assert (status, said) == (0, b"")
    terminal.check()
    assert terminal.shown == ASKED + b"\r\n" + AGAIN + b"\r\n"
    assert opened(folder, sealed) == DATA


def test_one_to_decrypt_is_typed_once(folder: Folder, terminal: Terminal) -> None:
    folder.passphrase.write_bytes(SECRET)
    folder.plain.write_bytes(folder.do("encrypt", DATA, *folder.by_passphrase()))
    with on(terminal, "decrypt", str(folder.plain)) as process:
        terminal.answer(ASKED, SECRET + b"\n")
        assert ended(process) == (0, DATA, b"")
    terminal.check()
    assert terminal.shown == ASKED + b"\r\n"


def test_two_that_differ_encrypt_nothing(folder: Folder, terminal: Terminal) -> None:
    folder.plain.write_bytes(DATA)
    with on(terminal, "encrypt", str(folder.plain), out=folder.made) as process:
        terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(AGAIN, SECRET[:-1] + b"\n")
        text = b"afalg: the two passphrases are not the same; nothing was done\n"
        assert ended(process) == (1, b"", text)
    terminal.check()
    assert not folder.made.exists()


@pytest.mark.parametrize("prompt", [ASKED, AGAIN])
def test_whoever_leaves_at_the_prompt_leaves_no_file(
    folder: Folder, terminal: Terminal, prompt: bytes
) -> None:
    folder.plain.write_bytes(DATA)
    before = sorted(folder.path.iterdir())
    with on(terminal, "encrypt", str(folder.plain), out=folder.made) as process:
        if prompt == AGAIN:
            terminal.answer(ASKED, SECRET + b"\n")
        terminal.answer(prompt, SECRET + b"\x03")
        assert ended(process) == (128 + signal.SIGINT, b"", b"")
    terminal.check()
    assert sorted(folder.path.iterdir()) == before


def test_a_target_that_cannot_be_is_told_before_anybody_types(
    folder: Folder, terminal: Terminal
) -> None:
    folder.plain.write_bytes(DATA)
    with on(terminal, "encrypt", str(folder.plain), out=folder.path / "no" / "made") as process:
        status, _, said = ended(process)
    assert status == 1
    assert b"No such file or directory" in said
    assert terminal.shown == b""


@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
def test_nothing_is_written_to_a_terminal_unless_asked_for(
    folder: Folder, terminal: Terminal, direction: str
) -> None:
    folder.plain.write_bytes(bytes(32))
    command = [*AFALG, direction, "-q", str(folder.plain), *PROVIDER, *folder.by_key()]
    done = subprocess.run(
        command, check=False, stdout=terminal.slave, stderr=subprocess.PIPE, timeout=DEADLINE
    )
    assert done.returncode == 1
    assert done.stderr == (
        b"afalg: standard output is a terminal: name a file, -o FILE, or say -o - to see it there\n"
    )
    terminal.read(0)
    assert terminal.shown == b""
    command += ["-o", "-", "-c", "ctr(aes)"]
    assert subprocess.run(command, check=False, stdout=terminal.slave).returncode == 0
    terminal.read(1)
    assert terminal.shown


def test_without_a_terminal_the_other_ways_are_named(folder: Folder) -> None:
    folder.plain.write_bytes(DATA)
    done = run(["setsid", "-w", *AFALG, "encrypt", "-q", str(folder.plain), *PROVIDER])
    assert (done.status, done.out) == (1, b"")
    assert done.err == (
        b"afalg: cannot ask for the passphrase on the terminal: Inappropriate ioctl for device; "
        b"pass it by --passphrase-file or --passphrase-fd\n"
    )


def test_no_secret_stands_in_the_command_line(folder: Folder, terminal: Terminal) -> None:
    folder.plain.write_bytes(DATA)
    with on(terminal, "encrypt", str(folder.plain)) as process:
        terminal.answer(ASKED, SECRET + b"\n")
        terminal.wait_for(AGAIN)
        for name in ("cmdline", "environ", "comm"):
            assert SECRET not in Path(f"/proc/{process.pid}/{name}").read_bytes()
        os.write(terminal.master, b"\x03")
        assert ended(process)[0] == 130


def verb(name: str) -> argparse.ArgumentParser:
    """Give a verb's grammar."""
    choices = next(
        action.choices
        for action in cli.parser()._actions  # noqa: SLF001 - argparse shows them nowhere else
        if isinstance(action.choices, dict)
    )
    found = choices[name]
    assert isinstance(found, argparse.ArgumentParser)
    return found


@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
def test_every_option_is_explained_and_none_takes_a_secret(direction: str, capsys: Capture) -> None:
    actions = verb(direction)._actions  # noqa: SLF001
    assert {option for action in actions for option in action.option_strings} == OPTIONS
    with pytest.raises(SystemExit) as caught:
        cli.main([direction, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for action in actions:
        assert action.help
        for option in action.option_strings:
            assert re.search(rf"^  .*{option}\b", text, re.MULTILINE), option
    assert "None of these ciphers authenticates" in text
    assert "openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000" in text
    for status in ("0", "1", "2", "3", "130"):
        assert re.search(rf"\b{status}\b", text.partition("The exit status is")[2])
    below_usage = text.partition("\n\n")[2]
    assert max(map(len, below_usage.splitlines())) <= 100


def test_the_example_in_the_help_is_true(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["encrypt", "--help"])
    ours, theirs = re.findall(
        r"^    ((?:afalg|openssl) .*)$", capsys.readouterr().out, re.MULTILINE
    )
    monkeypatch.chdir(folder.path)
    Path("secret.tar").write_bytes(DATA)
    secret = ["--passphrase-file", "passphrase", "-q", *PROVIDER]
    assert cli.main([*ours.split()[1:], *secret]) == 0
    done = run([*theirs.split(), "-pass", "file:passphrase"], cwd=folder.path)
    assert done == (0, DATA, b"")


def test_a_name_that_would_paint_is_escaped_in_the_bar(folder: Folder) -> None:
    name = "a\x1b[31mb"
    (folder.path / name).write_bytes(DATA)
    command = [*AFALG, "encrypt", "-q", "--progress", *PROVIDER, *folder.by_key(), name]
    done = run([*command, "-o", str(folder.made)], cwd=folder.path)
    assert done.status == 0
    assert done.err.startswith(b"a\\x1b[31mb ")
    assert b"\x1b" not in done.err


@pytest.mark.parametrize(
    "words",
    [
        ["--key-fd", "0"],
        ["--key-file", "/dev/stdin"],
        ["--passphrase-fd", "0"],
        ["--passphrase-file", "/proc/self/fd/0"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("source", [[], ["-"], ["/dev/stdin"]], ids=str)
def test_what_the_data_come_from_gives_no_secret(
    folder: Folder, words: list[str], source: list[str]
) -> None:
    done = run([*AFALG, "encrypt", *source, "-o", str(folder.made), *words], b"secret\ndata")
    assert done.status == 1
    assert re.match(rb"afalg: the (key|passphrase) and the data come from the same file", done.err)
    assert not folder.made.exists()


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["-K", "5ec2e7"], "no such option: -K; words too many: 1"),
        (["-pass", "pass:5ec2e7"], "no such option: -p; words too many: 1"),
        (["-k5ec2e7"], "no such option: -k"),
        (["--passphrase=5ec2e7"], "no such option: --passphrase"),
        (["--key", "5ec2e7"], "no such option: --key; words too many: 1"),
        (["-qK5ec2e7"], "-q/--quiet: it takes no value"),
        (["--iv", "5ec2e7x"], "argument --iv: not hexadecimal"),
        (["--key-fd", "5ec2e7"], "argument --key-fd: not the number of an open file"),
        (["--passphrase-fd", "5ec2e7"], "argument --passphrase-fd: not the number of an open file"),
        (["--keyring", "5ec2e7"], "argument --keyring: neither a serial from 1 to 2147483647 nor"),
        (["--keyring=%5ec2e7"], "argument --keyring: neither a serial from 1 to 2147483647 nor"),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_secret_in_the_command_line_is_not_repeated(
    words: list[str], named: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["encrypt", "plain", *words])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert named in said
    assert "5ec2e7" not in said
    hint = "a key or passphrase is never part of the command line: --key-file"
    assert (hint in said) == ("no such option" in named)


LONGEST = 1023  # bytes of a passphrase that openssl reads


def test_the_longest_passphrase_is_openssl_s(folder: Folder, capsys: Capture) -> None:
    folder.plain.write_bytes(plaintext(100))
    words = [str(folder.plain), "-o", str(folder.made), "--iterations", "1", "--provider", WHO]
    secret = folder.path / "long"
    secret.write_bytes(b"p" * LONGEST + b"\n")
    assert cli.main(["encrypt", "-q", *words, "--passphrase-file", str(secret)]) == 0
    openssl = ["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-iter", "1"]
    done = succeeded([*openssl, "-in", str(folder.made), "-pass", f"file:{secret}"])
    assert done.out == plaintext(100)
    for wrong, why in ((b"p" * (LONGEST + 1), "has 1024 bytes"), (b"p\0p", "has a NUL in it")):
        secret.write_bytes(wrong)
        capsys.readouterr()
        assert why in folder.refused(capsys, "encrypt", *words, "--passphrase-file", str(secret))
