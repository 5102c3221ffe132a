"""What ciphers make of keys in keyrings, as JSON: for this user, in this kernel, on this level."""

from collections.abc import Callable
from functools import partial

import afalg

PLAIN = bytes(range(96)) * 2
NAMES = {"xts(aes)": 64, "cbc(aes)": 32, "ctr(aes)": 16, "chacha20": 32}
ADDED = {
    "encrypted": b"new user:afalg:master 32",
    "trusted": b"new 32",
}


def outcome(work: Callable[[], object]) -> dict[str, object]:
    """Give what a work gives, or what it raised."""
    try:
        return {"gave": work()}
    except afalg.AfalgError as error:
        reason = getattr(error, "reason", None)
        return {"error": type(error).__name__, "reason": reason, "text": str(error)}


def computes_right(name: str, raw: bytes) -> bool:
    """Whether a Cipher with a logon key computes what userspace does with its bytes."""
    iv = bytes(16)
    key = afalg.KeyringKey.add("logon", f"afalg:{name}", raw, keyring="process")
    due = afalg.encrypt(name, raw, PLAIN, iv=iv, provider="userspace")
    with afalg.Cipher(name, key) as cipher:
        return cipher.encrypt(PLAIN, iv=iv) == due and cipher.decrypt(due, iv=iv) == PLAIN


def encrypts(kind: str, payload: bytes) -> str:
    """Encrypt under a key that the kernel has made, and give who did it."""
    key = afalg.KeyringKey.add(kind, f"afalg:{kind}", payload, keyring="process")
    with afalg.Cipher("xts(aes)", key) as cipher:
        cipher.encrypt(PLAIN, iv=bytes(16))
        return cipher.provider


def keyed() -> dict[str, object]:
    """Try all; the keys end with this process."""
    afalg.KeyringKey.add("user", "afalg:master", bytes(range(32)), keyring="process")
    found: dict[str, object] = {}
    for name, size in NAMES.items():
        found[name] = outcome(partial(computes_right, name, bytes(range(size))))
    for kind, payload in ADDED.items():
        found[kind] = outcome(partial(encrypts, kind, payload))
    return found
