"""Signals in the middle of many messages, of units and of a shared message."""

import os
from collections.abc import Callable
from functools import cache

import pytest

import afalg
from numbering import in_units
from oracles import ORACLES, difference
from oracles.cases import NewCipher, key_of, message
from test_signals import HandlerError, on_alarm

# Since Python 3.12, though the other thread is pytest's watchdog.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")

SLOW = "cbc(des3_ede)"  # everywhere, and its decryption may be shared
ORACLE, IV = ORACLES[SLOW], bytes(8)
SIZES = {"kernel": 8 << 20, "userspace": 4 << 20}  # a few tenths of a second
PART, UNIT = 1 << 18, 4096
SOON = 0.06  # seconds; a call looks for signals every 0.05
ON = pytest.mark.parametrize("threads", [1, 2])


def cipher_of(new_cipher: NewCipher) -> afalg.Cipher:
    """Make the slow Cipher."""
    return new_cipher(SLOW, key_of(ORACLE))


def check_works(cipher: afalg.Cipher) -> None:
    """Expect the oracle's bytes of the Cipher still."""
    data = message(4096)
    due = ORACLE.encrypt(key_of(ORACLE), IV, data)
    assert cipher.encrypt_many([(data, IV)] * 5, threads=2) == [due] * 5
    assert cipher.encrypt_units(data, unit_size=4096) == cipher.encrypt(data, iv=IV) == due


def interrupted(call: Callable[[], object]) -> HandlerError:
    """Let a signal's handler raise in the middle of a call."""
    error = HandlerError("from the handler")

    def fail() -> None:
        raise error

    with pytest.raises(HandlerError) as caught, on_alarm(fail, SOON):
        call()
    assert caught.value is error
    assert not hasattr(error, "index")
    return error


@ON
def test_a_handler_that_raises_ends_many_messages(
    new_cipher: NewCipher, provider: str, threads: int
) -> None:
    cipher, data = cipher_of(new_cipher), message(64 << 10)
    requests = [(data, IV)] * (2 * SIZES[provider] // len(data))
    error = interrupted(lambda: cipher.encrypt_many(requests, threads=threads))
    assert not hasattr(error, "__notes__")
    check_works(cipher)


@ON
@pytest.mark.parametrize("place", ["in place", "apart"])
def test_a_handler_that_raises_ends_units_where_its_note_says(
    new_cipher: NewCipher, provider: str, place: str, threads: int
) -> None:
    cipher, data = cipher_of(new_cipher), message(2 * SIZES[provider])
    area = bytearray(data)
    out = area if place == "in place" else bytearray(len(data))
    error = interrupted(
        lambda: cipher.encrypt_units_into(area, out, unit_size=UNIT, threads=threads)
    )
    if place == "apart":
        assert not hasattr(error, "__notes__")
        assert not any(out)
    else:
        (note,) = error.__notes__
        first, _, rest = note.removeprefix("the first ").partition(" bytes of data were done ")
        assert rest == "in place, the rest is as it was"
        done = int(first)
        assert 0 < done < len(data)
        assert not difference(area[:done], in_units(ORACLE, "encrypt", data[:done], UNIT))
        assert not difference(area[done:], data[done:])
    check_works(cipher)


@ON
def test_a_handler_that_raises_ends_a_shared_message_and_wipes_it(
    new_cipher: NewCipher, provider: str, threads: int
) -> None:
    cipher, area = cipher_of(new_cipher), bytearray(message(2 * SIZES[provider]))
    out = bytearray(len(area))
    interrupted(lambda: cipher.decrypt_into(area, out, iv=IV, threads=threads))
    assert not any(out)
    interrupted(lambda: cipher.decrypt(area, iv=IV, threads=threads))
    check_works(cipher)


@cache
def answer(way: str, size: int) -> object:
    """Give the oracle's result of `call_of`."""
    key, data = key_of(ORACLE), message(size)
    if way == "units":
        return in_units(ORACLE, "decrypt", data, UNIT)
    if way == "message":
        return ORACLE.decrypt(key, IV, data)
    return [ORACLE.decrypt(key, IV, data[at : at + PART]) for at in range(0, size, PART)]


def call_of(cipher: afalg.Cipher, way: str, data: bytearray, threads: int) -> object:
    """Decrypt what takes a while."""
    if way == "units":
        return cipher.decrypt_units(data, unit_size=UNIT, threads=threads)
    if way == "message":
        return cipher.decrypt(data, iv=IV, threads=threads)
    with memoryview(data) as view:
        parts = [view[at : at + PART] for at in range(0, len(data), PART)]
        found = cipher.decrypt_many(((part, IV) for part in parts), threads=threads)
        for part in parts:
            part.release()
    return found


WAYS = [("many", 1), ("many", 2), ("units", 1), ("units", 2), ("message", 2)]
EACH = pytest.mark.parametrize(("way", "threads"), WAYS)


@EACH
def test_a_handler_that_does_not_raise_runs_meanwhile_and_changes_no_byte(
    new_cipher: NewCipher, provider: str, way: str, threads: int
) -> None:
    cipher, area, seen = cipher_of(new_cipher), bytearray(message(SIZES[provider])), list[bool]()

    def use() -> None:
        with pytest.raises(BufferError):
            area.append(0)  # it is in use
        check_works(cipher)
        seen.append(True)

    with on_alarm(use, SOON):
        found = call_of(cipher, way, area, threads)
    assert seen == [True]
    assert found == answer(way, SIZES[provider])
    area.append(0)


@EACH
def test_a_handler_that_forks_leaves_it_to_the_parent(
    new_cipher: NewCipher, provider: str, way: str, threads: int
) -> None:
    cipher, area = cipher_of(new_cipher), bytearray(message(SIZES[provider]))
    pids, status, found = list[int](), 1, None
    try:
        with on_alarm(lambda: pids.append(os.fork()), SOON):
            found = call_of(cipher, way, area, threads)
    except afalg.StreamStateError as error:
        check_works(cipher)
        status = 0 if "the process forked in the middle of this call" in str(error) else 2
    finally:
        if pids == [0]:
            os._exit(status)
    assert found == answer(way, SIZES[provider])
    assert os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]) == 0
    check_works(cipher)
