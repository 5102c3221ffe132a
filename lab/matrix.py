"""The kernels of the lab."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["uml"]
"""How a kernel is booted: User-mode Linux, a process of the host's."""


@dataclass(frozen=True)
class Kernel:
    """A named kernel and where it comes from.

    It is named by the version for which it is in the matrix and looked up by Debian suite, since
    the archive keeps one version per suite and that one moves.
    """

    name: str
    kind: Kind
    suite: str


_KERNELS = (
    Kernel("6.1", "uml", "bookworm"),
    Kernel("6.12", "uml", "trixie"),
    Kernel("7.2", "uml", "sid"),
)

MATRIX = {kernel.name: kernel for kernel in _KERNELS}
