"""Close the descriptors of Ciphers as daemons do, have others use the numbers, go on.

python -m children.closed_under
"""

import gc
import os
import signal
import socket
import sys

import afalg
from children import DEADLINE, set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message

NAME = "cbc(aes)"
ORACLE = ORACLES[NAME]
IV, DATA = iv_of(ORACLE), message(64)
HIDDEN = ORACLE.encrypt(key_of(ORACLE), IV, DATA)
FIRST, LAST = 3, 64


def made() -> afalg.Cipher:
    """Make a Cipher, with an idle op socket."""
    return afalg.Cipher(NAME, key_of(ORACLE), provider="kernel")


def tried(cipher: afalg.Cipher) -> str:
    """Encrypt, and give what was raised."""
    try:
        right = cipher.encrypt(DATA, iv=IV) == HIDDEN
    except afalg.KernelError as error:
        return str(error)
    return "right" if right else "wrong bytes"


def servers() -> list[socket.socket]:
    """Open listening sockets, each with a connection that waits, where the Ciphers' were."""
    begun = list[socket.socket]()
    for _ in range(4):
        server = socket.create_server(("127.0.0.1", 0))
        begun += [server, socket.create_connection(server.getsockname())]
    return begun


def behind_a_fork(first: afalg.Cipher, second: afalg.Cipher) -> list[str]:
    """In a child that has closed all: servers at the numbers, then another Cipher."""
    os.closerange(FIRST, LAST)
    sockets = servers()
    found = [tried(first)]
    first.close()
    for server in sockets[::2]:
        server.settimeout(5)
        server.accept()  # neither closed nor robbed of its connection
    os.closerange(FIRST, LAST)
    other = afalg.Cipher(NAME, bytes(32), provider="kernel")
    sealed = other.encrypt(DATA, iv=IV)
    found.append(tried(second))
    second.close()
    same = other.encrypt(DATA, iv=IV) == sealed == ORACLE.encrypt(bytes(32), IV, DATA)
    fresh = made()
    return [*found, "the other one works" if same else "the other one is broken", tried(fresh)]


def without_a_fork() -> list[str]:
    """Files at the numbers, in the process that has used the Cipher."""
    cipher = made()
    before = tried(cipher)
    os.closerange(FIRST, LAST)
    files = [os.memfd_create("another") for _ in range(8)]
    found = [before, tried(cipher), tried(cipher)]
    del cipher
    gc.collect()
    sizes = sum(os.fstat(file).st_size for file in files)  # all are open
    return [*found, f"{sizes} bytes written"]


def main() -> None:
    """Print what became of it, in a child, here, and here without a fork."""
    set_deadline()
    first, second = made(), made()
    sys.stdout.flush()
    if os.fork() == 0:
        signal.alarm(DEADLINE)
        try:
            print(*behind_a_fork(first, second), sep="\n", flush=True)
        finally:
            os._exit(0)
    os.wait()
    print(tried(first), tried(second), sep="\n")
    print(*without_a_fork(), sep="\n")


if __name__ == "__main__":
    main()
