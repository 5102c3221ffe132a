"""The ring that saves system calls: what it costs, and that nobody notices where there is none."""

import json
import re
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import children
import children.rings
from children.load_of_many import Load, write
from children.system_calls import COUNT, Case
from numbering import in_units
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message
from test_syscalls import ALL, case_of, served, traced

pytestmark = pytest.mark.kernel

DISABLED = Path("/proc/sys/kernel/io_uring_disabled")  # since Linux 6.6
CLOCK = "clock_gettime"  # a system call where there is no vdso, in User-mode Linux
LARGEST, PAGE = 4 << 10, 4096  # of a chain's messages
RIGHT = {"result": "right"}
CBC, XTS = ORACLES["cbc(aes)"], ORACLES["xts(aes)"]


def load_of(count: int, size: int, algorithm: str = "cbc(aes)") -> Load:
    """Give so many messages of a size, with their answers."""
    oracle, plain = ORACLES[algorithm], message(count * size)
    key, iv = key_of(oracle), iv_of(oracle)
    parts = [plain[at : at + size] for at in range(0, len(plain), size)]
    hidden = b"".join(oracle.encrypt(key, iv, part) for part in parts)
    units = in_units(oracle, "encrypt", plain, size)
    return Load(algorithm, key, iv, size, plain, hidden, units)


def test_a_chain_of_64_is_one_system_call_and_few_or_long_messages_are_two_each(
    tmp_path: Path,
) -> None:
    # A ring is looked at before it is used: its number may have gone to another file.
    ring = Counter[str](io_uring_enter=COUNT, fstat=COUNT)
    plain = Counter[str](sendmsg=COUNT, recvmsg=COUNT)
    due: dict[Case, Counter[str]] = {
        **{case_of(oracle, "64 at once", 16): ring for oracle in served(ALL)},
        case_of(CBC, "64 at once", PAGE): ring,
        case_of(CBC, "4 at once", LARGEST): ring,
        case_of(CBC, "64 units", 512): ring,
        case_of(XTS, "64 units", PAGE): ring,
        case_of(CBC, "128 units", 16): times(ring, 2),
        case_of(CBC, "130 at once", 16): times(ring, 2) + times(plain, 2),
        case_of(CBC, "3 at once", 16): times(plain, 3),
        case_of(XTS, "3 units", 512): times(plain, 3),
        case_of(CBC, "8 at once", LARGEST + 16): times(plain, 8),
    }
    found = traced([*due], tmp_path)
    for counts in found.values():
        counts.pop(CLOCK, None)
        if looks := counts.pop("newfstatat", 0):  # the C library's way to fstat
            counts["fstat"] += looks
    expected = {str(case): counts for case, counts in due.items()}
    assert {name: counts for name, counts in found.items() if counts != expected[name]} == {}


def times(counts: Counter[str], factor: int) -> Counter[str]:
    """Multiply."""
    return Counter({name: factor * count for name, count in counts.items()})


# Where there is none


def told(load: Load, folder: Path, ways: list[str], under: list[str]) -> list[dict[str, Any]]:
    """Have children.faults do it, and give what it told."""
    outcomes: list[dict[str, Any]] = json.loads(
        children.run("faults", write(load, folder), *ways, under=under)
    )
    return outcomes


def tracing(folder: Path, call: str = "", fault: str = "") -> list[str]:
    """Give what notes the calls of rings, and makes a system call fail."""
    names = ",".join(["io_uring_setup", "io_uring_register", "io_uring_enter", call or "bind"])
    strace = ["strace", "-f", "--seccomp-bpf", "-o", str(folder / "trace"), f"-etrace={names}"]
    return [*strace, f"-einject={call}:{fault}"] if call else strace


def calls(folder: Path) -> Counter[str]:
    """Count the system calls of the trace."""
    return Counter(re.findall(r"\b(io_\w+)\(", (folder / "trace").read_text()))


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("io_uring_setup", "EPERM"),
        ("io_uring_setup", "ENOSYS"),
        ("io_uring_register", "EACCES"),
        ("io_uring_enter", "EPERM"),
    ],
)
def test_a_ring_that_is_denied_is_asked_for_once(tmp_path: Path, call: str, answer: str) -> None:
    under = tracing(tmp_path, call, f"error={answer}")
    *many, units = told(load_of(70, 64), tmp_path, ["many", "many", "in_place"], under)
    assert many == [RIGHT] * 2
    assert units["states"] == ["encrypted"] * 70
    assert calls(tmp_path)[call] == 1
    assert calls(tmp_path)["io_uring_setup"] == 1


@contextmanager
def disabled() -> Generator[None]:
    """Forbid rings to everybody."""
    before = DISABLED.read_text()
    DISABLED.write_text("2")
    try:
        yield
    finally:
        DISABLED.write_text(before)


def test_an_administrator_may_forbid_rings_where_linux_lets_him(tmp_path: Path) -> None:
    run = partial(told, load_of(70, 64), tmp_path, ["many", "many"], tracing(tmp_path))
    if DISABLED.exists():
        with disabled():
            assert run() == [RIGHT] * 2
        assert calls(tmp_path) == {"io_uring_setup": 1}
    else:
        assert run() == [RIGHT] * 2
        assert calls(tmp_path)["io_uring_enter"] == 4


@pytest.mark.parametrize(
    ("call", "answer"), [("io_uring_setup", "ENOMEM"), ("io_uring_enter", "EINTR")]
)
def test_a_ring_that_fails_once_is_asked_for_again(tmp_path: Path, call: str, answer: str) -> None:
    under = tracing(tmp_path, call, f"error={answer}:when=1")
    assert told(load_of(64, 64), tmp_path, ["many"] * 3, under) == [RIGHT] * 3
    assert calls(tmp_path)["io_uring_setup"] == 2
    assert calls(tmp_path)["io_uring_enter"] == (3 if call == "io_uring_enter" else 2)


def test_its_descriptor_is_a_file_like_any_other(tmp_path: Path) -> None:
    said = children.run("rings", write(load_of(66, PAGE), tmp_path))
    assert said == "".join(f"{way.__name__}: right\n" for way in children.rings.ALL)


# A request that fails, where there is no ring to hide it


@pytest.mark.parametrize(("call", "state"), [("sendmsg", "as it was"), ("recvmsg", "zeros")])
def test_the_request_that_fails_is_told_by_its_place(tmp_path: Path, call: str, state: str) -> None:
    """Every twentieth call fails: in the first way some were made before, then it is the 19th."""
    load, ways = load_of(24, LARGEST + 16), ["many", "many", "apart", "in_place", "many"]
    under = tracing(tmp_path, call, "error=EIO:when=20..80+20")
    first, many, apart, in_place, then = told(load, tmp_path, ways, under)
    assert first["index"] < 19
    for wrong, what in ((many, "request"), (apart, "unit"), (in_place, "unit")):
        assert (wrong["result"], wrong["errno"], wrong["stage"]) == ("KernelError", "EIO", call)
        assert wrong["text"].startswith(f"{what} 19: {call} answered EIO")
        assert wrong["index"] == 19
    assert apart["left"] is False
    assert in_place["states"] == ["encrypted"] * 19 + [state] + ["as it was"] * 4
    assert then == RIGHT
