"""The Rust core. Import its names from ``afalg``.

Data is positional, options are by keyword, sizes are in bytes. A buffer is anything
C-contiguous (bytes, bytearray, memoryview, mmap, a NumPy array), read as bytes whatever
its item size; one that is not contiguous is a BufferError; a str, or an array of Python
objects, a TypeError.

The sources named below are the kernel's, Linux 6.1 to 7.3, or the standard's.
"""

from typing_extensions import Buffer

from afalg.catalogue import AlgorithmInfo
from afalg.cipher import Cipher as Cipher
from afalg.keyring import KeyringKey as KeyringKey
from afalg.options import AlgType, Padding, Provider
from afalg.report import Report
from afalg.stream import Stream as Stream

__all__ = [
    "Cipher",
    "KeyringKey",
    "Stream",
    "__version__",
    "algorithms",
    "decrypt",
    "doctor",
    "encrypt",
    "info",
    "is_available",
]

__version__: str

def encrypt(
    algorithm: str,
    key: Buffer | KeyringKey,
    data: Buffer,
    /,
    *,
    iv: Buffer | None = None,
    padding: Padding = None,
    provider: Provider | None = None,
) -> bytes:
    """Encrypt one message under a key that is used once.

    It is ``Cipher(algorithm, key, provider=provider).encrypt(data, iv=iv, padding=padding)``
    and raises what those raise. Every call sets the key up anew: make a Cipher for many.
    """

def decrypt(
    algorithm: str,
    key: Buffer | KeyringKey,
    data: Buffer,
    /,
    *,
    iv: Buffer | None = None,
    padding: Padding = None,
    provider: Provider | None = None,
) -> bytes:
    """Decrypt one message under a key that is used once; see ``encrypt``."""

def is_available() -> bool:
    """Say whether this process can open an AF_ALG socket now.

    Asks the kernel each time and never raises. True does not promise an algorithm:
    only making its Cipher tells.
    """

def algorithms(type: AlgType | None = None) -> list[AlgorithmInfo]:  # noqa: A002
    """List what this machine is known to have, by type and name; nothing is asked or loaded.

    That is what /proc/crypto lists now (of several drivers the one that serves), and what
    userspace has. The kernel makes a mode such as "xts(aes)" and lists it only once
    somebody binds it: so "kernel" may be missing in ``providers`` of one that ``info`` then
    finds there, and ``reason``, ``open_to`` and ``max_message`` are always None. What this
    package refuses ("ecb(arc4)") is not in it.

    Args:
        type: one of AF_ALG's types; None: all four, though this package computes
            skciphers alone.

    Raises:
        InvalidInputError: ``type`` is no such.

    """

def info(algorithm: str, /) -> AlgorithmInfo:
    """Bind an algorithm without a key, to find out what it asks and who may use it now.

    The kernel loads its modules for that, like for a Cipher, and tests it if it is new.

    Args:
        algorithm: its name, of any type: "xts(aes)", "sha256"; or a driver's.

    Returns:
        What /proc/crypto says of the driver that serves, and what was answered. Where the
        kernel refuses and userspace serves, ``reason`` says why.

    Raises:
        UnavailableError: nobody serves it, for this process cannot open an AF_ALG socket
            or the kernel serves nothing of its type.
        AlgorithmNotFoundError: nobody has it.
        AlgorithmRestrictedError: the kernel keeps it from this process.
        SelfTestError: it failed the kernel's own test.
        InvalidInputError: the name is empty, too long or refused.
        KernelError: another refusal, such as too many open files.

    """

def doctor() -> Report:
    """Find out whether the kernel serves this process, what keeps it from it, and the way out.

    Opens a socket, binds the usual algorithms and reads /proc, /sys and modprobe's
    configuration; needs no privilege, never raises for what it finds, changes nothing.
    The kernel loads the modules that a bind asks for. ``python -m afalg doctor`` prints
    the same.
    """
