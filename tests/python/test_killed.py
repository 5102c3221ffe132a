"""`afalg encrypt` killed at system calls drawn from a seed: the old file or the new one, whole.

strace counts the calls of a run that is left alone; then it kills others as they enter one of
them: most often between the opening of the new file and the end.
"""

import random
import re
import signal
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from commands import AFALG, CBC, MIB, NO_UNNAMED, WHO, Folder, plaintext, run

pytestmark = pytest.mark.anywhere

OLD = b"what was there before" * 1000
NEW = plaintext(MIB + 5)
KILLS = 100
FEWER = 20
AT_ONCE = 2
EARLY = 0.15  # the share of kills before the new file is there: most of them while Python starts
CALL = re.compile(r"(\w+)\(")
OPENING = re.compile(r"openat\(.*(O_TMPFILE|\.afalg-\w+\.part)")


class Call(NamedTuple):
    """A system call of a run, and how many of its name there were by then."""

    name: str
    nth: int


class Run:
    """The command that is killed, and what it does when it is not."""

    def __init__(self, folder: Folder, program: Sequence[str]) -> None:
        """Let it run once, and count its calls."""
        self.folder, self.sealed = folder, CBC.by_key("encrypt", NEW)
        folder.plain.write_bytes(NEW)
        files = [str(folder.plain), "-o", str(folder.made)]
        self.command = [*program, "encrypt", "-q", "--provider", WHO, *folder.by_key(), *files]
        trace = folder.path / "trace"
        folder.made.write_bytes(OLD)
        assert self.traced(["-o", str(trace)]) == 0
        assert folder.made.read_bytes() == self.sealed
        lines = [line for line in trace.read_text().splitlines() if CALL.match(line)]
        trace.unlink()
        counted = Counter[str]()
        self.calls = list[Call]()
        for name in (line.partition("(")[0] for line in lines[1:]):  # the first is strace's own
            counted[name] += 1
            self.calls.append(Call(name, counted[name]))
        opened = [at for at, line in enumerate(lines[1:]) if OPENING.match(line)]
        self.late = self.calls[opened[-1] :]
        self.before = sorted(folder.path.iterdir())

    def traced(self, options: Sequence[str]) -> int:
        """Run it under strace and give its status."""
        # Without --seccomp-bpf, with which strace 6.1 injects no signal.
        return run(["strace", "-q", *options, *self.command]).status

    def interrupted(self, call: Call, number: signal.Signals) -> tuple[int, bytes, list[Path]]:
        """Run it until a call; give its status, the target and what else is left."""
        self.folder.made.write_bytes(OLD)
        when = f"-einject={call.name}:signal={number.name}:when={call.nth}"
        status = self.traced(["-o", "/dev/null", f"-etrace={call.name}", when])
        left = sorted(set(self.folder.path.iterdir()) - set(self.before))
        for part in left:
            assert re.fullmatch(r"\.afalg-[0-9a-f]{16}\.part", part.name)
            part.unlink()
        assert set(self.before) <= set(self.folder.path.iterdir())
        return status, self.folder.made.read_bytes(), left

    def draw(self, drawn: random.Random) -> Call:
        """Draw a call."""
        return drawn.choice(self.calls if drawn.random() < EARLY else self.late)


def outcomes(folder: Path, program: Sequence[str], kills: int) -> Counter[str]:
    """Kill it so many times, and count which file is there afterwards."""
    folder.mkdir()
    victim, drawn = Run(Folder(folder), program), random.Random(f"{folder.name} {kills}")
    found, killed, tries = Counter[str](), 0, 0
    while killed < kills:
        call = victim.draw(drawn)
        status, made, left = victim.interrupted(call, signal.SIGKILL)
        outcome = {OLD: "old", victim.sealed: "new"}.get(made)
        assert outcome, f"killed at {call} it leaves {len(made)} bytes of neither file"
        assert len(left) <= 1
        found[outcome] += 1
        killed += status == -signal.SIGKILL
        tries += 1
        assert tries < kills + 20, "calls are not reached again: nothing is killed"
    return found


@pytest.mark.parametrize(
    ("program", "kills"), [(AFALG, KILLS), (NO_UNNAMED, FEWER)], ids=["unnamed", "named"]
)
def test_who_is_killed_leaves_the_old_file_or_the_new_one(
    tmp_path: Path, program: Sequence[str], kills: int
) -> None:
    # strace takes most of the time, and has two CPUs here as in CI.
    with ThreadPoolExecutor(AT_ONCE) as pool:
        each = [
            pool.submit(outcomes, tmp_path / str(place), program, kills // AT_ONCE)
            for place in range(AT_ONCE)
        ]
        found = sum((future.result() for future in each), Counter[str]())
    assert set(found) == {"old", "new"}, found
    assert found.total() >= kills


def test_who_is_asked_to_end_leaves_no_part_of_a_file(folder: Folder) -> None:
    victim, drawn = Run(folder, NO_UNNAMED), random.Random("ends")
    outcomes = Counter[tuple[int, str]]()
    for call in [victim.late[0], *(drawn.choice(victim.late) for _ in range(10))]:
        status, made, left = victim.interrupted(call, signal.SIGTERM)
        outcome = {OLD: "old", victim.sealed: "new"}.get(made)
        assert outcome, f"ended at {call} it leaves {len(made)} bytes of neither file"
        assert left == [], call
        assert status in {0, 128 + signal.SIGTERM, -signal.SIGTERM}
        outcomes[status, outcome] += 1
    assert outcomes[128 + signal.SIGTERM, "old"]
