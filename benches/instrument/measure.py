"""Time this package on the instrument next to a loop in C and to Python's own socket.

    make instrument
    PYTHONPATH=target/instrument/package .venv/bin/python benches/instrument/measure.py [ROUNDS]

Rounds go from one way to the next and around again, so that what disturbs the machine disturbs all;
medians of them, and the ratio to the C loop's. Then two threads next to one: how many times as much
they do together, each with a Cipher of its own, and both with the same.
"""

import sys
from collections.abc import Sequence
from statistics import median
from threading import Barrier, Thread

import afalg
import ways

SIZES = (16, 4096, 65536, 1 << 20)
BUDGET = 20_000_000  # nanoseconds of a round, about


def rounds(works: dict[str, ways.Work], count: int, of: int) -> dict[str, list[float]]:
    """Give the times of so many rounds of each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(of + 1):
        for name, work in works.items():
            each = work(count)
            if turn:  # the first warms up
                times[name].append(each)
    return times


def sizes(of: int) -> None:
    """Print one table: sizes and ways."""
    cipher = ways.instrument()
    print("bytes    way            median ns  quartiles          to C")
    for size in SIZES:
        data = bytes(at * 7 % 251 for at in range(size))
        works = {
            "C": ways.in_c(data),
            "encrypt_into": ways.encrypt_into(cipher, data),
            "encrypt": ways.encrypt(cipher, data),
            "socket": ways.stdlib(data),
        }
        count = max(1, int(BUDGET / works["encrypt_into"](10)))
        times = rounds(works, count, of)
        for name, all_of_it in times.items():
            low, middle, high = quartiles(all_of_it)
            ratio = middle / median(times["C"])
            print(f"{size:<8} {name:<13} {middle:>10.0f}  {low:>8.0f}-{high:<9.0f} {ratio:.2f}")


def quartiles(times: Sequence[float]) -> tuple[float, float, float]:
    """Give the first, second and third."""
    ordered = sorted(times)
    return ordered[len(ordered) // 4], median(ordered), ordered[3 * len(ordered) // 4]


def at_once(works: Sequence[ways.Work], count: int) -> float:
    """Give how many a second all of them do together, a thread each."""
    each = [0.0] * len(works)
    start = Barrier(len(works))

    def run(index: int) -> None:
        start.wait()
        each[index] = works[index](count)

    threads = [Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(1e9 / time for time in each)


def threads(of: int) -> None:
    """Print what two threads do next to one."""
    print("bytes    way            own Ciphers  shared  (times what one thread does)")
    first, second = ways.instrument(), ways.instrument()
    for size in SIZES:
        data = bytes(size)
        for way in (ways.encrypt_into, ways.encrypt):
            count = max(1, int(5 * BUDGET / way(first, data)(10)))
            gains = [gain(way, data, pair, count, of) for pair in ((first, second), (first, first))]
            print(f"{size:<8} {way.__name__:<13} {gains[0]:>11.2f} {gains[1]:>7.2f}")


def gain(way: object, data: bytes, pair: tuple[afalg.Cipher, afalg.Cipher], count: int, of: int):
    works = [way(cipher, data) for cipher in pair]
    ratios = []
    for _ in range(of):
        alone = at_once(works[:1], count)
        ratios.append(at_once(works, count) / alone)
    return median(ratios)


if __name__ == "__main__":
    of = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    sizes(of)
    threads(max(3, of // 4))
