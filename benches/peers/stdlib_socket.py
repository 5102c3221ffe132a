"""Python's own `socket`, which knows AF_ALG: how people use it."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import repeat

from benches.names import ENCRYPT, MANY, SOCKET_ACCEPT, SOCKET_KEPT
from benches.peers.sockets import PIECE, keyed
from benches.race import Contestant, repeated
from benches.work import DATA, contexts, encrypted, iv_of, key_of

__all__ = ["many", "one_message"]


def message(op: socket.socket, data: bytes, iv: bytes) -> bytes:
    """Send a message and receive it, in pieces where one send would wait for ever."""
    if len(data) <= PIECE:
        op.sendmsg_afalg([data], op=socket.ALG_OP_ENCRYPT, iv=iv)
        return op.recv(len(data))
    view, results = memoryview(data), []
    for at in range(0, len(data), PIECE):
        piece = view[at : at + PIECE]
        more = socket.MSG_MORE if at + PIECE < len(data) else 0
        if at == 0:
            op.sendmsg_afalg([piece], op=socket.ALG_OP_ENCRYPT, iv=iv, flags=more)
        else:
            op.send(piece, more)
        results.append(op.recv(len(piece)))
    return b"".join(results)


def one_message(held: ExitStack, algorithm: str, size: int) -> list[Contestant]:
    """Give it with an op socket that is kept, and with one that is accepted for each message."""
    data, iv, expected = DATA[:size], iv_of(algorithm) or b"", encrypted(algorithm, size)
    parent = held.enter_context(keyed(algorithm, key_of(algorithm)))
    op = held.enter_context(parent.accept()[0])

    def kept(times: int) -> bytes:
        for _ in repeat(None, times - 1):
            message(op, data, iv)
        return message(op, data, iv)

    def accepted(times: int) -> bytes:
        result = b""
        for _ in repeat(None, times):
            one, _ = parent.accept()
            with one:
                result = message(one, data, iv)
        return result

    return [
        Contestant(name=SOCKET_KEPT, work=kept, expected=expected, beside=(ENCRYPT,)),
        Contestant(name=SOCKET_ACCEPT, work=accepted, expected=expected, beside=(ENCRYPT,)),
    ]


def many(
    held: ExitStack, algorithm: str, messages: Sequence[bytes], ivs: Sequence[bytes]
) -> Contestant:
    """Give a loop over many messages, with an op socket that is kept."""
    requests, context = list(zip(messages, ivs, strict=True)), contexts(algorithm)
    op = held.enter_context(held.enter_context(keyed(algorithm, key_of(algorithm))).accept()[0])
    return Contestant(
        name=SOCKET_KEPT,
        work=repeated(lambda: [message(op, data, iv) for data, iv in requests]),
        expected=[context(iv).encryptor().update(data) for data, iv in requests],
        beside=(MANY,),
    )
