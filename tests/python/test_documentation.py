"""The documentation is true: its examples run and print what it says, and so does the stub.

A block that no test can run is listed below, with its reason.
"""

import ast
import inspect
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import afalg
from oracles.cases import PROVIDERS, marks_of
from pages import PAGES, ROOT, RUN, Section, blocks, same, sections

ONLY_THE_KERNELS = ("socket.AF_ALG", "KeyringKey", "--keyring", "afalg key", "--provider kernel")
BY_SERIAL = ("KeyringKey", "--keyring")
TIMEOUT = 120
PROSE = {"", "text", "output"}
"""What nobody would run: diagrams, error texts, what was printed."""

BUILDS = "builds the package, or boots kernels, for minutes"
CONFIGURATION = "another program's configuration"
ENGINE = "needs a container engine"
INSTALLS = "installs what is tested"
MACHINE = "takes the whole machine, for minutes; tests of its own run it"
PROGRAM = "a program of the reader's"
ROOT_ONLY = "changes the machine, as root"
SECRET = "needs a secret of the reader's"
UNRUN = {
    (
        "README.md",
        "$ afalg key add logon backup:disk --timeout 3600 --fd 3 3</run/secrets/disk",
    ): SECRET,
    ("README.md", "$ make demo"): BUILDS,
    ("CONTRIBUTING.md", "$ make build"): BUILDS,
    ("CONTRIBUTING.md", "$ make wheel"): BUILDS,
    ("benches/README.md", "$ make bench"): BUILDS,
    ("docs/howto/containers.md", "$ docker run --rm --security-opt seccomp=af-alg.json"): ENGINE,
    ("docs/howto/containers.md", "$ docker run --rm my-image afalg doctor"): ENGINE,
    ("docs/howto/containers.md", "FROM python:3-slim"): ENGINE,
    ("docs/howto/containers.md", "spec:"): CONFIGURATION,
    ("docs/howto/drivers.md", "$ afalg verify --junit verify.xml"): MACHINE,
    ("docs/howto/images.md", "$ cryptsetup luksDump disk.img"): SECRET,
    ("docs/howto/images.md", "$ umask 077"): SECRET,
    ("docs/howto/leaving.md", "$ AFALG_PROVIDER=userspace ./my-program"): PROGRAM,
    ("docs/howto/linux-7.3.md", "# sysctl crypto.af_alg_restrict=0"): ROOT_ONLY,
    ("docs/howto/systemd.md", "# /etc/modules-load.d/af_alg.conf"): CONFIGURATION,
    ("docs/howto/systemd.md", "# systemd-run --pipe --wait"): ROOT_ONLY,
    ("docs/howto/systemd.md", "[Service]"): CONFIGURATION,
    ("docs/howto/systemd.md", "[Unit]"): CONFIGURATION,
    ("docs/index.md", "$ pip install ."): INSTALLS,
    ("lab/README.md", "$ python3 -m lab run --kernel 6.12 -- python3 -m pytest"): BUILDS,
    ("lab/README.md", "$ python3 -m lab run --kernel 7.3-stock --sysctl"): BUILDS,
}
"""Blocks that do not run: page, how the first line begins, and why not."""

EXAMPLES = [
    pytest.param(
        provider,
        section,
        id=f"{provider}-{section.name}",
        marks=(*marks_of(provider), *([pytest.mark.by_serial] if section.has(*BY_SERIAL) else [])),
    )
    for provider in PROVIDERS
    for page in PAGES
    for section in sections(page)
    if provider == "kernel" or not section.has(*ONLY_THE_KERNELS)
]


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """Undo what an example says of logging, which would keep every later line."""
    loggers = logging.getLogger(), logging.getLogger("afalg")
    found = [(logger.level, [*logger.handlers]) for logger in loggers]
    yield
    for logger, (level, handlers) in zip(loggers, found, strict=True):
        logger.setLevel(level)
        logger.handlers[:] = handlers


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize(("provider", "section"), EXAMPLES)
def test_an_example_runs_and_prints_what_the_page_says(
    provider: afalg.Provider,
    section: Section,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if section.has(*BY_SERIAL):
        request.getfixturevalue("own_session")
        # README's first lines; in a keyring that is the user's to afalg and ends with this test.
        afalg.KeyringKey.add("logon", "backup:disk", bytes(range(32)))
    monkeypatch.setenv("AFALG_PROVIDER", provider)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "example"}
    for block in section.blocks:
        if block.language == "python":
            code = block.code.replace('"backup:disk", keyring="user"', '"backup:disk"')
            exec(compile(code, "example", "exec"), names)
            printed = capsys.readouterr().out
        else:
            printed = shell(block.code)
        if block.output is not None:
            assert same(block.output, printed), printed


def shell(code: str) -> str:
    """Run a block as a careful user's script, and give what it prints."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


def test_a_block_that_does_not_run_is_listed_with_its_reason() -> None:
    left = dict(UNRUN)
    for page in PAGES:
        for block in blocks(page):
            if block.language not in RUN | PROSE:
                name = str(page.relative_to(ROOT))
                listed = [key for key in left if key[0] == name and block.code.startswith(key[1])]
                assert listed, (name, block.code)
                del left[listed[0]]
    assert left == {}


def test_no_command_hides_in_a_block_of_text() -> None:
    commands = ("$ ", "# ", "afalg ", "sudo ", "pip ", "make ", "python3 ")
    for page in PAGES:
        for block in blocks(page):
            hidden = block.language in PROSE - {"output"} and block.code.startswith(commands)
            assert not hidden, (page, block.code)


def test_a_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)", page.read_text()):
            assert (page.parent / target).exists(), (page, target)


def documented() -> dict[str, str]:
    """Give the stubs' docstrings by qualified name, without those of special methods."""
    stubs = [ast.parse(stub.read_text()) for stub in (ROOT / "python/afalg").glob("*.pyi")]
    found = {}
    for node in (node for stub in stubs for node in stub.body):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = ast.get_docstring(node) or ""
        if isinstance(node, ast.ClassDef):
            methods = [inner for inner in node.body if isinstance(inner, ast.FunctionDef)]
            plain = [method for method in methods if not method.name.startswith("__")]
            found |= {f"{node.name}.{one.name}": ast.get_docstring(one) or "" for one in plain}
    return found


@pytest.mark.parametrize(("name", "text"), documented().items())
def test_help_says_what_the_stub_says(name: str, text: str) -> None:
    thing: object = afalg
    for part in name.split("."):
        thing = getattr(thing, part)
    assert text
    assert inspect.cleandoc(thing.__doc__ or "") == text
