"""C that is compiled when it is needed, into target/bench/."""

import ctypes
import os
import subprocess
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "target/bench"
FLAGS = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")


@cache
def library(name: str, *link: str) -> ctypes.CDLL:
    """Compile a file of this folder, where that was not done since it was written."""
    source, made = HERE / f"{name}.c", BUILT / f"{name}.so"
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        BUILT.mkdir(parents=True, exist_ok=True)
        unfinished = made.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", *FLAGS, "-o", str(unfinished), str(source), *link], check=True)
        unfinished.rename(made)
    return ctypes.CDLL(str(made))


def check(errno: int) -> None:
    """Raise what a call in C answered, unless it is 0."""
    if errno:
        raise OSError(abs(errno), os.strerror(abs(errno)))
