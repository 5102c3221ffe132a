"""What is built for people is what computes."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def features() -> tuple[list[str], dict[str, list[str]]]:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    crate = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    return wheel["tool"]["maturin"]["features"], crate["features"]


def test_no_wheel_has_the_instrument() -> None:
    of_a_wheel, all_of_them = features()
    assert "instrument" in all_of_them
    assert of_a_wheel == ["python"]
    assert all_of_them["default"] == []
    assert all_of_them["python"] == ["dep:pyo3"]
