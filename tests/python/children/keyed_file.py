"""Encrypt a file under a key that this process has the name of, and nothing else.

    python -m children.keyed_file ALGORITHM DESCRIPTION IV SOURCE TARGET

A mode that cannot be cut has an IV for each MiB, its number. Prints, in JSON, who computed and
what the kernel answered when the key's bytes were asked for.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import afalg
from keyrings import read

PART = 1 << 20


def parts(source: BinaryIO) -> Iterator[bytes]:
    """Give the file's parts."""
    while part := source.read(PART):
        yield part


def encrypt(cipher: afalg.Cipher, iv: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Encrypt all of it."""
    if cipher.max_message is not None:
        for number, part in enumerate(parts(source)):
            unit = cipher.encrypt(part, iv=number.to_bytes(cipher.iv_size, "little"))
            target.write(unit)
        return
    padding: afalg.Padding = "pkcs7" if cipher.block_size > 1 else None
    with cipher.encryptor(iv=iv, padding=padding) as stream:
        for part in parts(source):
            target.write(stream.update(part))
        target.write(stream.finalize())


def main() -> None:
    """Do it, and try to read the key."""
    algorithm, description, iv, source, target = sys.argv[1:]
    key = afalg.KeyringKey.find("logon", description)
    try:
        answer = f"{len(read(key))} bytes"
    except OSError as error:
        answer = str(error)
    cipher = afalg.Cipher(algorithm, key)
    with Path(source).open("rb") as plain, Path(target).open("wb") as hidden:
        encrypt(cipher, bytes.fromhex(iv), plain, hidden)
    json.dump({"provider": cipher.provider, "reading": answer}, sys.stdout)


if __name__ == "__main__":
    main()
