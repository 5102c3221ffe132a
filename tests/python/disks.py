"""Disk images that others encrypted: cryptsetup and qemu-img, without device-mapper."""

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

PASSPHRASE = "passphrase of a disk that is drawn by nobody"
MIB = 1 << 20
LUKS1_HEADER = 4 * MIB
SPARE = 32 * MIB
DEADLINE = 60


class Disk(NamedTuple):
    """An encrypted image, and what is known of it.

    Attributes:
        image: the file.
        offset: where its first sector begins, in bytes.
        key: a file that has the volume key.
        passphrase: a file that has the passphrase.

    """

    image: Path
    offset: int
    key: Path
    passphrase: Path


def run(*command: str | Path) -> str:
    """Run a tool and give what it printed."""
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE
    )
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def luks2(folder: Path, plain: bytes, cipher: str, key_bits: int, sector_size: int) -> Disk:
    """Have cryptsetup encrypt data, which it does itself where a disk is a file."""
    image, passphrase = folder / "luks2.img", _passphrase(folder)
    image.write_bytes(plain)
    os.truncate(image, len(plain) + SPARE)
    quick = ["--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    form = ["--cipher", cipher, "--key-size", str(key_bits), "--sector-size", str(sector_size)]
    encrypt = ["cryptsetup", "reencrypt", "--encrypt", "--type", "luks2"]
    reduce = ["--reduce-device-size", f"{SPARE >> 20}M", "--key-file"]
    run(*encrypt, *quick, *form, *reduce, passphrase, image)
    segment = json.loads(run("cryptsetup", "luksDump", "--dump-json-metadata", image))["segments"]
    assert (segment["0"]["encryption"], segment["0"]["sector_size"]) == (cipher, sector_size)
    return Disk(image, int(segment["0"]["offset"]), _volume_key(image, passphrase), passphrase)


def luks1(folder: Path, plain: bytes, cipher: str, key_bits: int) -> Disk:
    """Have qemu-img, with ciphers of its own, write data to a disk that cryptsetup formatted."""
    image, raw, passphrase = folder / "luks1.img", folder / "raw.img", _passphrase(folder)
    raw.write_bytes(plain)
    image.touch()
    os.truncate(image, len(plain) + LUKS1_HEADER)
    form = ["--cipher", cipher, "--key-size", str(key_bits), "--pbkdf-force-iterations", "1000"]
    to: list[str | Path] = [
        "--align-payload",
        str(LUKS1_HEADER // 512),
        "--key-file",
        passphrase,
        image,
    ]
    run("cryptsetup", "luksFormat", "--batch-mode", "--type", "luks1", *form, *to)
    source: list[str | Path] = [
        "-f",
        "raw",
        raw,
        f"driver=luks,file.filename={image},key-secret=key",
    ]
    run("qemu-img", "convert", "-n", *_secret(passphrase), "--target-image-opts", *source)
    return Disk(image, LUKS1_HEADER, _volume_key(image, passphrase), passphrase)


def by_qemu(disk: Disk, folder: Path) -> bytes:
    """Have qemu-img decrypt a LUKS1 image."""
    raw = folder / "decrypted.img"
    source = f"driver=luks,file.filename={disk.image},key-secret=key"
    secret = _secret(disk.passphrase)
    run("qemu-img", "convert", *secret, "--image-opts", source, "-O", "raw", raw)
    return raw.read_bytes()


def _secret(passphrase: Path) -> list[str]:
    return ["-q", "--object", f"secret,id=key,file={passphrase}"]


def by_cryptsetup(disk: Disk, size: int) -> bytes:
    """Have cryptsetup decrypt a LUKS2 image, for good, and give its first bytes."""
    header = disk.image.with_suffix(".header")
    decrypt = ["cryptsetup", "reencrypt", "--decrypt", "--force-offline-reencrypt", "--batch-mode"]
    run(*decrypt, "--header", header, "--key-file", disk.passphrase, disk.image)
    with disk.image.open("rb") as image:
        return image.read(size)


def _passphrase(folder: Path) -> Path:
    file = folder / "passphrase"
    file.write_text(PASSPHRASE)
    return file


def _volume_key(image: Path, passphrase: Path) -> Path:
    file = image.with_suffix(".key")
    dump = ["cryptsetup", "luksDump", "--batch-mode", "--dump-volume-key", "--volume-key-file"]
    run(*dump, file, "--key-file", passphrase, image)
    return file
