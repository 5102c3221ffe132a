"""The driver of the lab's kernels, with a lab and a pytest that only say how they were called."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parents[2] / "tools" / "lab_matrix.py"
FAKE = "import sys; print('{name}:', *sys.argv[1:]); sys.exit({status} * ({word!r} in sys.argv))"
SUITES = ("6.1", "6.12", "7.2")
STOCK_FILES = ("accelerated", "fips", "restriction", "verify")
RUNS = 1 + 3 * len(SUITES) + 1 + len(STOCK_FILES)


def drive(root: Path, *arguments: str, word: str = "", status: int = 0) -> tuple[int, str]:
    """Exit status and output of the driver, where calls with this word have this status."""
    (root / "lab").mkdir()
    for name, file in (("lab", "lab/__main__.py"), ("pytest", "pytest.py")):
        (root / file).write_text(FAKE.format(name=name, word=word, status=status))
    done = subprocess.run(
        [sys.executable, DRIVER, *arguments], cwd=root, check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_every_kernel_runs_the_suite_as_root_and_the_limits_without_capabilities(
    tmp_path: Path,
) -> None:
    status, output = drive(tmp_path, "--timeout", "60", "--run-slow")
    assert status == 0
    pytest_as = f"-- {sys.executable} -m pytest -p no:cacheprovider --run-slow"
    for kernel in SUITES:
        run = f"lab: run --kernel {kernel} --timeout 60 --as"
        suite = "tests/python --ignore=tests/python/oracles"
        assert f"{run} root {pytest_as} {suite}\n" in output
        assert f"{run} root {pytest_as} tests/examples\n" in output
        assert f"{run} nocaps {pytest_as} -m limits {suite}\n" in output
    stock = "lab: run --kernel 6.1-stock --timeout 60 --as root"
    assert f"{stock} {pytest_as} tests/python/test_threads.py\n" in output
    assert output.count("lab: run") == 3 * len(SUITES) + 1


def test_all_that_there_is_runs_on_this_machine(tmp_path: Path) -> None:
    _, output = drive(tmp_path, "--kernels", "here", "--run-slow")
    release = platform.release()
    assert f"kernel {release} of this machine: ok, " in output
    assert "\npytest: -p no:cacheprovider --run-slow\n" in output
    assert output.count(": ok, ") == 2


def test_a_failure_on_this_machine_is_the_end_s(tmp_path: Path) -> None:
    status, output = drive(tmp_path, word="-p", status=1)
    assert status == 1
    assert output.count("of this machine: FAILED, exit status 1") == 2


def test_every_file_of_the_stock_kernels_is_run(tmp_path: Path) -> None:
    status, output = drive(tmp_path)
    assert status == 0
    there = {path.name for path in DRIVER.parents[1].glob("tests/stock/test_*.py")}
    assert there == {f"test_{name}.py" for name in STOCK_FILES}
    for name in there:
        assert f"pytest: -p no:cacheprovider tests/stock/{name}\n" in output
    assert output.count("pytest: ") == len(STOCK_FILES) + 1
    assert output.count(": ok, ") == 2 * RUNS


def test_only_the_kernels_that_were_asked_for_run(tmp_path: Path) -> None:
    _, output = drive(tmp_path, "--kernels", "7.3-stock")
    assert output.count(": ok, ") == 4
    assert "kernel 7.3-stock with af_alg_restrict 0, 1, 2 for root, nocaps, nobody: ok" in output


@pytest.mark.parametrize("kernel", SUITES)
def test_a_failure_in_one_kernel_is_the_end_s_and_stops_no_other(
    tmp_path: Path, kernel: str
) -> None:
    status, output = drive(tmp_path, word=kernel, status=5)
    assert status == 1
    assert output.count("lab: run") == 3 * len(SUITES) + 1
    assert output.count(f"kernel {kernel} as root: FAILED, exit status 5") == 2 * 2
    assert output.count(": ok, ") == 2 * (RUNS - 3)


def test_a_failure_in_a_stock_kernel_is_the_end_s_too(tmp_path: Path) -> None:
    status, output = drive(tmp_path, word="tests/stock/test_fips.py", status=1)
    assert status == 1
    assert output.count("kernel 6.1-stock with fips=1: FAILED, exit status 1") == 2
    assert output.count(": ok, ") == 2 * (RUNS - 1)
