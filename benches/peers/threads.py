"""Two that work at the same time: threads with a Cipher each or with one, and processes.

Two processes share nothing: their pace is what the machine itself has for two.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import repeat
from multiprocessing import get_context
from multiprocessing.connection import Connection

import afalg
from benches.names import ONE_THREAD, OWN_CIPHERS, SHARED_CIPHER, TWO_PROCESSES
from benches.race import Contestant
from benches.work import DATA, encrypted, iv_of, key_of

__all__ = ["contestants"]

CIPHERS = {ONE_THREAD: 1, OWN_CIPHERS: 2, SHARED_CIPHER: 1}
JOBS = {ONE_THREAD: 1, OWN_CIPHERS: 2, SHARED_CIPHER: 2}
PACED = (OWN_CIPHERS, SHARED_CIPHER, TWO_PROCESSES)
"""Whom one thread is compared with."""

Job = Callable[[int], bytes]


def job(cipher: afalg.Cipher, size: int) -> Job:
    """Give what each of them does."""
    data, iv, out = DATA[:size], iv_of(cipher.algorithm), bytearray(size)

    def work(times: int) -> bytes:
        for _ in repeat(None, times):
            cipher.encrypt_into(data, out, iv=iv)
        return bytes(out)

    return work


def in_threads(
    held: ExitStack, pool: ThreadPoolExecutor, name: str, ciphers: list[afalg.Cipher], size: int
) -> Contestant:
    """Give as many jobs as the name says, on the Ciphers in turn."""
    each = [held.enter_context(ciphers[at % CIPHERS[name]]) for at in range(JOBS[name])]
    jobs = [job(cipher, size) for cipher in each]

    def work(times: int) -> list[bytes]:
        begun = [pool.submit(one, times) for one in jobs]
        return [one.result() for one in begun]

    return Contestant(
        name=name,
        work=work,
        expected=[encrypted(ciphers[0].algorithm, size)] * len(jobs),
        beside=PACED if name == ONE_THREAD else (),
        at_once=len(jobs),
    )


def obey(orders: Connection, name: str, provider: afalg.Provider, size: int) -> None:
    """Do, in a process of its own, what is ordered, and give the results when they are wanted."""
    result, work = b"", job(afalg.Cipher(name, key_of(name), provider=provider), size)
    orders.send(None)
    while (times := orders.recv()) is not None:
        if times:
            result = work(times)
            orders.send(None)
        else:
            orders.send(result)


def in_processes(
    held: ExitStack, algorithm: str, provider: afalg.Provider, size: int
) -> Contestant:
    """Give the job to two processes."""
    start, ends = get_context("spawn"), []
    for _ in range(2):
        ours, theirs = start.Pipe()
        process = start.Process(target=obey, args=(theirs, algorithm, provider, size))
        process.start()
        held.callback(process.join)
        held.callback(ours.send, None)
        ends.append(ours)
    for end in ends:
        end.recv()  # it is there

    def all_do(times: int) -> list[object]:
        for end in ends:
            end.send(times)
        return [end.recv() for end in ends]

    return Contestant(
        name=TWO_PROCESSES,
        work=all_do,
        expected=[encrypted(algorithm, size)] * 2,
        result=lambda _: all_do(0),
        at_once=2,
    )


def contestants(
    held: ExitStack, algorithm: str, provider: afalg.Provider, size: int
) -> list[Contestant]:
    """Give one thread, two of both kinds, and two processes."""
    pool = held.enter_context(ThreadPoolExecutor(2))
    key = key_of(algorithm)
    ciphers = [afalg.Cipher(algorithm, key, provider=provider) for _ in range(2)]
    threads = [in_threads(held, pool, name, ciphers, size) for name in JOBS]
    return [*threads, in_processes(held, algorithm, provider, size)]
