"""`afalg verify` as every kind of user, on levels of the restriction; prints JSON.

    python verifying.py        # as root, in Linux 7.3

Each run is a process of its own, which remembers nothing of another level. On the open level
root alone verifies, by every driver, for that takes a while.
"""

import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from afalg import cli
from look import load

NOBODY = 65534
LEVEL = Path("/proc/sys/crypto/af_alg_restrict")
RUNS = (("1", "root"), ("1", "nocaps"), ("1", "nobody"), ("2", "root"), ("0", "root"))
MESSAGES = {"0": "9", "1": "72", "2": "9"}
AS = "--as"


def verify(user: str, level: str) -> None:
    """Run the command in this process, and print what it printed and its status."""
    cli.parser().format_help()  # imports what nobody, below somebody's home, could not any more
    arguments = ["verify", "--seed", "7", "--messages", MESSAGES[level], "--json"]
    if user == "nobody":
        import_all()
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)  # which gives the capabilities up as well
    printed = StringIO()
    with redirect_stdout(printed):
        status = cli.main(arguments)
    json.dump({"status": status, "told": json.loads(printed.getvalue())}, sys.stdout)


def import_all() -> None:
    """Read what is read late: the published figures, and encodings."""
    with redirect_stdout(StringIO()):
        cli.main(["verify", "--provider", "userspace", "--messages", "9", "ctr(aes)"])


def main() -> None:
    """Ask them all."""
    load()
    found: dict[str, object] = {}
    for level, user in RUNS:
        LEVEL.write_text(level)
        # Nobody may not find this Python, below somebody's home: that one changes when it runs.
        start = "root" if user == "nobody" else user
        command = ["/run/lab/as", start, sys.executable, __file__, AS, user, level]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300)
        found[f"{level}-{user}"] = json.loads(done.stdout)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    verify(*sys.argv[2:4]) if sys.argv[1:2] == [AS] else main()
