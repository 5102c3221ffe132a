"""The doctor on the machine at hand, and where this process is refused."""

import copy
import errno
import json
import os
import pickle
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import afalg
from afalg import cli
from surroundings import HIDDEN, filtered, mounts

STATUSES = {"ok", "warning", "fault", "unknown"}
FIRST = ["kernel", "af-alg", "skcipher", "aead", "hash", "rng", "restriction", "privileges"]
REPORT = afalg.Report(
    (
        afalg.Check("kernel", "ok", "Linux 6.12"),
        afalg.Check("af-alg", "fault", "socket(AF_ALG) answered EPERM " * 8, "allow it " * 20),
    )
)


def found(report: afalg.Report, name: str) -> afalg.Check:
    """Give the check of a name."""
    return next(check for check in report.checks if check.name == name)


def ask(*under: str) -> tuple[int, afalg.Report]:
    """Run `afalg doctor --json` in a process of its own; give its status and what it said."""
    command = [*under, sys.executable, "-m", "afalg", "doctor", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    report = afalg.Report(tuple(afalg.Check(**check) for check in answer["checks"]))
    assert answer["ok"] == report.ok
    return done.returncode, report


def test_every_check_says_what_was_found() -> None:
    report = afalg.doctor()
    names = [check.name for check in report.checks]
    assert names[: len(FIRST)] == FIRST
    assert len(set(names)) == len(names)
    for check in report.checks:
        assert check.status in STATUSES
        assert check.found
        assert check.advice != ""
        assert check.advice or check.status != "fault", f"{check} has no way out"


def test_the_verdict_is_whether_a_cipher_can_be_had() -> None:
    report = afalg.doctor()
    assert found(report, "kernel").found == f"Linux {platform.release()}"
    assert report.ok == afalg.is_available()
    if report.ok:
        assert afalg.info("xts(aes)").providers[0] == "kernel"
        return
    info = afalg.info("xts(aes)")
    assert (info.providers, info.reason) == (("userspace",), "no-af-alg")
    with pytest.raises(afalg.UnavailableError) as caught:
        afalg.info("gcm(aes)")
    assert errno.errorcode[caught.value.errno or 0] in found(report, "af-alg").found


@pytest.mark.kernel
@pytest.mark.limits
def test_each_usual_algorithm_is_served_as_it_says() -> None:
    for check in afalg.doctor().checks:
        if "(" not in check.name and "chacha" not in check.name:
            continue
        info = afalg.info(check.name)
        assert info.providers[-1] == "userspace"
        if info.reason:
            assert check.status == "warning"
            assert check.found.startswith("userspace; not the kernel: ")
        else:
            alone = "; for privileged processes alone" * (info.open_to == "privileged")
            assert check.found == f"kernel, driver {info.driver}{alone}"


@pytest.mark.kernel
@pytest.mark.limits
def test_the_largest_request_is_that_of_a_cipher() -> None:
    with afalg.Cipher("xts(aes)", bytes(range(64)), provider="kernel") as cipher:
        text = f"one request carries {cipher.max_message} bytes"
        assert text in found(afalg.doctor(), "buffers").found


@pytest.mark.parametrize("name", ["EPERM", "EACCES", "ENOSYS", "EAFNOSUPPORT"])
def test_a_seccomp_filter_is_recognised(name: str) -> None:
    status, report = ask(*filtered(name))
    assert status == 1
    assert name in found(report, "af-alg").found
    assert "a filter is in force and may be what refuses" in found(report, "seccomp").found
    if name == "EAFNOSUPPORT":
        level_2 = found(report, "restriction").status == "fault"
        culprit = "crypto.af_alg_restrict is 2" if level_2 else "RestrictAddressFamilies="
        assert culprit in (found(report, "af-alg").advice or "")
    elif found(report, "security-module").status == "ok":
        assert "a seccomp filter refuses it" in (found(report, "af-alg").advice or "")


@pytest.mark.parametrize(
    ("name", "reason"), [("EPERM", "denied"), ("EACCES", "denied"), ("EAFNOSUPPORT", "no-af-alg")]
)
def test_a_refused_process_is_told_of_the_doctor(name: str, reason: str) -> None:
    program = """
import afalg
for call in (lambda: afalg.Cipher("xts(aes)", bytes(64), provider="kernel"),
             lambda: afalg.info("gcm(aes)")):
    try:
        call()
    except afalg.UnavailableError as error:
        print(error.reason, error)
"""
    command = [*filtered(name), sys.executable, "-c", program]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    by_cipher, by_info = done.stdout.splitlines()
    assert by_cipher == by_info
    assert by_cipher.startswith(f"{reason} ")
    assert name in by_cipher
    assert "python -m afalg doctor" in by_cipher


def test_a_report_that_nobody_reads_is_no_verdict() -> None:
    command = [sys.executable, "-m", "afalg", "doctor", "--json"]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, check=False, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (3, "")
    closed = ["bash", "-c", '"$@" >&-', "bash", *command]
    done = subprocess.run(closed, check=False, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 3
    assert done.stderr == "afalg: cannot print: No space left on device\n"


@mounts
def test_a_hidden_list_of_drivers_is_recognised() -> None:
    _, report = ask(*HIDDEN)
    check = found(report, "proc-crypto")
    assert check.status == "warning"
    assert "hidden" in check.found
    assert "take away what covers /proc/crypto" in (check.advice or "")


def test_a_report_is_plain_data() -> None:
    for duplicate in (copy.deepcopy(REPORT), pickle.loads(pickle.dumps(REPORT))):
        assert duplicate == REPORT
        assert hash(duplicate) == hash(REPORT)
    with pytest.raises(FrozenInstanceError):
        REPORT.checks[0].found = "nothing"  # type: ignore[misc]


def test_a_fault_decides_the_verdict() -> None:
    assert not REPORT.ok
    assert afalg.Report(REPORT.checks[:1]).ok
    assert json.loads(REPORT.to_json()) == {
        "ok": False,
        "checks": [
            {"name": "kernel", "status": "ok", "found": "Linux 6.12", "advice": None},
            {
                "name": "af-alg",
                "status": "fault",
                "found": REPORT.checks[1].found,
                "advice": REPORT.checks[1].advice,
            },
        ],
    }


def test_a_report_reads_as_a_table() -> None:
    lines = str(REPORT).splitlines()
    assert lines[0] == "ok       kernel  Linux 6.12"
    assert lines[1].startswith("fault    af-alg  socket(AF_ALG) answered EPERM")
    assert lines[2].startswith("                 ")
    assert sum(line.startswith("                 > allow it") for line in lines) == 1
    assert max(map(len, lines)) <= 100
    assert lines[-1] == "The kernel does not serve this process."
    assert str(REPORT).isascii()
    assert str(afalg.Report(())) == "\nThe kernel serves this process."


def test_the_command_s_status_is_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    report = afalg.doctor()
    assert cli.main(["doctor"]) == (0 if report.ok else 1)
    assert capsys.readouterr().out == f"{report}\n"
    assert cli.main(["doctor", "--json"]) == (0 if report.ok else 1)
    assert json.loads(capsys.readouterr().out) == json.loads(report.to_json())


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["doctor", "--xml"]])
def test_a_wrong_command_line_is_explained(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: afalg")


def test_the_script_is_installed() -> None:
    script = Path(sys.executable).with_name("afalg")
    done = subprocess.run([script, "--version"], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == f"afalg {afalg.__version__}\n"
