"""Count the user-space instructions of one message: from Python's bytecode to the result.

    make instrument
    PYTHONPATH=target/instrument/package .venv/bin/python -m benches.instrument.count [WAY [SIZE]]

WAY is encrypt, encrypt_into, stdlib or in_c; SIZE is 16 bytes. Callgrind counts a process that does
it N times and one that does it 2 N times; the difference is N times one message, and nothing else:
neither the start of Python nor the first time of anything. A table of it by function, and the sum.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter

TIMES = 2000
SHOWN = 1.0  # instructions that a function takes to be in the table
LINE = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(?P<name>.+?)(?: \[[^\]]*\])?$")
STORES = "__memset_avx2_unaligned_erms"
RUN = """
import sys
from benches.instrument import loops
way, size, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
data = loops.message(size)
of = [] if way in ("stdlib", "in_c") else [loops.instrument()]
getattr(loops, way)(*of, data)(times)
"""


def counted(way: str, size: int, times: int) -> Counter[str]:
    """Give the instructions of a process that does it so many times, by function."""
    surroundings = os.environ | {"PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        kept = f"--callgrind-out-file={folder}/out"
        grind = ["valgrind", "--quiet", "--tool=callgrind", kept, sys.executable, "-c", RUN]
        subprocess.run([*grind, way, str(size), str(times)], check=True, env=surroundings)
        annotate = ["callgrind_annotate", "--threshold=100", "--auto=no", f"{folder}/out"]
        text = subprocess.run(annotate, check=True, capture_output=True, text=True).stdout
    found: Counter[str] = Counter()
    for match in filter(None, map(LINE.match, text.splitlines())):
        name = match["name"].partition(":")[2] or match["name"]  # without its file
        found[name] += int(match[1].replace(",", ""))
    return found


def main(way: str = "encrypt", size: str = "16") -> None:
    """Print the table."""
    once, twice = (counted(way, int(size), times) for times in (TIMES, 2 * TIMES))
    each = {name: (twice[name] - once[name]) / TIMES for name in twice}
    total = each.pop("PROGRAM TOTALS")
    for name, count in sorted(each.items(), key=lambda item: -item[1]):
        if count >= SHOWN:
            print(f"{count:8.1f}  {name}")
    assert round(total - sum(each.values())) == 0, "not every function is in the table"
    stores = each.get(STORES, 0.0)
    print(f"{total:8.1f}  instructions of one {way} of {size} bytes")
    print(
        f"{total - stores:8.1f}  without {STORES}: `rep stosb` counts once for each byte it wipes"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
