"""Where `afalg verify --junit` writes its report, and what is said where it cannot."""

import re
import subprocess
from pathlib import Path

import pytest

from afalg import cli
from commands import AFALG, Capture
from test_verify_command import QUICK


def test_a_report_that_cannot_be_written_is_told_before_anything_is_verified(
    capsys: Capture, tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing" / "report.xml")
    assert cli.main(["verify", *QUICK, "--junit", missing, "ctr(aes)"]) == 1
    said = capsys.readouterr()
    why = "No such file or directory; nothing was verified"
    assert said.err == f"afalg: cannot write {missing}: {why}\n"
    assert said.out == ""


def test_a_report_that_fails_at_the_end_leaves_the_table(capsys: Capture) -> None:
    assert cli.main(["verify", *QUICK, "--junit", "/dev/full", "ctr(aes)"]) == 3
    said = capsys.readouterr()
    assert said.err == "afalg: cannot write /dev/full: No space left on device\n"
    assert "1 passed, 0 failed" in said.out


def test_a_report_goes_into_a_log_before_the_table(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"head\n")
    command = [*AFALG, "verify", *QUICK, "ctr(aes)", "--junit", "/dev/stdout"]
    with log.open("ab") as out:
        subprocess.run(command, check=True, stdout=out)
    assert re.match("head\n<.xml(.|\n)*</testsuites>\n(.|\n)*1 passed", log.read_text())


def test_a_report_needs_a_name(capsys: Capture) -> None:
    for name in ("-", ""):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["verify", *QUICK, "ctr(aes)", "--junit", name])
        assert "standard output has the table or JSON: name a FILE" in capsys.readouterr().err


def test_a_report_is_no_folder(capsys: Capture, tmp_path: Path) -> None:
    assert cli.main(["verify", *QUICK, "ctr(aes)", "--junit", f"{tmp_path}/folder/"]) == 1
    assert "Is a directory; nothing was verified" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
