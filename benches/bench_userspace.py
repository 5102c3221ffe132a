"""Userspace next to `cryptography`: one message under a key that is there, 16 bytes to 16 MiB.

    make bench

Each pair is a group of its own: the figure behind a median is its ratio to the faster one's.
`cryptography` makes a context for each message, since its contexts take one; so do its users.
"""

import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pytest_benchmark.fixture import BenchmarkFixture

import afalg

SIZES = [16 << (2 * step) for step in range(11)]
DRAWN = random.Random("userspace")
KEY, IV = DRAWN.randbytes(64), bytes(4) + DRAWN.randbytes(12)  # chacha20's begins with a counter
DATA = DRAWN.randbytes(SIZES[-1])
NAMES = ("cbc(aes)", "ctr(aes)", "xts(aes)", "chacha20")
KEY_SIZES = {"xts(aes)": 64}

Work = Callable[[bytes], bytes]


def key_of(name: str) -> bytes:
    """Give the longest key."""
    return KEY[: KEY_SIZES.get(name, 32)]


def ours(name: str) -> Work:
    """Give this package's way, with a Cipher that is used again."""
    cipher = afalg.Cipher(name, key_of(name), provider="userspace")
    return lambda data: cipher.encrypt(data, iv=IV)


def theirs(name: str) -> Work:
    """Give the peer's."""
    key = key_of(name)

    def work(data: bytes) -> bytes:
        stream = context(name, key).encryptor()
        return stream.update(data) + stream.finalize()

    return work


def context(name: str, key: bytes) -> "Cipher[modes.CBC | modes.CTR | modes.XTS | None]":
    """Set the peer's cipher up."""
    match name:
        case "cbc(aes)":
            return Cipher(algorithms.AES(key), modes.CBC(IV))
        case "ctr(aes)":
            return Cipher(algorithms.AES(key), modes.CTR(IV))
        case "xts(aes)":
            return Cipher(algorithms.AES(key), modes.XTS(IV))
        case _:
            return Cipher(algorithms.ChaCha20(key, IV), None)


@pytest.mark.parametrize("who", [ours, theirs], ids=["afalg", "cryptography"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def bench_a_message(
    benchmark: BenchmarkFixture, name: str, size: int, who: Callable[..., Work]
) -> None:
    benchmark.group = f"{name} {size} bytes"
    data = DATA[:size]
    assert benchmark(who(name), data) == theirs(name)(data)
