"""Ours: many messages in one call, units by number, and threads that share one call."""

from collections.abc import Callable, Sequence

import afalg
from benches.names import MANY, PLAIN_LOOP, THREADS_1, THREADS_2, UNITS, UNITS_INTO
from benches.race import Contestant, repeated
from benches.work import contexts, in_units, numbers

__all__ = ["many", "shared", "units"]

Threaded = Callable[[bytes, bytearray, int], object]
"""Does data into a buffer, with so many threads."""


def many(cipher: afalg.Cipher, messages: Sequence[bytes], ivs: Sequence[bytes]) -> list[Contestant]:
    """Give `encrypt_many`, and `encrypt` in a loop."""
    context, requests = contexts(cipher.algorithm), list(zip(messages, ivs, strict=True))
    expected = [context(iv).encryptor().update(data) for data, iv in requests]

    def loop() -> list[bytes]:
        return [cipher.encrypt(data, iv=iv) for data, iv in requests]

    at_once = repeated(lambda: cipher.encrypt_many(requests))
    return [
        Contestant(name=MANY, work=at_once, expected=expected),
        Contestant(name=PLAIN_LOOP, work=repeated(loop), expected=expected, beside=(MANY,)),
    ]


def units(cipher: afalg.Cipher, data: bytes, unit_size: int) -> list[Contestant]:
    """Give `encrypt_units`, the same into a buffer, and `encrypt_into` in a loop."""
    into, looped = bytearray(len(data)), bytearray(len(data))
    expected = in_units(cipher.algorithm, data, unit_size)
    starts = range(0, len(data), unit_size)
    jobs = [
        (iv, memoryview(data)[at : at + unit_size], memoryview(looped)[at : at + unit_size])
        for iv, at in zip(numbers(len(starts)), starts, strict=True)
    ]

    def loop() -> None:
        for iv, unit, out in jobs:
            cipher.encrypt_into(unit, out, iv=iv)

    ways: list[tuple[str, Callable[[], object], bytearray | None]] = [
        (UNITS, lambda: cipher.encrypt_units(data, unit_size=unit_size), None),
        (UNITS_INTO, lambda: cipher.encrypt_units_into(data, into, unit_size=unit_size), into),
        (PLAIN_LOOP, loop, looped),
    ]
    return [
        Contestant(
            name=name,
            work=repeated(once),
            expected=expected,
            buffer=buffer,
            beside=(UNITS_INTO,) if name == PLAIN_LOOP else (),
        )
        for name, once, buffer in ways
    ]


def shared(call: Threaded, data: bytes, expected: bytes) -> list[Contestant]:
    """Give a call with one thread and with two."""

    def contestant(name: str, threads: int) -> Contestant:
        buffer = bytearray(len(data))
        return Contestant(
            name=name,
            work=repeated(lambda: call(data, buffer, threads)),
            expected=expected,
            buffer=buffer,
            beside=(THREADS_2,) if threads == 1 else (),
        )

    return [contestant(THREADS_1, 1), contestant(THREADS_2, 2)]
