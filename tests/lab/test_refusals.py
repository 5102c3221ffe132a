"""The causes of refusals, made one after the other in a kernel of the lab, and what is said."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import afalg

ROOT = Path(__file__).resolve().parents[2]
RULE_FILE = "/run/modprobe.d/afalg.conf"
RULES = {
    "no-af-alg": "install af_alg /bin/false",
    "no-af-alg-for-the-alias": "blacklist af_alg",
    "no-family": "alias net-pf-38 off",
    "no-type": "install algif_skcipher /bin/false",
    "no-type-by-its-alias": "alias algif-skcipher off",
    "harmless": "blacklist algif_skcipher",
    "no-algorithm": "install cbc /bin/true",
}
PREPARED = {state: f"echo '{rule}' >{RULE_FILE}" for state, rule in RULES.items()} | {
    "nothing": ":",
    "ring-for-a-group": "echo 1 >/proc/sys/kernel/io_uring_disabled",
    "no-ring": "echo 2 >/proc/sys/kernel/io_uring_disabled",
    "no-proc": "mount -t tmpfs none /proc",
    "no-more-modules": "echo 1 >/proc/sys/kernel/modules_disabled",  # the last: it stays so
}
UNDO = f"""\
test -e /proc/self || umount /proc
echo 0 >/proc/sys/kernel/io_uring_disabled
rm -f {RULE_FILE}
for module in algif_skcipher algif_aead algif_hash algif_rng cts cbc af_alg; do
    rmmod $module 2>/dev/null
done
"""
DOCTOR = f"{sys.executable} -m afalg doctor --json"
NAMES = ("cbc(aes)", "xts(aes)", "ctr(aes)")
CHOOSE = shlex.join([sys.executable, "tests/lab/choose.py", *NAMES])
KERNEL: dict[str, str | None] = dict.fromkeys(NAMES)
REASONS: dict[str, dict[str, str | None]] = {
    "nothing": KERNEL,
    "ordinary": KERNEL,
    "contained": KERNEL,
    "harmless": KERNEL,
    "no-af-alg": dict.fromkeys(NAMES, "no-af-alg"),
    "no-af-alg-for-the-alias": dict.fromkeys(NAMES, "no-af-alg"),
    "no-family": dict.fromkeys(NAMES, "no-af-alg"),
    "no-type": dict.fromkeys(NAMES, "type-missing"),
    "no-type-by-its-alias": dict.fromkeys(NAMES, "type-missing"),
    "no-algorithm": KERNEL | {"cbc(aes)": "not-found"},
    "ring-for-a-group": KERNEL,
    "no-ring": KERNEL,
    "no-proc": KERNEL,
    "no-more-modules": dict.fromkeys(NAMES, "no-af-alg"),
}
"""In each state, why userspace computes; None: the kernel does."""
ORDINARY = "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all"
CONTAINED = "unshare --user --map-root-user"

pytestmark = pytest.mark.skipif("AFALG_LAB" in os.environ, reason="a lab kernel boots no other")


def in_the_lab(script: str) -> str:
    """Boot a kernel, run a script of shell in it and give what it printed."""
    lab = [sys.executable, "-m", "lab", "run", "--kernel", "6.12", "--timeout", "400"]
    done = subprocess.run(
        [*lab, "--", "sh", "-c", script], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def states() -> dict[str, tuple[afalg.Report, Any]]:
    """Give the doctor's report in each state, whose exit status is the verdict, and the choices."""
    causes = {"ordinary": (":", ORDINARY), "contained": (":", CONTAINED)}
    causes |= {state: (prelude, "") for state, prelude in PREPARED.items()}
    steps = [
        f"{prelude}\n{under} {DOCTOR}\necho $?\n{under} {CHOOSE}\n{UNDO}"
        for prelude, under in causes.values()
    ]
    text = in_the_lab("\n".join(["mkdir -p /run/modprobe.d", *steps, "true"]))
    found = {}
    for state in causes:
        answer, end = json.JSONDecoder().raw_decode(text)
        status, _, text = text[end:].lstrip().partition("\n")
        assert status == ("0" if answer["ok"] else "1")
        report = afalg.Report(tuple(afalg.Check(**check) for check in answer["checks"]))
        choices, end = json.JSONDecoder().raw_decode(text)
        found[state], text = (report, choices), text[end:]
    return found


@pytest.fixture(scope="module")
def reports(states: dict[str, tuple[afalg.Report, Any]]) -> dict[str, afalg.Report]:
    """Give the doctor's reports alone."""
    return {state: report for state, (report, _) in states.items()}


def said(report: afalg.Report, name: str) -> tuple[str, str]:
    """Give the status of a check, and all that it says."""
    check = next(check for check in report.checks if check.name == name)
    return check.status, f"{check.found} > {check.advice}"


@pytest.mark.parametrize("state", REASONS)
def test_in_every_state_every_cipher_works_and_one_warning_says_why_not_the_kernel_s(
    states: dict[str, tuple[afalg.Report, Any]], state: str
) -> None:
    reasons, choices = REASONS[state], states[state][1]
    assert choices["chosen"] == {
        name: {"provider": "userspace" if reason else "kernel", "reason": reason, "right": True}
        for name, reason in reasons.items()
    }
    given = sorted({reason for reason in reasons.values() if reason})
    assert [category for category, _ in choices["warnings"]] == ["ProviderFallbackWarning"] * len(
        given
    )
    for reason, (_, text) in zip(given, choices["warnings"], strict=True):
        assert f"({reason}): " in text


@pytest.mark.parametrize("state", ["no-af-alg", "no-af-alg-for-the-alias", "no-family"])
def test_af_alg_is_kept_from_loading(reports: dict[str, afalg.Report], state: str) -> None:
    status, text = said(reports[state], "af-alg")
    assert (status, reports[state].ok) == ("fault", False)
    assert "EAFNOSUPPORT" in text
    assert f'"{RULES[state]}" in {RULE_FILE}' in text
    assert said(reports[state], "cbc(aes)")[1].startswith(
        "userspace; not the kernel: there is no AF_ALG"
    )


@pytest.mark.parametrize("state", ["no-type", "no-type-by-its-alias"])
def test_the_type_is_kept_from_loading(reports: dict[str, afalg.Report], state: str) -> None:
    assert said(reports[state], "af-alg")[0] == said(reports[state], "hash")[0] == "ok"
    status, text = said(reports[state], "skcipher")
    assert (status, reports[state].ok) == ("fault", False)
    assert f'"{RULES[state]}" in {RULE_FILE}' in text


def test_a_missing_type_is_told_by_the_exception() -> None:
    program = """
import afalg
for call in (lambda: afalg.Cipher("cbc(aes)", bytes(16), provider="kernel"),
             lambda: afalg.info("cbc(seed)")):
    try:
        call()
    except afalg.UnavailableError as error:
        print(error.reason, error.errno, "load algif_skcipher" in str(error))
"""
    rule = f"mkdir -p /run/modprobe.d; {PREPARED['no-type']}"
    told = in_the_lab(f"{rule}; {sys.executable} -c '{program}'")
    assert told == "type-missing 2 True\n" * 2


def test_a_blacklist_of_the_type_is_of_no_use_and_no_fault(
    reports: dict[str, afalg.Report],
) -> None:
    assert reports["harmless"].ok
    assert said(reports["harmless"], "modules")[0] == "ok"


def test_one_algorithm_is_kept_from_loading(reports: dict[str, afalg.Report]) -> None:
    report = reports["no-algorithm"]
    status, text = said(report, "cbc(aes)")
    assert (status, report.ok) == ("warning", True)
    assert f'"{RULES["no-algorithm"]}" in {RULE_FILE}' in text
    assert said(report, "xts(aes)")[0] == "ok"


def test_one_algorithm_is_absent(reports: dict[str, afalg.Report]) -> None:
    status, text = said(reports["nothing"], "hctr2(aes)")
    assert status == "warning"
    assert "CONFIG_CRYPTO_HCTR2, CONFIG_CRYPTO_AES" in text


@pytest.mark.parametrize(("state", "level"), [("ring-for-a-group", 1), ("no-ring", 2)])
def test_io_uring_is_switched_off(reports: dict[str, afalg.Report], state: str, level: int) -> None:
    status, text = said(reports[state], "io-uring")
    assert (status, reports[state].ok) == ("ok", True)
    assert f"kernel.io_uring_disabled is {level}" in text
    assert "this version does without" in text


def test_proc_is_hidden(reports: dict[str, afalg.Report]) -> None:
    report = reports["no-proc"]
    assert report.ok
    for name in ("kernel", "privileges", "seccomp"):
        assert said(report, name)[0] == "unknown"
    assert said(report, "proc-crypto")[0] == "warning"
    assert said(report, "xts(aes)") == ("ok", "kernel > None")


def test_no_module_can_be_loaded_any_more(reports: dict[str, afalg.Report]) -> None:
    report = reports["no-more-modules"]
    assert not report.ok
    assert "/etc/modules-load.d/af_alg.conf" in said(report, "af-alg")[1]
    assert said(report, "modules")[0] == "warning"


def test_privileges_are_told(reports: dict[str, afalg.Report]) -> None:
    for state, text in (
        ("nothing", "CAP_NET_ADMIN and CAP_SYS_ADMIN in the initial user namespace"),
        ("ordinary", "an ordinary process"),
        ("contained", "in a user namespace of its own"),
    ):
        assert text in said(reports[state], "privileges")[1]
