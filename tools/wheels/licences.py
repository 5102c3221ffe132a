"""The licences of the crates that are compiled into a wheel, which their licences want to go along.

    PYTHONPATH=tools python -m wheels.licences >LICENSES-THIRD-PARTY.md

Where a crate may be had under MIT it is taken under it; of a crate that has no such text, all that
it has are here.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

from wheels.vendor import needed, run

HEAD = """\
# Licences of what is in the wheels

The library in a wheel of afalg has these crates compiled in, each under the terms that follow its
name. afalg's own are in LICENSE-MIT and LICENSE-APACHE.
"""


def texts(crate: Path) -> list[str]:
    """Give the licences that a crate comes with: MIT's alone, where it has one."""
    files = sorted(
        file for file in crate.iterdir() if re.match(r"(?i)licen[cs]e|copying|unlicense", file.name)
    )
    mit = [file for file in files if "mit" in file.name.lower()]
    return [file.read_text("utf-8").strip() for file in mit or files if file.is_file()]


def page() -> str:
    """Give them all, those of one text together."""
    metadata = json.loads(
        run("cargo", "metadata", "--locked", "--all-features", "--format-version", "1")
    )
    wanted = needed()
    crates: dict[str, list[str]] = defaultdict(list)
    for package in metadata["packages"]:
        name, version = package["name"], package["version"]
        if package["source"] is None or (name, version) not in wanted:
            continue
        text = "\n\n".join(texts(Path(package["manifest_path"]).parent))
        crates[text or f"(no text in the crate; its manifest says {package['license']})"].append(
            f"{name} {version} ({package['license']})"
        )
    parts = [
        f"## {', '.join(sorted(names))}\n\n```text\n{text}\n```\n"
        for text, names in sorted(crates.items(), key=lambda item: sorted(item[1]))
    ]
    return "\n".join([HEAD, *parts])


if __name__ == "__main__":
    print(page(), end="")
