"""The driver of the lab's kernels, with a lab that only says how it was called."""

import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parents[2] / "tools" / "lab_matrix.py"
FAKE_LAB = "import sys; print('lab:', *sys.argv[1:]); sys.exit({status} * ({kernel!r} in sys.argv))"


def drive(root: Path, *arguments: str, kernel: str = "", status: int = 0) -> tuple[int, str]:
    """Exit status and output of the driver, where one kernel's runs have this status."""
    (root / "lab").mkdir()
    (root / "lab" / "__main__.py").write_text(FAKE_LAB.format(kernel=kernel, status=status))
    done = subprocess.run(
        [sys.executable, DRIVER, *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_every_kernel_runs_the_suite_as_root_and_the_limits_without_capabilities(
    tmp_path: Path,
) -> None:
    status, output = drive(tmp_path, "--timeout", "60", "--run-slow")
    assert status == 0
    for kernel in ("6.1", "6.12", "7.2"):
        run = f"lab: run --kernel {kernel} --timeout 60 --as"
        without = "--ignore=tests/python/oracles"
        pytest_as = f"-- {sys.executable} -m pytest -p no:cacheprovider --run-slow"
        assert f"{run} root {pytest_as} tests/python {without}\n" in output
        assert f"{run} nocaps {pytest_as} -m limits tests/python {without}\n" in output
    assert output.count("lab: run") == 6


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.2"])
def test_a_failure_in_one_kernel_is_the_end_s_and_stops_no_other(
    tmp_path: Path, kernel: str
) -> None:
    status, output = drive(tmp_path, kernel=kernel, status=5)
    assert status == 1
    assert output.count("lab: run") == 6
    assert output.count(f"kernel {kernel} as root: FAILED, exit status 5") == 2
    assert output.count(": ok, ") == 8
