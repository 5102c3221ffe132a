"""Whether this machine runs a stock kernel on its own processor or has to emulate one."""

import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.errors import LabError
from lab.initramfs import SIGN_OF_LIFE

_KVM = Path("/dev/kvm")
_CPUINFO = Path("/proc/cpuinfo")

_PATIENCE = 20.0
"""Seconds for a kernel to come up under KVM, which takes it one or two."""


# Before 8.1, two CPUs that are emulated at once may each go on with what they have translated of
# code that the other one has just rewritten. Kernels rewrite themselves when they boot: one boot
# in twenty died of an int3. On a machine that has other work, one thread boots sooner, too.
_SAFE_WITH_MANY_THREADS = (8, 1)
_BY_HAND = "AFALG_LAB_TCG"


@dataclass(frozen=True)
class Accelerator:
    """How QEMU is to run a processor, and why not faster."""

    kind: Literal["kvm", "tcg"]
    why: str = ""
    threads: Literal["single", "multi"] = "single"

    def __str__(self) -> str:
        """Tell it as the lab does."""
        if self.kind == "kvm":
            return "on KVM"
        return f"emulated ({self.option}: {self.why})"

    @property
    def option(self) -> str:
        """The value of QEMU's -accel."""
        return "kvm" if self.kind == "kvm" else f"tcg,thread={self.threads}"


Probe = Callable[[Accelerator], Sequence[str]]
"""Makes the command line that boots a kernel, says the sign of life and powers off."""


def choose(folder: Path, qemu: str, probe: Probe) -> Accelerator:
    """Choose the fastest that works here for the kernel in this folder.

    A /dev/kvm that opens and even makes a machine says little: a host that is itself a machine
    without nested virtualisation may have one that only runs kernels made for it. So a kernel is
    booted once, and what came of it is kept beside it for as long as this machine is the same.
    """
    if fault := _obvious_fault():
        return Accelerator("tcg", fault, _threads(qemu))
    record = folder / f"kvm-{_this_machine()}"
    if not record.exists():
        print("lab: trying whether KVM boots this kernel", file=sys.stderr, flush=True)
        _keep(record, _try(probe(Accelerator("kvm"))))
    fault = record.read_text()
    return Accelerator("tcg", fault, _threads(qemu)) if fault else Accelerator("kvm")


def _threads(qemu: str) -> Literal["single", "multi"]:
    """Tell whether this QEMU is to emulate each CPU in a thread of its own."""
    by_hand = os.environ.get(_BY_HAND)
    if by_hand in {"single", "multi"}:
        return "single" if by_hand == "single" else "multi"
    if by_hand:
        raise LabError(f"{_BY_HAND} is {by_hand!r}: set it to single or multi, or not at all")
    told = subprocess.run([qemu, "--version"], check=True, capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)\.(\d+)", told)
    safe = version and (int(version[1]), int(version[2])) >= _SAFE_WITH_MANY_THREADS
    return "multi" if safe else "single"


def _obvious_fault() -> str | None:
    if not _KVM.exists():
        return "there is no /dev/kvm"
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return "/dev/kvm is not for this user"
    if not re.search(r"^flags\s*:.* (vmx|svm)\b", _CPUINFO.read_text(), re.MULTILINE):
        return "this CPU shows neither vmx nor svm"
    return None


def _this_machine() -> str:
    """Tell this machine from others that a cache may be carried to."""
    cpu = re.findall(r"^(?:model name|flags|microcode)\s*:.*$", _CPUINFO.read_text(), re.MULTILINE)
    facts = [platform.release(), platform.version(), *sorted(set(cpu))]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]


def _try(command: Sequence[str]) -> str:
    """Boot a kernel and tell what went wrong; nothing when it came up."""
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"KVM did not boot it in {_PATIENCE:g} s"
    if SIGN_OF_LIFE in done.stdout:
        return ""
    return f"KVM did not boot it ({(done.stdout.strip().splitlines() or ['no word'])[-1]})"


def _keep(record: Path, fault: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=record.parent, delete=False) as unfinished:
        unfinished.write(fault)
    Path(unfinished.name).replace(record)
