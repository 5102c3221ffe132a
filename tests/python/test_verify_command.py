"""`afalg verify`: a table, JSON, JUnit's XML, and what the exit status says."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import afalg
from afalg import cli
from afalg.verify import MESSAGES, Difference, Failure, Result, to_junit, verify
from wrong_ciphers import flipped, spoilt

QUICK = ["--provider", "userspace", "--messages", "9", "--seed", "7"]
Capture = pytest.CaptureFixture[str]

WRONG = spoilt(lambda call: flipped(call.right) if len(call.right) > 64 else call.right)


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every cipher flip a bit of what is longer than 64 bytes."""

    def verify_wrong(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - it only adds one
        return verify(*arguments, **options, opener=WRONG)

    monkeypatch.setattr("afalg.cli.verification.verify", verify_wrong)


def run(capsys: Capture, *arguments: str, status: int = 0) -> str:
    """Run it and give what it printed."""
    assert cli.main(["verify", *QUICK, *arguments]) == status
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def told(capsys: Capture, *arguments: str, status: int = 0) -> dict[str, Any]:
    """Run it for JSON."""
    found: dict[str, Any] = json.loads(run(capsys, "--json", *arguments, status=status))
    return found


def test_a_table_has_a_line_for_each_driver(capsys: Capture) -> None:
    head, _, columns, *lines = run(capsys, "cbc(aes)", "chacha20").splitlines()
    assert "ciphers of userspace: what was published, and 9 messages" in head
    assert head.endswith("--seed 7")
    assert columns.split("  ")[0] == "algorithm"
    assert [re.split(r"  +", line) for line in lines[:2]] == [
        ["cbc(aes)", lines[0].split()[1], "128, 192, 256", "30", "9 itself", "passed"],
        ["chacha20", "userspace-chacha20", "256", "8", "9 itself", "passed"],
    ]
    assert lines[0].split()[1].startswith("userspace-aes")
    assert lines[-1].startswith("2 passed, 0 failed, 0 not reached, in ")
    assert "\x1b" not in "".join(lines)


def test_json_has_the_same(capsys: Capture) -> None:
    found = told(capsys, "cbc(aes)")
    about = ["ok", "complete", "kernel", "provider", "seed", "counts", "refused_keys", "results"]
    assert [*found] == about
    assert (found["ok"], found["provider"], found["seed"]) == (True, "userspace", 7)
    assert (found["complete"], found["refused_keys"]) == (True, {})
    assert found["counts"] == {"passed": 1, "failed": 0, "unreachable": 0}
    (result,) = found["results"]
    assert result == {
        "algorithm": "cbc(aes)",
        "driver": result["driver"],
        "status": "passed",
        "asked": "cbc(aes)",
        "key_bits": [128, 192, 256],
        "refused_key_bits": [],
        "vectors": 30,
        "refused_vectors": 0,
        "messages": 9,
        "compared_with": "itself",
        "seconds": result["seconds"],
    }


@pytest.mark.usefixtures("wrong")
def test_what_failed_is_printed_with_its_smallest_case_and_how_to_run_it_again(
    capsys: Capture,
) -> None:
    printed = run(capsys, "ctr(aes)", "chacha20", status=1)
    _, failed, *_ = re.split(r"^FAILED: ", printed, flags=re.MULTILINE)
    title, wrong, *lines = failed.splitlines()
    assert title.startswith("ctr(aes), driver userspace-aes")
    assert re.match(r"  byte 64 of 65 is .., must be .. \(1 wrong; ", wrong)
    assert "  smallest case: encrypt, one-shot, 65 bytes" in lines
    assert "  key 16 zeros, iv 16 zeros, data zeros" in lines
    assert any("it fails always (20 of 20 tries); " in line for line in lines)
    again = next(line.strip() for line in lines if "check(" in line)
    case = "Case(direction='encrypt', key=bytes(16), iv=bytes(16), length=65)"
    assert again == f"check('ctr(aes)', {case}, provider='userspace')"
    assert printed.splitlines()[-1].startswith("0 passed, 2 failed, 0 not reached")


@pytest.mark.usefixtures("wrong")
def test_json_has_the_smallest_case(capsys: Capture) -> None:
    found = told(capsys, "ctr(aes)", status=1)
    failure = found["results"][0]["failure"]
    assert not found["ok"]
    assert failure["case"]["length"] == 65
    assert failure["difference"]["offset"] == 64
    assert (failure["tries"], failure["failed_tries"]) == (20, 20)


def test_junit_is_what_ci_reads(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "report.xml"
    run(capsys, "--junit", str(target), "cbc(aes)", "chacha20")
    text = target.read_text()
    suites = ET.fromstring(text)  # our own
    (suite,) = suites
    assert (suites.tag, suite.tag) == ("testsuites", "testsuite")
    required = {"name", "id", "package", "hostname", "timestamp", "tests", "failures", "errors"}
    assert {*suite.keys()} == required | {"skipped", "time"}
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp") or "")
    order = ["properties", "testcase", "testcase", "system-out", "system-err"]
    assert [child.tag for child in suite] == order
    tests = suite.findall("testcase")
    assert [test.get("classname") for test in tests] == ["cbc(aes)", "chacha20"]
    assert all({*test.keys()} == {"classname", "name", "time"} for test in tests)
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["seed"] == "7"


@pytest.mark.usefixtures("wrong")
def test_junit_has_failures_with_the_case(capsys: Capture, tmp_path: Path) -> None:
    target = tmp_path / "report.xml"
    run(capsys, "--junit", str(target), "ctr(aes)", status=1)
    (suite,) = ET.parse(target).getroot()  # our own
    assert suite.get("failures") == "1"
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("byte 64 of 65 is ")
    assert failure.get("type")
    assert "smallest case: encrypt, one-shot, 65 bytes" in (failure.text or "")


def test_junit_skips_what_was_not_reached_and_writes_nothing_that_xml_cannot_hold() -> None:
    names = ("cbc(\x01aes)", '<&">', "\udcff")
    found = [
        Result(
            algorithm=name,
            driver=None,
            asked=name,
            status="unreachable",
            reason="restricted",
            text="kept <from> this process\x00",
        )
        for name in names
    ]
    broken = Failure(difference=Difference(kind="error", error="SelfTestError: wrong \x1b"))
    found.append(Result(algorithm="x", driver="x-hw", asked="x", status="failed", failure=broken))
    (suite,) = ET.fromstring(to_junit(found).encode())
    tests = suite.findall("testcase")
    assert [test.get("name") for test in tests] == ["cbc(\ufffdaes)", '<&">', "\ufffd", "x-hw"]
    skipped = [test.find("skipped") for test in tests[:3]]
    assert {one.get("message") for one in skipped if one is not None} == {
        "restricted: kept <from> this process\ufffd"
    }
    assert (suite.get("skipped"), suite.get("failures")) == ("3", "1")
    assert tests[3].find("failure") is not None


def refusing(*names: str) -> Any:  # noqa: ANN401 - it stands in for `verify`
    """Give a `verify` under which some algorithms are kept back."""

    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if algorithm in names:
            raise afalg.AlgorithmRestrictedError("kept from this process; ask for level 0", "x")
        return afalg.Cipher(algorithm, key, provider=provider)

    return lambda *arguments, **options: verify(*arguments, **options, opener=opener)


def test_what_is_not_reached_is_named_with_the_way_out(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afalg.cli.verification.verify", refusing("cbc(aes)", "ecb(aes)"))
    printed = run(capsys, "cbc(aes)", "ctr(aes)", "ecb(aes)", status=1)
    assert "not reached, restricted (2): kept from this process; ask for level 0" in printed
    assert "\n  cbc(aes) ecb(aes)\n" in printed
    assert "1 passed, 0 failed, 2 not reached" in printed


def test_the_exit_status_is_0_only_where_all_that_was_named_was_reached(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afalg.cli.verification.verify", refusing("cbc(aes)"))
    run(capsys, "ctr(aes)")
    run(capsys, "ctr(aes)", "cbc(aes)", status=1)
    found = told(capsys, "cbc(aes)", status=1)  # nothing was reached
    assert found["counts"] == {"passed": 0, "failed": 0, "unreachable": 1}
    unnamed = ["verify", *QUICK, "--messages", "0"]
    assert cli.main(unnamed) == 0  # but where nothing was named, what can be reached is enough


def test_a_seed_is_drawn_and_told_where_none_is_given(capsys: Capture) -> None:
    arguments = ["verify", "--provider", "userspace", "--messages", "1", "--json", "ctr(aes)"]
    seeds = []
    for _ in range(2):
        assert cli.main(arguments) == 0
        seeds.append(json.loads(capsys.readouterr().out)["seed"])
    assert seeds[0] != seeds[1]


def test_as_many_messages_as_the_library_has_where_none_are_named() -> None:
    assert cli.parser().parse_args(["verify"]).messages == MESSAGES


def test_other_verbs_do_not_import_what_verifies() -> None:
    program = (
        "import sys\nfrom afalg.cli import parser\nparser()\nprint('afalg.verify' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout == b"False\n"


def test_a_time_is_given_instead_of_a_number(capsys: Capture) -> None:
    arguments = ["verify", "--provider", "userspace", "--time", "0.05", "--json", "ctr(aes)"]
    assert cli.main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["messages"] >= 1


def test_an_error_of_the_kernel_is_not_taken_for_one_of_the_report(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise afalg.KernelError("socket failed", 5, "socket")

    monkeypatch.setattr("afalg.cli.verification.verify", broken)
    target = tmp_path / "report.xml"
    assert cli.main(["verify", *QUICK, "--junit", str(target), "ctr(aes)"]) == 1
    assert capsys.readouterr() == ("", "afalg: socket failed\n")
    assert not [*tmp_path.iterdir()]


CUT = "cut short by Ctrl-C: 1 of 2 drivers are here"


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Ctrl-C pressed when the second driver's turn comes."""

    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if algorithm == "ctr(aes)" and key != bytes(range(16)):  # with which it is opened first
            raise KeyboardInterrupt
        return afalg.Cipher(algorithm, key, provider=provider)

    monkeypatch.setattr(
        "afalg.cli.verification.verify",
        lambda *arguments, **options: verify(*arguments, **options, opener=opener),
    )


@pytest.mark.usefixtures("interrupted")
def test_ctrl_c_prints_what_there_is_and_says_that_it_was_cut_short(capsys: Capture) -> None:
    assert cli.main(["verify", *QUICK, "cbc(aes)", "ctr(aes)"]) == 130
    said = capsys.readouterr()
    assert said.err == f"afalg: {CUT}\n"
    assert re.search(r"^cbc\(aes\) .* passed$", said.out, re.MULTILINE)
    assert said.out.endswith(f"; {CUT}\n")


@pytest.mark.usefixtures("interrupted")
def test_ctrl_c_leaves_json_and_a_report_that_no_ci_takes_for_whole(
    capsys: Capture, tmp_path: Path
) -> None:
    target = tmp_path / "report.xml"
    arguments = ["--json", "--junit", str(target), "cbc(aes)", "ctr(aes)"]
    assert cli.main(["verify", *QUICK, *arguments]) == 130
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["complete"]) == (False, False)
    assert [one["asked"] for one in found["results"]] == ["cbc(aes)"]
    (suite,) = ET.parse(target).getroot()  # our own
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "1", "0")
    error = suite.find("testcase/error")
    assert error is not None
    assert error.get("message") == CUT


def test_an_interrupted_run_leaves_the_old_report(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "report.xml"
    target.write_text("old")
    monkeypatch.setattr("afalg.cli.verification.verify", interrupted)
    assert cli.main(["verify", *QUICK, "--junit", str(target), "ctr(aes)"]) == 130
    assert (capsys.readouterr().out, target.read_text()) == ("", "old")
    assert [*tmp_path.iterdir()] == [target]


def test_keys_that_a_driver_refuses_are_told_apart_from_those_that_passed(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if (algorithm, len(key)) == ("cbc(aes)", 24):
            raise afalg.InvalidKeyError("this hardware lacks it")
        return afalg.Cipher(algorithm, key, provider=provider)

    monkeypatch.setattr(
        "afalg.cli.verification.verify",
        lambda *arguments, **options: verify(*arguments, **options, opener=opener),
    )
    target = tmp_path / "report.xml"
    names = ("cbc(aes)", "ctr(aes)")
    printed = run(capsys, "--junit", str(target), *names, "--messages", "72")
    assert "2 passed, 0 failed, 0 not reached, 1 with refused keys, in " in printed
    (note,) = re.findall(r"^refused keys: .*$", printed, re.MULTILINE)
    said = r"cbc\(aes\), driver \S+: 192 bits; 10 published vectors were not asked"
    assert re.fullmatch(f"refused keys: {said}", note)
    (suite,) = ET.parse(target).getroot()  # our own
    assert (suite.findtext("system-out") or "").splitlines() == [note]
    found = told(capsys, *names, "--messages", "72")
    assert (found["ok"], found["refused_keys"]) == (True, {"cbc(aes)": [192]})
    assert [one["refused_vectors"] for one in found["results"]] == [10, 0]


@pytest.mark.parametrize("progress", [[], ["--progress"]])
def test_a_driver_is_named_before_it_is_opened_and_tried(
    progress: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        seen.append(capsys.readouterr().err)
        return afalg.Cipher(algorithm, key, provider=provider)

    monkeypatch.setattr(
        "afalg.cli.verification.verify",
        lambda *arguments, **options: verify(*arguments, **options, opener=opener),
    )
    assert cli.main(["verify", *QUICK, "-v", *progress, "chacha20"]) == 0
    opened, tried, *_ = seen
    assert opened == "afalg: opening chacha20\n"
    assert tried == "afalg: verifying userspace-chacha20 (chacha20)\n"
    left = capsys.readouterr().err
    assert ("userspace-chacha20" in left) == bool(progress)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--messages", "-1"],
        ["--messages", "many"],
        ["--messages", "1000001"],
        ["--time", "0"],
        ["--time", "nan"],
        ["--messages", "1", "--time", "1"],
        ["--seed", "-1"],
        ["--seed", "1" * 19],
        ["--provider", "auto"],
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["verify", *arguments])
    assert caught.value.code == 2
    assert "afalg verify: error: " in capsys.readouterr().err


def test_help_tells_the_statuses_and_what_is_not_verified(capsys: Capture) -> None:
    with pytest.raises(SystemExit):
        cli.main(["verify", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "1 where something failed, where nothing was reached" in text
    assert "random number generators are not verified" in text
    assert f"then {MESSAGES} messages" in text
    assert "A driver that hangs holds this up for ever" in text
