"""The kernels of the lab."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["uml", "qemu"]
"""How a kernel is booted: User-mode Linux is a process of the host's, QEMU is a whole computer."""


@dataclass(frozen=True)
class Kernel:
    """A named kernel and where it comes from.

    It is named by the version for which it is in the matrix and looked up by Debian suite, since
    the archive keeps one version per suite and that one moves.
    """

    name: str
    kind: Kind
    suite: str

    @property
    def version(self) -> str:
        """The version that it is named by, as in `6.1` of `6.1-stock`."""
        return self.name.partition("-")[0]


_KERNELS = (
    Kernel("6.1", "uml", "bookworm"),
    Kernel("6.12", "uml", "trixie"),
    Kernel("7.2", "uml", "sid"),
    Kernel("6.1-stock", "qemu", "bookworm"),
    Kernel("7.3-stock", "qemu", "trixie-backports"),
)

MATRIX = {kernel.name: kernel for kernel in _KERNELS}
