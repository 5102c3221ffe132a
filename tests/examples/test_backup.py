"""A backup comes back as it was, or not at all."""

import hashlib
import hmac
import os
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from programs import run

KEY = random.Random("backup").randbytes(64)
HEAD = 8 + 16
FILES = {
    "letter.txt": b"Dear reader,\n",
    "empty": b"",
    "docs/numbers": b"".join(b"%d\n" % number for number in range(300_000)),
    "docs/old/photo": random.Random("photo").randbytes(3_333_333),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have a folder, a key and a backup."""
    here = tmp_path_factory.mktemp("backup")
    for name, contents in FILES.items():
        file = here / "folder" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(contents)
    (here / "folder/link").symlink_to("/docs/numbers")
    (here / "folder/letter.txt").chmod(0o640)
    (here / "key").write_bytes(KEY)
    run("backup", "create", here / "key", here / "folder", here / "sealed")
    return here


@pytest.fixture(autouse=True)
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have copies of the key and the backup."""
    monkeypatch.chdir(tmp_path)
    for name in ("key", "sealed"):
        shutil.copy(made / name, name)


def test_a_backup_comes_back_as_it_was() -> None:
    run("backup", "extract", "key", "sealed", "restored")
    found = {
        path.relative_to("restored").as_posix(): path.read_bytes()
        for path in Path("restored").rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    assert found == FILES
    assert os.readlink("restored/link") == "/docs/numbers"  # noqa: PTH115 - to compare text
    assert Path("restored/letter.txt").stat().st_mode & 0o777 == 0o640


def test_it_is_what_its_docstring_says() -> None:
    """Read by others: openssl, the standard library's HMAC, tarfile on what they give."""
    sealed = Path("sealed").read_bytes()
    assert sealed[:8] == b"afalgbk1"
    assert sealed[-32:] == hmac.digest(KEY[32:], sealed[:-32], hashlib.sha256)
    Path("ciphertext").write_bytes(sealed[HEAD:-32])
    decrypt = ["openssl", "enc", "-d", "-aes-256-ctr", "-K", KEY[:32].hex(), "-iv"]
    names = [sealed[8:HEAD].hex(), "-in", "ciphertext", "-out", "backup.tar.gz"]
    subprocess.run([*decrypt, *names], check=True, timeout=60)
    with tarfile.open("backup.tar.gz") as archive:
        assert {f"./{name}" for name in FILES} < set(archive.getnames())


def test_two_backups_have_two_ivs(made: Path) -> None:
    run("backup", "create", "key", made / "folder", "again")
    assert Path("sealed").read_bytes()[8:HEAD] != Path("again").read_bytes()[8:HEAD]


def flipped(place: int) -> Callable[[bytes], bytes]:
    """Give what changes a bit."""
    return lambda data: data[:place] + bytes([data[place] ^ 1]) + data[place:][1:]


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "in the name": flipped(0),
    "in the IV": flipped(HEAD - 1),
    "at the first byte": flipped(HEAD),
    "in the middle": lambda data: flipped(len(data) // 2)(data),
    "in the HMAC": lambda data: flipped(len(data) - 1)(data),
    "cut": lambda data: data[:-1],
    "cut short": lambda data: data[:20],
    "empty": lambda _: b"",
    "longer": lambda data: data + b"\0",
    "a part of it gone": lambda data: data[:1000] + data[2000:],
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_that_was_changed_is_found_out_before_anything_is_extracted(change: str) -> None:
    sealed = Path("sealed")
    sealed.write_bytes(CHANGES[change](sealed.read_bytes()))
    done = run("backup", "extract", "key", "sealed", "restored", status=1)
    assert b"was changed, or is not of this key: nothing was extracted" in done.stderr
    assert not Path("restored").exists()


def test_another_key_opens_nothing() -> None:
    Path("key").write_bytes(KEY[::-1])
    done = run("backup", "extract", "key", "sealed", "restored", status=1)
    assert b"is not of this key" in done.stderr
    assert not Path("restored").exists()


def test_what_is_no_key_is_told() -> None:
    for wrong in (KEY[:-1], KEY + b"\n"):
        Path("key").write_bytes(wrong)
        done = run("backup", "create", "key", ".", "other", status=1)
        assert b"key is no key: it has to have 64 random bytes" in done.stderr
        assert not Path("other").exists()
