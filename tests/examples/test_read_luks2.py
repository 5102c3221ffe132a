"""Files of a LUKS2 volume come out of it as they went in."""

import os
import pty
import random
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

import disks
from disks import PASSPHRASE, Disk, luks2
from programs import ENVIRONMENT, EXAMPLES, run

PROGRAM = [sys.executable, str(EXAMPLES / "read_luks2.py")]
FILES = {
    "letter.txt": b"Dear reader,\n",
    "empty": b"",
    "docs/numbers": b"".join(b"%d\n" % number for number in range(300_000)),
    "docs/old/photo": random.Random("photo").randbytes(3_333_333),
}


def volume(folder: Path, cipher: str, bits: int, sector_size: int) -> Disk:
    """Make a file system with the files, and have cryptsetup encrypt it."""
    tree, plain = folder / "tree", folder / "plain.img"
    for name, contents in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(contents)
    disks.run("mkfs.ext4", "-q", "-b", "4096", "-d", tree, plain, "16M")
    return luks2(folder, plain.read_bytes(), cipher, bits, sector_size)


@pytest.mark.parametrize(
    ("cipher", "bits", "sector_size"),
    [
        ("aes-xts-plain64", 512, 512),
        ("aes-xts-plain64", 512, 4096),
        ("aes-cbc-essiv:sha256", 256, 512),
    ],
)
def test_files_are_listed_and_read(
    cipher: str, bits: int, sector_size: int, tmp_path: Path
) -> None:
    disk = volume(tmp_path, cipher, bits, sector_size)
    key = ("--key-file", disk.passphrase)
    listed = run("read_luks2", disk.image, *key).stdout.decode().split("\n")
    found = {path: int(size) for size, path in (line.split() for line in listed if line)}
    assert {f"/{name}": len(contents) for name, contents in FILES.items()} == found
    for name in ("letter.txt", "docs/old/photo"):
        assert run("read_luks2", disk.image, f"/{name}", *key).stdout == FILES[name]


def test_the_passphrase_is_asked_on_the_terminal(tmp_path: Path) -> None:
    disk = volume(tmp_path, "aes-xts-plain64", 512, 512)
    command = [*PROGRAM, str(disk.image), "/letter.txt"]
    terminal, inner = pty.openpty()
    with os.fdopen(terminal, "r+b", buffering=0) as shown:
        with os.fdopen(inner, "rb", buffering=0) as stdin:
            child = subprocess.Popen(
                ["timeout", "--foreground", "60", "setsid", "--ctty", *command],
                stdin=stdin,
                stderr=stdin,
                stdout=subprocess.PIPE,
                env=ENVIRONMENT,
            )
        with child:
            try:
                while termios.tcgetattr(shown)[3] & termios.ECHO:
                    assert child.poll() is None  # what is typed before is thrown away
                    time.sleep(0.01)
                shown.write(PASSPHRASE.encode() + b"\n")
                assert child.communicate(timeout=60)[0] == FILES["letter.txt"]
            finally:
                child.kill()


def test_a_wrong_passphrase_gives_nothing(tmp_path: Path) -> None:
    disk = volume(tmp_path, "aes-xts-plain64", 512, 512)
    disk.passphrase.write_text("another")
    done = run("read_luks2", disk.image, "--key-file", disk.passphrase, status=1)
    assert done.stdout == b""
    assert b"No key available with this passphrase" in done.stderr
