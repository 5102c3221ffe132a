"""Which algorithms of the table a kernel does not have, or keeps from this process.

What is listed here is asserted: an algorithm that a listed kernel lacks must raise
AlgorithmNotFoundError, so a wrong line fails. Seen on Debian's 6.1, 6.12 and 7.2, and read in 7.3.
"""

import platform
import re
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

RESTRICTION = Path("/proc/sys/crypto/af_alg_restrict")
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21

GONE_SINCE = {"cfb(aes)": (6, 12), "ofb(aes)": (6, 12), "pcbc(aes)": (7, 2)}
OPEN_TO_ALL = frozenset(
    {f"adiantum(xchacha{rounds},aes)" for rounds in (12, 20)}
    | {f"xts({cipher})" for cipher in ("aes", "camellia", "serpent", "twofish")}
)
OPEN_TO_ADMINS = OPEN_TO_ALL | {"ecb(aes)", "cbc(aes)", "ctr(aes)", "cbc(des3_ede)"}


def release() -> tuple[int, ...]:
    """Give the running kernel's version, as far as its second number."""
    return tuple(map(int, re.findall(r"\d+", platform.release())[:2]))


def is_admin() -> bool:
    """Whether Linux 7.3 counts this process as privileged."""
    status = Path("/proc/self/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    capabilities = int(effective.split()[1], 16)
    return bool(capabilities >> CAP_NET_ADMIN & 1 or capabilities >> CAP_SYS_ADMIN & 1)


@cache
def restriction() -> str:
    """Give crypto.af_alg_restrict, which is there once a socket has loaded af_alg."""
    with suppress(OSError):
        socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0).close()
    return RESTRICTION.read_text().strip() if RESTRICTION.exists() else "0"


def is_restricted(algorithm: str) -> bool:
    """Whether Linux 7.3 keeps the algorithm from this process."""
    return restriction() == "1" and algorithm not in (OPEN_TO_ADMINS if is_admin() else OPEN_TO_ALL)


def is_absent(algorithm: str) -> bool:
    """Whether the running kernel is known not to serve this algorithm to this process."""
    gone = algorithm in GONE_SINCE and release() >= GONE_SINCE[algorithm]
    return gone or is_restricted(algorithm)
