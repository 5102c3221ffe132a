"""Threads: they share a Cipher freely and a Stream in turn, and the GIL is theirs meanwhile."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise

import pytest

import afalg
import children
from children.load import SLOW, SLOW_IV, cipher_of, slow_data, slow_fault
from oracles import ORACLES, Oracle, difference
from oracles.cases import NewCipher, cases, iv_of, key_of, message

THREADS = 8
SIZES = (16, 4096, 65536, 200_000, 1 << 20)
ALGORITHMS = (
    "cbc(aes)",
    "ctr(aes)",
    "pcbc(aes)",
    "lrw(aes)",
    "cts(cbc(aes))",
    "rfc3686(ctr(aes))",
    "xts(aes)",
    "chacha20",
)

tried = cases(lambda oracle: oracle.name in ALGORITHMS)


def data_of(thread: int, size: int) -> bytes:
    """Give a message that no other thread has."""
    start = 1 + 7 * thread
    return message(start + size)[start:]


@cache
def answer(name: str, thread: int, size: int) -> bytes:
    """Give the oracle's ciphertext of it."""
    oracle = ORACLES[name]
    return oracle.encrypt(key_of(oracle), iv_of(oracle), data_of(thread, size))


def at_once(work: Callable[[int], str]) -> list[str]:
    """Let threads do their work at the same time and give what they found wrong."""
    barrier = threading.Barrier(THREADS)

    def start(thread: int) -> str:
        barrier.wait(timeout=60)
        return work(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        return [fault for fault in pool.map(start, range(THREADS)) if fault]


def fault_of(cipher: afalg.Cipher, thread: int, size: int) -> str:
    """Run a thread's message there and back, and say where a byte is wrong."""
    iv, data = iv_of(ORACLES[cipher.algorithm]), data_of(thread, size)
    expected, area = answer(cipher.algorithm, thread, size), bytearray(data)
    cipher.encrypt_into(area, area, iv=iv)
    return (
        difference(area, expected)
        or difference(cipher.encrypt(data, iv=iv), expected)
        or difference(cipher.decrypt(expected, iv=iv), data)
    )


def faults_of(cipher: afalg.Cipher, thread: int) -> str:
    """Run a thread's messages of every size, each thread beginning with another one."""
    sizes = [size for size in SIZES if size <= (cipher.max_message or size)]
    turn = thread % len(sizes)
    faults = [fault_of(cipher, thread, size) for size in sizes[turn:] + sizes[:turn]]
    return "; ".join(filter(None, faults))


@pytest.mark.parametrize(("provider", "oracle"), tried)
def test_eight_threads_on_one_cipher_get_right_bytes(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    assert at_once(lambda thread: faults_of(cipher, thread)) == []


@pytest.mark.parametrize(("provider", "oracle"), tried)
def test_eight_threads_on_ciphers_of_their_own_get_right_bytes(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    assert at_once(lambda thread: faults_of(new_cipher(oracle.name, key_of(oracle)), thread)) == []


@pytest.mark.parametrize(("provider", "oracle"), tried)
def test_eight_threads_with_many_messages_each_get_right_bytes(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    sizes = (16, 64, 4096)

    def work(thread: int) -> str:
        requests = [(data_of(thread, size), iv) for size in sizes for _ in range(25)]
        due = [answer(oracle.name, thread, size) for size in sizes for _ in range(25)]
        for threads in (1, 2):
            if cipher.encrypt_many(requests, threads=threads) != due:
                return f"thread {thread} with {threads} more: wrong bytes"
        return ""

    assert at_once(work) == []


@pytest.mark.parametrize(("provider", "oracle"), tried)
def test_eight_streams_of_one_cipher_do_not_mix(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, size = new_cipher(oracle.name, key_of(oracle)), 200_000

    def work(thread: int) -> str:
        stream, data = cipher.encryptor(iv=iv_of(oracle)), data_of(thread, size)
        parts = [stream.update(data[at : at + 9001]) for at in range(0, size, 9001)]
        return difference(b"".join([*parts, stream.finalize()]), answer(oracle.name, thread, size))

    assert at_once(work) == []


@pytest.mark.parametrize("size", [1000, 20_011])
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda o: o.name in ALGORITHMS[:4]))
def test_threads_that_share_a_stream_take_turns(
    new_cipher: NewCipher, oracle: Oracle, size: int
) -> None:
    """All parts are the same, so the message is, whichever thread comes first."""
    part, step = message(size), oracle.chunk_size
    count = 2 * THREADS * step  # the message ends with a whole block
    stream = new_cipher(oracle.name, key_of(oracle)).encryptor(iv=iv_of(oracle))
    found: list[bytes] = []

    def work(_thread: int) -> str:
        found.extend(stream.update(part) for _ in range(count // THREADS))
        return ""

    at_once(work)
    whole = oracle.encrypt(key_of(oracle), iv_of(oracle), part * count)
    ends = [number * size // step * step for number in range(count + 1)]
    due = Counter(whole[start:end] for start, end in pairwise(ends))
    assert Counter(found) == due
    assert stream.finalize() == b""


@pytest.mark.kernel
def test_a_second_user_of_a_stream_waits_for_the_first_but_a_repr_does_not() -> None:
    cipher, data, done = cipher_of(SLOW), slow_data(), threading.Event()
    stream, out = cipher.encryptor(iv=SLOW_IV), bytearray(len(data))

    def first() -> None:
        stream.update_into(data, out)
        done.set()

    thread = threading.Thread(target=first)
    thread.start()
    while not any(out[:16]):
        time.sleep(0.001)
    shown = repr(stream)
    assert not done.is_set()
    assert "in the middle of a call" in shown
    last = stream.update(bytes(8))
    thread.join()
    assert slow_fault(out) == ""
    assert last == cipher.encrypt(bytes(8), iv=out[-8:])  # which is known when the first is done


@pytest.mark.kernel
def test_other_threads_run_while_one_encrypts() -> None:
    cipher, area = cipher_of(SLOW), bytearray(slow_data())
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        cipher.encrypt_into(area, area, iv=SLOW_IV)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait()
    ticks = 0
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    thread.join()
    assert ticks >= 3


def faults_around_close(cipher: afalg.Cipher) -> list[str]:
    """Close a Cipher under threads that use it, and give what they found wrong until then."""

    def until_closed(thread: int) -> str:
        fault = ""
        try:
            while not fault:
                fault = fault_of(cipher, thread, 65536)
        except afalg.ClosedError:
            return ""
        return fault

    closing = threading.Timer(0.05, cipher.close)
    closing.start()
    faults = at_once(until_closed)
    closing.join()
    return faults


def test_calls_in_flight_end_well_when_the_cipher_is_closed(new_cipher: NewCipher) -> None:
    for _ in range(10):
        assert faults_around_close(new_cipher("cbc(aes)", key_of(ORACLES["cbc(aes)"]))) == []


@pytest.mark.kernel
def test_a_turn_that_a_daemon_thread_keeps_is_not_waited_for_while_python_ends() -> None:
    said = children.run("ending")
    assert "another thread is in the middle of a call of this stream" in said
    assert "join threads before the program ends" in said
