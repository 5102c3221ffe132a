"""Make Ciphers while one descriptor is free, and then while all are.

A socket can then be opened and bound, but nothing be read to find out what it is.

python -m children.short_of_files NAME KEY_SIZE
"""

import errno
import os
import resource
import sys
from contextlib import suppress

import afalg
from children import set_deadline

FEW = 64


def leave_free(count: int) -> None:
    """Use descriptors up, but for so many."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    taken = list[int]()
    with suppress(OSError):
        while True:
            taken.append(os.dup(0))
    for descriptor in taken[:count]:
        os.close(descriptor)


def main() -> None:
    """Print what was said at first, and what the Cipher is that could be made then."""
    set_deadline()
    name, key = sys.argv[1], bytes(range(int(sys.argv[2])))
    many = resource.getrlimit(resource.RLIMIT_NOFILE)
    leave_free(1)
    try:
        afalg.Cipher(name, key, provider="kernel")
    except afalg.KernelError as error:
        print(error.stage, errno.errorcode[error.errno or 0])
    resource.setrlimit(resource.RLIMIT_NOFILE, many)
    cipher = afalg.Cipher(name, key, provider="kernel")
    print(repr(cipher), cipher.max_message)


if __name__ == "__main__":
    main()
