"""Do what is in a list, between marks in the trace: python -m children.system_calls FILE.

It runs under strace. A mark is a write of a case's name to no file; what the case does,
COUNT times, stands between its marks. The allocator's own calls come from results that it
maps, so each case is done once before.
"""

import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import afalg
from children import DEADLINE

COUNT = 3
NO_FILE = -1


class Case(NamedTuple):
    """A way to use an algorithm, and the size of the message."""

    algorithm: str
    key: bytes
    iv: bytes
    way: str
    size: int

    def __str__(self) -> str:
        """Name it."""
        return f"{self.algorithm} {self.way} {self.size}"


@cache
def cipher_of(algorithm: str, key: bytes) -> afalg.Cipher:
    """Make each Cipher once."""
    return afalg.Cipher(algorithm, key, provider="kernel")


def call_of(case: Case) -> Callable[[], object]:
    """Prepare everything that a case needs, and give what is to be counted."""
    cipher = cipher_of(case.algorithm, case.key)
    iv, data, out = case.iv, bytes(case.size), bytearray(case.size)
    padded = cipher.encrypt(data, iv=iv, padding="pkcs7") if "padded" in case.way else b""
    stream = cipher.encryptor(iv=iv)
    if " at once" in case.way or " units" in case.way:
        return batch_of(cipher, case)
    return {
        "encrypt": lambda: cipher.encrypt(data, iv=iv),
        "decrypt": lambda: cipher.decrypt(data, iv=iv),
        "encrypt_into": lambda: cipher.encrypt_into(data, out, iv=iv),
        "decrypt_into": lambda: cipher.decrypt_into(data, out, iv=iv),
        "in place": lambda: cipher.encrypt_into(out, out, iv=iv),
        "encrypt padded": lambda: cipher.encrypt(data, iv=iv, padding="pkcs7"),
        "decrypt padded": lambda: cipher.decrypt(padded, iv=iv, padding="pkcs7"),
        "update": lambda: stream.update(data),
        "update_into": lambda: stream.update_into(data, out),
        "begin": lambda: cipher.encryptor(iv=iv),
        "refused": lambda: refused(cipher),
    }[case.way]


def batch_of(cipher: afalg.Cipher, case: Case) -> Callable[[], object]:
    """Prepare so many messages at once, or units."""
    count, kind = case.way.split(maxsplit=1)
    data, area = bytes(case.size), bytearray(int(count) * case.size)
    requests = [(data, case.iv)] * int(count)
    return {
        "at once": lambda: cipher.encrypt_many(requests),
        "units": lambda: cipher.encrypt_units_into(area, area, unit_size=case.size),
    }[kind]


def refused(cipher: afalg.Cipher) -> None:
    """Make calls that a check refuses."""
    for size, iv in ((15, bytes(16)), (16, bytes(15))):
        with suppress(afalg.InvalidInputError):
            cipher.encrypt(bytes(size), iv=iv)


def mark(case: Case) -> None:
    """Write the name where strace sees it and nobody else does."""
    with suppress(OSError):
        os.write(NO_FILE, str(case).encode())


def main() -> None:
    """Do every case."""
    signal.alarm(DEADLINE)  # a watchdog thread would be in the trace
    cases: list[Case] = pickle.loads(Path(sys.argv[1]).read_bytes())
    gc.disable()
    for case in cases:
        call = call_of(case)
        call()
        mark(case)
        for _ in range(COUNT):
            call()
        mark(case)


if __name__ == "__main__":
    main()
