"""Encrypt a large archive on a cluster, each worker a range of it.

    python examples/dask_archive.py archive.tar archive.sealed --key-file /run/secrets/archive
    python examples/dask_archive.py ... --keyring logon:archive:main --scheduler tcp://head:8786

Without --scheduler a cluster of this machine's processors is started. The files are on storage
that all workers have, and so is the key, or each has it in a keyring of its kernel: what is sent
over the network names the key and never has it, for Dask's messages are unencrypted by default
and the scheduler keeps its tasks.

In ctr(aes) a block's keystream depends on the key and its number alone: a worker whose range
begins at byte n has the IV plus n/16 for its own. The result is what one call makes of the whole
archive, after its IV, as `afalg encrypt --cipher 'ctr(aes)' --key-file` writes it:

    afalg decrypt archive.sealed -o archive.tar --cipher 'ctr(aes)' --key-file /run/secrets/archive

ctr does not authenticate: see backup.py for how that is added.
"""

import argparse
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from distributed import Client, LocalCluster

import afalg

ALGORITHM = "ctr(aes)"
BLOCK = 16
COUNTERS = 1 << 128
RANGE = 64 << 20  # what one task encrypts: a second's work or less, and whole blocks
PART = 1 << 20  # what a worker has in memory


@dataclass(frozen=True)
class KeyName:
    """Where a worker finds the key: in a file, or in a keyring of its kernel."""

    file: Path | None
    keyring: str | None


@dataclass(frozen=True)
class Job:
    """What a worker is told: two files, the name of a key, an IV, and which bytes are its own."""

    source: Path
    target: Path
    key: KeyName
    iv: bytes
    begin: int
    end: int


def main() -> int:
    """Encrypt an archive on a cluster."""
    parser = argparse.ArgumentParser(description="Encrypt an archive on a Dask cluster.")
    parser.add_argument("archive", type=Path)
    parser.add_argument("sealed", type=Path)
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument(
        "--key-file", type=Path, help="a file that the workers can read: 16, 24 or 32 bytes"
    )
    key.add_argument("--keyring", metavar="TYPE:NAME", help="a key of the workers' keyrings")
    parser.add_argument("--scheduler", help="its address; else a cluster on this machine")
    parser.add_argument("--range", type=whole_blocks, default=RANGE, help="bytes of a task")
    chosen = parser.parse_args()
    name = KeyName(chosen.key_file and chosen.key_file.absolute(), chosen.keyring)
    with opened_cluster(chosen.scheduler) as client:
        count = encrypt(client, chosen.archive, chosen.sealed, name, chosen.range)
    print(f"{chosen.sealed}: {count} bytes encrypted")
    return 0


def whole_blocks(text: str) -> int:
    """Read the size of a range."""
    if text.isdecimal() and (size := int(text)) and size % BLOCK == 0:
        return size
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number of blocks of {BLOCK} bytes")


@contextmanager
def opened_cluster(scheduler: str | None) -> Generator[Client]:
    """Give a client of a cluster, or of one that ends with the block."""
    if scheduler is not None:
        with Client(scheduler) as client:
            yield client
        return
    with (
        LocalCluster(processes=True, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


def encrypt(client: Client, archive: Path, sealed: Path, key: KeyName, size: int = RANGE) -> int:
    """Encrypt an archive; the result has its name only once all of it is written."""
    unfinished = sealed.with_name(f".{sealed.name}.part")
    iv = os.urandom(BLOCK)  # never one twice under a key
    total = archive.stat().st_size
    with unfinished.open("xb") as file:
        try:
            file.write(iv)
            file.truncate(len(iv) + total)
            file.flush()
            each = jobs(archive, unfinished, key, iv, size)
            client.gather(client.map(seal, each, pure=False))
            os.fsync(file.fileno())
            unfinished.replace(sealed)
        finally:
            unfinished.unlink(missing_ok=True)
    return total


def jobs(archive: Path, target: Path, key: KeyName, iv: bytes, size: int) -> list[Job]:
    """Cut an archive into ranges."""
    total = archive.stat().st_size
    return [
        Job(archive.resolve(), target.resolve(), key, iv, begin, min(begin + size, total))
        for begin in range(0, total, size)
    ]


def seal(job: Job) -> int:
    """Encrypt one range, on a worker; give how many bytes."""
    counter = int.from_bytes(job.iv) + job.begin // BLOCK
    iv = (counter % COUNTERS).to_bytes(BLOCK)
    with (
        opened_cipher(job.key) as cipher,
        cipher.encryptor(iv=iv) as stream,
        job.source.open("rb") as source,
        job.target.open("r+b") as target,
    ):
        source.seek(job.begin)
        target.seek(len(job.iv) + job.begin)
        left = job.end - job.begin
        while left:
            part = source.read(min(PART, left))
            if not part:
                raise EOFError(f"{job.source} has become shorter while it was encrypted")
            target.write(stream.update(part))
            left -= len(part)
        target.write(stream.finalize())
    return job.end - job.begin


@contextmanager
def opened_cipher(key: KeyName) -> Generator[afalg.Cipher]:
    """Take the key where this worker has it; its bytes, if they come here at all, are wiped."""
    secret = bytearray()
    try:
        if key.file is not None:
            secret += bytes(key.file.stat().st_size)
            with key.file.open("rb", buffering=0) as file:
                file.readinto(secret)
            cipher = afalg.Cipher(ALGORITHM, secret)
        else:
            kind, _, name = (key.keyring or "").partition(":")
            cipher = afalg.Cipher(ALGORITHM, afalg.KeyringKey.find(kind, name, keyring="user"))
    finally:
        secret[:] = bytes(len(secret))
    with cipher:
        yield cipher


if __name__ == "__main__":
    sys.exit(main())
