"""`afalg sectors` on disks that cryptsetup and qemu-img made: their bytes, both ways."""

import io
from functools import partial
from pathlib import Path

import pytest

import afalg
from afalg import cli
from afalg.dmcrypt import disk_cipher
from disks import Disk, by_cryptsetup, by_qemu, luks1, luks2
from oracles import difference
from oracles.cases import PROVIDERS, marks_of, message

SIZE = 1 << 20
LUKS2 = [
    ("aes-xts-plain64", 512, 512),
    ("aes-xts-plain64", 512, 4096),
    ("aes-cbc-essiv:sha256", 256, 512),
    ("aes-cbc-essiv:sha256", 256, 4096),
    ("aes-cbc-plain", 128, 512),
    ("aes-xts-plain64be", 256, 512),
    ("aes-cbc-benbi", 128, 4096),
]
LUKS1 = [("aes-xts-plain64", 512), ("aes-cbc-essiv:sha256", 256)]
OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]

pytestmark = pytest.mark.parametrize("provider", OF_PROVIDERS)


def options(disk: Disk, cipher: str, sector_size: int, provider: str) -> list[str]:
    """Give what tells the command of a disk."""
    where = [str(disk.image), "--offset", str(disk.offset), "--sector-size", str(sector_size)]
    return [*where, "--cipher", cipher, "--key-file", str(disk.key), "--provider", provider, "-q"]


def sectors(direction: str, *arguments: str) -> None:
    """Run the command."""
    assert cli.main(["sectors", direction, *arguments]) == 0


@pytest.mark.parametrize(("cipher", "bits", "sector_size"), LUKS2)
def test_what_cryptsetup_encrypted_is_decrypted(
    cipher: str, bits: int, sector_size: int, provider: afalg.Provider, tmp_path: Path
) -> None:
    plain, out = message(SIZE), tmp_path / "out"
    disk = luks2(tmp_path, plain, cipher, bits, sector_size)
    about = options(disk, cipher, sector_size, provider)
    sectors("decrypt", *about, "--count", str(SIZE // sector_size), "-o", str(out))
    assert not difference(out.read_bytes(), plain)
    sectors("decrypt", *about, "--first", "77", "--count", "3", "-o", str(out))
    assert out.read_bytes() == plain[77 * sector_size :][: 3 * sector_size]

    algorithm, iv, _ = disk_cipher(cipher)
    with (
        disk.image.open("rb") as image,
        afalg.Cipher(algorithm, disk.key.read_bytes(), provider=provider) as opened,
        afalg.UnitReader(
            image,
            opened,
            unit_size=sector_size,
            iv_step=sector_size // 512,
            iv=iv,
            offset=disk.offset,
        ) as reader,
        io.BufferedReader(reader) as buffered,
    ):
        buffered.seek(12345)
        assert buffered.read(54321) == plain[12345:][:54321]


@pytest.mark.parametrize(
    ("cipher", "bits", "sector_size"),
    [("aes-xts-plain64", 512, 4096), ("aes-cbc-essiv:sha256", 256, 512)],
)
def test_cryptsetup_decrypts_what_was_encrypted_in_place(
    cipher: str, bits: int, sector_size: int, provider: afalg.Provider, tmp_path: Path
) -> None:
    disk = luks2(tmp_path, bytes(SIZE), cipher, bits, sector_size)
    about = options(disk, cipher, sector_size, provider)
    count = SIZE // sector_size - 10
    which = ["--first", "5", "--count", str(count), "--in-place", "--yes"]
    sectors("decrypt", *about, *which)
    new = message(count * sector_size)
    with disk.image.open("r+b") as image:
        image.seek(disk.offset + 5 * sector_size)
        assert image.read(len(new)) == bytes(len(new))
        image.seek(disk.offset + 5 * sector_size)
        image.write(new)
    sectors("encrypt", *about, *which)
    edge = bytes(5 * sector_size)
    assert not difference(by_cryptsetup(disk, SIZE), edge + new + edge)


@pytest.mark.parametrize(("cipher", "bits"), LUKS1)
def test_what_qemu_encrypted_is_decrypted_and_the_other_way_round(
    cipher: str, bits: int, provider: afalg.Provider, tmp_path: Path
) -> None:
    plain, out = message(SIZE), tmp_path / "out"
    disk = luks1(tmp_path, plain, cipher, bits)
    about = options(disk, cipher, 512, provider)
    about[about.index("--offset") + 1] = f"{disk.offset // 512}s"
    which = ["--count", str(SIZE // 512)]
    sectors("decrypt", *about, *which, "-o", str(out))
    assert not difference(out.read_bytes(), plain)

    new = tmp_path / "new"
    new.write_bytes(plain[::-1])
    about = options(disk._replace(image=new, offset=0), cipher, 512, provider)
    sectors("encrypt", *about, "-o", str(out))
    with disk.image.open("r+b") as image:
        image.seek(disk.offset)
        image.write(out.read_bytes())
    assert not difference(by_qemu(disk, tmp_path), plain[::-1])


@pytest.mark.parametrize("version", [1, 2])
def test_what_lies_before_the_payload_is_spared(
    version: int, provider: afalg.Provider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cipher, bits = LUKS1[0] if version == 1 else LUKS2[0][:2]
    make = luks1 if version == 1 else partial(luks2, sector_size=512)
    disk = make(tmp_path, message(SIZE), cipher, bits)
    before = disk.image.read_bytes()
    about = [*options(disk, cipher, 512, provider), "--in-place", "--yes"]
    for offset in (disk.offset - 512, 4096, 0):
        assert cli.main(["sectors", "encrypt", *about, "--offset", str(offset)]) == 1
        assert f"its payload begins at --offset {disk.offset}\n" in capsys.readouterr().err
    assert not difference(disk.image.read_bytes(), before)
    sectors("decrypt", *about)
    assert not difference(disk.image.read_bytes()[disk.offset :][:SIZE], message(SIZE))
