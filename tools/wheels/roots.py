"""File trees with a C library, Python and nothing else, out of Debian's packages, without root.

A wheel is installed there into a virtual environment, from its file alone and without a network,
and README's first example is run. Another architecture's runs under QEMU, which has no AF_ALG.
"""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.cache import cache_folder
from lab.mirror import find_mirror
from lab.packages import PrivateApt, need_tools, unpack

# What Python needs and its virtual environments; what Debian's scripts need is left out.
WANTED = re.compile(
    r"(?!libperl|libnewt|libdebian|python3-lib2to3)(?:lib|python3|zlib1g|ca-cert).*"
)
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
WORK, SITE = "/mnt", "/mnt/site"
SECONDS = 600
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "HOME": WORK,
    "LC_ALL": "C.UTF-8",
    "PYTHONPATH": SITE,  # where a wheel is unpacked that cannot be installed
}

# The root's own /dev and /proc would need the machine's root; so it borrows the machine's.
ENTER = (
    'mount --rbind /dev "$0/dev" && mount --rbind /proc "$0/proc" && mount --bind "$1" "$0/mnt" '
    '&& root=$0 && shift && exec chroot "$root" "$@"'
)


@dataclass(frozen=True)
class Root:
    """A suite of Debian's, for an architecture."""

    suite: str
    architecture: str = "amd64"
    python: str = "python3"

    def __str__(self) -> str:
        """Name it as the cache does."""
        return f"{self.suite}-{self.architecture}-{self.python}"

    @property
    def machine(self) -> str:
        """Give the architecture as wheels call it."""
        return MACHINES[self.architecture]

    @property
    def emulator(self) -> Path | None:
        """Give the QEMU that runs its programs here, where they do not run by themselves."""
        if self.machine == platform.machine():
            return None
        name = f"qemu-{self.machine}-static"
        need_tools({name: "qemu-user-static"})
        return Path(shutil.which(name) or name)


ROOTS = (
    Root("bookworm"),  # Python 3.11, the oldest that a wheel is for
    Root("sid"),
    Root("sid", python="python3.15"),
    Root("bookworm", "arm64"),
)


def obtain(root: Root) -> Path:
    """Find it in the lab's cache or fetch it: 6 MB packed, 60 unpacked."""
    final = cache_folder() / f"root-{root}"
    with final.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not final.exists():
            unfinished = final.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            fetch(root, unfinished)
            unfinished.rename(final)
    return final


def fetch(root: Root, folder: Path) -> None:
    """Unpack Python's packages and theirs into a folder."""
    mirror = find_mirror()
    print(f"wheels: fetching {root}'s Python from {mirror.uri}", file=sys.stderr, flush=True)
    for name in ("bin", "sbin", "lib", "lib64"):  # as every Debian has it, by its base-files
        (folder / "usr" / name).mkdir(parents=True)
        (folder / name).symlink_to(f"usr/{name}")
    for name in ("dev", "proc", "mnt", "tmp"):
        (folder / name).mkdir()
    apt, downloads = folder / "apt", folder / "downloads"
    archive = PrivateApt(apt, mirror, root.suite, root.architecture)
    archive.download(archive.needed_by(f"{root.python}-venv", WANTED), downloads)
    for package in sorted(downloads.glob("*.deb")):
        unpack(package, folder)
    # pip will not begin without; ca-certificates' script would write it.
    authorities = sorted((folder / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = folder / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_text("\n".join(path.read_text() for path in authorities))
    for done_with in (apt, downloads):
        shutil.rmtree(done_with)


def inside(root: Root, work: Path, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command there, without a network; `work` is its /mnt."""
    folder = obtain(root)
    emulated: list[str] = []
    if emulator := root.emulator:
        shutil.copy(emulator, work / "qemu")
        emulated = [f"{WORK}/qemu"]
    spaces = ["unshare", "--net", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    return subprocess.run(
        [*spaces, "sh", "-c", ENTER, str(folder), str(work), *emulated, *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=ENVIRONMENT,
    )
