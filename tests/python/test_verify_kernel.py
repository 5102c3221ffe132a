"""`afalg verify` over kernels: all that is reached passes, and a driver that lies is caught."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import afalg
import children
from afalg.verify import check, verify
from afalg.verify.cases import Case
from oracles.kernels import is_absent, restriction
from oracles.table import ORACLES

pytestmark = pytest.mark.kernel

SEED = 7
FLIPS = {"FLIPS_ABOVE": "64", "FLIPS_AFTER": "24", "FLIPS_EACH": "5", "FLIPS_SEED": "3"}
"""After what the package asks before it trusts a driver."""
DEADLINE = 100


@pytest.fixture(scope="module")
def liar(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Build a driver that flips a bit now and then."""
    source = Path(children.__file__).parent / "flipping_recvmsg.c"
    library = str(tmp_path_factory.mktemp("liar") / "flipping.so")
    command = ["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, str(source)]
    subprocess.run(command, check=True, timeout=60)
    return library


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "afalg", "verify", "--seed", str(SEED), *arguments],
        env=os.environ | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )


def test_all_that_is_reached_passes() -> None:
    found = list(verify(seed=SEED, messages=18))
    failed = [one for one in found if one.status == "failed"]
    assert failed == []
    reached = {one.algorithm: one for one in found if one.status == "passed"}
    assert {name for name in ORACLES if not is_absent(name)} <= reached.keys()
    assert {one.compared_with for one in reached.values()} == {"userspace"}
    for one in found:
        if one.status == "unreachable":
            assert one.reason
            assert one.text
    assert {one.reason for one in found if one.status == "unreachable"} <= {
        "not-found",
        "restricted",
        "internal",
        "asynchronous",
    }


@pytest.mark.limits
def test_the_border_of_a_request_is_reached_without_privileges_too() -> None:
    names = [name for name in ("xts(aes)", "adiantum(xchacha12,aes)") if not is_absent(name)]
    found = list(verify(names, seed=SEED))
    assert [one.status for one in found if one.asked in names] == ["passed"] * len(names)


def test_a_driver_is_verified_by_its_own_name() -> None:
    if restriction() == "1":
        pytest.skip("Linux 7.3 on level 1 lets nobody bind a driver by its name")
    driver = afalg.info("ctr(aes)").driver
    assert driver is not None
    (found,) = verify(driver, seed=SEED, messages=9)
    assert (found.algorithm, found.driver, found.status) == ("ctr(aes)", driver, "passed")
    case = Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=65)
    assert check("ctr(aes)", case, driver=driver) is None


@pytest.mark.parametrize("name", ["ctr(aes)", "cbc(aes)", "xts(aes)"])
def test_a_driver_that_flips_a_bit_now_and_then_is_caught(liar: str, name: str) -> None:
    done = run("--json", name, LD_PRELOAD=liar, **FLIPS)
    assert done.returncode == 1, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    (result,) = (one for one in told["results"] if one["asked"] == name)
    assert result["status"] == "failed"
    failure, case = result["failure"], result["failure"]["case"]
    assert 0 < failure["failed_tries"] < failure["tries"]
    assert case["length"] == (80 if name == "cbc(aes)" else 65)  # the least that it flips
    assert (case["way"], case["direction"], case["data"]) == ("one-shot", "encrypt", "")
    assert not int(case["key"], 16)
    assert not int(case["iv"], 16)
    difference = failure["difference"]
    assert (difference["offset"], difference["count"]) == (0, 1)
    assert int(difference["got"][:2], 16) ^ int(difference["expected"][:2], 16) == 4


def test_what_was_caught_is_printed(liar: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    done = run("ctr(aes)", "--junit", str(report), LD_PRELOAD=liar, **FLIPS)
    assert (done.returncode, done.stderr) == (1, "")
    assert "FAILED: ctr(aes), driver ctr" in done.stdout
    assert "  byte 0 of 65 is " in done.stdout
    assert "  smallest case: encrypt, one-shot, 65 bytes" in done.stdout
    assert "it fails now and then: " in done.stdout
    case = "Case(direction='encrypt', key=bytes(16), iv=bytes(16), length=65)"
    assert f"check('ctr(aes)', {case})" in done.stdout
    assert "smallest case" in report.read_text()


def test_without_the_lie_the_same_passes() -> None:
    done = run("ctr(aes)", "cbc(aes)", "xts(aes)")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
