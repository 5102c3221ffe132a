"""What files `afalg encrypt` does not read, or does not write to, and how it says so."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from commands import WHO, Capture, Folder, plaintext

PROVIDER = ("--provider", WHO)


@pytest.mark.parametrize("kind", ["key", "passphrase"])
def test_the_only_key_is_not_replaced(kind: str, folder: Folder, capsys: Capture) -> None:
    folder.plain.write_bytes(plaintext(1000))
    path = {"key": folder.key, "passphrase": folder.passphrase}[kind]
    secret = folder.by_key() if kind == "key" else folder.by_passphrase()
    before = path.read_bytes()
    words = [str(folder.plain), "-o", str(path), *PROVIDER, *secret]
    said = folder.refused(capsys, "encrypt", *words)
    assert said == f"{path} is the {kind} file, which would be gone: name another"
    assert path.read_bytes() == before


def test_a_disk_is_not_overwritten_while_it_is_read(
    folder: Folder, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # /dev/null and another node of it, as if they were disks.
    other = folder.path.parent / "null"
    monkeypatch.setattr(stat, "S_ISBLK", stat.S_ISCHR)
    with suppress(PermissionError):
        os.mknod(other, 0o600 | stat.S_IFCHR, Path("/dev/null").stat().st_rdev)
    for out in ("/dev/null", *([str(other)] if other.exists() else [])):
        said = folder.refused(
            capsys, "encrypt", "/dev/null", "-o", out, *PROVIDER, *folder.by_key()
        )
        assert said.startswith("/dev/null is written to where it is read, which what is written")


def test_a_disk_that_has_not_got_it_all_is_not_as_it_was(
    folder: Folder, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stat, "S_ISBLK", stat.S_ISCHR)
    folder.plain.write_bytes(plaintext(100))
    words = [str(folder.plain), "-o", "/dev/null", *PROVIDER, *folder.by_key()]
    said = folder.refused(capsys, "encrypt", *words)
    assert said == "cannot write /dev/null: Invalid argument"  # of fsync(2)


def test_an_empty_name_is_no_folder(folder: Folder, capsys: Capture) -> None:
    said = folder.refused(capsys, "encrypt", "", *PROVIDER, *folder.by_key())
    assert said == "the name of the input is empty; standard input is -"


@pytest.mark.parametrize("verb", ["encrypt", "sectors"])
def test_a_name_that_cannot_be_looked_up_is_said_so(
    verb: str, folder: Folder, capsys: Capture
) -> None:
    folder.plain.write_bytes(plaintext(1024))
    deed = {"encrypt": ["encrypt", "-c", "xts(aes)"], "sectors": ["sectors", "encrypt"]}[verb]
    folder.key.write_bytes(bytes(range(64)))
    out = str(folder.path / ("n" * 300))
    said = folder.refused(
        capsys, *deed, str(folder.plain), "--key-file", str(folder.key), "-o", out, *PROVIDER
    )
    assert said == f"cannot write {out}: File name too long"
