"""Modes that no library has, made of another mode's output and of XOR.

Each takes the block cipher as `Ecb` or in a mode as `Chained`.
"""

import hashlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Ecb = Callable[[str, bytes, bytes], bytes]
Chained = Callable[[str, bytes, bytes, bytes], bytes]
Blocks = npt.NDArray[np.uint8]

FIELD = 1 << 128 | 0x87  # GF(2^128): x^128 + x^7 + x^2 + x + 1


def blocks_of(data: bytes, size: int) -> Blocks:
    """Show `data` as rows of `size` bytes."""
    return np.frombuffer(data, np.uint8).reshape(-1, size)


def xor(left: bytes, right: bytes) -> bytes:
    """XOR two strings of one length."""
    return (np.frombuffer(left, np.uint8) ^ np.frombuffer(right, np.uint8)).tobytes()


def pcbc(cbc: Chained, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """PCBC is CBC over the XOR of neighbouring plaintext blocks."""
    if direction == "decrypt":
        differences = blocks_of(cbc("decrypt", key, iv, data), len(iv))
        return np.bitwise_xor.accumulate(differences, axis=0, dtype=np.uint8).tobytes()
    plain = blocks_of(data, len(iv))
    differences = plain.copy()
    differences[1:] ^= plain[:-1]
    return cbc("encrypt", key, iv, differences.tobytes())


def cts(cbc: Chained, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CS3 of SP 800-38A's addendum: the last two blocks always swapped, but for one block alone."""
    if len(data) < len(iv):
        raise ValueError("ciphertext stealing needs a block to steal from")
    if len(data) == len(iv):
        return cbc(direction, key, iv, data)
    turn = cts_encrypt if direction == "encrypt" else cts_decrypt
    return turn(cbc, key, iv, data)


def cts_encrypt(cbc: Chained, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC over the zero-padded message, last two blocks swapped, cut to its length."""
    size = len(iv)
    padded = cbc("encrypt", key, iv, data + bytes(-len(data) % size))
    cut = len(padded) - size
    return padded[: cut - size] + padded[cut:] + padded[cut - size : cut][: len(data) - cut]


def cts_decrypt(cbc: Chained, key: bytes, iv: bytes, data: bytes) -> bytes:
    """The last whole block hides what was cut from the short one."""
    size = len(iv)
    cut = (len(data) - 1) // size * size
    last, short = data[cut - size : cut], data[cut:]
    hidden = cbc("decrypt", key, bytes(size), last)[len(short) :]
    return cbc("decrypt", key, iv, data[: cut - size] + short + hidden + last)[: len(data)]


def multiply(left: int, right: int) -> int:
    """Multiply in GF(2^128), bit i standing for x^i."""
    product = 0
    while right:
        if right & 1:
            product ^= left
        right >>= 1
        left <<= 1
        if left >> 128:
            left ^= FIELD
    return product


def lrw_tweaks(key: bytes, iv: bytes, count: int) -> Blocks:
    """Give key times index for `count` indices from the big-endian `iv` on.

    An index and the next differ in their trailing ones and the zero before them, so the
    tweaks differ by one of 128 products.
    """
    factor, first = int.from_bytes(key), int.from_bytes(iv)
    steps = blocks_of(
        b"".join(multiply(factor, (2 << ones) - 1).to_bytes(16) for ones in range(128)), 16
    )
    low = np.uint64(first % 2**64) + np.arange(count - 1, dtype=np.uint64)
    ones = np.bitwise_count(low & ~(low + np.uint64(1)))
    tweaks = np.empty((count, 16), np.uint8)
    tweaks[0] = np.frombuffer(multiply(factor, first).to_bytes(16), np.uint8)
    tweaks[1:] = steps[ones]
    for place in np.flatnonzero(ones == 64):  # the carry goes on into the upper half
        upper = (first + int(place)) // 2**64 % 2**64
        changed = (upper ^ (upper + 1)) % 2**64
        tweaks[1 + place] = steps[64 + changed.bit_length() - 1]
    return np.bitwise_xor.accumulate(tweaks, axis=0, dtype=np.uint8)


def lrw(ecb: Ecb, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """LRW: each block is XORed with its tweak before and after the cipher."""
    if not data:
        return b""
    tweaks = lrw_tweaks(key[-16:], iv, len(data) // 16).tobytes()
    return xor(ecb(direction, key[:-16], xor(data, tweaks)), tweaks)


def essiv(ecb: Ecb, cbc: Chained, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """ESSIV: the IV is encrypted under the hash of the key."""
    salt = hashlib.sha256(key).digest()
    return cbc(direction, key, ecb("encrypt", salt, iv), data)


def rfc3686(ctr: Chained, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """RFC 3686: the key ends with a nonce; the counter block is nonce, IV and 1."""
    return ctr(direction, key[:-4], key[-4:] + iv + (1).to_bytes(4), data)


def ctr(ecb: Ecb, _direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CTR: the whole IV is one big-endian counter, which wraps."""
    size, first = len(iv), int.from_bytes(iv)
    counters = range(first, first + -(-len(data) // size))
    blocks = b"".join((counter % (1 << 8 * size)).to_bytes(size) for counter in counters)
    return xor(ecb("encrypt", key, blocks)[: len(data)], data)


def xctr(ecb: Ecb, _direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """XCTR (HCTR2's paper): block number i, from 1 on and little-endian, XORed into the IV."""
    nonce = int.from_bytes(iv, "little")
    numbers = range(1, 1 + -(-len(data) // 16))
    blocks = b"".join((nonce ^ number).to_bytes(16, "little") for number in numbers)
    return xor(ecb("encrypt", key, blocks)[: len(data)], data)


def xts(ecb: Ecb, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """XTS (IEEE 1619): a tweak a block, times x each time; a cut last block steals."""
    half, whole = len(key) // 2, len(data) // 16 * 16
    tweak = int.from_bytes(ecb("encrypt", key[half:], iv), "little")
    tweaks = []
    for _ in range(len(data) // 16 + 1):
        tweaks.append(tweak.to_bytes(16, "little"))
        tweak = multiply(tweak, 2)

    def run(part: bytes, used: list[bytes]) -> bytes:
        mask = b"".join(used)
        return xor(ecb(direction, key[:half], xor(part, mask)), mask)

    if whole == len(data):
        return run(data, tweaks[:-1])
    # The block before the last is worked on first; the tweaks go by the order when encrypting.
    first, second = tweaks[-2:] if direction == "encrypt" else reversed(tweaks[-2:])
    rest = len(data) - whole
    stolen = run(data[whole - 16 : whole], [first])
    end = run(data[whole:] + stolen[rest:], [second])
    return run(data[: whole - 16], tweaks[:-2]) + end + stolen[:rest]
