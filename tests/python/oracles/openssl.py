"""OpenSSL through `cryptography`: the block ciphers and modes that it has, and ChaCha20."""

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import CAST5, Blowfish, Camellia, TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB, OFB
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm
from cryptography.hazmat.primitives.ciphers.algorithms import AES, SM4, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC, CTR, ECB, XTS, Mode

ALGORITHMS: dict[str, Callable[[bytes], CipherAlgorithm]] = {
    "aes": AES,
    "blowfish": Blowfish,
    "camellia": Camellia,
    "cast5": CAST5,
    "des": lambda key: TripleDES(3 * key),  # what one key of DES undoes, the next does again
    "des3_ede": TripleDES,
    "sm4": SM4,
}
MODES: dict[str, type[CBC | CTR | XTS | CFB | OFB]] = {
    "cbc": CBC,
    "ctr": CTR,
    "xts": XTS,
    "cfb": CFB,
    "ofb": OFB,
}


def run(algorithm: CipherAlgorithm, mode: Mode | None, direction: str, data: bytes) -> bytes:
    """Run one message through a cipher; `direction` is encrypt or decrypt."""
    cipher: Cipher[Any] = Cipher(algorithm, mode)
    context = cipher.encryptor() if direction == "encrypt" else cipher.decryptor()
    return context.update(data) + context.finalize()


def transform(mode: str, cipher: str, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Run one message through `mode` over `cipher`."""
    if not data:
        return b""
    chosen = ECB() if mode == "ecb" else MODES[mode](iv)
    return run(ALGORITHMS[cipher](key), chosen, direction, data)


def chacha20(_direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """ChaCha20 with the kernel's IV: a 32-bit little-endian counter, then a 12-byte nonce."""
    blocks = -(-len(data) // 64)
    if int.from_bytes(iv[:4], "little") + blocks > 1 << 32:
        raise ValueError("the block counter has no block after 2^32 - 1")
    return run(ChaCha20(key, iv), None, "encrypt", data)
