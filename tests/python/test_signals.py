"""Signals: Ctrl-C ends what takes long, other handlers disturb nothing."""

import mmap
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import TypeAlias

import pytest

import afalg
import children
from children.load import SLOW, SLOW_IV, cipher_of, slow_data, slow_fault
from oracles import ORACLES, Oracle, difference
from oracles.cases import NewCipher, cases, iv_of, key_of, message

Handler: TypeAlias = Callable[[], object]
PATIENCE = 2.0  # seconds
SOON = 0.05


class HandlerError(Exception):
    """What a handler raises."""


def on_alarm(handler: Handler, after: float, interval: float = 0.0) -> AbstractContextManager[None]:
    """Call the handler once after so many seconds, then at every interval."""
    return alarmed(lambda _signal, _frame: handler(), after, interval)


@contextmanager
def alarmed(
    handle: Callable[[int, FrameType | None], object], after: float, interval: float
) -> Generator[None]:
    """Do the same with a handler that is told where it interrupts."""
    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, after, interval)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        time.sleep(0.01)  # one may be on its way still: its handler is ours
        signal.signal(signal.SIGALRM, before)


@pytest.mark.kernel
@pytest.mark.parametrize(
    "way", ["in_place", "one_shot", "padded", "unpadded", "stream", "other_thread", "waiting"]
)
def test_ctrl_c_ends_work_on_a_gibibyte(way: str) -> None:
    program = subprocess.Popen(
        children.command("interrupted", way),
        cwd=children.FOLDER,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stdout.readline() == "begun\n"
        time.sleep(0.1)
        patience = threading.Timer(PATIENCE, program.kill)
        patience.start()
        program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        patience.cancel()
        assert program.stdout.read() == "done\n"
    assert program.returncode == 0


@pytest.mark.parametrize("size", [16, 65536, 1 << 20])
@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: "aes" in oracle.name and not oracle.one_request)
)
def test_a_storm_of_signals_changes_no_byte(
    new_cipher: NewCipher, oracle: Oracle, size: int
) -> None:
    cipher, iv, data = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle), message(size)
    expected = oracle.encrypt(key_of(oracle), iv, data)
    alarms, faults = list[int](), list[str]()
    with on_alarm(lambda: alarms.append(1), 0.001, 0.001):
        while len(alarms) < 10:
            hidden = cipher.encrypt(data, iv=iv)
            stream = cipher.decryptor(iv=iv)
            plain = stream.update(hidden[:7]) + stream.update(hidden[7:]) + stream.finalize()
            faults += [difference(hidden, expected), difference(plain, data)]
    assert [fault for fault in faults if fault] == []


def slow_call(handler: Callable[[afalg.Cipher], object]) -> None:
    """Let a handler run in the middle of a call, whose result must be right all the same."""
    cipher, area, middle = cipher_of(SLOW), bytearray(slow_data()), list[bool]()

    def handle() -> None:
        middle.append(area[:8] != slow_data()[:8] and area[-8:] == slow_data()[-8:])
        handler(cipher)

    with on_alarm(handle, SOON):
        cipher.encrypt_into(area, area, iv=SLOW_IV)
    assert middle == [True], "the handler did not run in the middle of the call"
    assert slow_fault(area) == ""


@pytest.mark.kernel
def test_a_handler_that_raises_nothing_leaves_the_call_alone() -> None:
    slow_call(lambda _cipher: None)


@pytest.mark.kernel
def test_a_handler_may_use_the_very_cipher() -> None:
    oracle = ORACLES[SLOW]
    expected = oracle.encrypt(key_of(oracle), SLOW_IV, message(4096))
    found = list[bytes]()
    slow_call(lambda cipher: found.append(cipher.encrypt(message(4096), iv=SLOW_IV)))
    assert found == [expected]


@pytest.mark.kernel
def test_a_handler_may_close_the_cipher_and_the_call_ends_well() -> None:
    closed = list[afalg.Cipher]()

    def close(cipher: afalg.Cipher) -> None:
        cipher.close()
        closed.append(cipher)

    slow_call(close)
    with pytest.raises(afalg.ClosedError):
        closed[0].encrypt(bytes(8), iv=SLOW_IV)


@pytest.mark.kernel
def test_what_a_handler_raises_ends_the_call_and_leaves_no_ciphertext() -> None:
    cipher, data = cipher_of(SLOW), slow_data()
    out, error = bytearray(len(data)), HandlerError("from the handler")

    def fail() -> None:
        raise error

    with pytest.raises(HandlerError) as caught, on_alarm(fail, SOON):
        cipher.encrypt_into(data, out, iv=SLOW_IV)
    assert caught.value is error
    assert not any(out)
    cipher.encrypt_into(data, out, iv=SLOW_IV)
    assert slow_fault(out) == ""


@pytest.mark.kernel
def test_a_handler_that_uses_the_very_stream_is_told_so_and_changes_nothing() -> None:
    cipher, data, texts = cipher_of(SLOW), slow_data(), list[str]()
    stream, out = cipher.encryptor(iv=SLOW_IV), bytearray(len(data))

    def use() -> None:
        assert "in the middle of a call" in repr(stream)
        calls: list[Callable[[], bytes]] = [lambda: stream.update(bytes(8)), stream.finalize]
        for call in calls:
            with pytest.raises(afalg.StreamStateError) as caught:
                call()
            texts.append(str(caught.value))

    with on_alarm(use, SOON):
        assert stream.update_into(data, out) == len(data)
    assert len(texts) == 2
    assert all("in the middle of a call of this stream" in text for text in texts)
    assert slow_fault(out) == ""
    assert stream.update(bytes(8)) == cipher.encrypt(bytes(8), iv=out[-8:])
    assert stream.finalize() == b""


@pytest.mark.kernel
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_handler_that_forks_leaves_the_message_to_the_parent() -> None:
    cipher, data, pids, status = cipher_of(SLOW), slow_data(), list[int](), 1
    area = mmap.mmap(-1, len(data))  # shared: what the child did to it would be the parent's
    area[:] = data
    expected = cipher.encrypt(message(64), iv=SLOW_IV)
    try:
        with on_alarm(lambda: pids.append(os.fork()), SOON):
            cipher.encrypt_into(area, area, iv=SLOW_IV)
    except afalg.StreamStateError as error:
        told = "the process forked in the middle" in str(error)
        status = 0 if told and cipher.encrypt(message(64), iv=SLOW_IV) == expected else 2
    finally:
        if pids == [0]:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]) == 0
    assert slow_fault(bytearray(area)) == ""
