"""Kernels that really boot: they answer, hand back what came of a command, and end."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lab.__main__ import KINDS
from lab.matrix import MATRIX

ROOT = Path(__file__).resolve().parents[2]
UML = [kernel.name for kernel in MATRIX.values() if kernel.kind == "uml"]
STOCK = [kernel.name for kernel in MATRIX.values() if kernel.kind == "qemu"]
OLDEST, NEWEST = UML[0], UML[-1]
SLOW_STOCK = pytest.param(STOCK[-1], marks=pytest.mark.slow)

HANGING = [(OLDEST, "12"), pytest.param(STOCK[-1], "100", marks=pytest.mark.slow)]

boots = pytest.mark.skipif("AFALG_LAB" in os.environ, reason="a lab kernel boots no other")

ENCRYPT = """
import socket
tfm = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
tfm.bind(("skcipher", "cbc(aes)"))
key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
tfm.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
op = tfm.accept()[0]
plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
op.sendmsg_afalg([plain], op=socket.ALG_OP_ENCRYPT, iv=bytes(range(16)))
print(op.recv(16).hex())
"""
ENCRYPTED = b"7649abac8119b246cee98e9b12e9197d"  # NIST SP 800-38A, F.2.1


def line(kernel: str, *options: str, command: Sequence[str]) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "lab", "run", "--kernel", kernel, *options, "--", *command]


def run(kernel: str, *options: str, command: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run a command in a kernel."""
    argv = line(kernel, *options, command=command)
    return subprocess.run(argv, cwd=ROOT, capture_output=True, check=False, timeout=300)


@boots
@pytest.mark.parametrize("kernel", UML)
def test_a_cipher_answers_in_every_kernel(kernel: str) -> None:
    done = run(kernel, command=[sys.executable, "-c", ENCRYPT])
    assert (done.returncode, done.stdout.strip()) == (0, ENCRYPTED), done.stderr.decode()
    assert b"lab: Linux " in done.stderr


@boots
@pytest.mark.parametrize("kernel", UML)
def test_status_streams_and_arguments_come_through_unchanged(kernel: str) -> None:
    odd = ["", "a  b", "c'd", "$HOME", "*", "x\ny\r", "\udcff\x1b"]
    show = 'printf "%s|" "$@"; echo "$PWD $AFALG_LAB_KERNEL" >&2; test -t 1 || exit 7'
    done = run(kernel, command=["sh", "-c", show, "sh", *odd])
    assert done.returncode == 7
    assert done.stdout == os.fsencode("|".join([*odd, ""]))
    assert done.stderr.endswith(f"\n{ROOT} {kernel}\n".encode())


@boots
def test_nocaps_has_no_capability_and_answers() -> None:
    capabilities = "print(*(l for l in open('/proc/self/status') if l.startswith('Cap')))"
    script = f"{ENCRYPT}\n{capabilities}"
    done = run(NEWEST, "--as", "nocaps", command=[sys.executable, "-c", script])
    answer, *masks = done.stdout.split()
    assert answer == ENCRYPTED
    assert set(masks[1::2]) == {b"0" * 16}


@boots
def test_the_helper_inside_runs_a_command_as_each_kind_of_user() -> None:
    show = (
        'for who in root nocaps nobody; do /run/lab/as $who sh -c "$1"; done; /run/lab/as me true'
    )
    user = "id -u; grep CapEff /proc/self/status"
    done = run(OLDEST, command=["sh", "-c", show, "sh", user])
    words = done.stdout.split()
    full, none = words[2].decode(), "0" * 16
    assert set(full) > {"f"}
    expected = ["0", full, str(os.getuid()), none, "65534", none]
    assert [word.decode() for word in words if word != b"CapEff:"] == expected
    assert done.returncode == 125
    assert b"not me" in done.stderr


@boots
def test_sysctls_and_words_for_the_kernel_are_there_when_the_command_starts() -> None:
    options = ["--sysctl", "kernel.domainname=a b", "--sysctl", "net/core/wmem_max=300000"]
    words = ["--append", "audit=0 lab.one=1", "--append", "two"]
    show = "cat /proc/sys/kernel/domainname /proc/sys/net/core/wmem_max; cat /proc/cmdline"
    done = run(OLDEST, *options, *words, command=["sh", "-c", show])
    name, limit, cmdline = done.stdout.decode().splitlines()
    assert (name, limit) == ("a b", "300000")
    assert " audit=0 lab.one=1 two" in cmdline


@boots
@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("crypto.af_alg_restrict=1", "lab: this kernel has no sysctl crypto.af_alg_restrict"),
        ("net.core.wmem_max=much", "lab: the sysctl net.core.wmem_max does not take 'much'"),
    ],
)
def test_a_sysctl_that_cannot_be_set_is_told_and_nothing_runs(setting: str, told: str) -> None:
    done = run(OLDEST, "--sysctl", setting, command=["echo", "ran"])
    assert (done.returncode, done.stdout) == (125, b"")
    assert told in done.stderr.decode()


@boots
def test_two_cpus_are_not_to_be_had_everywhere() -> None:
    done = run(OLDEST, "--cpus", "2", command=["true"])
    assert done.returncode == 125
    assert b"one CPU" in done.stderr


@boots
@pytest.mark.parametrize("kernel", [OLDEST, SLOW_STOCK])
def test_who_reads_slowly_gets_every_byte(kernel: str) -> None:
    much = b"".join(b"%07d\n" % number for number in range(1 << 16))
    write = "import os; [os.write(1, b'%07d\\n' % number) for number in range(1 << 16)]"
    argv = line(kernel, command=[sys.executable, "-c", write])
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE) as lab:
        assert lab.stdout
        first = lab.stdout.read(1)
        time.sleep(5)  # longer than what the command leaves running may live
        assert first + lab.stdout.read() == much
    assert lab.returncode == 0


@boots
def test_what_a_command_leaves_running_is_not_waited_for() -> None:
    done = run(OLDEST, "--timeout", "60", command=["sh", "-c", "sleep 1000 & echo said"])
    assert (done.returncode, done.stdout) == (0, b"said\n")


@boots
def test_two_boots_at_once_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor() as pool:
        commands = [[sys.executable, "-c", f"{ENCRYPT}\nexit({status})"] for status in (3, 4)]
        done = list(pool.map(lambda command: run(OLDEST, command=command), commands))
    assert [one.returncode for one in done] == [3, 4]
    assert {one.stdout.strip() for one in done} == {ENCRYPTED}


# --- stock kernels: dear to boot, so that each boots once and answers every question --------------

EVERYBODY_S = ["skcipher:xts(aes)", "skcipher:adiantum(xchacha12,aes)", "hash:sha1"]
PRIVILEGED = ["skcipher:cbc(aes)", "skcipher:cbc(des3_ede)", "aead:ccm(aes)", "hash:hmac(sha256)"]
NOBODY_S = [
    "skcipher:cts(cbc(aes))",
    "skcipher:chacha20",
    "skcipher:ecb(cipher_null)",
    "aead:gcm(aes)",
    "rng:jitterentropy_rng",
]
ABSENT = ["skcipher:hctr2(aes)", "skcipher:cbc(sm4)"]
ALGORITHMS = EVERYBODY_S + PRIVILEGED + NOBODY_S + ABSENT


@pytest.fixture(scope="module")
def surveys() -> "dict[str, subprocess.CompletedProcess[bytes]]":
    """Keep what each stock kernel said when it was booted for the first test that asked."""
    return {}


@pytest.fixture
def surveyed(
    kernel: str, surveys: "dict[str, subprocess.CompletedProcess[bytes]]"
) -> "subprocess.CompletedProcess[bytes]":
    """Boot a stock kernel, once, and survey it."""
    if kernel not in surveys:
        survey = [sys.executable, "tests/lab/survey.py", *ALGORITHMS]
        script = '"$@" && printf %s "$ODD" >&2; exit 7'
        odd = "ODD=a  b'c$HOME*\n\r\udcff\x1b"
        command = ["env", odd, "sh", "-c", script, "sh", *survey]
        surveys[kernel] = run(kernel, command=command)
    return surveys[kernel]


def said(survey: "subprocess.CompletedProcess[bytes]") -> Any:  # noqa: ANN401 - it is JSON
    """Read what it printed, or show why it printed nothing."""
    assert survey.stdout, (survey.returncode, survey.stderr.decode(errors="replace"))
    return json.loads(survey.stdout)


@boots
@pytest.mark.parametrize("kernel", STOCK)
def test_a_stock_kernel_hands_back_status_and_bytes(
    surveyed: "subprocess.CompletedProcess[bytes]",
) -> None:
    assert surveyed.returncode == 7, surveyed.stderr.decode(errors="replace")
    assert surveyed.stderr.endswith(b"a  b'c$HOME*\n\r\xff\x1b")
    assert b"2 CPUs " in surveyed.stderr
    assert said(surveyed)["cpus"] == 2
    assert said(surveyed)["size of a file without a name"] == 4


@boots
@pytest.mark.parametrize("kernel", ["6.1-stock"])
def test_a_stock_6_1_has_the_cpu_s_own_ciphers_and_is_open_to_all(
    surveyed: "subprocess.CompletedProcess[bytes]",
) -> None:
    found = said(surveyed)
    assert {"xts-aes-aesni", "cryptd(__xts-aes-aesni)", "generic-gcm-aesni"} <= {*found["drivers"]}
    assert found["level"] is None
    everything = dict.fromkeys(ALGORITHMS, "ok") | dict.fromkeys(ABSENT, "ENOENT")
    assert found["answers"] == {"none": dict.fromkeys(("root", "nocaps", "nobody"), everything)}


@boots
@pytest.mark.parametrize("kernel", ["7.3-stock"])
def test_a_stock_7_3_is_open_to_whom_and_when_it_says(
    surveyed: "subprocess.CompletedProcess[bytes]",
) -> None:
    found = said(surveyed)
    assert "xts-aes-aesni" in found["drivers"]
    assert (found["level before AF_ALG"], found["level"]) == (None, "1")
    refused = dict.fromkeys(ALGORITHMS, "ENOENT")
    anybody = refused | dict.fromkeys(EVERYBODY_S, "ok")
    privileged = anybody | dict.fromkeys(PRIVILEGED, "ok")
    unrestricted = privileged | dict.fromkeys(NOBODY_S, "ok")
    closed = dict.fromkeys(ALGORITHMS, "EAFNOSUPPORT")
    assert found["answers"] == {
        "0": dict.fromkeys(("root", "nocaps", "nobody"), unrestricted),
        "1": {"root": privileged, "nocaps": anybody, "nobody": anybody},
        "2": dict.fromkeys(("root", "nocaps", "nobody"), closed),
    }


@boots
@pytest.mark.slow
def test_a_stock_kernel_starts_with_the_options_that_were_given() -> None:
    options = ["--as", "nobody", "--cpus", "1", "--sysctl", "crypto.af_alg_restrict=2"]
    show = "id -u; nproc; cat /proc/sys/crypto/af_alg_restrict"
    done = run("7.3-stock", *options, command=["sh", "-c", show])
    assert done.stdout.split() == [b"65534", b"1", b"2"], done.stderr.decode()
    assert b"1 CPU " in done.stderr


@boots
@pytest.mark.slow
def test_a_stock_6_1_can_be_put_into_fips_mode() -> None:
    done = run("6.1-stock", "--append", "fips=1", command=["cat", "/proc/sys/crypto/fips_enabled"])
    assert done.stdout == b"1\n", done.stderr.decode()


# --- ends ---------------------------------------------------------------------------------------


@boots
@pytest.mark.parametrize("kernel", [NEWEST, SLOW_STOCK])
def test_a_kernel_that_dies_shows_its_console(kernel: str) -> None:
    done = run(kernel, command=["sh", "-c", "echo c >/proc/sysrq-trigger"])
    assert done.returncode == 125
    assert b"Kernel panic" in done.stderr


@boots
@pytest.mark.parametrize("kernel", [OLDEST, NEWEST, SLOW_STOCK])
def test_a_kernel_that_ends_before_all_was_said_has_died_whatever_status_it_left(
    kernel: str,
) -> None:
    ends_it = "(sleep 1; echo o >/proc/sysrq-trigger) & echo said"
    done = run(kernel, command=["sh", "-c", ends_it])
    assert done.returncode == 125
    assert b"died before all of" in done.stderr


@boots
@pytest.mark.parametrize(("kernel", "timeout"), HANGING)
def test_a_command_that_hangs_is_killed_with_its_kernel(
    own_cache: Path, kernel: str, timeout: str
) -> None:
    done, left = ended(own_cache, kernel, timeout, lambda _: None)
    assert done.returncode == 124
    assert b"TIMEOUT" in done.stderr
    assert b"sleep 1000" in done.stderr
    assert not left
    assert not list(own_cache.glob("run-*"))


@boots
@pytest.mark.parametrize("kernel", [OLDEST, SLOW_STOCK])
def test_a_lab_that_is_killed_leaves_no_kernel(own_cache: Path, kernel: str) -> None:
    done, left = ended(own_cache, kernel, "200", lambda lab: lab.kill())
    assert done.returncode == -signal.SIGKILL
    assert not left
    assert not list(own_cache.glob("run-*"))


@boots
def test_a_lab_that_is_told_to_end_leaves_nothing(own_cache: Path) -> None:
    done, left = ended(own_cache, NEWEST, "60", lambda lab: lab.terminate())
    assert done.returncode == 128 + signal.SIGTERM
    assert not left
    assert not list(own_cache.glob("run-*"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that only this test's kernels run from, so that they can be told from others."""
    for kernel in MATRIX.values():
        folder = KINDS[kernel.kind].obtain(kernel).folder
        (tmp_path / folder.name).symlink_to(folder)
    monkeypatch.setenv("AFALG_LAB_CACHE", str(tmp_path))
    return tmp_path


def ended(
    own_cache: Path,
    kernel: str,
    timeout: str,
    end: "Callable[[subprocess.Popen[bytes]], None]",
) -> "tuple[subprocess.CompletedProcess[bytes], list[int]]":
    """Start a command that hangs, end it, and tell what is left of its kernel's processes."""
    argv = line(kernel, "--timeout", timeout, command=["sh", "-c", "echo up; sleep 1000"])
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdout=pipe, stderr=pipe) as lab:
        assert lab.stdout
        assert lab.stdout.readline() == b"up\n"
        sessions = {session(pid) for pid in processes() if str(own_cache) in command_line(pid)}
        end(lab)
        out, err = lab.communicate(timeout=200)
    assert sessions
    deadline = time.monotonic() + 5
    while (left := [p for p in processes() if session(p) in sessions]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return subprocess.CompletedProcess(argv, lab.returncode, out, err), left


def processes() -> list[int]:
    """Every process that runs."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def command_line(pid: int) -> str:
    """A process's arguments; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def session(pid: int) -> int | None:
    """A process's session, None when it is gone or only waited for by nobody."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, number = fields[0], int(fields[3])
    return None if state in "ZX" else number
