"""The wheel where nothing else is installed: not the extra `cli`, not what the tests need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wheels.tryout import first_example

PROJECT = Path(__file__).parents[2]
SECONDS = 600  # for a machine that has to compile it first

# Whatever imports one of the extras, or something that is deprecated, does it where it is used.
EVERY_MODULE = """
import importlib, pkgutil, afalg
names = [module.name for module in pkgutil.walk_packages(afalg.__path__, "afalg.")]
print(*[importlib.import_module(name).__name__ for name in names if name != "afalg.__main__"])
"""


def run(*command: str | Path, folder: Path | None = None) -> str:
    """Run a program without this machine's environment, and give what it printed."""
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a virtual environment's folder of programs, with the wheel in it and nothing else."""
    folder = tmp_path_factory.mktemp("wheel")
    maturin = ["--release", "--auditwheel", "skip", "--interpreter", sys.executable]
    tool = Path(sys.executable).with_name("maturin")
    run(tool, "build", *maturin, "--out", folder, folder=PROJECT)
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", folder / "venv"]
    run(*pip, "install", "--quiet", "--no-index", wheel)
    assert run(*pip, "freeze").partition(" @ ")[0] == "afalg"
    return folder / "venv/bin"


def test_readme_s_first_example_runs(bare: Path) -> None:
    run(bare / "python", "-I", "-c", first_example())


def test_every_module_is_imported_without_a_warning(bare: Path) -> None:
    strict = ["-W", "error", "-X", "dev"]
    names = run(bare / "python", "-I", *strict, "-c", EVERY_MODULE).split()
    assert {"afalg._afalg", "afalg.cli"} <= set(names)


def test_the_command_runs(bare: Path) -> None:
    assert run(bare / "afalg", "--version").startswith("afalg 0.")
    assert "userspace" in run(bare / "python", "-I", "-m", "afalg", "bench", "--help")


def test_the_command_s_help_names_every_verb(bare: Path) -> None:
    told = run(bare / "afalg", "--help")
    assert [verb for verb in ("bench", "doctor", "key") if verb not in told] == []
