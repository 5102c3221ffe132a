"""Adiantum over XChaCha and AES-256, from the paper by Crowley and Biggers (2018).

A message is a left part and a last block. Both are hashed and enciphered so that every byte of
the result depends on every byte of the message: the last block gets the hash of the left part
added, is enciphered with AES, serves as the nonce of the stream that hides the left part, and
has the hash of the hidden left part taken away.
"""

from dataclasses import dataclass

import numpy as np

from oracles import openssl
from oracles.chacha import xchacha_stream
from oracles.glue import xor

NH_UNIT = 1024  # bytes that one NH hash covers
NH_PASSES = 4
POLY_PRIME = 2**130 - 5
POLY_CLAMP = 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF


@dataclass(frozen=True)
class Keys:
    """What one key is expanded to."""

    stream: bytes
    block: bytes
    tweak: bytes
    message: bytes
    nh: bytes


def expand(key: bytes, rounds: int) -> Keys:
    """Take all keys from the stream of nonce 1."""
    nonce = bytes([1]) + bytes(23)
    nh_size = NH_UNIT + 16 * (NH_PASSES - 1)
    stream = xchacha_stream(key, nonce, 0, 32 + 16 + 16 + nh_size, rounds)
    return Keys(key, stream[:32], stream[32:48], stream[48:64], stream[64:])


def nh(key: bytes, message: bytes) -> bytes:
    """Hash each unit of a message, padded to 16 bytes, to 32 bytes."""
    whole = -(-len(message) // NH_UNIT)
    padded = np.frombuffer(message.ljust(whole * NH_UNIT, b"\0"), "<u4").reshape(whole, -1, 4)
    used = np.ones((whole, padded.shape[1]), bool)
    used[-1, -(-(len(message) - (whole - 1) * NH_UNIT) // 16) :] = False
    words = np.frombuffer(key, "<u4").reshape(-1, 4)
    sums = np.empty((whole, NH_PASSES), np.uint64)
    for number in range(NH_PASSES):
        added = (padded + words[number : number + padded.shape[1]]).astype(np.uint64)
        products = added[:, :, 0] * added[:, :, 2] + added[:, :, 1] * added[:, :, 3]
        sums[:, number] = np.where(used, products, np.uint64(0)).sum(axis=1)
    return sums.astype("<u8").tobytes()


def poly1305(key: bytes, message: bytes) -> int:
    """Evaluate the message's 16-byte blocks at the clamped key, without a final addition."""
    point = int.from_bytes(key, "little") & POLY_CLAMP
    total = 0
    for at in range(0, len(message), 16):
        block = message[at : at + 16] + b"\1"
        total = (total + int.from_bytes(block, "little")) * point % POLY_PRIME
    return total


def add(left: bytes, right: int) -> bytes:
    """Add modulo 2^128, little-endian."""
    return ((int.from_bytes(left, "little") + right) % 2**128).to_bytes(16, "little")


def digest(keys: Keys, tweak: bytes, left: bytes) -> int:
    """Hash the tweak and the left part's length, and the left part."""
    header = poly1305(keys.tweak, (8 * len(left)).to_bytes(16, "little") + tweak)
    return header + (poly1305(keys.message, nh(keys.nh, left)) if left else 0)


def hide(keys: Keys, middle: bytes, left: bytes, rounds: int) -> bytes:
    """XOR the left part with the stream whose nonce the enciphered block is."""
    nonce = middle + bytes([1]) + bytes(7)
    return xor(left, xchacha_stream(keys.stream, nonce, 0, len(left), rounds))


def adiantum(rounds: int, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encipher or decipher one message of at least 16 bytes under a tweak of 32 bytes."""
    keys = expand(key, rounds)
    left, last = data[:-16], data[-16:]
    middle = add(last, digest(keys, iv, left))
    if direction == "encrypt":
        middle = openssl.transform("ecb", "aes", "encrypt", keys.block, b"", middle)
        left = hide(keys, middle, left, rounds)
    else:
        left = hide(keys, middle, left, rounds)
        middle = openssl.transform("ecb", "aes", "decrypt", keys.block, b"", middle)
    return left + add(middle, -digest(keys, iv, left))
