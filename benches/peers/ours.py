"""Ours: this package, with a Cipher that is there."""

from contextlib import ExitStack
from itertools import repeat

import afalg
from benches.names import ENCRYPT, ENCRYPT_INTO
from benches.race import Contestant
from benches.work import DATA, encrypted, iv_of, key_of

__all__ = ["driver", "one_message"]


def one_message(
    held: ExitStack, algorithm: str, size: int, provider: afalg.Provider
) -> list[Contestant]:
    """Give `encrypt` and `encrypt_into`, with a Cipher that is there."""
    cipher = held.enter_context(afalg.Cipher(algorithm, key_of(algorithm), provider=provider))
    data, iv, expected = DATA[:size], iv_of(algorithm), encrypted(algorithm, size)
    buffer = bytearray(size)

    def encrypt(times: int) -> bytes:
        for _ in repeat(None, times - 1):
            cipher.encrypt(data, iv=iv)
        return cipher.encrypt(data, iv=iv)

    def encrypt_into(times: int) -> None:
        for _ in repeat(None, times):
            cipher.encrypt_into(data, buffer, iv=iv)

    return [
        Contestant(name=ENCRYPT, work=encrypt, expected=expected),
        Contestant(name=ENCRYPT_INTO, work=encrypt_into, expected=expected, buffer=buffer),
    ]


def driver(algorithm: str, provider: afalg.Provider) -> str:
    """Say who computes."""
    with afalg.Cipher(algorithm, key_of(algorithm), provider=provider) as cipher:
        return f"driver {cipher.driver}"
