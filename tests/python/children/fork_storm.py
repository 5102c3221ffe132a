"""Fork in a loop while threads encrypt; parent and children check every byte.

    python -m children.fork_storm FILE      FILE: children.cases

It imports little, so that a fork is cheap.
"""

import gc
import os
import signal
import sys
import threading

import afalg
from children import cases, set_deadline

FORKS, THREADS = 120, 8
CHILD_SECONDS = 20


Both = tuple[cases.Case, afalg.Cipher]


def work(all_of_them: list[Both], stop: threading.Event, wrong: list[str], done: list[int]) -> None:
    """Encrypt until told to stop, whenever main thread and child leave the CPU."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    number = 0
    while not stop.is_set():
        case, cipher = all_of_them[number % len(all_of_them)]
        if not (case.many_right if number % 3 == 0 else case.is_right)(cipher):
            wrong.append(f"{case}, in a thread of the parent")
        number += 1
    done.append(number)


def child(case: cases.Case, inherited: afalg.Cipher, *, make: bool) -> int:
    """Use what was inherited, make something new if told; give the exit status."""
    right = case.is_right(inherited) and case.streams_right(inherited)
    right = right and case.many_right(inherited)
    inherited.close()  # in the child alone
    return 0 if right and (not make or case.is_right(case.make())) else 1


def fork(case: cases.Case, inherited: afalg.Cipher, *, make: bool) -> int:
    """Fork and give the child's status; a child that hangs is ended by its alarm."""
    pid = os.fork()
    if pid == 0:
        status = 98
        try:
            signal.alarm(CHILD_SECONDS)
            status = child(case, inherited, make=make)
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> int:
    """Fork, and give 1 where anything was wrong."""
    set_deadline()
    all_of_them = [(case, case.make()) for case in cases.read(sys.argv[1])]
    gc.freeze()  # a child that collects garbage copies the parent's memory
    stop, wrong, done = threading.Event(), list[str](), list[int]()
    threads = [
        threading.Thread(target=work, args=(all_of_them, stop, wrong, done)) for _ in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for number in range(FORKS):
        case, cipher = all_of_them[number % len(all_of_them)]
        if status := fork(case, cipher, make=number % 4 == 0):
            wrong.append(f"{case}, in child {number}, which ended with {status}")
    stop.set()
    for thread in threads:
        thread.join()
    wrong += [f"{case}, at last" for case, cipher in all_of_them if not case.is_right(cipher)]
    sys.stdout.write("\n".join([f"{FORKS} forks beside {sum(done)} messages", *wrong]))
    return 1 if wrong or min(done) == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
