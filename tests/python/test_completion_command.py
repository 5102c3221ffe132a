"""`afalg completion`, and what is said where an extra's package is not installed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from afalg import cli
from commands import AFALG, WHO, Capture, Folder, plaintext, run

pytestmark = pytest.mark.anywhere

VERBS = {"encrypt", "decrypt", "list", "info", "doctor", "bench", "key", "completion"}
WITHOUT = "import sys; sys.modules[{!r}] = None\nfrom afalg.cli import main; sys.exit(main())"
COMPLETE = r"""
. "$1"
shift
function="$(complete -p afalg | sed -E 's/.*-F ([^ ]+) .*/\1/')"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
"$function" afalg "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the script for bash, in a file."""
    path = tmp_path_factory.mktemp("completion") / "afalg"
    path.write_bytes(run([*AFALG, "completion", "bash"]).out)
    return path


def completed(script: Path, *words: str, cwd: Path | None = None) -> set[str]:
    """Give what bash offers for the last of the words."""
    done = run(["bash", "--norc", "-c", COMPLETE, "bash", str(script), "afalg", *words], cwd=cwd)
    assert (done.status, done.err) == (0, b"")
    return set(done.out.decode().split())


def test_bash_completes_verbs(script: Path) -> None:
    assert completed(script, "") >= VERBS
    assert completed(script, "enc") == {"encrypt"}
    assert completed(script, "key", "") >= {"add", "list", "show", "revoke"}


def test_bash_completes_options_and_what_they_may_be(script: Path) -> None:
    assert completed(script, "encrypt", "--pass") == {"--passphrase-file", "--passphrase-fd"}
    assert completed(script, "decrypt", "--provider", "") >= {"auto", "kernel", "userspace"}
    assert completed(script, "encrypt", "--digest", "sha5") == {"sha512"}
    assert completed(script, "list", "--type", "sk") == {"skcipher"}
    assert completed(script, "completion", "") >= {"bash", "zsh", "tcsh"}


def test_bash_completes_files(script: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch()
    (tmp_path / "secret.tar").touch()
    both = {"secret.key", "secret.tar"}
    for option in ("--key-file", "--passphrase-file", "-o", "--out"):
        assert completed(script, "encrypt", option, "secret", cwd=tmp_path) == both
    assert completed(script, "encrypt", "secret.t", cwd=tmp_path) == {"secret.tar"}
    assert completed(script, "encrypt", "--key-fd", "secret", cwd=tmp_path) == set()


def test_every_option_of_every_verb_is_in_the_script(script: Path) -> None:
    text = script.read_text()
    for verb in sorted(VERBS):
        helped = run([*AFALG, verb, "--help"]).out.decode()
        usage = helped.partition("\n\n")[0]
        (known,) = re.findall(rf"^_shtab_afalg_{verb}_option_strings=\((.*)\)$", text, re.MULTILINE)
        assert set(re.findall(r"--[a-z-]+", usage)) <= set(known.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_each_shell_s_script_is_for_this_command(shell: str, capsys: Capture) -> None:
    assert cli.main(["completion", shell]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "%%" not in said.out
    assert set(re.findall(r"\w+", said.out)) >= VERBS
    if shell == "bash":
        checked = run(["bash", "-n"], said.out.encode())
        assert checked == (0, b"", b"")


def without(package: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command where a package is not installed."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT.format(package), *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_shtab_completion_says_the_way_out() -> None:
    done = without("shtab", "completion", "bash")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "afalg: completion needs shtab: pip install 'afalg[cli]'\n"


def test_without_rich_a_bar_that_is_asked_for_is_told_and_no_other_missed(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(100))
    files = [str(folder.plain), "-o", str(folder.made), "--provider", WHO]
    encrypt = ["encrypt", "-q", *files, *folder.by_key()]
    done = without("rich", *encrypt, "--progress")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "afalg: a progress bar needs rich: pip install 'afalg[cli]'\n"
    assert not folder.made.exists()
    done = without("rich", *encrypt)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert folder.made.exists()


def test_without_either_the_rest_works() -> None:
    for package in ("rich", "shtab"):
        done = without(package, "list", "--type", "skcipher")
        assert (done.returncode, done.stderr) == (0, "")
        assert "xts(aes)" in done.stdout
