"""Look at what was built: metadata, stable interface, needed libraries, contents."""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from wheels.build import SCRIPTS
from wheels.targets import MUSLLINUX

# PEP 793's: what Python 3.15 asks a module for. abi3audit 0.0.26 does not know of it.
OURS = {"PyModExport__afalg"}
LICENCES = {"LICENSE-APACHE", "LICENSE-MIT", "LICENSES-THIRD-PARTY.md"}
SOURCES = {
    *("PKG-INFO", "pyproject.toml", "Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md"),
    *("DESIGN.md", "SAFETY.md", "SECURITY.md", *LICENCES),
    *(".cargo", "python", "src", "vendor"),
}


def audit(dist: Path) -> list[str]:
    """Give what is wrong with the wheels and the sdist of a folder."""
    wheels, sdists = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    faults = list(metadata([*wheels, *sdists]))
    for wheel in wheels:
        found = [*of_content(wheel), *of_interface(wheel), *of_libraries(wheel)]
        faults += [f"{wheel.name}: {fault}" for fault in found]
    return faults + [f"{sdist.name}: {fault}" for sdist in sdists for fault in of_sources(sdist)]


def tool(*words: str) -> subprocess.CompletedProcess[str]:
    """Run one of the tools that are installed beside this Python."""
    command = [str(SCRIPTS / words[0]), *words[1:]]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)


def metadata(files: list[Path]) -> Iterator[str]:
    """Ask twine, which asks what a package index would."""
    done = tool("twine", "--no-color", "check", "--strict", *map(str, files))
    if done.returncode != 0:
        yield f"twine check: {done.stdout}{done.stderr}"


def of_content(wheel: Path) -> Iterator[str]:
    """See that all is in it that belongs there, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.partition("/")[0] for name in names}
    if {re.sub(r"-.*\.dist-info", ".dist-info", name) for name in folders} != {
        "afalg",
        "afalg.dist-info",
    }:
        yield f"has {sorted(folders)}"
    licences = {Path(name).name for name in names if ".dist-info/licenses/" in name}
    if licences != LICENCES:
        yield f"its licences are {sorted(licences)}"
    missing = {"afalg/py.typed", "afalg/_afalg.pyi"} - set(names)
    if missing or sum(name.endswith(".so") for name in names) != 1:
        yield f"lacks {sorted(missing)} or has not one library"


def of_interface(wheel: Path) -> Iterator[str]:
    """Ask abi3audit whether an abi3 wheel uses the stable interface alone."""
    if "-abi3" not in wheel.name:
        return
    done = tool("abi3audit", "--strict", "--report", str(wheel))
    (report,) = json.loads(done.stdout)["specs"].values()
    for library in report["wheel"]:
        answer = library["result"]
        unknown = set(answer["non_abi3_symbols"]) - OURS
        if (
            unknown
            or answer["future_abi3_objects"]
            or answer["is_abi3_baseline_compatible"] is False
        ):
            yield f"abi3audit: {sorted(unknown)}, {answer['future_abi3_objects']}"


def of_libraries(wheel: Path) -> Iterator[str]:
    """Hold a wheel to the C library of its name."""
    if MUSLLINUX in wheel.name:  # auditwheel wants musl's loader on the machine
        yield from of_musl(wheel)
        return
    done = tool("auditwheel", "show", str(wheel))
    platform = wheel.stem.rpartition(".")[2]
    said = " ".join(done.stdout.split())
    if f'is consistent with the following platform tag: "{platform}"' not in said:
        yield f"auditwheel: {said}{done.stderr[-500:]}"


def of_musl(wheel: Path) -> Iterator[str]:
    """See that it needs musl's one library, and no version of a symbol, which are glibc's."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as folder:
        (name,) = (name for name in archive.namelist() if name.endswith(".so"))
        library = archive.extract(name, folder)
        readelf = ["readelf", "--wide", "--dynamic", "--version-info", library]
        done = subprocess.run(readelf, check=True, capture_output=True, timeout=60)
    needed = re.findall(rb"\(NEEDED\).*\[(.*)\]", done.stdout)
    if needed != [b"libc.so"] or b"GLIBC" in done.stdout:
        yield f"needs {needed}, or versions of glibc's symbols"


def of_sources(sdist: Path) -> Iterator[str]:
    """See that it is for building, whole, and without what the project is tested with."""
    with tarfile.open(sdist) as archive:
        names = {Path(member.name).parts[1] for member in archive if member.isfile()}
    if names != SOURCES:
        yield f"has or lacks {sorted(names ^ SOURCES)}"


def report(dist: Path) -> int:
    """Print what is wrong; the exit status is 1 if anything is."""
    faults = audit(dist)
    print(*(faults or [f"{dist}: nothing is wrong"]), sep="\n", file=sys.stderr, flush=True)
    return 1 if faults else 0
