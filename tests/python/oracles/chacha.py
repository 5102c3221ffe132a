"""ChaCha with any number of rounds, and its XChaCha form, many blocks at once in numpy."""

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]

CONSTANTS = np.frombuffer(b"expand 32-byte k", "<u4")
BLOCKS_AT_ONCE = 4096


def rotate(row: Words, count: int) -> Words:
    """Rotate every word left."""
    return (row << np.uint32(count)) | (row >> np.uint32(32 - count))


def rounds_over(rows: list[Words], rounds: int) -> list[Words]:
    """Apply `rounds` rounds to a state of four rows of shape (4, blocks)."""
    a, b, c, d = rows
    for _ in range(rounds // 2):
        for turn in (1, -1):
            a = a + b
            d = rotate(d ^ a, 16)
            c = c + d
            b = rotate(b ^ c, 12)
            a = a + b
            d = rotate(d ^ a, 8)
            c = c + d
            b = rotate(b ^ c, 7)
            b, c, d = (np.roll(row, -turn * by, axis=0) for by, row in enumerate((b, c, d), 1))
    return [a, b, c, d]


def hchacha(key: bytes, nonce: bytes, rounds: int) -> bytes:
    """Derive a key from a key and a 16-byte nonce."""
    words = np.concatenate([CONSTANTS, np.frombuffer(key + nonce, "<u4")])
    a, _, _, d = rounds_over([row.reshape(4, 1) for row in words.reshape(4, 4)], rounds)
    return a.tobytes() + d.tobytes()


def keystream(key: bytes, position: int, nonce: bytes, blocks: int, rounds: int) -> bytes:
    """Give `blocks` blocks of the original ChaCha: 64-bit position, 8-byte nonce."""
    numbers = np.uint64(position) + np.arange(blocks, dtype=np.uint64)
    state = np.empty((16, blocks), np.uint32)
    state[:12] = np.concatenate([CONSTANTS, np.frombuffer(key, "<u4")])[:, None]
    state[12] = numbers & np.uint64(0xFFFFFFFF)
    state[13] = numbers >> np.uint64(32)
    state[14:] = np.frombuffer(nonce, "<u4")[:, None]
    mixed = np.concatenate(rounds_over([state[i : i + 4] for i in range(0, 16, 4)], rounds))
    return (mixed + state).T.astype("<u4").tobytes()


def xchacha_stream(key: bytes, nonce: bytes, position: int, length: int, rounds: int) -> bytes:
    """Give `length` bytes of XChaCha's keystream under a 24-byte nonce."""
    derived = hchacha(key, nonce[:16], rounds)
    blocks = -(-length // 64)
    parts = (
        keystream(derived, position + at, nonce[16:], min(BLOCKS_AT_ONCE, blocks - at), rounds)
        for at in range(0, blocks, BLOCKS_AT_ONCE)
    )
    return b"".join(parts)[:length]


def xchacha(rounds: int, _direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """XChaCha with the kernel's IV: a 24-byte nonce, then the position in blocks, 64 bits."""
    position = int.from_bytes(iv[24:], "little")
    if position + -(-len(data) // 64) > 1 << 64:
        raise ValueError("there is no block after 2^64 - 1")
    stream = np.frombuffer(xchacha_stream(key, iv[:24], position, len(data), rounds), np.uint8)
    return (np.frombuffer(data, np.uint8) ^ stream).tobytes()
