"""Fork: parent and child go on, or are told why not, and neither waits for ever."""

import json
import os
import pickle
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

import afalg
import children
from children.cases import Case, write
from children.fork_storm import FORKS
from oracles import ORACLES, Oracle
from oracles.cases import NewCipher, cases, iv_of, key_of, message, pairs

# Since Python 3.12, though the other thread is pytest's watchdog.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")

KERNEL_IV = ("pcbc", "lrw", "ofb")  # only the op socket knows where such a message is


def is_tried(oracle: Oracle) -> bool:
    """Whether the algorithm stands for others that go on in the same way."""
    return "aes" in oracle.name or oracle.name == "chacha20"


def is_kernel_iv(oracle: Oracle) -> bool:
    """Whether a stream of the mode is tied to its op socket."""
    return oracle.name.partition("(")[0] in KERNEL_IV


def in_child(work: Callable[[], object]) -> object:
    """Fork, and give what the work gave, or raised, in the child."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            signal.alarm(20)  # it ends a child that hangs
            os.write(writing, pickle.dumps(outcome(work)))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        result = answer.read()
    _, status = os.wait()
    assert os.waitstatus_to_exitcode(status) == 0
    return pickle.loads(result)


def outcome(work: Callable[[], object]) -> object:
    """Give what the work gave or raised."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent wants to see it
        return error


STORM = ("cbc(aes)", "ctr(aes)", "cts(cbc(aes))", "xts(aes)", "lrw(aes)", "chacha20", "pcbc(aes)")


def storm(oracle: Oracle, size: int) -> Case:
    """Give a message to encrypt between forks."""
    key, iv, data = key_of(oracle), iv_of(oracle), message(size)
    return Case(oracle.name, key, iv, data, oracle.encrypt(key, iv, data))


@pytest.mark.kernel
def test_no_child_hangs_and_no_byte_is_wrong_while_threads_encrypt(tmp_path: Path) -> None:
    served = [oracle for _, oracle in pairs(lambda oracle: oracle.name in STORM)]
    chosen = [storm(oracle, size) for size in (16, 4096, 65536) for oracle in served]
    report = children.run("fork_storm", write(chosen, tmp_path))
    assert report.startswith(f"{FORKS} forks beside ")


@pytest.mark.parametrize(("provider", "oracle"), cases(is_tried))
def test_a_cipher_serves_parent_and_child(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle)
    data = message(8 * oracle.chunk_size)
    expected = oracle.encrypt(key_of(oracle), iv, data)
    assert cipher.encrypt(data, iv=iv) == expected
    assert in_child(lambda: cipher.encrypt(data, iv=iv)) == expected
    assert in_child(cipher.close) is None
    assert cipher.decrypt(expected, iv=iv) == data


def begun(cipher: afalg.Cipher, oracle: Oracle, data: bytes) -> tuple[afalg.Stream, bytes]:
    """Begin a stream, and give what it gave for the first part of the message."""
    stream = cipher.encryptor(iv=iv_of(oracle))
    return stream, stream.update(data)


@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: is_tried(oracle) and not is_kernel_iv(oracle))
)
def test_a_stream_goes_on_in_parent_and_child(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    step, data = oracle.chunk_size, message(8 * oracle.chunk_size)
    expected = oracle.encrypt(key_of(oracle), iv_of(oracle), data)
    stream, found = begun(cipher, oracle, data[: 3 * step + 1])

    def rest() -> bytes:
        return found + stream.update(data[3 * step + 1 :]) + stream.finalize()

    assert in_child(rest) == expected
    assert rest() == expected


@pytest.mark.parametrize("name", ["ctr(aes)", "chacha20"])
def test_a_stream_in_both_has_one_keystream_as_its_docstring_warns(
    new_cipher: NewCipher, name: str
) -> None:
    oracle = ORACLES[name]
    nothing, secret = bytes(128), message(128)
    stream, _ = begun(new_cipher(name, key_of(oracle)), oracle, secret)
    hidden = in_child(lambda: stream.update(secret))
    assert isinstance(hidden, bytes)
    keystream = stream.update(nothing)
    assert bytes(a ^ b for a, b in zip(keystream, hidden, strict=True)) == secret
    for warned in (afalg.Cipher, afalg.Cipher.encryptor):
        assert "fork" in (warned.__doc__ or "")
    assert "same keystream" in (afalg.Cipher.encryptor.__doc__ or "")


@pytest.mark.parametrize(
    ("provider", "oracle"),
    cases(lambda oracle: is_tried(oracle) and is_kernel_iv(oracle), of="kernel"),
)
def test_a_stream_that_only_the_kernel_can_continue_is_refused_in_the_child(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    step, data = oracle.chunk_size, message(8 * oracle.chunk_size)
    expected = oracle.encrypt(key_of(oracle), iv_of(oracle), data)
    cipher = new_cipher(oracle.name, key_of(oracle))
    stream, found = begun(cipher, oracle, data[: 3 * step])
    for call in (stream.update, lambda part: again(stream, part)):
        error = in_child(partial(call, data[3 * step :]))
        assert isinstance(error, afalg.StreamStateError)
        assert "begin a new one" in str(error)
    assert "the process forked in the middle" in str(in_child(partial(stream.update, data)))
    fresh = cipher.encryptor(iv=iv_of(oracle))
    assert in_child(lambda: fresh.update(data) + fresh.finalize()) == expected
    assert found + stream.update(data[3 * step :]) + stream.finalize() == expected


def again(stream: afalg.Stream, part: bytes) -> bytes:
    """Go on with a stream that has refused once."""
    with suppress(afalg.StreamStateError):
        return stream.update(part)
    return stream.finalize()


@pytest.mark.kernel
def test_a_stream_is_refused_in_a_child_of_a_process_whose_other_thread_used_it() -> None:
    report = json.loads(children.run("fork_in_turn"))
    assert report["in time"], "the thread had ended its turn before the fork"
    for text in report["child"]:
        assert text.startswith("another thread was using this stream when the process forked")
        assert "begin a new one" in text
    assert report["fault"] == ""
