"""Time this package on the instrument next to a loop in C and to Python's own socket.

    make instrument
    PYTHONPATH=target/instrument/package .venv/bin/python -m benches.instrument.measure [ROUNDS]

Each round has a turn of everybody, in an order that is drawn anew, so that what disturbs the
machine disturbs all. Medians of them, and of each way's time by the C loop's in the same round: 1.1
takes a tenth longer. Then two threads next to one: how many times as much
they do together, each with a Cipher of its own, and both with the same.
"""

import random
import sys
from collections.abc import Sequence
from statistics import median, quantiles
from threading import Barrier, Thread

from benches.instrument import loops

SIZES = (16, 4096, 65536, 1 << 20)
BUDGET = 20_000_000  # nanoseconds of a round, about


def rounds(works: dict[str, loops.Work], count: int, of: int) -> dict[str, list[float]]:
    """Give the times of so many rounds of each."""
    times: dict[str, list[float]] = {name: [] for name in works}
    order, drawn = list(works), random.Random("rounds")
    for turn in range(of + 1):
        drawn.shuffle(order)
        for name in order:
            each = works[name](count)
            if turn:  # the first warms up
                times[name].append(each)
    return times


def sizes(of: int) -> None:
    """Print one table: sizes and loops."""
    cipher = loops.instrument()
    print("bytes    way            median ns  quartiles          to C")
    for size in SIZES:
        data = loops.message(size)
        works = {
            "C": loops.in_c(data),
            "encrypt_into": loops.encrypt_into(cipher, data),
            "encrypt": loops.encrypt(cipher, data),
            "socket": loops.stdlib(data),
        }
        count = max(1, int(BUDGET / works["encrypt_into"](10)))
        times = rounds(works, count, of)
        for name, all_of_it in times.items():
            low, middle, high = quantiles(all_of_it, n=4)
            ratio = median(ours / c for ours, c in zip(all_of_it, times["C"], strict=True))
            print(f"{size:<8} {name:<13} {middle:>10.0f}  {low:>8.0f}-{high:<9.0f} {ratio:.2f}")


def at_once(works: Sequence[loops.Work], count: int) -> float:
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


def gain(works: Sequence[loops.Work], count: int, of: int) -> float:
    """Give how many times as much all do as the first one alone."""
    return median(at_once(works, count) / at_once(works[:1], count) for _ in range(of))


def threads(of: int) -> None:
    """Print what two threads do next to one."""
    print("bytes    way            own Ciphers  shared  (times what one thread does)")
    first, second = loops.instrument(), loops.instrument()
    for size in SIZES:
        data = loops.message(size)
        for way in (loops.encrypt_into, loops.encrypt):
            count = max(1, int(5 * BUDGET / way(first, data)(10)))
            own = gain([way(first, data), way(second, data)], count, of)
            shared = gain([way(first, data), way(first, data)], count, of)
            print(f"{size:<8} {way.__name__:<13} {own:>11.2f} {shared:>7.2f}")


def main(of: str = "20") -> None:
    """Print both tables."""
    sizes(int(of))
    threads(max(3, int(of) // 4))


if __name__ == "__main__":
    main(*sys.argv[1:])
