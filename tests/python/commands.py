"""`afalg encrypt` and `afalg decrypt` as users run them, and `openssl enc` beside them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import afalg
from afalg import cli
from oracles.cases import PROVIDERS, is_lacking, marks_of, message

AFALG = [sys.executable, "-m", "afalg"]
NO_UNNAMED = (
    *(sys.executable, "-c"),
    "import os, sys; os.O_TMPFILE = os.O_DIRECTORY\nfrom afalg.cli import main; sys.exit(main())",
)
"""The command, on a file system that has no O_TMPFILE as it seems."""

WHO = PROVIDERS[-1]
"""Who computes where it is all the same: in the lab the kernel, elsewhere userspace."""

MIB = 1 << 20
FEW = 3  # iterations of PBKDF2, which take no time
SECRET_TEXT = b"what nobody should read"
PASSPHRASE = b"correct horse \xc3\xa9 battery"
IN_NO_LAB = {"cbc(aria)", "cbc(sm4)"}
DEADLINE = 100
Capture = pytest.CaptureFixture[str]


class Done(NamedTuple):
    """What a command gave."""

    status: int
    out: bytes
    err: bytes


class Peer(NamedTuple):
    """A cipher of `openssl enc`, and the kernel's name for it."""

    name: str
    algorithm: str
    key_size: int
    iv_size: int

    @property
    def key(self) -> bytes:
        """Give a key."""
        return bytes(range(1, self.key_size + 1))

    @property
    def iv(self) -> bytes:
        """Give an IV; chacha20's begins with a small block counter."""
        return bytes([7, 0, 0, 0, *range(200, 212)])[: self.iv_size]

    def run(self, direction: str, data: bytes, *options: str) -> bytes:
        """Run `openssl enc` over data."""
        flag = {"encrypt": "-e", "decrypt": "-d"}[direction]
        command = ["openssl", "enc", flag, f"-{self.name}", *options]
        return succeeded(command, data).out

    def by_key(self, direction: str, data: bytes, *options: str) -> bytes:
        """Run it with the key and the IV."""
        iv = ("-iv", self.iv.hex()) if self.iv else ()
        return self.run(direction, data, "-K", self.key.hex(), *iv, *options)

    def by_passphrase(self, direction: str, data: bytes, *options: str) -> bytes:
        """Run it with the passphrase; FEW iterations unless the options say how many."""
        few = () if "-iter" in options else ("-iter", str(FEW))
        passed = f"pass:{PASSPHRASE.decode()}"
        return self.run(direction, data, "-pbkdf2", "-pass", passed, *few, *options)


PEERS = [
    *(Peer(f"aes-{8 * size}-cbc", "cbc(aes)", size, 16) for size in (16, 24, 32)),
    Peer("aes-128-ecb", "ecb(aes)", 16, 0),
    *(Peer(f"aes-256-{mode}", f"{mode}(aes)", 32, 16) for mode in ("ctr", "cfb", "ofb")),
    Peer("camellia-256-cbc", "cbc(camellia)", 32, 16),
    Peer("aria-256-cbc", "cbc(aria)", 32, 16),
    Peer("sm4-cbc", "cbc(sm4)", 16, 16),
    Peer("des-ede3-cbc", "cbc(des3_ede)", 24, 8),
    Peer("chacha20", "chacha20", 32, 16),
]
CBC, CTR = PEERS[2], PEERS[4]
WITH_PEERS = [
    pytest.param(who, peer, id=f"{who}-{peer.name}", marks=marks_of(who))
    for who in PROVIDERS
    for peer in PEERS
    if who == "userspace" or not (is_lacking(who, peer.algorithm) or peer.algorithm in IN_NO_LAB)
]


def run(
    command: Sequence[str], data: bytes = b"", fds: Sequence[int] = (), cwd: Path | None = None
) -> Done:
    """Run a command to its end."""
    done = subprocess.run(
        command,
        check=False,
        input=data,
        capture_output=True,
        timeout=DEADLINE,
        pass_fds=fds,
        cwd=cwd,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def succeeded(command: Sequence[str], data: bytes = b"", fds: Sequence[int] = ()) -> Done:
    """Run a command that has to go well."""
    done = run(command, data, fds)
    assert done.status == 0, (command, done)
    return done


class Folder:
    """A folder with a key, a passphrase, and files to encrypt and decrypt.

    The commands run in this process, which saves the start of Python.
    """

    def __init__(self, path: Path) -> None:
        """Lay the secrets there."""
        self.path = path
        self.key, self.passphrase = path / "key", path / "passphrase"
        self.key.write_bytes(CBC.key)
        self.passphrase.write_bytes(PASSPHRASE + b"\n")
        self.plain, self.made = path / "plain", path / "made"

    def by_key(self, peer: Peer = CBC) -> list[str]:
        """Give the options of a peer's cipher, key and IV."""
        self.key.write_bytes(peer.key)
        iv = ["--iv", peer.iv.hex()] if peer.iv else []
        return ["--key-file", str(self.key), "-c", peer.algorithm, *iv]

    def by_passphrase(self, peer: Peer = CBC) -> list[str]:
        """Give the options of a peer's cipher and of the passphrase."""
        bits = ["--key-bits", str(8 * peer.key_size)]
        secret = ["--passphrase-file", str(self.passphrase), "--iterations", str(FEW)]
        return [*secret, "-c", peer.algorithm, *bits]

    def do(self, direction: str, data: bytes, *options: str, who: afalg.Provider = WHO) -> bytes:
        """Encrypt or decrypt data, as a file, which must go well."""
        self.plain.write_bytes(data)
        files = [str(self.plain), "-o", str(self.made)]
        assert cli.main([direction, "-q", "--provider", who, *options, *files]) == 0
        return self.made.read_bytes()

    def refused(self, capsys: Capture, *arguments: str) -> str:
        """Run what fails in the one way that it should; give what it said, without its head.

        Neither a secret nor what was to be encrypted is told.
        """
        assert cli.main([*arguments, "-q"]) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("afalg: ")
        assert said.err.count("\n") == 1
        for secret in (CBC.key.hex(), CBC.iv.hex(), PASSPHRASE.decode(), SECRET_TEXT.decode()):
            assert secret not in said.err
        return said.err.removeprefix("afalg: ").removesuffix("\n")


def plaintext(length: int) -> bytes:
    """Give a message that begins with a text which no error may show."""
    return (SECRET_TEXT + message(length))[:length]


def has_unnamed_files(folder: Path) -> bool:
    """Say whether the file system has O_TMPFILE."""
    try:
        os.close(os.open(folder, os.O_TMPFILE | os.O_RDWR))
    except OSError:
        return False
    return True


def quiet(direction: str, folder: Folder, *files: str) -> list[str]:
    """Give the command line for CBC and its key."""
    return [*AFALG, direction, "-q", "--provider", WHO, *folder.by_key(), *files]
