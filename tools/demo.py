"""The main job on real input: a large file through cbc(aes), compared with OpenSSL.

    python tools/demo.py [FILE]

Encrypts FILE (by default a large file that this machine has) in one call with PKCS#7, compares the
result byte for byte with what `openssl enc` makes of it, streams it back and compares that with the
original. Where the machine's own kernel has no AF_ALG, userspace computes, says why, and the lab
boots a kernel that has: the same file, key and IV give the same bytes there.
"""

import argparse
import hashlib
import mmap
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import afalg

ENOUGH = 64 << 20
PART = 1 << 20
LAB_KERNEL = "6.12"
WIDTH = 100


def main() -> int:
    """Do it here, and in the lab if the kernel does not serve here."""
    asked = parser().parse_args()
    file = asked.file or large_file()
    secret = bytes.fromhex(asked.secret) if asked.secret else os.urandom(48)
    served = afalg.is_available()
    if not served and "AFALG_LAB" in os.environ:
        sys.exit("demo: the lab's kernel has no AF_ALG either")
    digest = show(file, secret[:32], secret[32:])
    if asked.digest and digest != asked.digest:
        sys.exit("demo: the kernel's bytes differ from userspace's")
    if asked.digest:
        print("compare  userspace's result: the same bytes")
    return 0 if served else in_the_lab(file, secret, digest)


def parser() -> argparse.ArgumentParser:
    """Give the command line's grammar."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("--secret", help=argparse.SUPPRESS)  # key and IV of a run to compare with
    parser.add_argument("--digest", help=argparse.SUPPRESS)  # of its result
    return parser


def in_the_lab(file: Path, secret: bytes, digest: str) -> int:
    """Do the same through a kernel of the lab."""
    print("\nNow the same through a kernel that has AF_ALG, which the lab boots:", flush=True)
    lab = [sys.executable, "-m", "lab", "run", "--kernel", LAB_KERNEL, "--timeout", "300", "--"]
    again = [sys.executable, __file__, str(file), "--secret", secret.hex(), "--digest", digest]
    return subprocess.run([*lab, *again], check=False, cwd=Path(__file__).parents[1]).returncode


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


def show(file: Path, key: bytes, iv: bytes) -> str:
    """Encrypt, compare, stream back, compare; say who did it, why and how fast; give a digest."""
    with (
        file.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data,
        chosen(key) as cipher,
    ):
        print(f"file     {file} ({len(data):,} bytes)")
        print(f"kernel   Linux {platform.release()}")
        print(f"cipher   {cipher.algorithm}, driver {cipher.driver}, by {cipher.provider}")
        start = time.perf_counter()
        sealed = cipher.encrypt(data, iv=iv, padding="pkcs7")
        report("encrypt  one call", len(data), time.perf_counter() - start)
        same_as_openssl(file, key, iv, sealed)
        print(f"compare  openssl enc -aes-256-cbc: the same {len(sealed):,} bytes")
        seconds = stream_back(cipher, sealed, iv, data)
        report(f"decrypt  in parts of {PART >> 20} MiB, the original's bytes", len(data), seconds)
        return hashlib.sha256(sealed).hexdigest()


def chosen(key: bytes) -> afalg.Cipher:
    """Make the Cipher, and print the warning that there may be."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", afalg.ProviderFallbackWarning)
        cipher = afalg.Cipher("cbc(aes)", key, provider="auto")
    for warning in caught:
        print(textwrap.fill(f"warning  {warning.message}", WIDTH, subsequent_indent=" " * 9))
    return cipher


def same_as_openssl(file: Path, key: bytes, iv: bytes, sealed: bytes) -> None:
    """Compare with OpenSSL's own command."""
    command = ["openssl", "enc", "-aes-256-cbc", "-K", key.hex(), "-iv", iv.hex(), "-in", str(file)]
    with tempfile.TemporaryFile() as theirs:
        subprocess.run(command, check=True, stdout=theirs)
        theirs.seek(0)
        for start in range(0, len(sealed) + 1, PART):
            if theirs.read(PART) != sealed[start : start + PART]:
                sys.exit(f"demo: OpenSSL's bytes differ in the part from byte {start} on")


def stream_back(cipher: afalg.Cipher, sealed: bytes, iv: bytes, original: mmap.mmap) -> float:
    """Decrypt in parts and compare as they come; give the seconds without the comparing."""
    place, seconds = 0, 0.0
    view = memoryview(sealed)
    with cipher.decryptor(iv=iv, padding="pkcs7") as stream:
        for at in range(0, len(sealed), PART):
            start = time.perf_counter()
            part = stream.update(view[at : at + PART])
            seconds += time.perf_counter() - start
            place = compare(original, place, part)
        place = compare(original, place, stream.finalize())
    if place != len(original):
        sys.exit(f"demo: {place} bytes came back of {len(original)}")
    return seconds


def compare(original: mmap.mmap, place: int, part: bytes) -> int:
    """Check a part against the original at its place; give the next place."""
    if original[place : place + len(part)] != part:
        sys.exit(f"demo: what came back differs in the part from byte {place} on")
    return place + len(part)


def report(what: str, size: int, seconds: float) -> None:
    """Print a throughput."""
    print(f"{what}: {seconds:.2f} s, {size / seconds / 1e6:.0f} MB/s")


if __name__ == "__main__":
    sys.exit(main())
