"""Python without a GIL, and what threads may do there to what a call was given.

They run on every Python: with a GIL the threads meet where a call releases it.
"""

import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

import afalg
from oracles import ORACLES
from oracles.cases import NewCipher, iv_of, key_of, message

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
ORACLE = ORACLES["ctr(aes)"]
SIZE = 8192  # more than is done with the GIL held
ROUNDS = 300
SAY_WHETHER = "import sys, afalg, afalg.cli; print(sys._is_gil_enabled())"


@pytest.mark.skipif(not FREE_THREADED, reason="this Python was built with a GIL")
def test_the_gil_stays_off_after_the_import() -> None:
    command = [sys.executable, "-W", "error", "-c", SAY_WHETHER]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.stdout == "False\n"


def together(*works: Callable[[], object]) -> None:
    """Run some work over and over while some other goes on; what either raises is a failure."""
    barrier = threading.Barrier(len(works))

    def over_and_over(work: Callable[[], object]) -> None:
        barrier.wait(timeout=60)
        for _ in range(ROUNDS):
            work()

    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(over_and_over, work) for work in works]:
            done.result(timeout=300)


def test_a_buffer_that_a_call_has_is_not_resized_under_it(new_cipher: NewCipher) -> None:
    data, out = message(SIZE), bytearray(SIZE)
    expected = ORACLE.encrypt(key_of(ORACLE), iv_of(ORACLE), data)

    def resize() -> None:
        with suppress(BufferError):
            out.extend(bytes(SIZE))
            del out[SIZE:]

    with new_cipher(ORACLE.name, key_of(ORACLE)) as cipher:

        def encrypt() -> None:
            assert cipher.encrypt_into(data, out, iv=iv_of(ORACLE)) == SIZE

        together(encrypt, resize)
        encrypt()
    assert out[:SIZE] == expected


def test_requests_are_taken_from_a_list_that_another_thread_changes(
    new_cipher: NewCipher,
) -> None:
    requests = [(message(size), iv_of(ORACLE)) for size in range(64)]
    spare = list(requests)
    right = {ORACLE.encrypt(key_of(ORACLE), iv, data) for data, iv in requests}

    def change() -> None:
        requests.clear()
        requests.extend(spare)

    with new_cipher(ORACLE.name, key_of(ORACLE)) as cipher:

        def encrypt() -> None:
            assert set(cipher.encrypt_many(requests, threads=2)) <= right

        together(encrypt, encrypt, change)


def test_data_that_is_written_to_meanwhile_hurts_its_own_message_alone(
    new_cipher: NewCipher,
) -> None:
    data = bytearray(message(SIZE))
    other = message(SIZE)
    expected = ORACLE.encrypt(key_of(ORACLE), iv_of(ORACLE), other)

    def write() -> None:
        data[:] = bytes(SIZE)

    with new_cipher(ORACLE.name, key_of(ORACLE)) as cipher:

        def encrypt_changing() -> None:
            assert len(cipher.encrypt(data, iv=iv_of(ORACLE))) == SIZE

        def encrypt_other() -> None:
            assert cipher.encrypt(other, iv=iv_of(ORACLE)) == expected

        together(encrypt_changing, encrypt_other, write)


def test_ciphers_come_and_go_in_all_threads(provider: afalg.Provider) -> None:
    data = message(100)
    expected = ORACLE.encrypt(key_of(ORACLE), iv_of(ORACLE), data)

    def once() -> None:
        with afalg.Cipher(ORACLE.name, key_of(ORACLE), provider=provider) as cipher:
            stream = cipher.encryptor(iv=iv_of(ORACLE))
            assert stream.update(data) + stream.finalize() == expected
        with pytest.raises(afalg.ClosedError):
            cipher.encrypt(data, iv=iv_of(ORACLE))

    together(once, once, once, once)
