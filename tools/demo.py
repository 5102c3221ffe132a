"""The main job on real input: a large file through the kernel's cbc(aes), compared with OpenSSL.

    python tools/demo.py [FILE]

Encrypts FILE (by default a large file that this machine has) in one call with PKCS#7, compares the
result byte for byte with what `openssl enc` makes of it, streams it back and compares that with the
original. Where the machine's own kernel has no AF_ALG, the lab boots one that has.
"""

import argparse
import mmap
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import afalg

ENOUGH = 64 << 20
PART = 1 << 20
LAB_KERNEL = "6.12"


def main() -> int:
    """Do it here, or in the lab."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    file = parser.parse_args().file or large_file()
    if afalg.is_available():
        show(file)
        return 0
    if "AFALG_LAB" in os.environ:
        sys.exit("demo: the lab's kernel has no AF_ALG either")
    print(f"This machine's kernel, {platform.release()}, has no AF_ALG. Booting one that has.")
    lab = [sys.executable, "-m", "lab", "run", "--kernel", LAB_KERNEL, "--timeout", "300", "--"]
    again = [*lab, sys.executable, __file__, str(file)]
    return subprocess.run(again, check=False, cwd=Path(__file__).parents[1]).returncode


def large_file() -> Path:
    """Find a real file of 64 MiB or more: a Debian package, a kernel, or the Rust compiler."""
    for file in candidates():
        if file.is_file() and file.stat().st_size >= ENOUGH:
            return file.resolve()
    sys.exit("demo: found no file of 64 MiB here; name one: python tools/demo.py FILE")


def candidates() -> Iterator[Path]:
    """List files that a machine with this package's tools is likely to have."""
    yield from Path("/var/cache/apt/archives").glob("*.deb")
    yield from Path("/boot").glob("initrd*")
    asked = subprocess.run(
        ["rustc", "--print", "sysroot"], check=False, capture_output=True, text=True
    )
    if asked.returncode == 0:
        yield from Path(asked.stdout.strip(), "lib").glob("librustc_driver-*.so")


def show(file: Path) -> None:
    """Encrypt, compare, stream back, compare, and say who did it and how fast."""
    key, iv = os.urandom(32), os.urandom(16)
    with (
        file.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data,
        afalg.Cipher("cbc(aes)", key) as cipher,
    ):
        print(f"file     {file} ({len(data):,} bytes)")
        print(f"kernel   Linux {platform.release()}")
        print(f"cipher   {cipher.algorithm}, driver {cipher.driver}, by the {cipher.provider}")
        start = time.perf_counter()
        sealed = cipher.encrypt(data, iv=iv, padding="pkcs7")
        report("encrypt  one call", len(data), start)
        same_as_openssl(file, key, iv, sealed)
        print(f"compare  openssl enc -aes-256-cbc: the same {len(sealed):,} bytes")
        start = time.perf_counter()
        stream_back(cipher, sealed, iv, data)
        report(f"decrypt  in parts of {PART >> 20} MiB, the original's bytes", len(data), start)


def same_as_openssl(file: Path, key: bytes, iv: bytes, sealed: bytes) -> None:
    """Compare with OpenSSL's own command."""
    command = ["openssl", "enc", "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex(), "-in", str(file)]
    with tempfile.TemporaryFile() as theirs:
        subprocess.run(command, check=True, stdout=theirs)
        theirs.seek(0)
        for start in range(0, len(sealed) + 1, PART):
            if theirs.read(PART) != sealed[start : start + PART]:
                sys.exit(f"demo: OpenSSL's bytes differ in the part from byte {start} on")


def stream_back(cipher: afalg.Cipher, sealed: bytes, iv: bytes, original: mmap.mmap) -> None:
    """Decrypt in parts and compare as they come."""
    place = 0
    view = memoryview(sealed)
    with cipher.decryptor(iv=iv, padding="pkcs7") as stream:
        for start in range(0, len(sealed), PART):
            place = compare(original, place, stream.update(view[start : start + PART]))
        place = compare(original, place, stream.finalize())
    if place != len(original):
        sys.exit(f"demo: {place} bytes came back of {len(original)}")


def compare(original: mmap.mmap, place: int, part: bytes) -> int:
    """Check a part against the original at its place; give the next place."""
    if original[place : place + len(part)] != part:
        sys.exit(f"demo: what came back differs in the part from byte {place} on")
    return place + len(part)


def report(what: str, size: int, start: float) -> None:
    """Print a throughput."""
    seconds = time.perf_counter() - start
    print(f"{what}: {seconds:.2f} s, {size / seconds / 1e6:.0f} MB/s")


if __name__ == "__main__":
    sys.exit(main())
