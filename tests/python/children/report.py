"""Try each case several times and tell, in JSON, what became of every try.

    python -m children.report FILE TRIES

It runs under strace, which makes system calls fail and counts them anew in each process: so
each case has a process of its own, and in that one Cipher, made as early as that succeeds.
"""

import json
import os
import sys

import afalg
from children import cases, set_deadline

FACTS = ("errno", "stage", "reason")


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


def in_child(case: cases.Case, count: int) -> object:
    """Do it in a process of its own."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, json.dumps(tries(case, count)).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.wait()
    return json.loads(text)


def main() -> None:
    """Try every case, in the order given."""
    set_deadline()
    count = int(sys.argv[2])
    outcomes = [in_child(case, count) for case in cases.read(sys.argv[1])]
    json.dump({"available": afalg.is_available(), "outcomes": outcomes}, sys.stdout)


if __name__ == "__main__":
    main()
