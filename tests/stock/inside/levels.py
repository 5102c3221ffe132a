"""Look around on every level of the restriction as every kind of user; prints JSON.

    python levels.py        # as root, in Linux 7.3: af_alg is loaded, or there is no level

Three processes stay, one for each user, for starting Python is dear where it is emulated. What
each finds on a level a child of its own does, which remembers nothing of another level.
"""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from afalg import cli
from look import load, look

STAY = "--stay"
USERS = ("root", "nocaps", "nobody")
LEVELS = ("1", "0", "2")
NOBODY = 65534
LEVEL = Path("/proc/sys/crypto/af_alg_restrict")


def stay(user: str) -> None:
    """Look around in a child, once for each line that comes in."""
    cli.parser().format_help()  # imports what nobody, below somebody's home, could not any more
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)  # which gives the capabilities up as well
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(look()) + "\n")
            sys.exit()
        if os.waitpid(child, 0)[1] != 0:
            sys.exit("a look around failed")


def ask(process: "subprocess.Popen[str]") -> object:
    """Let one of them look."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def main() -> None:
    """Ask them all on all levels."""
    load()
    with ExitStack() as stack:
        asked: dict[str, subprocess.Popen[str]] = {}
        for user in USERS:
            # Nobody may not find this Python, below somebody's home: that one changes when it runs.
            start = "root" if user == "nobody" else user
            command = ["/run/lab/as", start, sys.executable, __file__, STAY, user]
            pipe = subprocess.PIPE
            child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
            asked[user] = stack.enter_context(child)
        found: dict[str, dict[str, object]] = {}
        for level in LEVELS:
            LEVEL.write_text(level)
            found[level] = {user: ask(process) for user, process in asked.items()}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    stay(sys.argv[2]) if sys.argv[1:2] == [STAY] else main()
