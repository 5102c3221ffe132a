"""Runs in a stock kernel and prints as JSON what it finds there: see test_boots.py.

    python survey.py [TYPE:NAME ...]

Who may bind the named algorithms is asked as root, as root without capabilities and as nobody, on
each level of the kernel's restriction: by three processes that stay, since starting one is dear.
"""

import errno
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ASK = "--ask"
USERS = ("root", "nocaps", "nobody")
NOBODY = 65534
LEVEL = Path("/proc/sys/crypto/af_alg_restrict")


def answer(algorithm: str) -> str:
    """Bind an algorithm and tell how that ended."""
    kind, _, name = algorithm.partition(":")
    try:
        with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as tfm:
            tfm.bind((kind, name))
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "ok"


def answer_each_time(user: str, algorithms: list[str]) -> None:
    """Answer for all of them, once for each line that comes in."""
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)  # which gives the capabilities up as well
    for _ in sys.stdin:
        sys.stdout.write(json.dumps({name: answer(name) for name in algorithms}) + "\n")
        sys.stdout.flush()


def ask_all(algorithms: list[str]) -> dict[str, dict[str, dict[str, str]]]:
    """Give the answers by level of restriction (`none` where there is no such thing) and user."""
    with ExitStack() as stack:
        asked: dict[str, subprocess.Popen[str]] = {}
        for user in USERS:
            # Nobody may not find this Python, below somebody's home: that one changes when it runs.
            start = "root" if user == "nobody" else user
            command = ["/run/lab/as", start, sys.executable, __file__, ASK, user, *algorithms]
            pipe = subprocess.PIPE
            child = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
            asked[user] = stack.enter_context(child)
        found: dict[str, dict[str, dict[str, str]]] = {}
        for level in ("1", "0", "2") if LEVEL.exists() else ("none",):
            if LEVEL.exists():
                LEVEL.write_text(level)
            found[level] = {user: ask(child) for user, child in asked.items()}
        return found


def ask(child: "subprocess.Popen[str]") -> dict[str, str]:
    """Let one process answer."""
    assert child.stdin
    assert child.stdout
    child.stdin.write("\n")
    child.stdin.flush()
    answers: dict[str, str] = json.loads(child.stdout.readline())
    return answers


def main(algorithms: list[str]) -> None:
    """Look around."""
    before = LEVEL.exists()
    answer("hash:sha1")
    with tempfile.TemporaryFile() as unnamed:
        unnamed.write(b"four")
        unnamed.flush()
        size = os.fstat(unnamed.fileno()).st_size
    found = {
        "cpus": os.cpu_count(),
        "drivers": re.findall(r"^driver *: (.*)$", Path("/proc/crypto").read_text(), re.MULTILINE),
        "level before AF_ALG": LEVEL.read_text().strip() if before else None,
        "level": LEVEL.read_text().strip() if LEVEL.exists() else None,
        "size of a file without a name": size,
        "answers": ask_all(algorithms),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    if sys.argv[1:2] == [ASK]:
        answer_each_time(sys.argv[2], sys.argv[3:])
    else:
        main(sys.argv[1:])
