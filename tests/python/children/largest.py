"""Encrypt the largest message of each mode that cannot be cut; print how large, or what was wrong.

python -m children.largest
"""

import mmap

import afalg
from children import set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message

NAMES = ("xts(aes)", "adiantum(xchacha12,aes)", "essiv(cbc(aes),sha256)")


def main() -> None:
    """Try each at a page's start, and where it takes a page more."""
    set_deadline()
    for name in NAMES:
        oracle = ORACLES[name]
        cipher = afalg.Cipher(name, key_of(oracle), provider="kernel")
        size = cipher.max_message or 0
        data = message(size)
        due = oracle.encrypt(key_of(oracle), iv_of(oracle), data)
        area = mmap.mmap(-1, size + mmap.PAGESIZE)
        for start in (0, 1, mmap.PAGESIZE - 1):
            window = memoryview(area)[start : start + size]
            cipher.encrypt_into(data, window, iv=iv_of(oracle))
            print(size if window == due else "wrong bytes")


if __name__ == "__main__":
    main()
