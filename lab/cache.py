"""The kernels that are fetched already.

A kernel is unpacked into a temporary folder that gets its real name when everything is in it: what
has the real name is whole. A lock per kernel lets the second of two fetches wait and find it done.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.errors import LabError
from lab.matrix import Kernel

_RECORD = "lab.json"

# Mounted afresh inside: what the host has there cannot be seen from a lab kernel.
_HIDDEN = ("/dev", "/proc", "/run", "/sys", "/var/run")


@dataclass(frozen=True)
class Versions:
    """What a suite had to offer when the kernel was fetched."""

    linux: str
    package: str


@dataclass(frozen=True)
class Fetched:
    """A kernel in the cache."""

    kernel: Kernel
    folder: Path
    versions: Versions

    def __str__(self) -> str:
        """What it really is, as the lab says it."""
        return f"Linux {self.versions.linux} ({self.versions.package} from {self.kernel.suite})"

    @property
    def moved(self) -> bool:
        """Whether the suite has gone on to another version than the matrix names."""
        return self.versions.linux.split(".")[:2] != self.kernel.version.split(".")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Make and tell the folder in which kernels are kept."""
    if chosen := environment.get("AFALG_LAB_CACHE"):
        folder = Path(chosen)
    else:
        folder = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "afalg-lab"
    folder = folder.absolute()
    need_visible(folder, "set AFALG_LAB_CACHE to another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LabError(
            f"the lab's cache folder cannot be made ({error}): set AFALG_LAB_CACHE to another"
        ) from error
    return folder


def need_visible(folder: Path, way_out: str) -> None:
    """Refuse a folder that the kernel's own mounts would hide."""
    for hidden in _HIDDEN:
        if folder.resolve().is_relative_to(hidden):
            raise LabError(
                f"{folder} cannot be seen in a lab kernel, whose {hidden} is its own: {way_out}"
            )


def look_up(kernel: Kernel) -> Fetched | None:
    """Find a kernel in the cache."""
    folder = _folder(kernel)
    try:
        record = json.loads((folder / _RECORD).read_text())
        return Fetched(kernel, folder, Versions(**record))
    except (FileNotFoundError, TypeError, ValueError):  # missing, or another lab's
        return None


def look_up_or(kernel: Kernel, fetch: Callable[[Path], Versions]) -> Fetched:
    """Find a kernel in the cache, or let `fetch` fill an empty folder and keep it."""
    final = _folder(kernel)
    with _alone(kernel):
        if found := look_up(kernel):
            return found
        unfinished = _beside(final, ".unfinished")
        for useless in (final, unfinished):  # as a fetch that was killed leaves it
            shutil.rmtree(useless, ignore_errors=True)
        unfinished.mkdir()
        try:
            versions = fetch(unfinished)
            (unfinished / _RECORD).write_text(json.dumps(asdict(versions), indent=2) + "\n")
            unfinished.rename(final)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return Fetched(kernel, final, versions)


@contextmanager
def _alone(kernel: Kernel) -> Generator[None, None, None]:
    with _beside(_folder(kernel), ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _folder(kernel: Kernel) -> Path:
    return cache_folder() / f"{kernel.kind}-{kernel.name}"


def _beside(folder: Path, ending: str) -> Path:
    return folder.with_name(folder.name + ending)


@contextmanager
def scratch_folder() -> Generator[Path, None, None]:
    """Lend a run a folder that its kernel sees and that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="run-", dir=cache_folder()) as folder:
        yield Path(folder)
