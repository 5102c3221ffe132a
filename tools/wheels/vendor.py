"""The crates that a source distribution takes along, so that it builds without a network.

`Cargo.lock` names the crates of every platform, and those of the tests; Cargo wants to see each
one, and compiles those alone that Linux needs. So these are taken whole, and of the others the
manifest and empty sources: 5 MB packed instead of 39.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path

from wheels.targets import TARGETS

SOURCES = """
# Nothing is fetched: Cargo.lock's crates are in vendor/.
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
"""


def needed() -> set[tuple[str, str]]:
    """Give name and version of the crates that a wheel for any target is made of."""
    found: set[tuple[str, str]] = set()
    for target in TARGETS:
        words = ["--features", "python", "--target", target.triple, "--edges", "no-dev"]
        tree = run("cargo", "tree", "--locked", *words, "--prefix", "none", "--format", "{p}")
        for line in tree.splitlines():
            name, version = line.split()[:2]
            found.add((name, version.removeprefix("v")))
    return found


def vendor(into: Path) -> tuple[int, int]:
    """Put the crates into a folder; tells how many are whole and how many are empty."""
    run("cargo", "vendor", "--locked", "--versioned-dirs", str(into))
    wanted = needed()
    counts = [0, 0]
    for crate in sorted(into.iterdir()):
        package = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))["package"]
        whole = (package["name"], package["version"]) in wanted
        counts[not whole] += 1
        if not whole:
            empty(crate)
    return counts[0], counts[1]


def empty(crate: Path) -> None:
    """Leave a crate's manifest, and files without content where it names some."""
    manifest = tomllib.loads((crate / "Cargo.toml").read_text(encoding="utf-8"))
    package = json.loads((crate / ".cargo-checksum.json").read_text(encoding="utf-8"))["package"]
    sources = {manifest.get("lib", {}).get("path", "src/lib.rs")}
    if isinstance(script := manifest["package"].get("build"), str):
        sources.add(script)
    kept = {"Cargo.toml": (crate / "Cargo.toml").read_bytes(), **dict.fromkeys(sources, b"")}
    shutil.rmtree(crate)
    for name, content in kept.items():
        (crate / name).parent.mkdir(parents=True, exist_ok=True)
        (crate / name).write_bytes(content)
    write_checksums(crate, kept.items(), package)


def write_checksums(crate: Path, files: Iterable[tuple[str, bytes]], package: str) -> None:
    """Write what Cargo compares: each file's hash, and the lock's of the whole crate."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files}
    text = json.dumps({"files": hashes, "package": package}, sort_keys=True)
    (crate / ".cargo-checksum.json").write_text(text, encoding="utf-8")


def run(*command: str) -> str:
    """Run a program and give what it printed."""
    environment = os.environ | {"CARGO_TERM_COLOR": "never"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return done.stdout
