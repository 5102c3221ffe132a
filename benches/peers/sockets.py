"""AF_ALG's sockets, made by Python's own module."""

import socket

__all__ = ["PIECE", "keyed", "large_op"]

PIECE = 192 << 10
"""What goes through an op socket at once, as it comes: its buffer has room for 208 KiB."""

SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33  # Python's module lacks them
SEND, RECEIVE = 2 << 20, (2 << 20) + 2048


def keyed(algorithm: str, key: bytes) -> socket.socket:
    """Give a socket that has algorithm and key, to accept op sockets from."""
    made = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)
    made.bind(("skcipher", algorithm))
    if key:
        made.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
    return made


def large_op(algorithm: str, key: bytes) -> socket.socket:
    """Give an op socket whose buffers are as large as they may be made."""
    with keyed(algorithm, key) as parent:
        op, _ = parent.accept()
    try:
        op.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, SEND)
        op.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE)
    except PermissionError:
        op.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND)
        op.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE)
    return op
