"""Runs a case through a Cipher."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import NamedTuple

from afalg import Cipher, Stream
from afalg.verify.cases import Case

__all__ = ["Output", "numbered_iv", "parts", "perform", "simple_iv"]

MARK = 0xA5
MARGIN = 32
"""Bytes around an output that nobody may write."""
ROUNDS = 2
"""How often each of several threads runs the message."""
PATIENCE = 60


class Output(NamedTuple):
    """What came out: the bytes, and how many beside them were changed."""

    data: bytes
    outside: int = 0


def simple_iv(size: int) -> bytes:
    """Give 1, 0, 0, ..."""
    return bytes([1]).ljust(size, b"\0")[:size]


def numbered_iv(number: int, size: int) -> bytes:
    """Write a unit's number as dm-crypt's plain64 does."""
    return number.to_bytes(8, "little").ljust(size, b"\0")


def parts(case: Case) -> list[tuple[bytes, bytes]]:
    """Give a case as messages of one call each, with their IVs."""
    if case.way == "many":
        ivs = (case.iv, simple_iv(len(case.iv)))
        return [(piece, ivs[number % 2]) for number, piece in enumerate(case.pieces)]
    if case.way == "units":
        whole, size = case.message, len(case.iv)
        starts = range(0, case.length, case.unit)
        return [
            (whole[at : at + case.unit], numbered_iv(case.first_iv + number, size))
            for number, at in enumerate(starts)
        ]
    return [(case.message, case.iv)]


def perform(cipher: Cipher, case: Case) -> list[Output]:
    """Run a case, its way, and give what came out: once, or by each of its threads.

    Raises:
        AfalgError: what the Cipher raises.

    """
    encrypts = case.direction == "encrypt"
    match case.way:
        case "concurrent":
            return _concurrent(cipher, case)
        case "in-place" | "into":
            return [_into(cipher, case)]
        case "stream":
            stream = _begun(cipher, case)
            return [Output(b"".join([*map(stream.update, case.pieces), stream.finalize()]))]
        case "stream-into":
            return [_stream_into(_begun(cipher, case), case.pieces)]
        case "many":
            run_many = cipher.encrypt_many if encrypts else cipher.decrypt_many
            return [Output(b"".join(run_many(parts(case), threads=case.threads)))]
        case "units":
            run_units = cipher.encrypt_units if encrypts else cipher.decrypt_units
            size, first, threads = case.unit, case.first_iv, case.threads
            out = run_units(case.message, unit_size=size, first_iv=first, threads=threads)
            return [Output(out)]
        case _:
            run = cipher.encrypt if encrypts else cipher.decrypt
            return [Output(run(case.message, iv=case.iv, threads=case.threads))]


def _into(cipher: Cipher, case: Case) -> Output:
    """Write into a buffer that begins anywhere, and look at what is around it."""
    run = cipher.encrypt_into if case.direction == "encrypt" else cipher.decrypt_into
    at, length = case.offsets[case.way == "into"], case.length
    area = bytearray([MARK]) * (at + length + MARGIN)
    out = memoryview(area)[at : at + length]
    if case.way == "in-place":
        out[:] = case.message
        run(out, out, iv=case.iv)
    else:
        source = memoryview(bytes(case.offsets[0]) + case.message)[case.offsets[0] :]
        run(source, out, iv=case.iv)
    beside = area[:at] + area[at + length :]
    return Output(bytes(out), len(beside) - beside.count(MARK))


def _begun(cipher: Cipher, case: Case) -> Stream:
    start = cipher.encryptor if case.direction == "encrypt" else cipher.decryptor
    return start(iv=case.iv)


def _stream_into(stream: Stream, pieces: Iterable[bytes]) -> Output:
    """Feed a stream with just the room that it asks for."""
    result, taken = bytearray(), 0
    for piece in pieces:
        taken += len(piece)
        out = bytearray(taken - len(result))
        result += out[: stream.update_into(piece, out)]
    out = bytearray(taken - len(result))
    result += out[: stream.finalize_into(out)]
    return Output(bytes(result))


def _concurrent(cipher: Cipher, case: Case) -> list[Output]:
    """Let threads run the message at once, and give all their answers."""
    barrier, data = Barrier(case.threads), case.message
    run: Callable[..., bytes] = cipher.encrypt if case.direction == "encrypt" else cipher.decrypt

    def work(_: int) -> list[Output]:
        barrier.wait(timeout=PATIENCE)
        return [Output(run(data, iv=case.iv)) for _ in range(ROUNDS)]

    with ThreadPoolExecutor(case.threads) as pool:
        return [answer for found in pool.map(work, range(case.threads)) for answer in found]
