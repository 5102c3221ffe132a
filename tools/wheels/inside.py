"""Computes with every userspace algorithm, to be compared between machines: needs afalg alone.

Prints a line for each algorithm and size of its key. Two machines, C libraries or versions of
Python have to print the same.
"""

import hashlib
from collections.abc import Sequence

import afalg

FEW = 4
MESSAGES = (0, 1, 16, 17, 48, 255, 4096, 5000)


def some(size: int) -> bytes:
    """Give bytes that repeat late."""
    return b"".join(hashlib.sha256(b"%d" % at).digest() for at in range(size // 32 + 1))[:size]


def result(name: str, key: bytes, iv: bytes | None, size: int) -> bytes:
    """Encrypt and decrypt a message; where its length or the key's is refused, give that."""
    try:
        sealed = afalg.encrypt(name, key, some(size), iv=iv, provider="userspace")
    except (afalg.InvalidKeyError, afalg.InvalidLengthError):
        return b"refused"
    if afalg.decrypt(name, key, sealed, iv=iv, provider="userspace") != some(size):
        raise SystemExit(f"{name}: what was encrypted does not come back")
    return sealed


def few(sizes: Sequence[int]) -> Sequence[int]:
    """Give them all, or of a whole range the first and the middle one."""
    return sizes if len(sizes) <= FEW else (sizes[0], sizes[len(sizes) // 2])


def main() -> None:
    """Go through them all."""
    for info in afalg.algorithms(type="skcipher"):
        if "userspace" in info.providers:
            for key_size in few(info.key_sizes or ()):
                iv = some(info.iv_size) if info.iv_size else None
                key = some(key_size + 1)[1:]
                parts = (result(info.name, key, iv, size) for size in MESSAGES)
                print(info.name, key_size, hashlib.sha256(b"|".join(parts)).hexdigest())


if __name__ == "__main__":
    main()
