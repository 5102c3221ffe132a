"""An encrypted backup of a folder, which is found out if anybody changes it.

    (umask 077; head -c 64 /dev/urandom >backup.key)
    python examples/backup.py create backup.key ~/documents backup.sealed
    python examples/backup.py extract backup.key backup.sealed restored

tarfile packs and compresses, a CipherWriter encrypts (ctr(aes)), and as no cipher of this package
authenticates, HMAC-SHA256 does, over all that is written: encrypt, then authenticate, each with a
key of its own. To extract, the whole file is authenticated before a byte of it is decrypted; what
does not pass is not looked at. Where you may choose the format, age (https://age-encryption.org)
does all this, and chunk by chunk.

A backup is 8 bytes of name, the IV, the ciphertext of a tar.gz, and the HMAC of all these.
"""

import argparse
import hmac
import os
import sys
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import afalg
from afalg.atomic import replacing

if TYPE_CHECKING:
    from typing_extensions import Buffer

ALGORITHM = "ctr(aes)"
DIGEST, TAG_SIZE = "sha256", 32
NAME, IV_SIZE = b"afalgbk1", 16
KEY_SIZE = 32  # of each of the two
PART = 1 << 20


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="An encrypted and authenticated backup.")
    verbs = parser.add_subparsers(required=True, dest="verb")
    create = verbs.add_parser("create", help="pack a folder into a backup")
    extract = verbs.add_parser("extract", help="check a backup and unpack it")
    for verb, words in ((create, ("folder", "backup")), (extract, ("backup", "folder"))):
        for word in ("key", *words):
            verb.add_argument(word, type=Path)
    chosen = parser.parse_args()
    with keys(chosen.key) as (secret, authentic), afalg.Cipher(ALGORITHM, secret) as cipher:
        if chosen.verb == "create":
            pack(chosen.folder, chosen.backup, cipher, authentic)
        else:
            unpack(chosen.backup, chosen.folder, cipher, authentic)
    return 0


@contextmanager
def keys(path: Path) -> Generator[tuple[bytearray, bytearray]]:
    """Give the key to encrypt with and the one to authenticate with; wiped afterwards."""
    both = bytearray(KEY_SIZE), bytearray(KEY_SIZE)
    try:
        with path.open("rb", buffering=0) as file:
            if [*map(file.readinto, both)] != [KEY_SIZE, KEY_SIZE] or file.read(1):
                sys.exit(f"{path} is no key: it has to have {2 * KEY_SIZE} random bytes")
        yield both
    finally:
        for key in both:
            key[:] = bytes(KEY_SIZE)


class Authenticated:
    """A file to write to, and the HMAC of what was written."""

    def __init__(self, file: BinaryIO, key: bytearray) -> None:
        """Begin with nothing written."""
        self._file, self._mac = file, hmac.new(key, digestmod=DIGEST)

    def write(self, data: "Buffer", /) -> int:
        """Write all of the data."""
        self._mac.update(data)
        return self._file.write(data)

    def end(self) -> None:
        """Write the HMAC."""
        self._file.write(self._mac.digest())


def pack(folder: Path, backup: Path, cipher: afalg.Cipher, key: bytearray) -> None:
    """Put a folder into a backup, which has the name only once all of it is written."""
    iv = os.urandom(IV_SIZE)  # never one twice: ctr would give both backups away
    with (
        replacing(backup) as file,
        os.fdopen(os.dup(file.fileno()), "wb") as buffered,
    ):
        target = Authenticated(buffered, key)
        target.write(NAME + iv)
        with (
            afalg.CipherWriter(target, cipher.encryptor(iv=iv)) as sealing,
            tarfile.open(fileobj=sealing, mode="w|gz", bufsize=PART) as archive,
        ):
            archive.add(folder, arcname=".")
        target.end()


def unpack(backup: Path, folder: Path, cipher: afalg.Cipher, key: bytearray) -> None:
    """Extract a backup that is what was created with the key, and no other."""
    with checked(backup, key) as file:
        if file.read(len(NAME)) != NAME:
            sys.exit(f"{backup} is authentic, but of another program")
        iv = file.read(IV_SIZE)
        with (
            afalg.CipherReader(file, cipher.decryptor(iv=iv)) as opened,
            tarfile.open(fileobj=opened, mode="r|gz", bufsize=PART) as archive,
        ):
            archive.extractall(folder, filter="tar")


@contextmanager
def checked(backup: Path, key: bytearray) -> Generator[BinaryIO]:
    """Give what was authenticated: a copy, that nobody can change after it was looked at."""
    mac = hmac.new(key, digestmod=DIGEST)
    with backup.open("rb") as file, tempfile.TemporaryFile() as copy:
        left = os.fstat(file.fileno()).st_size - TAG_SIZE
        while left > 0 and (part := file.read(min(PART, left))):
            mac.update(part)
            copy.write(part)
            left -= len(part)
        if not hmac.compare_digest(file.read(TAG_SIZE + 1), mac.digest()):
            sys.exit(f"{backup} was changed, or is not of this key: nothing was extracted")
        copy.seek(0)
        yield copy


if __name__ == "__main__":
    sys.exit(main())
