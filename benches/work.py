"""What is encrypted: sizes, keys, IVs and data, the same for everybody, and what must come out."""

import random
from collections.abc import Callable
from functools import cache

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = [
    "DATA",
    "IV",
    "SIZES",
    "contexts",
    "encrypted",
    "in_units",
    "iv_of",
    "ivs",
    "key_of",
    "numbers",
]

SIZES = [16 << (2 * step) for step in range(11)]
"""16 bytes to 16 MiB."""

_DRAWN = random.Random("benches")
_KEY = _DRAWN.randbytes(64)
IV = bytes(4) + _DRAWN.randbytes(12)  # chacha20's begins with a counter
DATA = _DRAWN.randbytes(SIZES[-1])
Mode = modes.CBC | modes.CTR | modes.XTS
MODES: dict[str, Callable[[bytes], Mode]] = {
    "cbc(aes)": modes.CBC,
    "ctr(aes)": modes.CTR,
    "xts(aes)": modes.XTS,
}
KEY_SIZES = {"xts(aes)": 64, "ecb(cipher_null)": 0}


def key_of(algorithm: str) -> bytes:
    """Give the longest key."""
    return _KEY[: KEY_SIZES.get(algorithm, 32)]


def iv_of(algorithm: str) -> bytes | None:
    """Give the IV, where there is one."""
    return None if algorithm.startswith("ecb(") else IV


def ivs(count: int) -> list[bytes]:
    """Give an IV for each of many messages."""
    drawn = random.Random("ivs")
    return [bytes(4) + drawn.randbytes(12) for _ in range(count)]


def numbers(count: int) -> list[bytes]:
    """Give the IVs of units: their numbers, in the form plain64."""
    return [number.to_bytes(16, "little") for number in range(count)]


@cache
def encrypted(algorithm: str, size: int) -> bytes:
    """Give what becomes of DATA's first bytes, by another implementation."""
    data = DATA[:size]
    if algorithm == "ecb(cipher_null)":
        return data
    stream = contexts(algorithm)(IV).encryptor()
    return stream.update(data) + stream.finalize()


def in_units(algorithm: str, data: bytes, unit_size: int) -> bytes:
    """Give what becomes of units, each under its number, by another implementation."""
    context, starts = contexts(algorithm), range(0, len(data), unit_size)
    return b"".join(
        context(iv).encryptor().update(data[at : at + unit_size])
        for iv, at in zip(numbers(len(starts)), starts, strict=True)
    )


def contexts(algorithm: str) -> "Callable[[bytes], Cipher[Mode | None]]":
    """Set `cryptography` up; what it gives takes an IV and gives the cipher of a message."""
    key = key_of(algorithm)
    if algorithm == "chacha20":
        return lambda iv: Cipher(algorithms.ChaCha20(key, iv), None)
    aes, mode = algorithms.AES(key), MODES[algorithm]
    return lambda iv: Cipher(aes, mode(iv))
