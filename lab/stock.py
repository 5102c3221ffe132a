"""Debian's stock kernels: what the archive has of them, made bootable without root."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from lab import cache, initramfs, packages
from lab.errors import LabError
from lab.matrix import Kernel
from lab.mirror import find_mirror

INITRAMFS = "initramfs"

_NEWEST = "linux-image-amd64"
"""The package that needs a suite's newest kernel, whatever its version."""

# One package in bookworm; newer suites have the program and the modules apart.
PARTS = re.compile(r"linux-(?:image|binary|modules|base)-[0-9]\S*-amd64")

# What stands between the kernel and the host's files; some of it is built into newer kernels.
_FIRST_MODULES = ("virtio_pci", "virtio_console", "9pnet_virtio", "9p")


def assemble(kernel: Kernel, folder: Path) -> cache.Versions:
    """Fetch a kernel into an empty folder."""
    mirror = find_mirror()
    print(f"lab: fetching {kernel.suite}'s {_NEWEST} from {mirror.uri}", file=sys.stderr)
    apt, downloads, busybox = folder / "apt", folder / "downloads", folder / "busybox"
    archive = packages.PrivateApt(apt / "kernel", mirror, kernel.suite)
    archive.download(archive.needed_by(_NEWEST, PARTS), downloads)
    versions = {packages.unpack(package, folder) for package in downloads.glob("*.deb")}
    shell = _fetch_shell(kernel, apt, busybox)
    linux = modules_of(folder).name
    _index(folder, linux)
    (folder / INITRAMFS).write_bytes(initramfs.build(shell, _first_modules(folder, linux)))
    for done_with in (apt, downloads, busybox):
        shutil.rmtree(done_with)
    return cache.Versions(linux=linux, package=" ".join([_NEWEST, *sorted(versions)]))


def modules_of(folder: Path) -> Path:
    """Find the folder with a kernel's modules, which has the kernel's version for its name."""
    return packages.only(folder, "lib/modules/*", "usr/lib/modules/*")


def program_of(folder: Path) -> Path:
    """Find the kernel itself."""
    return packages.only(folder, "boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz")


def _fetch_shell(kernel: Kernel, apt: Path, into: Path) -> Path:
    """Fetch a shell that needs no library, from the suite that a suite of backports is for."""
    archive = packages.PrivateApt(apt / "busybox", find_mirror(), kernel.suite.partition("-")[0])
    archive.download(["busybox-static"], into)
    packages.unpack(packages.only(into, "busybox-static_*.deb"), into)
    return packages.only(into, "bin/busybox", "usr/bin/busybox")


def _index(folder: Path, linux: str) -> None:
    _ask("depmod", "-b", str(_base(folder)), linux)


def _base(folder: Path) -> Path:
    """Tell below what folder kmod finds `lib/modules`."""
    return modules_of(folder).parents[2]


def _first_modules(folder: Path, linux: str) -> list[Path]:
    """List the first modules and what they need, each after what it needs itself."""
    found: dict[Path, None] = {}
    for name in _FIRST_MODULES:
        where = "-d", str(_base(folder)), "-S", linux
        for line in _ask("modprobe", *where, "--show-depends", name).splitlines():
            if line.startswith("insmod "):  # the others say `builtin`
                found[Path(line.removeprefix("insmod ").strip())] = None
    return list(found)


def _ask(program: str, *words: str) -> str:
    command = [packages.tool(program), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(
            f"{program} cannot read the modules of the fetched kernel: {done.stderr.strip()}. "
            "The lab needs those of 9p to show it the host's files"
        )
    return done.stdout
