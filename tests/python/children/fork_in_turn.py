"""Fork while another thread has its turn with a Stream: the child is told, the thread goes on."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import afalg
from children import set_deadline
from children.load import SLOW, SLOW_IV, cipher_of, slow_data, slow_fault


def refusals(stream: afalg.Stream) -> list[str]:
    """Give what every call of the stream raises."""
    calls: list[Callable[[], object]] = [
        lambda: stream.update(bytes(16)),
        lambda: stream.update_into(bytes(16), bytearray(16)),
        stream.finalize,
        lambda: stream.finalize_into(bytearray(16)),
    ]
    texts = list[str]()
    for call in calls:
        try:
            texts.append(f"no error: {call()!r}")
        except afalg.StreamStateError as error:
            texts.append(str(error))
    return texts


def in_child(stream: afalg.Stream) -> list[str]:
    """Fork, and give what every call of the stream raises in the child."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            signal.alarm(20)  # it ends a child that hangs
            os.write(writing, json.dumps(refusals(stream)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.wait()
    texts: list[str] = json.loads(text or '["the child hung"]')
    return texts


def main() -> None:
    """Fork in the middle of an update and tell what became of child and parent."""
    set_deadline()
    data = slow_data()
    out, done = bytearray(len(data)), threading.Event()
    stream = cipher_of(SLOW).encryptor(iv=SLOW_IV)

    def work() -> None:
        stream.update_into(data, out)
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    while not any(out[:16]):
        time.sleep(0.001)
    texts = in_child(stream)
    in_time = not done.is_set()
    thread.join()
    json.dump({"child": texts, "in time": in_time, "fault": slow_fault(out)}, sys.stdout)


if __name__ == "__main__":
    main()
