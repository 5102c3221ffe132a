"""Threads that use the CPU's own ciphers at once; prints as JSON who computed, and wrong answers.

    python accelerated.py

Lengths lie around a block, a page, the run of pages that a receive takes, and the largest request.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import afalg

THREADS = 4
IV = bytes(range(16))
KEYS = {"cbc(aes)": 32, "ctr(aes)": 32, "xts(aes)": 64}
BLOCK, PAGE, RUN = 16, 4096, 16 * 4096


def lengths(name: str, limit: int) -> list[int]:
    """Give those that the mode takes; xts none beyond a request."""
    step = BLOCK if name == "cbc(aes)" else 1
    around = {edge + off for edge in (BLOCK, PAGE, RUN, limit) for off in (-step, 0, step)}
    further = set() if name == "xts(aes)" else {limit + PAGE + BLOCK}
    least, most = (BLOCK, limit) if name == "xts(aes)" else (step, limit + RUN)
    return [size for size in sorted(around | further) if least <= size <= most]


def faults(cipher: afalg.Cipher, due: dict[bytes, bytes], thread: int) -> Iterator[str]:
    """Run all messages there and back, each thread beginning with another one."""
    messages = list(due.items())
    turn = thread * len(messages) // THREADS
    for plain, sealed in messages[turn:] + messages[:turn]:
        area = bytearray(plain)
        cipher.encrypt_into(area, area, iv=IV)
        answers = {
            "in place": area == sealed,
            "encrypt": cipher.encrypt(plain, iv=IV) == sealed,
            "decrypt": cipher.decrypt(sealed, iv=IV) == plain,
        }
        yield from (f"{way}, {len(plain)} bytes" for way, right in answers.items() if not right)


def at_once(ciphers: list[afalg.Cipher], due: dict[bytes, bytes]) -> list[str]:
    """Let each thread have its Cipher, all at the same time."""
    barrier = threading.Barrier(THREADS)

    def work(thread: int) -> list[str]:
        barrier.wait(timeout=60)
        return list(faults(ciphers[thread], due, thread))

    with ThreadPoolExecutor(THREADS) as pool:
        return [fault for found in pool.map(work, range(THREADS)) for fault in found]


def tell(name: str, limit: int) -> dict[str, object]:
    """Try one algorithm: threads that share a Cipher, and threads that have one each."""
    key = bytes(range(KEYS[name]))
    sizes = lengths(name, limit)
    messages = [os.urandom(size) for size in sizes]
    with afalg.Cipher(name, key, provider="userspace") as other:
        due = {plain: other.encrypt(plain, iv=IV) for plain in messages}
    shared, *own = [afalg.Cipher(name, key, provider="kernel") for _ in range(1 + THREADS)]
    return {
        "driver": shared.driver,
        "sizes": sizes,
        "one for all": at_once([shared] * THREADS, due),
        "one each": at_once(own, due),
    }


def main() -> None:
    """Try them all."""
    with afalg.Cipher("xts(aes)", bytes(range(64)), provider="kernel") as cipher:
        limit = cipher.max_message or 0
    found = {name: tell(name, limit) for name in KEYS}
    json.dump({"cpus": os.cpu_count(), "limit": limit, "algorithms": found}, sys.stdout)


if __name__ == "__main__":
    main()
