"""The documentation's site: built strictly, whole, and in need of nothing from elsewhere."""

import argparse
import os
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pytest

import afalg
from afalg import errors
from afalg.cli import parser
from site_command import actions, verbs

ROOT = Path(__file__).parents[2]
TIMEOUT = 120


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site, of which a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def named(site: Path) -> dict[str, str]:
    """Give the inventory: names, and where they are."""
    inventory = (site / "objects.inv").read_bytes()
    text = zlib.decompress(inventory.split(b"zlib.\n", 1)[1]).decode()
    lines = (line.split() for line in text.splitlines())
    return {name: uri.replace("$", name) for name, _, _, uri, *_ in lines}


class Loaded(HTMLParser):
    """What a page has the browser load."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of scripts, styles, images and frames."""
        for name, value in attrs:
            if value and (name == "src" or (tag == "link" and name == "href")):
                self.found.append(value)


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    missing = {f"afalg.{name}" for name in afalg.__all__} - named(site).keys()
    assert missing == set()


def test_every_method_of_a_cipher_is_in_the_reference(site: Path) -> None:
    for thing in (afalg.Cipher, afalg.Stream, afalg.KeyringKey):
        for method in (name for name in vars(thing) if not name.startswith("_")):
            assert f"afalg.{thing.__name__}.{method}" in named(site)


def test_every_error_is_on_the_errors_page(site: Path) -> None:
    for name in errors.__all__:
        assert named(site)[f"afalg.{name}"] == f"errors.html#afalg.{name}"


def test_a_page_shows_how_a_cipher_is_made(site: Path) -> None:
    page = (site / "reference" / "ciphers.html").read_text()
    text = re.sub(r"<[^>]+>|\s", "", page)
    assert "Cipher(algorithm:str,key:Buffer|KeyringKey" in text


def test_every_verb_and_option_is_in_the_command_s_reference(site: Path) -> None:
    page = (site / "reference" / "command.html").read_text()

    def check(above: argparse.ArgumentParser) -> None:
        for action in actions(above):
            for verb in verbs(action).values():
                assert f'id="{verb.prog.replace(" ", "-")}"' in page
                check(verb)
            for option in action.option_strings:
                assert option in page

    check(parser())


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > 20
    for page in pages:
        for uri in Loaded(page).found:
            assert not re.match(r"(\w+:)?//", uri), (page.name, uri)
            target = site / uri.lstrip("/") if uri.startswith("/") else page.parent / uri
            assert uri.startswith("data:") or target.resolve().exists(), (page.name, uri)


def test_diagrams_are_in_the_page_and_have_its_colours(site: Path) -> None:
    page = (site / "how-it-works.html").read_text()
    drawn = [*(ROOT / "docs" / "diagrams").glob("*.svg")]
    assert len(drawn) >= 4
    assert page.count("<svg xmlns") >= len(drawn)
    assert "var(--md-default-fg-color" in page


def test_a_folder_can_be_searched_without_a_server(site: Path) -> None:
    assert "AlgorithmRestrictedError" in (site / "search" / "search_index.js").read_text()
    assert "script/iframe-worker.js" in (site / "index.html").read_text()
