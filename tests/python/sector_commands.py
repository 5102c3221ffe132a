"""`afalg sectors` on an image in the test's folder, and what becomes of its sectors."""

import sys
from pathlib import Path

import pytest

from afalg import cli
from numbering import in_units
from oracles import ORACLES
from oracles.cases import PROVIDERS, key_of, message

COMMAND = [sys.executable, "-m", "afalg", "sectors"]
XTS = ORACLES["xts(aes)"]
SIZE = 5 << 20
SECTORS = SIZE // 512
DEADLINE = 100


def lay_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a key and an image where the command runs; who computes is said once."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AFALG_PROVIDER", PROVIDERS[-1])
    Path("key").write_bytes(key_of(XTS))
    Path("disk").write_bytes(message(SIZE))
    return folder


def sectors(direction: str, *arguments: str, status: int = 0) -> None:
    """Run the command on the image."""
    assert cli.main(["sectors", direction, "disk", "--key-file", "key", *arguments]) == status


def expected(
    direction: str, data: bytes, sector_size: int = 512, first_iv: int = 0, iv_step: int = 1
) -> bytes:
    """Give what becomes of sectors."""
    return in_units(XTS, direction, data, sector_size, first_iv, iv_step)
