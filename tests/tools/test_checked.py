"""docs/checked.md is what the tool writes, and leaves nothing out."""

from collections import Counter
from pathlib import Path

import afalg
import checked
from lab.matrix import MATRIX

USERSPACE = [info.name for info in afalg.algorithms("skcipher") if "userspace" in info.providers]
PAGE = (checked.ROOT / "docs" / "checked.md").read_text()


def facts(**counts: int) -> checked.Fact:
    """Make a fact, nothing compared unless told."""
    found = {"kernel": 0, "reference": 0} | counts
    return checked.Fact("cbc-aes-aesni", by="libgcrypt, mode in Python", **found)


def test_the_page_is_written_from_the_facts() -> None:
    assert checked.page() == PAGE


def test_every_kernel_of_the_lab_has_a_column() -> None:
    assert {*checked.KERNELS} == {*MATRIX}


def test_every_algorithm_has_a_row_and_every_kernel_a_fact_of_it() -> None:
    rows = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == USERSPACE
    for kernel in checked.KERNELS:
        run = checked.read(checked.ROOT / "docs" / "checked" / f"{kernel}.json")
        assert [*run.algorithms] == USERSPACE


def test_every_figure_is_of_an_algorithm() -> None:
    published = checked.figures(checked.ROOT / "python" / "afalg" / "verify" / "figures")
    assert published
    assert {*published} <= {*USERSPACE}


def test_figures_are_counted_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("# A source\necb(aes)\n  key 00\n\necb(aes)\n  key 01\n")
    assert checked.figures(tmp_path) == {"ecb(aes)": 2}


def test_what_was_not_compared_is_said() -> None:
    runs = {
        "1.0": checked.Facts("1.0.1", {"a": facts(kernel=3, reference=5), "b": facts()}),
        "2.0": checked.Facts("2.0.1", {"a": facts(), "b": facts()}),
    }
    rows = [*checked.table(runs, Counter({"b": 7}), Counter({"a": 2}))]
    assert rows[2:] == [
        "| `a` | 3 | absent | 5 libgcrypt + | - | 2 |",
        "| `b` | absent | absent | - | 7 | - |",
    ]
    nothing = Counter[str]()
    assert "- figures: `b`" in [*checked.unchecked(runs, Counter({"b": 7}), nothing)]
    assert "- packages' vectors: `b`" in [*checked.unchecked(runs, nothing, Counter({"b": 7}))]
    last = [*checked.unchecked(runs, nothing, nothing)][-1]
    assert last.startswith("- nothing of their own;")
    assert "- 1.0: `cbc-aes-aesni`" in [*checked.drivers(runs)]


def test_what_packages_carry_is_counted() -> None:
    counts = checked.packaged(checked.ROOT)
    assert {*counts} <= {*USERSPACE}
    assert counts["cbc(aria)"] == 216  # Wycheproof alone
    assert counts["ofb(sm4)"] == 2  # draft-ribose-cfrg-sm4-10, A.2.3
    assert counts["cbc(aes)"] > 2000
