"""Read files of a LUKS2 volume without device-mapper, mount or root.

    python examples/read_luks2.py disk.img                       # list them
    python examples/read_luks2.py disk.img /docs/letter >letter  # read one

cryptsetup reads the header and opens a keyslot, asking for the passphrase, or taking it from
--key-file; neither needs device-mapper. A UnitReader decrypts the sectors that are asked for,
and no others. The SleuthKit knows the file system (ext4, FAT, NTFS and more) and takes the
UnitReader for its disk. Nothing decrypted is written anywhere.

It needs cryptsetup 2.4 or newer, and pytsk3: `pip install --group examples` in a clone.

The SleuthKit is made for forensics, not to withstand an image that an attacker has made; nor
does LUKS notice one that was changed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TypedDict

import pytsk3

import afalg
from afalg.dmcrypt import disk_cipher

SECTOR = 512  # in which dm-crypt numbers, however large a sector is
PART = 1 << 20
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


class Segment(TypedDict):
    """The part of a LUKS2 header that says where the sectors are (on-disk format, 3.3)."""

    offset: str
    size: str
    iv_tweak: str
    encryption: str
    sector_size: int


def main() -> int:
    """List the files of a volume, or copy one to standard output."""
    parser = argparse.ArgumentParser(description="Read files of a LUKS2 volume.")
    parser.add_argument("image", type=Path, help="the volume: a file, or a block device")
    parser.add_argument("path", nargs="?", help="a file in it, to standard output; else a list")
    parser.add_argument("--key-file", type=Path, help="what has the passphrase; else it is asked")
    chosen = parser.parse_args()
    with ExitStack() as opened:
        image = opened.enter_context(chosen.image.open("rb"))
        volume = opened.enter_context(opened_volume(image, chosen.image, chosen.key_file))
        files = pytsk3.FS_Info(Disk(volume))
        if chosen.path:
            for part in contents(files.open(chosen.path)):
                sys.stdout.buffer.write(part)
        else:
            for path, size in walk(files, "/"):
                print(f"{size:>12}  {path}")
    return 0


def opened_volume(image: BinaryIO, path: Path, key_file: Path | None) -> afalg.UnitReader:
    """Give what reads a volume as if it were not encrypted."""
    where = segment(path)
    name = disk_cipher(where["encryption"])
    key = volume_key(path, key_file)
    try:
        cipher = afalg.Cipher(name.algorithm, key)
    finally:
        key[:] = bytes(len(key))
    return afalg.UnitReader(
        image,
        cipher,
        unit_size=where["sector_size"],
        first_iv=int(where["iv_tweak"]),
        iv_step=where["sector_size"] // SECTOR,
        iv=name.iv,
        offset=int(where["offset"]),
        size=None if where["size"] == "dynamic" else int(where["size"]),
    )


def segment(path: Path) -> Segment:
    """Have cryptsetup parse and check the header, and give where the data is."""
    dump = subprocess.run(
        ["cryptsetup", "luksDump", "--dump-json-metadata", path], check=True, capture_output=True
    )
    segments = json.loads(dump.stdout)["segments"]
    found: Segment = segments.get("0", {})
    if len(segments) != 1 or segments["0"]["type"] != "crypt" or "integrity" in found:
        sys.exit(f"{path} is being reencrypted, or is authenticated: no plain run of sectors")
    return found


def volume_key(path: Path, key_file: Path | None) -> bytearray:
    """Have cryptsetup open a keyslot; the key passes through memory, in a folder that is ours."""
    command = ["cryptsetup", "luksDump", "--batch-mode", "--dump-volume-key", str(path)]
    if key_file:
        command += ["--key-file", str(key_file)]
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:  # of mode 700, on no disk
        file = Path(folder, "key")
        subprocess.run([*command, "--volume-key-file", file], check=True, stdout=subprocess.DEVNULL)
        key = bytearray(file.stat().st_size)
        with file.open("rb", buffering=0) as opened:
            opened.readinto(key)
        return key


class Disk(pytsk3.Img_Info):
    """A file that the SleuthKit takes for a disk."""

    def __init__(self, file: afalg.UnitReader) -> None:
        """Take any file that can seek."""
        self._file = file
        super().__init__(url="", type=pytsk3.TSK_IMG_TYPE_EXTERNAL)

    def read(self, offset: int, size: int) -> bytes:
        """Give bytes of the disk."""
        self._file.seek(offset)
        return self._file.read(size)

    def get_size(self) -> int:
        """Give the size of the disk in bytes."""
        return self._file.size


def walk(files: pytsk3.FS_Info, folder: str) -> Iterator[tuple[str, int]]:
    """Give each file below a folder, and its size."""
    for entry in files.open_dir(folder):
        name = entry.info.name.name.decode(errors="backslashreplace")
        about = entry.info.meta
        if about is None or name in {".", ".."} or name.startswith("$"):
            continue
        if about.type == pytsk3.TSK_FS_META_TYPE_DIR:
            yield from walk(files, f"{folder}{name}/")
        else:
            yield folder + name, about.size


def contents(file: pytsk3.File) -> Iterator[bytes]:
    """Give a file's bytes, a part at a time."""
    size = file.info.meta.size if file.info.meta else 0
    for start in range(0, size, PART):
        yield file.read_random(start, min(PART, size - start))


if __name__ == "__main__":
    sys.exit(main())
