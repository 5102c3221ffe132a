"""What the kernel is asked for: two system calls a message, and what a refused one becomes."""

import errno
import json
import pickle
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import children
from children import cases
from children.system_calls import COUNT, NO_FILE, Case
from oracles import ORACLES, Oracle
from oracles.cases import iv_of, key_of, message, pairs

MARK = re.compile(rf'write\({NO_FILE}, "(?P<name>[^"]*)"')
CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(?P<name>\w+)\(")
ALLOCATOR = {"brk", "madvise", "mmap", "mprotect", "mremap", "munmap"}
PAGE, LARGE, LONG = 4096, 204_800, 2 << 20
SIZES = (16, PAGE, 65536, LARGE)
STREAMED = ("ecb(aes)", "cbc(aes)", "ctr(aes)", "chacha20", "lrw(aes)", "pcbc(aes)")
ALL = (*STREAMED, "xts(aes)", "cts(cbc(aes))", "rfc3686(ctr(aes))", "essiv(cbc(aes),sha256)")


def served(names: tuple[str, ...]) -> list[Oracle]:
    """Give those of the algorithms that this kernel has."""
    return [oracle for _, oracle in pairs(lambda oracle: oracle.name in names)]


def case_of(oracle: Oracle, way: str, size: int) -> Case:
    """Fill in key and IV."""
    return Case(oracle.name, key_of(oracle), iv_of(oracle), way, size)


def traced(chosen: list[Case], folder: Path) -> dict[str, Counter[str]]:
    """Run the cases under strace and count each one's system calls."""
    (folder / "cases").write_bytes(pickle.dumps(chosen))
    trace = folder / "trace"
    strace = ["strace", "-f", "-s", "64", "-o", str(trace)]
    children.run("system_calls", str(folder / "cases"), under=strace)
    found = dict(between_marks(trace.read_text().splitlines()))
    assert list(found) == [str(case) for case in chosen]
    return found


def between_marks(lines: list[str]) -> Iterator[tuple[str, Counter[str]]]:
    """Take a trace apart."""
    counts: Counter[str] | None = None
    for line in lines:
        if (mark := MARK.search(line)) and counts is None:
            counts = Counter()
        elif mark and counts is not None:
            yield mark["name"], counts
            counts = None
        elif counts is not None and (call := CALL.match(line)):
            counts[call["name"]] += 1


TWO_A_MESSAGE = Counter(sendmsg=COUNT, recvmsg=COUNT)


@pytest.mark.kernel
def test_a_message_that_fits_one_request_is_two_system_calls(tmp_path: Path) -> None:
    ways = ("encrypt_into", "decrypt_into", "in place", "encrypt", "decrypt")
    chosen = [
        case_of(oracle, way, size)
        for oracle in served(ALL)
        for size in SIZES
        for way in ways
        if size < LARGE or way not in ("encrypt", "decrypt")
    ]
    found = traced(chosen, tmp_path)
    assert {name: counts for name, counts in found.items() if counts != TWO_A_MESSAGE} == {}


@pytest.mark.kernel
def test_a_large_result_costs_no_more_than_its_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = [case_of(oracle, "encrypt", LARGE) for oracle in served(ALL)]
    for name, counts in traced(chosen, tmp_path).items():
        memory = Counter({call: counts.pop(call) for call in ALLOCATOR & counts.keys()})
        record_property(name, dict(memory))
        assert counts == TWO_A_MESSAGE, name
        assert memory.total() <= 4 * COUNT, name


@pytest.mark.kernel
def test_padding_and_streams_cost_no_system_call_more(tmp_path: Path) -> None:
    padded = served(("ecb(aes)", "cbc(aes)", "pcbc(aes)"))
    chosen = [
        case_of(oracle, way, size)
        for oracle in padded
        for way in ("encrypt padded", "decrypt padded")
        for size in (0, 15, PAGE, 60_000)
    ]
    chosen += [
        case_of(oracle, way, size)
        for oracle in served(STREAMED)
        for way in ("update", "update_into")
        for size in (64, PAGE)
    ]
    found = traced(chosen, tmp_path)
    assert {name: counts for name, counts in found.items() if counts != TWO_A_MESSAGE} == {}


@pytest.mark.kernel
def test_what_needs_no_kernel_asks_none(tmp_path: Path) -> None:
    cbc, ctr = ORACLES["cbc(aes)"], ORACLES["ctr(aes)"]
    nothing = ("encrypt", "decrypt", "encrypt_into", "update", "update_into", "begin")
    chosen = [case_of(oracle, way, 0) for oracle in (cbc, ctr) for way in nothing]
    chosen.append(case_of(cbc, "refused", 16))
    found = traced(chosen, tmp_path)
    assert {name: counts for name, counts in found.items() if counts} == {}


# System calls that fail

RIGHT = {"result": "right"}
STAGES = {
    "bind": "bind",
    "setsockopt": "setkey",
    "accept4": "accept",
    "sendmsg": "sendmsg",
    "recvmsg": "recvmsg",
}


def message_of(algorithm: str, size: int) -> cases.Case:
    """Give a message with its answer."""
    oracle, data = ORACLES[algorithm], message(size)
    key, iv = key_of(oracle), iv_of(oracle)
    return cases.Case(algorithm, key, iv, data, oracle.encrypt(key, iv, data))


def report(folder: Path, tries: int, inject: list[str], *messages: cases.Case) -> dict[str, Any]:
    """Encrypt each message several times while strace makes system calls fail."""
    traced = {name.partition(":")[0] for name in inject}
    strace = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", f"-etrace={','.join(traced)}"]
    strace += [f"-einject={fault}" for fault in inject]
    file = cases.write(list(messages), folder)
    told: dict[str, Any] = json.loads(children.run("report", file, str(tries), under=strace))
    return told


@pytest.mark.parametrize(
    ("answer", "reason", "cause"),
    [
        ("EAFNOSUPPORT", "no-af-alg", "CONFIG_CRYPTO_USER_API_SKCIPHER"),
        ("ENOSYS", "no-af-alg", "af_alg"),
        ("EPERM", "denied", "seccomp"),
        ("EACCES", "denied", "SELinux"),
    ],
)
def test_without_af_alg_the_error_says_who_keeps_it(
    tmp_path: Path, answer: str, reason: str, cause: str
) -> None:
    told = report(tmp_path, 2, [f"socket:error={answer}"], message_of("cbc(aes)", 16))
    assert told["available"] is False
    for outcome in told["outcomes"][0]:
        assert outcome["result"] == "UnavailableError"
        assert (outcome["errno"], outcome["reason"]) == (getattr(errno, answer), reason)
        assert cause in outcome["text"]
        assert answer in outcome["text"]


@pytest.mark.kernel
def test_each_failed_system_call_is_a_kernel_error_and_the_next_try_goes_on(tmp_path: Path) -> None:
    inject = [f"{call}:error=EIO:when=1" for call in STAGES]
    told = report(tmp_path, len(STAGES) + 2, inject, message_of("cbc(aes)", 64))
    *failed, last, after = told["outcomes"][0]
    assert [outcome["stage"] for outcome in failed] == list(STAGES.values())
    for outcome in failed:
        assert (outcome["result"], outcome["errno"]) == ("KernelError", errno.EIO)
        assert f"{outcome['stage']} answered EIO" in outcome["text"]
        assert "cbc(aes)" in outcome["text"]
    assert (last, after) == (RIGHT, RIGHT)
    first, *known = told["known_answers"]["cbc(aes)"]
    assert first.startswith("KernelError: bind answered EIO")
    for failure, stage in zip(known, list(STAGES.values())[1:], strict=True):
        assert failure.startswith("SelfTestError: the kernel's cbc(aes) (driver ")
        assert f"fails at a published message ({stage} answered EIO" in failure


@pytest.mark.kernel
def test_an_interrupted_system_call_is_made_again(tmp_path: Path) -> None:
    inject = [f"{call}:error=EINTR:when=1+2" for call in STAGES]
    messages = [message_of(name, size) for name in ("cbc(aes)", "chacha20") for size in (64, LONG)]
    told = report(tmp_path, 3, inject, *messages)
    assert told["outcomes"] == [[RIGHT] * 3] * len(messages)


@pytest.mark.kernel
@pytest.mark.parametrize("answer", ["ENOMEM", "ENOBUFS"])
@pytest.mark.parametrize("call", ["sendmsg", "recvmsg"])
def test_a_shortage_that_passes_is_got_over(tmp_path: Path, call: str, answer: str) -> None:
    names = ("ecb(aes)", "cbc(aes)", "ctr(aes)", "chacha20", "rfc3686(ctr(aes))", "xts(aes)")
    messages = [message_of(name, LONG if name != "xts(aes)" else PAGE) for name in names]
    told = report(tmp_path, 2, [f"{call}:error={answer}:when=2"], *messages)
    assert told["outcomes"] == [[RIGHT] * 2] * len(messages)


@pytest.mark.kernel
@pytest.mark.parametrize("call", ["sendmsg", "recvmsg"])
def test_a_shortage_that_stays_is_an_error_that_names_optmem(tmp_path: Path, call: str) -> None:
    told = report(tmp_path, 2, [f"{call}:error=ENOMEM"], message_of("xts(aes)", PAGE))
    for outcome in told["outcomes"][0]:
        assert (outcome["result"], outcome["errno"]) == ("KernelError", errno.ENOMEM)
        assert "net.core.optmem_max" in outcome["text"]


@pytest.mark.kernel
@pytest.mark.parametrize("count", [0, 8, 65])
def test_a_receive_that_tells_another_count_is_an_error(tmp_path: Path, count: int) -> None:
    inject = [f"recvmsg:retval={count}:when=1"]
    failed, then = report(tmp_path, 2, inject, message_of("cbc(aes)", 64))["outcomes"][0]
    assert failed["result"] == "KernelError"
    assert f"recvmsg moved {count} of 64 bytes" in failed["text"]
    assert then == RIGHT
