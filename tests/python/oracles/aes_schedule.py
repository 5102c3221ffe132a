"""AES's round keys (FIPS 197, 5.2 and 5.3.5), as processors with AES instructions want them."""

from functools import reduce
from operator import xor

WORD, BLOCK = 4, 16


def times(a: int, b: int) -> int:
    """Multiply in AES's field."""
    product = 0
    while b:
        product ^= a * (b & 1)
        a, b = a << 1 ^ (a >> 7) * 0x11B, b >> 1
    return product


def substitute(byte: int) -> int:
    """Look a byte up in the S-box."""
    inverse = reduce(times, [byte] * 254)
    turned = [inverse << places | inverse >> 8 - places for places in range(5)]
    return reduce(xor, turned, 0x63) & 0xFF


def round_keys(key: bytes) -> list[bytes]:
    """Give those for encryption; the first ones are the key."""
    size, words = len(key) // WORD, [key[at : at + WORD] for at in range(0, len(key), WORD)]
    constant = 1
    for at in range(size, WORD * (size + 7)):
        word = words[-1]
        if at % size == 0:
            word = bytes(map(substitute, word[1:] + word[:1]))
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = times(constant, 2)
        elif size > 6 and at % size == 4:
            word = bytes(map(substitute, word))
        words.append(bytes(map(xor, word, words[at - size])))
    joined = b"".join(words)
    return [joined[at : at + BLOCK] for at in range(0, len(joined), BLOCK)]


def inverse_mix(column: bytes) -> bytes:
    """Undo MixColumns."""
    factors = (14, 11, 13, 9)
    return bytes(
        reduce(xor, (times(column[(at + place) % WORD], factors[place]) for place in range(WORD)))
        for at in range(WORD)
    )


def inverse_round_keys(key: bytes) -> list[bytes]:
    """Give those of the equivalent inverse cipher, between the first and the last."""
    return [
        b"".join(inverse_mix(each[at : at + WORD]) for at in range(0, BLOCK, WORD))
        for each in round_keys(key)[1:-1]
    ]
