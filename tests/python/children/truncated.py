"""Use a file under an mmap that was cut short meanwhile: an error, not a signal.

python -m children.truncated in|out ALGORITHM FOLDER
"""

import errno
import mmap
import os
import sys
from pathlib import Path

import afalg

SIZES = (1 << 16, 3 << 19)  # one piece, several


def use(way: str, name: str, file: Path, size: int) -> None:
    """Decrypt from, or into, memory whose second half is gone; print what is raised."""
    file.write_bytes(bytes(range(1, 17)) * (size // 16))
    cipher, iv = afalg.Cipher(name, bytes(range(32)), provider="kernel"), bytes(16)
    with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as memory:
        os.truncate(file, size // 2)
        try:
            if way == "in":
                cipher.decrypt(memory, iv=iv)
            else:
                cipher.decrypt_into(b"x" * size, memory, iv=iv)
        except afalg.KernelError as error:
            print(error.stage, errno.errorcode[error.errno or 0])


if __name__ == "__main__":
    chosen, algorithm, folder = sys.argv[1:]
    for number in SIZES if algorithm != "xts(aes)" else SIZES[:1]:
        use(chosen, algorithm, Path(folder, "cut"), number)
