"""What is built: a family of Python's binary interfaces for each architecture and C library."""

import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """An architecture with a C library, as Rust and as the wheels' tags call it."""

    triple: str
    tag: str

    @property
    def platform(self) -> str:
        """Give the end of a wheel's name: musllinux_1_2_x86_64."""
        return f"{self.tag}_{self.triple.partition('-')[0]}"


@dataclass(frozen=True)
class Family:
    """A binary interface: which Python maturin is asked for, and the wheel's tags for it."""

    name: str
    interpreter: str
    tags: str
    serves: str


MANYLINUX, MUSLLINUX = "manylinux_2_17", "musllinux_1_2"
TARGETS = tuple(
    Target(f"{machine}-unknown-linux-{libc}", tag)
    for libc, tag in (("gnu", MANYLINUX), ("musl", MUSLLINUX))
    for machine in ("x86_64", "aarch64")
)
FAMILIES = (
    Family("abi3", "python3.11", "cp311-abi3", "Python 3.11 and newer"),
    # Before 3.15 free-threaded Pythons have no stable interface: one wheel for each of them.
    Family("cp314t", "python3.14t", "cp314-cp314t", "free-threaded Python 3.14"),
    Family("abi3t", "python3.15t", "cp315-abi3.abi3t", "free-threaded Python 3.15 and newer"),
)


def wheel_name(version: str, family: Family, target: Target) -> str:
    """Give a wheel's file name."""
    platform = target.platform
    if target.tag == MANYLINUX:  # an old pip knows it by the older name
        platform = f"manylinux2014_{platform.removeprefix(MANYLINUX + '_')}.{platform}"
    return f"afalg-{version}-{family.tags}-{platform}.whl"


def why_not(target: Target) -> str:
    """Say what keeps Rust from building for a target; install its library where it can be had."""
    for command in (["rustup", "target", "add", target.triple], ["rustc", "--print", "sysroot"]):
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            return f"{command[0]} is missing"
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            return f"{' '.join(command)}: {last}"
    return ""
