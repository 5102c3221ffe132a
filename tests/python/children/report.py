"""Try each case several times and tell, in JSON, what became of every try.

    python -m children.report FILE TRIES

It runs under strace, which makes system calls fail and counts them anew in each process: so
each case has a process of its own, and in that one Cipher, made as early as that succeeds.
Before, in this process, the kernel is asked for its known answer as often as that takes, so
that it is not what fails in there; what became of that is told too.
"""

import json
import sys
from functools import partial

import afalg
from children import cases, forked, set_deadline

FACTS = ("errno", "stage", "reason")
WARM_UPS = 8


def tries(case: cases.Case, count: int) -> list[dict[str, object]]:
    """Encrypt so many times, and give what each time gave or raised."""
    cipher: afalg.Cipher | None = None
    found = list[dict[str, object]]()
    for _ in range(count):
        try:
            cipher = cipher or case.make()
            right = cipher.encrypt(case.plain, iv=case.iv) == case.hidden
            found.append({"result": "right" if right else "WRONG BYTES"})
        except afalg.AfalgError as error:
            facts = {name: getattr(error, name, None) for name in FACTS}
            found.append({"result": type(error).__name__, "text": str(error), **facts})
    return found


def known_answers(case: cases.Case) -> list[str]:
    """Have the case's algorithm trusted, if it can be, and give the failures on the way."""
    failures = list[str]()
    for _ in range(WARM_UPS):
        try:
            case.make().close()
        except afalg.AfalgError as error:
            failures.append(f"{type(error).__name__}: {error}")
        else:
            break
    return failures


def main() -> None:
    """Try every case, in the order given."""
    set_deadline()
    count = int(sys.argv[2])
    named = {case.algorithm: case for case in cases.read(sys.argv[1])}
    failures = {name: known_answers(case) for name, case in named.items()}
    outcomes = [forked(partial(tries, case, count)) for case in cases.read(sys.argv[1])]
    available = afalg.is_available()
    told = {"available": available, "known_answers": failures, "outcomes": outcomes}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
