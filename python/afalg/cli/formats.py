"""What stands at the head of an encrypted file: a salt as `openssl enc` has it, or the IV."""

import hashlib
import os
import threading

import afalg
from afalg.cli.output import RefusedError
from afalg.files import Readable

__all__ = ["MAGIC", "SALT_SIZE", "about", "derive", "fresh_iv", "read_iv", "read_salt"]

MAGIC = b"Salted__"
"""apps/enc.c of OpenSSL; the salt follows."""

SALT_SIZE = 8
CHACHA_IV = 16


def about(algorithm: str, provider: afalg.Provider | None) -> afalg.AlgorithmInfo:
    """Give what is known of a skcipher; a kernel is asked only for what is not listed."""
    for known in afalg.algorithms("skcipher"):
        if known.name == algorithm and known.key_sizes is not None:
            return known
    if provider != "userspace":
        try:
            known = afalg.info(algorithm)
        except afalg.UnavailableError:
            if provider == "kernel":
                raise
            provider = "userspace"  # which knows what the name may have meant
        else:
            if known.type == "skcipher":
                return known
    with afalg.Cipher(algorithm, b"", provider=provider):  # it says why there is none
        raise RefusedError(f"nobody says what {algorithm} asks for")


def derive(
    passphrase: memoryview, salt: bytes, digest: str, iterations: int, sizes: tuple[int, int]
) -> tuple[bytes, bytes]:
    """Give key and IV of those sizes: PBKDF2 (RFC 8018), as `openssl enc -pbkdf2` has it."""
    key, iv = sizes
    made = list[bytes | ValueError]()

    def work() -> None:
        try:
            made.append(hashlib.pbkdf2_hmac(digest, passphrase, salt, iterations, key + iv))
        except ValueError as error:
            made.append(error)

    # A signal is heard by whoever waits, and not while hashlib computes, which may take minutes.
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join()
    (both,) = made
    if isinstance(both, ValueError):  # in FIPS mode it does not take each digest
        raise RefusedError(f"OpenSSL refuses PBKDF2 with {digest}: {both}") from both
    return both[:key], both[key:]


def fresh_iv(size: int, known: afalg.AlgorithmInfo) -> bytes:
    """Give an IV that nobody had; counters of blocks in it begin at 0, not somewhere."""
    iv = os.urandom(size)
    if known.continuation != "counter":
        return iv
    if size == CHACHA_IV:  # crypto/chacha_generic.c: 32 bits of counter first
        return bytes(4) + iv[4:]
    return iv[:24] + bytes(size - 24)  # xchacha: a nonce of 24, then the position


def read_salt(source: Readable) -> bytes:
    """Read the head that `openssl enc` writes, and give its salt."""
    head = _head(source, len(MAGIC) + SALT_SIZE)
    if not head.startswith(MAGIC) or len(head) < len(MAGIC) + SALT_SIZE:
        raise RefusedError(
            "the file does not begin with Salted__ and a salt, as one encrypted with a passphrase "
            "does; was it a key? --key-file FILE"
        )
    return head[len(MAGIC) :]


def read_iv(source: Readable, size: int) -> bytes:
    """Read the IV that a file begins with."""
    iv = _head(source, size)
    if len(iv) < size:
        raise RefusedError(
            f"the file has {len(iv)} bytes, and an IV of {size} should be at its head; "
            "of one without give it by --iv"
        )
    return iv


def _head(source: Readable, size: int) -> bytes:
    """Read so many bytes, or all there are; a pipe gives them in any pieces."""
    head = b""
    while len(head) < size and (part := source.read(size - len(head))):
        head += part
    return head
