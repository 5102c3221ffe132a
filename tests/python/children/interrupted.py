"""Work on 1 GiB until Ctrl-C: python -m children.interrupted WAY.

It prints `begun`, then `interrupted` as soon as it is, then what was wrong after it, then
`done`.
"""

import mmap
import os
import sys
import threading
import time
from collections.abc import Callable

import afalg
from children import set_deadline
from children.load import GIB, SLOW, SLOW_IV, cipher_of, memory, slow_data, slow_fault
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message


def say(text: str) -> None:
    """Print at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def until_interrupted(call: Callable[[], object]) -> None:
    """Make the call, which Ctrl-C must end."""
    try:
        say("begun")
        call()
        say("not interrupted")
    except KeyboardInterrupt:
        say("interrupted")


def check_works(cipher: afalg.Cipher) -> None:
    """Tell if the Cipher does not work any more."""
    oracle = ORACLES[cipher.algorithm]
    iv, data = iv_of(oracle), message(64)
    if cipher.encrypt(data, iv=iv) != oracle.encrypt(key_of(oracle), iv, data):
        say("the Cipher gives wrong bytes")


def check_wiped(out: mmap.mmap) -> None:
    """Tell where ciphertext was left behind, or that the message was done after all."""
    for place in (0, 16, 4095, 1 << 20, GIB - 16):
        if any(out[place : place + 16]):
            say(f"byte {place} is not wiped")


def in_place() -> None:
    """Encrypt over the message."""
    area, cipher = memory(GIB), cipher_of("ctr(aes)")
    until_interrupted(lambda: cipher.encrypt_into(area, area, iv=bytes(16)))
    check_wiped(area)
    check_works(cipher)


def one_shot() -> None:
    """Encrypt into new bytes."""
    data, cipher = memory(GIB), cipher_of(SLOW)
    until_interrupted(lambda: cipher.encrypt(data, iv=SLOW_IV))
    check_works(cipher)


def stream() -> None:
    """Update a stream, which is over then."""
    data, out, cipher = memory(GIB), memory(GIB), cipher_of(SLOW)
    begun = cipher.encryptor(iv=SLOW_IV)
    until_interrupted(lambda: begun.update_into(data, out))
    check_wiped(out)
    check_works(cipher)
    try:
        begun.update(b"")
        say("the stream goes on")
    except afalg.StreamStateError:
        pass


def other_thread() -> None:
    """Let another thread work: that goes on to its end."""
    area, cipher = bytearray(slow_data()), cipher_of(SLOW)
    thread = threading.Thread(target=cipher.encrypt_into, args=(area, area), kwargs={"iv": SLOW_IV})
    thread.start()
    until_interrupted(lambda: time.sleep(60))
    thread.join()
    if fault := slow_fault(area):
        say(fault)


def waiting() -> None:
    """Wait for one's turn with a stream that another thread uses."""
    data, begun = 8 * slow_data(), cipher_of(SLOW).encryptor(iv=SLOW_IV)
    out = bytearray(len(data))
    threading.Thread(target=begun.update_into, args=(data, out), daemon=True).start()
    while not any(out[:16]):
        time.sleep(0.001)
    until_interrupted(lambda: begun.update(b""))
    check_works(cipher_of(SLOW))


WAYS = {way.__name__: way for way in (in_place, one_shot, stream, other_thread, waiting)}


def main() -> None:
    """Do it and tell what was wrong."""
    set_deadline()
    WAYS[sys.argv[1]]()
    say("done")
    os._exit(0)  # there may be a thread that is not


if __name__ == "__main__":
    main()
