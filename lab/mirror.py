"""Where this machine gets its Debian packages from, read out of apt's own configuration.

The lab wants suites that the machine itself does not use, from the mirror that it does use: that
one is near, and behind a firewall it is the only one there is.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lab.errors import LabError

APT_FOLDER = Path("/etc/apt")
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# ".../debian" and ".../debian/20250520T000000Z" are Debian's main archive, so is apt's mirror list
# "/etc/apt/mirrors/debian.list"; ".../debian-security" is not.
_MAIN_ARCHIVE = re.compile(r"/debian(\.list)?(/|$)")
_ONE_LINE = re.compile(
    r"deb\s+(?:\[(?P<options>[^]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<rest>.*)"
)


@dataclass(frozen=True)
class Mirror:
    """A Debian archive and the value of its `Signed-By`: a file, a fingerprint or a whole key."""

    uri: str
    signed_by: str | None = None


def find_mirror(
    folder: Path = APT_FOLDER,
    environment: Mapping[str, str] = os.environ,
) -> Mirror:
    """Find the machine's Debian mirror, or the one that AFALG_LAB_MIRROR names."""
    if uri := environment.get("AFALG_LAB_MIRROR"):
        return _mirror_by_hand(uri)
    for mirror in _configured(folder):
        if _MAIN_ARCHIVE.search(urlsplit(mirror.uri).path):
            return mirror
    raise LabError(
        f"no Debian archive among the sources in {folder}: the lab takes its kernels from there. "
        "Set AFALG_LAB_MIRROR to the URI of a Debian mirror (ending in /debian) and install the "
        "package debian-archive-keyring",
    )


def _mirror_by_hand(uri: str) -> Mirror:
    if not DEBIAN_KEYRING.exists():
        raise LabError(
            f"AFALG_LAB_MIRROR is set, but {DEBIAN_KEYRING} is missing, without which nothing "
            "from it can be trusted: install the package debian-archive-keyring",
        )
    return Mirror(uri, str(DEBIAN_KEYRING))


def _configured(folder: Path) -> Iterator[Mirror]:
    parts = folder / "sources.list.d"
    for path in (folder / "sources.list", *sorted(parts.glob("*.list"))):
        if path.is_file():
            yield from parse_one_line(path.read_text(errors="replace"))
    for path in sorted(parts.glob("*.sources")):
        yield from parse_deb822(path.read_text(errors="replace"))


def parse_one_line(text: str) -> Iterator[Mirror]:
    """Read the format `deb [signed-by=FILE] URI SUITE COMPONENT…`."""
    for line in text.splitlines():
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if not found or "main" not in found["rest"].split():
            continue
        options = dict(
            option.split("=", 1) for option in (found["options"] or "").split() if "=" in option
        )
        yield Mirror(found["uri"], options.get("signed-by"))


def parse_deb822(text: str) -> Iterator[Mirror]:
    """Read the format of `.sources` files: stanzas of `Field: value`, continued by indentation."""
    uncommented = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", uncommented):
        fields = _fields(stanza)
        wanted = (
            "deb" in fields.get("types", "").split()
            and "main" in fields.get("components", "").split()
            and fields.get("enabled", "yes").lower() not in {"no", "false", "off", "0"}
        )
        if wanted:
            for uri in fields.get("uris", "").split():
                yield Mirror(uri, fields.get("signed-by"))


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1].isspace():
            fields[name] = f"{fields.get(name, '')}\n{line.rstrip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.lower()
            fields[name] = value.strip()
    return fields
