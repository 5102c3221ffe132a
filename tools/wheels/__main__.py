"""Build the wheels and the source distribution, look at them, and try them in empty roots.

    PYTHONPATH=tools:. python -m wheels sdist|build|check [--dist DIST] [--only PART ...]

`sdist` packs the crates too, then builds a wheel of it without a network. `build` builds each
family (abi3, cp314t, abi3t) for each target; `--only abi3 --only x86_64-unknown-linux-gnu` chooses.
`check` looks at what is in DIST and installs it in Debian roots where Python is and nothing else.
What could not be built or run is said in the last lines; the exit status is 1 if anything is
wrong.
"""

import argparse
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from wheels.audit import report
from wheels.build import build_all
from wheels.roots import ROOTS, Root
from wheels.sdist import build_from, build_sdist
from wheels.targets import FAMILIES, MUSLLINUX, TARGETS
from wheels.tryout import PROJECT, try_out


def version() -> str:
    """Give the version, from where it is written."""
    crate = tomllib.loads((PROJECT / "Cargo.toml").read_text("utf-8"))
    given: str = crate["package"]["version"]
    return given


def sdist(dist: Path, _only: Sequence[str]) -> int:
    """Build the source distribution, and a wheel of it, offline."""
    made = build_sdist(version(), dist)
    wheel = build_from(made, PROJECT / "target/from-sdist")
    print(f"built  {made.name}  {made.stat().st_size / 1000:.0f} kB; offline it gives {wheel.name}")
    return 0


def build(dist: Path, only: Sequence[str]) -> int:
    """Build the wheels that were chosen."""
    families = [family for family in FAMILIES if family.name in only] or FAMILIES
    targets = [target for target in TARGETS if target.triple in only] or TARGETS
    outcomes = build_all(version(), families, targets, dist)
    print("", *outcomes, sep="\n")
    return 1 if any(outcome.failure for outcome in outcomes) else 0


def fitting(root: Root, wheel: Path) -> bool:
    """Whether a root's Python takes a wheel; its Pythons have a GIL, its library is glibc."""
    if MUSLLINUX in wheel.name or root.machine not in wheel.name:
        return False
    return "-cp311-abi3-" in wheel.name or (
        root.python == "python3.15" and "-cp315-abi3." in wheel.name
    )


def check(dist: Path, _only: Sequence[str]) -> int:
    """Look at everything, and try what can be tried here."""
    status, tried = report(dist), set[Path]()
    wheels = sorted(dist.glob("*.whl"))
    for root in ROOTS:
        for wheel in (wheel for wheel in wheels if fitting(root, wheel)):
            tried.add(wheel)
            fault = try_out(root, wheel)
            status = 1 if fault else status
            print(f"{'FAILED' if fault else 'works'}  {wheel.name} in {root}  {fault}", flush=True)
    for wheel in wheels:
        if wheel not in tried:
            print(f"not run  {wheel.name}: Debian has no Python for it")
    if not tried:
        print(f"{dist} has no wheel that a root takes")
        return 1
    return status


VERBS: dict[str, Callable[[Path, Sequence[str]], int]] = {
    "sdist": sdist,
    "build": build,
    "check": check,
}


def main() -> int:
    """Do one of them."""
    parser = argparse.ArgumentParser(prog="wheels", description="Build and try the wheels.")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--dist", type=Path, default=PROJECT / "dist")
    names = [*(family.name for family in FAMILIES), *(target.triple for target in TARGETS)]
    parser.add_argument("--only", action="append", choices=names, default=[])
    asked = parser.parse_args()
    return VERBS[asked.verb](asked.dist, asked.only)


if __name__ == "__main__":
    sys.exit(main())
