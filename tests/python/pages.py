"""The documentation's pages, cut into what can run.

Blocks under one heading of the second level go on from each other: they share a folder, and
those in Python their names.
"""

import doctest
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "RUN", "Block", "Section", "blocks", "same", "sections"]

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("*/README.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
RUN = {"python", "sh"}
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$|^(## [^\n]*)$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A fenced block, and what the page says that it prints."""

    language: str
    code: str
    output: str | None = None


@dataclass(frozen=True)
class Section:
    """The blocks under one heading that run."""

    page: Path
    number: int
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """What a test of it is called."""
        return f"{self.page.relative_to(ROOT).with_suffix('')}-{self.number}".replace("/", "-")

    def has(self, *words: str) -> bool:
        """Whether one of these words is in its blocks."""
        return any(word in block.code for word in words for block in self.blocks)


def found(page: Path) -> Iterator[Block | str]:
    """Give a page's blocks and headings as they come."""
    for language, code, heading in FENCE.findall(page.read_text()):
        yield heading or Block(language, code)


def blocks(page: Path) -> list[Block]:
    """Give all blocks of a page."""
    return [block for block in found(page) if isinstance(block, Block)]


def sections(page: Path) -> Iterator[Section]:
    """Give what runs of a page, with what it should print."""
    here: list[Block] = []
    number = 0
    for one in [*found(page), ""]:
        if isinstance(one, Block):
            if one.language in RUN:
                here.append(one)
            elif one.language == "output":
                here[-1].output = one.code
            continue
        if here:
            yield Section(page, number, tuple(here))
        here, number = [], number + 1


def same(output: str, printed: str) -> bool:
    """Whether a block prints what the page says, where "..." stands for anything."""
    checker = doctest.OutputChecker()
    return checker.check_output(f"{output.rstrip()}\n", f"{printed.rstrip()}\n", doctest.ELLIPSIS)
