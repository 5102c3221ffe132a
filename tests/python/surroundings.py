"""Command lines that run a command where something is refused or hidden."""

import subprocess
import sys
from pathlib import Path

import pytest

HIDDEN = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    'mount --bind /dev/null /proc/crypto && exec "$@"',
    "sh",
]
"""/proc/crypto covered by an empty file; for root."""


def filtered(errno: str) -> list[str]:
    """Give what answers socket(AF_ALG) with an errno, by a seccomp filter."""
    return [sys.executable, str(Path(__file__).with_name("seccomp.py")), errno]


def _may_mount() -> bool:
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return tried.returncode == 0


mounts = pytest.mark.skipif(not _may_mount(), reason="only root may cover /proc/crypto")
