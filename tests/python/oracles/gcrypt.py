"""libgcrypt through ctypes: the ciphers that `cryptography` has not, or not in every mode.

Debian's package is libgcrypt20. Twofish there has 16 and 32 byte keys only.
"""

import ctypes
import ctypes.util
from functools import cache

ALGORITHMS = {
    ("aes", 16): 7,
    ("aes", 24): 8,
    ("aes", 32): 9,
    ("camellia", 16): 310,
    ("camellia", 24): 311,
    ("camellia", 32): 312,
    ("des3_ede", 24): 2,
    ("serpent", 16): 304,
    ("serpent", 24): 305,
    ("serpent", 32): 306,
    ("twofish", 16): 303,
    ("twofish", 32): 10,
}
MODES = {"ecb": 1, "cfb": 2, "cbc": 3, "ofb": 5, "ctr": 6, "xts": 13}
DISABLE_SECMEM = 37
INITIALIZATION_FINISHED = 38


@cache
def library() -> ctypes.CDLL:
    """Load and start libgcrypt, once."""
    name = ctypes.util.find_library("gcrypt") or "libgcrypt.so.20"
    gcrypt = ctypes.CDLL(name)
    gcrypt.gcry_check_version.argtypes = [ctypes.c_char_p]
    gcrypt.gcry_check_version.restype = ctypes.c_char_p
    gcrypt.gcry_strerror.argtypes = [ctypes.c_uint]
    gcrypt.gcry_strerror.restype = ctypes.c_char_p
    handle, size, data = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
    gcrypt.gcry_cipher_open.argtypes = [ctypes.POINTER(handle), *[ctypes.c_int] * 2, ctypes.c_uint]
    gcrypt.gcry_cipher_close.argtypes = [handle]
    for setter in (gcrypt.gcry_cipher_setkey, gcrypt.gcry_cipher_setiv, gcrypt.gcry_cipher_setctr):
        setter.argtypes = [handle, data, size]
        setter.restype = ctypes.c_uint
    for transform in (gcrypt.gcry_cipher_encrypt, gcrypt.gcry_cipher_decrypt):
        transform.argtypes = [handle, ctypes.c_void_p, size, data, size]
        transform.restype = ctypes.c_uint
    if gcrypt.gcry_check_version(None) is None:
        raise OSError(f"{name} does not start")
    gcrypt.gcry_control(ctypes.c_int(DISABLE_SECMEM), ctypes.c_int(0))
    gcrypt.gcry_control(ctypes.c_int(INITIALIZATION_FINISHED), ctypes.c_int(0))
    return gcrypt


def check(status: int) -> None:
    """Raise what libgcrypt says of a status that is not success."""
    if status:
        raise ValueError(library().gcry_strerror(status).decode())


def transform(mode: str, cipher: str, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
    """Run one message through `mode` over `cipher`; `direction` is encrypt or decrypt."""
    if not data:
        return b""
    gcrypt = library()
    key_size = len(key) // 2 if mode == "xts" else len(key)
    handle = ctypes.c_void_p()
    number = ALGORITHMS[cipher, key_size]
    check(gcrypt.gcry_cipher_open(ctypes.byref(handle), number, MODES[mode], 0))
    try:
        check(gcrypt.gcry_cipher_setkey(handle, key, len(key)))
        if iv:
            set_iv = gcrypt.gcry_cipher_setctr if mode == "ctr" else gcrypt.gcry_cipher_setiv
            check(set_iv(handle, iv, len(iv)))
        out = ctypes.create_string_buffer(len(data))
        run = getattr(gcrypt, f"gcry_cipher_{direction}")
        check(run(handle, out, len(data), data, len(data)))
        return out.raw
    finally:
        gcrypt.gcry_cipher_close(handle)
