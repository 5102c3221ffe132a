"""What MkDocs is told beside mkdocs.yml, to build the site of `make docs`.

The repository's own pages (DESIGN.md, benches/README.md ...) are pages of the site, without a
copy; links lead there, written as they have to be in the repository. The command's reference is
written from its grammar, and diagrams are put into the page, where they have its colours.
"""

import posixpath
import re
from pathlib import Path
from typing import cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from afalg import errors
from site_command import reference

__all__ = ["on_config", "on_files", "on_page_content", "on_page_markdown"]

ROOT = Path(__file__).parents[1]
CONTRIBUTING = "CONTRIBUTING.md"
OF_THE_REPOSITORY = {
    "CHANGELOG.md": "project/changes.md",
    CONTRIBUTING: "project/contributing.md",
    "DESIGN.md": "project/design.md",
    "SAFETY.md": "project/safety.md",
    "SECURITY.md": "project/reporting.md",
    "benches/README.md": "project/benchmarks.md",
    "lab/README.md": "project/lab.md",
}
"""Pages that live outside docs/, and where they are on the site."""

LINK = re.compile(r"\[([^\]\n]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
DIAGRAM = re.compile(r'<img alt="([^"]*)" src="[^"]*diagrams/([a-z-]+\.svg)" ?/?>')
ERROR = re.compile(rf"(?<!>)<code>({'|'.join(errors.__all__)})</code>(?!</a>)")
ERRORS = "errors.md"
COMMAND = "<!-- the command's reference -->"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Give the page for contributors its place, where there is one."""
    if (ROOT / CONTRIBUTING).exists():
        nav = cast("list[object]", config["nav"])
        nav.append({"Contribute, release": OF_THE_REPOSITORY[CONTRIBUTING]})
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the repository's own pages."""
    for path, uri in OF_THE_REPOSITORY.items():
        if (ROOT / path).exists():
            files.append(File.generated(config, uri, content=(ROOT / path).read_text()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Have links lead to the site's pages, and write what is generated."""
    del config, files
    uri = page.file.src_uri
    if COMMAND in markdown:
        markdown = markdown.replace(COMMAND, "\n".join(reference()))
    return LINK.sub(lambda link: _link(link, uri), markdown)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put diagrams into the page, and have errors lead to what is said of them."""
    del config, files
    if page.file.src_uri != ERRORS:
        to = f"{posixpath.relpath('errors.html', posixpath.dirname(page.file.dest_uri))}#afalg"
        html = ERROR.sub(rf'<a href="{to}.\1"><code>\1</code></a>', html)
    return DIAGRAM.sub(_diagram, html)


def _link(link: re.Match[str], uri: str) -> str:
    """Give a link as it has to be on the site; what is no page there is named."""
    text, target, anchor = link.groups(default="")
    own = {page: path for path, page in OF_THE_REPOSITORY.items()}.get(uri, f"docs/{uri}")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(own), target))
    if not (ROOT / path).exists() or path.endswith(".svg"):
        return link[0]  # for MkDocs to find fault with
    to = OF_THE_REPOSITORY.get(path, path.removeprefix("docs/"))
    if to == path:
        return f"{text} (`{path}`)"
    return f"[{text}]({posixpath.relpath(to, posixpath.dirname(uri))}{anchor})"


def _diagram(image: re.Match[str]) -> str:
    drawn = (ROOT / "docs" / "diagrams" / image[2]).read_text()
    return f'<span class="diagram" role="img" aria-label="{image[1]}">{drawn}</span>'
