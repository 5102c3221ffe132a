"""User-mode Linux: a kernel that is a process of the host's, and the host's files are its own."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab import cache, guest, packages
from lab.errors import LabError
from lab.machine import STATUS, Kind, Launch, Wish
from lab.matrix import Kernel
from lab.mirror import find_mirror

_PROGRAM = "linux"
_LOADER = "ld-linux-x86-64.so.2"
_WIDE_XSTATE = Path(__file__).with_name("wide_xstate.c")


def obtain(kernel: Kernel) -> cache.Fetched:
    """Find the kernel in the cache or fetch it."""
    if platform.machine() != "x86_64":
        raise LabError(f"Debian has user-mode-linux for x86_64 only, this is {platform.machine()}")
    return cache.look_up(kernel) or cache.look_up_or(kernel, lambda new: _assemble(kernel, new))


def _assemble(kernel: Kernel, folder: Path) -> cache.Versions:
    mirror = find_mirror()
    print(f"lab: fetching {kernel.suite}'s user-mode-linux from {mirror.uri}", file=sys.stderr)
    apt, downloads, libc = folder / "apt", folder / "downloads", folder / "libc"
    packages.PrivateApt(apt, mirror, kernel.suite).download(["user-mode-linux", "libc6"], downloads)
    version = packages.unpack(packages.only(downloads, "user-mode-linux_*.deb"), folder)
    packages.unpack(packages.only(downloads, "libc6_*.deb"), libc)
    _bring_libc(libc, folder)
    for done_with in (apt, downloads, libc):
        shutil.rmtree(done_with)
    return cache.Versions(linux=_ask_version(folder), package=f"user-mode-linux {version}")


def _bring_libc(libc: Path, folder: Path) -> None:
    """Let the program run with its own suite's C library: the machine's may be too old for it.

    A relative interpreter fits in the place of the absolute one and is found in the folder that
    the program is started in. To name the loader on the command line instead does not work:
    User-mode Linux then finds its heap where it does not expect it.
    """
    for name in (_LOADER, "libc.so.6"):
        shutil.copy(packages.only(libc, f"**/x86_64-linux-gnu/{name}"), folder / name)
    packaged = folder / "usr/bin/linux.uml"
    program = packaged.read_bytes()
    absolute, relative = f"/lib64/{_LOADER}\0".encode(), f"./{_LOADER}".encode()
    if program.count(absolute) != 1:
        raise LabError(
            f"linux.uml does not name its loader {absolute!r} once: the lab cannot fit it"
        )
    path = folder / _PROGRAM
    path.write_bytes(program.replace(absolute, relative.ljust(len(absolute), b"\0")))
    path.chmod(0o755)
    packaged.unlink()


def _ask_version(folder: Path) -> str:
    command = [f"./{_PROGRAM}", "--version"]
    environment = {"LD_LIBRARY_PATH": "."}
    try:
        answer = subprocess.run(
            command, cwd=folder, env=environment, check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise LabError(f"the fetched kernel does not start on this machine: {error}") from error
    return answer.stdout.strip()


def launch(kernel: cache.Fetched, task: guest.Task, wish: Wish, scratch: Path) -> Launch:
    """Write what this boot needs into a folder of its own and tell how to start it."""
    if wish.cpus not in {None, 1}:
        raise LabError(
            "User-mode Linux has one CPU, so --cpus can only be 1: take a stock kernel for more"
        )
    packages.need_tools(guest.TOOLS)
    mark = guest.new_mark()
    fittings = guest.Fittings(
        hostname=f"lab-{kernel.kernel.name}",
        modules=kernel.folder / "usr/lib/uml/modules" / kernel.versions.linux,
        stdout="/dev/ttyS0",
        stderr="/dev/ttyS1",
        status=scratch / STATUS,
        prepare="for line in 0 1; do stty -F /dev/ttyS$line raw -echo; done",
        mark=mark,
    )
    init = scratch / "init"
    init.write_bytes(guest.script(task, fittings))
    init.chmod(0o755)

    def argv(out: int, err: int) -> list[str]:
        root = ["rootfstype=hostfs", "rw", f'init="{init}"', f"mem={wish.memory}"]
        consoles = ["con=null", "con0=null,fd:1"]
        serial_lines = ["ssl=null", f"ssl0=null,fd:{out}", f"ssl1=null,fd:{err}"]
        # "auto": kernels that can trap system calls by seccomp do, which is faster than ptrace.
        other = ["seccomp=auto", "quiet", f"uml_dir={scratch}", *wish.append]
        return [f"./{_PROGRAM}", *root, *consoles, *serial_lines, *other]

    environment = _environment(kernel, wish.memory)
    return Launch(argv, environment, kernel.folder, scratch, mark.encode())


KIND = Kind(obtain, launch)


def _environment(kernel: cache.Fetched, memory: str) -> dict[str, str]:
    environment = {
        "LD_LIBRARY_PATH": ".",
        "PATH": packages.SYSTEM_PATH,
        "TMPDIR": str(_memory_folder(memory)),
    }
    if _state_is_too_wide(kernel.versions.linux):
        environment["LD_PRELOAD"] = f"./{_wide_xstate(kernel.folder)}"
    return environment


def _memory_folder(memory: str) -> Path:
    """Choose where the file that is the kernel's memory lies; it fills as memory is used."""
    refused: list[str] = []
    for folder in (Path("/dev/shm"), Path(tempfile.gettempdir())):  # noqa: S108 - wanted: a tmpfs
        fault = _fault_as_memory(folder, memory)
        if not fault:
            if refused:
                print(f"lab: memory in {folder}, slower: {refused[0]}", file=sys.stderr)
            return folder
        refused.append(f"{folder} {fault}")
    raise LabError(
        f"no folder for {memory} of kernel memory: {'; '.join(refused)}. It needs that room free "
        "and no `noexec`: remount /dev/shm (in a container: a tmpfs volume there, with `exec`), "
        "set TMPDIR to another folder, or ask for less with --memory",
    )


def _fault_as_memory(folder: Path, memory: str) -> str | None:
    try:
        state = os.statvfs(folder)
    except OSError as error:
        return f"cannot be used ({error.strerror})"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "is not writable"
    if state.f_flag & os.ST_NOEXEC:
        return "is mounted noexec"
    free = state.f_bavail * state.f_frsize
    if free < _bytes(memory):
        return f"has {free >> 20} MiB free"
    return None


def _bytes(memory: str) -> int:
    return int(memory[:-1]) << {"M": 20, "G": 30}[memory[-1]]


def _state_is_too_wide(version: str) -> bool:
    """Whether this CPU has register state for which older kernels have no room.

    6.12 is known to have none, 7.2 to have it. In between the remedy does no harm.
    """
    with_room = 7
    old = int(version.partition(".")[0]) < with_room
    return old and "amx_tile" in Path("/proc/cpuinfo").read_text()


def _wide_xstate(folder: Path) -> str:
    """Build beside a kernel the library that makes it run on such a CPU; tell its name."""
    digest = hashlib.sha256(_WIDE_XSTATE.read_bytes()).hexdigest()[:12]
    library = folder / f"wide_xstate-{digest}.so"
    if library.exists():
        return library.name
    packages.need_tools({"cc": "gcc libc6-dev"})
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = Path(scratch, library.name)
        files = ["-o", str(built), str(_WIDE_XSTATE)]
        command = [packages.tool("cc"), "-O2", "-shared", "-fPIC", *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise LabError(
                f"{_WIDE_XSTATE.name}, which this CPU needs to run kernels before 7, does not "
                f"compile. Has this machine libc6-dev?\n{done.stderr}"
            )
        built.rename(library)
    return library.name
