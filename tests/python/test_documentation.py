"""The documentation is true: its examples run, and the stub says what `help()` says."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import afalg
from oracles.cases import PROVIDERS, marks_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ONLY_THE_KERNELS = ("socket.AF_ALG", "KeyringKey")
EXAMPLES = [
    pytest.param(
        provider,
        code,
        id=f"{provider}-{page.stem}-{number}",
        marks=(*marks_of(provider), *([pytest.mark.by_serial] if "KeyringKey" in code else [])),
    )
    for provider in PROVIDERS
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )
    if provider == "kernel" or not any(word in code for word in ONLY_THE_KERNELS)
]


@pytest.mark.parametrize(("provider", "code"), EXAMPLES)
def test_an_example_runs(
    provider: afalg.Provider,
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if "KeyringKey" in code:
        request.getfixturevalue("own_session")
        # README's first lines; in a keyring that is the user's to afalg and ends with this test.
        afalg.KeyringKey.add("logon", "backup:disk", bytes(range(32)))
        code = code.replace('"backup:disk", keyring="user"', '"backup:disk"')
    monkeypatch.setenv("AFALG_PROVIDER", provider)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {"__name__": "example"})


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3


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
