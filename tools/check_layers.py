"""The design's layers and limits, executable: prints each fault and exits 1 if there is one.

    python tools/check_layers.py [ROOT]

Reads the sources as text, with comments, strings and `#[cfg(test)]` modules blanked out;
a file `tests.rs` under src is such a module. It has to see what a person writes by
mistake, not what a macro might expand to.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

WORDS = {"error", "algorithm", "constraints", "figures", "key", "request", "secret"} | {
    "span",
    "process",
}
MAY_USE = dict.fromkeys(WORDS, WORDS) | {
    "sys": WORDS,
    "keyring": WORDS | {"sys"},
    "kernel": WORDS | {"sys", "keyring"},
    "userspace": WORDS,
    "provider": WORDS | {"kernel", "keyring", "userspace"},
    "catalogue": WORDS | {"kernel", "userspace"},
    "doctor": WORDS | {"kernel", "keyring", "catalogue"},
    "batch": WORDS | {"provider"},
    "padding": WORDS | {"provider", "batch"},
    "turn": WORDS,
    "stream": WORDS | {"provider", "padding", "turn"},
    "python": WORDS
    | {"userspace", "provider", "batch", "padding", "stream", "catalogue", "doctor", "keyring"},
}
# What stands in the named places only: the pattern, its name, where.
FENCES = [
    (r"\bpyo3\b", "pyo3", ("python/",)),
    (r"\bunsafe\b", "unsafe", ("sys/", "span.rs", "python/buffer.rs")),
    (r"\b(?:libc|nix)\b", "libc or nix", ("sys/",)),
    (r"\bstd\s*::\s*(?:\{[^;]*\b)?env\b", "std::env", ("python/",)),
    (r"\bsuper\s*::\s*super\b", "super::super", ()),
]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
SOURCES = ("src", "python", "tests", "benches", "fuzz", "lab", "tools", "examples")

NOISE = re.compile(
    r"""//[^\n]*                                       # a comment to the end of the line
      | /\*.*?\*/                                      # a block comment
      | (?<!\w)[bc]?r(?P<hashes>\#*)".*?"(?P=hashes)   # a raw string
      | "(?:\\.|[^"\\])*"                              # a string
      | '(?:\\.[^']*|[^\\'])'                          # a character, not a lifetime""",
    re.DOTALL | re.VERBOSE,
)
TEST_MODULE = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*mod\s+\w+\s*\{")


def blank(text: str) -> str:
    """Give as many lines with nothing on them."""
    return "\n" * text.count("\n")


def closing_brace(code: str, start: int) -> int:
    """Give the place after the brace that closes the first one from `start` on."""
    depth = 0
    for match in re.finditer(r"[{}]", code[start:]):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return start + match.end()
    return len(code)


def bare(source: str) -> str:
    """Blank out comments, strings and test modules; the lines keep their numbers."""
    code = NOISE.sub(lambda noise: " " + blank(noise[0]), source)
    while module := TEST_MODULE.search(code):
        end = closing_brace(code, module.start())
        code = code[: module.start()] + blank(code[module.start() : end]) + code[end:]
    return code


def used(code: str, *, top_level: bool) -> Iterator[tuple[int, str]]:
    """Give the place and name of each module that is reached from the crate's root."""
    for match in re.finditer(r"\b(crate|super)\s*::\s*(\w+|\{)", code):
        names = [match[2]]
        if match[2] == "{":
            group = code[match.end() : closing_brace(code, match.start()) - 1]
            while (flat := re.sub(r"\{[^{}]*\}", "", group)) != group:
                group = flat
            names = re.findall(r"(?:^|,)\s*(\w+)", group)
        for name in names:
            # A top-level module's `super` is the crate, or the file around an inner module.
            if match[1] == "crate" or (top_level and name in MAY_USE):
                yield match.start(), name


def too_long(what: str, lines: int, limit: int) -> Iterator[str]:
    """Give the fault, if it is one, of so many lines."""
    if lines >= limit:
        yield f"{what} has {lines} lines, under {limit} is the rule"


def long_functions(code: str) -> Iterator[tuple[int, str]]:
    """Give the place of each Rust function that is too long."""
    for head in re.finditer(r"\bfn\s+(\w+)(?:[^{;\[]|\[[^\]]*\])*\{", code):
        lines = code.count("\n", head.start(), closing_brace(code, head.end() - 1)) + 1
        for text in too_long(f"fn {head[1]}", lines, MAX_FUNCTION_LINES):
            yield head.start(), text


def layer_faults(relative: str, code: str) -> Iterator[tuple[int, str]]:
    """Give what a file under src does that its layer may not."""
    owner = relative.partition("/")[0].removesuffix(".rs")
    if owner != "lib":
        allowed = MAY_USE.get(owner)
        if allowed is None:
            yield 0, f"{owner} has no layer: give it one in tools/check_layers.py"
            return
        top_level = relative in {f"{owner}.rs", f"{owner}/mod.rs"}
        for place, name in used(code, top_level=top_level):
            if name not in allowed | {owner}:
                yield place, f"{owner} may not use crate::{name}, only {', '.join(sorted(allowed))}"
    for pattern, name, homes in FENCES:
        if not relative.startswith(homes):
            for match in re.finditer(pattern, code):
                yield match.start(), f"{name} stands in {', '.join(homes) or 'no file'} only"
    if owner == "kernel":
        for match in re.finditer(r"\buserspace\b", code):
            yield match.start(), "kernel does not know that userspace exists"


def rust_faults(relative: str, source: str) -> Iterator[tuple[int, str]]:
    """Give line and text of each fault of a Rust file."""
    code = bare(source)
    found = [*long_functions(code)]
    if relative.startswith("src/") and not relative.endswith("/tests.rs"):
        found += layer_faults(relative.removeprefix("src/"), code)
    for place, text in found:
        yield code.count("\n", 0, place) + 1, text


def python_faults(source: str) -> Iterator[tuple[int, str]]:
    """Give line and text of each fault of a Python file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            for text in too_long(f"def {node.name}", lines, MAX_FUNCTION_LINES):
                yield node.lineno, text


def faults(root: Path) -> Iterator[str]:
    """Give every fault under `root` as `file:line: what`."""
    for path in sorted(path for top in SOURCES for path in (root / top).rglob("*.*")):
        if path.suffix not in {".rs", ".py", ".pyi"}:
            continue
        relative, source = path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
        for text in too_long("the file", source.count("\n"), MAX_FILE_LINES):
            yield f"{relative}:1: {text}"
        found = rust_faults(relative, source) if path.suffix == ".rs" else python_faults(source)
        yield from (f"{relative}:{line}: {text}" for line, text in found)


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
    print("\n".join(found) or "layers: no fault")
    sys.exit(1 if found else 0)
