"""The example finds a good driver good, a wrong one wrong, and one that is not there nowhere."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import afalg
import driver_under_test
from oracles.cases import marks_of
from programs import PROVIDER, run
from wrong_ciphers import flipped, spoilt

pytestmark = [*marks_of(PROVIDER)]
QUICK = ("--provider", PROVIDER, "--messages", "30", "--seed", "7")


def test_one_that_is_right_passes_and_is_timed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    lines = run("driver_under_test", "ctr(aes)", *QUICK, "--junit", report).stdout.decode()
    assert re.match(r"ctr\(aes\), driver [a-z0-9()-]+: passed\n", lines)
    assert "  keys of 128 192 256 bits, " in lines
    assert f"  ctr(aes), 256 bits, {PROVIDER} (" in lines
    assert all(int(speed) > 0 for speed in re.findall(r"([0-9]+) MiB/s", lines))
    assert [case.get("name") for case in ET.parse(report).iter("testcase")]
    assert not [*ET.parse(report).iter("failure")]


@pytest.mark.kernel
def test_a_driver_is_found_by_its_own_name() -> None:
    name = afalg.info("ctr(aes)").driver
    assert name is not None
    lines = run("driver_under_test", name, *QUICK).stdout.decode()
    assert lines.startswith(f"ctr(aes), driver {name}: passed\n")
    assert f"\n  {name}, 256 bits, kernel ({name}): " in lines


def test_one_that_is_wrong_from_a_length_on_fails_with_its_smallest_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.xml"
    wrong = spoilt(lambda call: flipped(call.right) if len(call.right) > 999 else call.right)
    arguments = ["ctr(aes)", *QUICK, "--provider", "userspace", "--junit", str(report)]
    assert driver_under_test.main(arguments, wrong) == 1
    lines = capsys.readouterr().out
    assert "ctr(aes), driver userspace-aes-" in lines
    assert ": failed\n" in lines
    assert "byte 999 of 1000 is " in lines
    assert "smallest case: Case(direction='encrypt', key=bytes(16), iv=bytes(16), length=1000)" in (
        lines.replace('"', "'")
    )
    assert "once more: check(" in lines
    assert "MiB/s" not in lines
    assert len([*ET.parse(report).iter("failure")]) == 1


def test_one_that_is_not_there_is_not_reached() -> None:
    done = run("driver_under_test", "ctr-aes-mine", *QUICK, status=2)
    assert b"ctr-aes-mine, driver None: unreachable\n  " in done.stdout
