"""Symmetric ciphers computed by the Linux kernel, through its AF_ALG sockets.

    >>> import afalg
    >>> afalg.encrypt("cbc(aes)", key, data, iv=iv)

``encrypt`` and ``decrypt`` do one message. ``Cipher`` keeps an algorithm and its key
for many, and begins the ``Stream`` that takes one message in pieces. Algorithms have
the kernel's names, as in /proc/crypto: ``algorithms`` lists them, ``info`` asks for one.
A key may be one of the kernel's keyrings, which this process never sees: ``KeyringKey``.
``doctor`` says what is in the way where the kernel refuses.

``encrypt_file`` does a file, ``CipherReader`` and ``CipherWriter`` look like one, and
``afalg.aio`` has Ciphers, Streams and files for asyncio.
"""

import sys

if sys.platform != "linux":
    raise ImportError(
        f"afalg uses Linux's AF_ALG sockets: it runs on Linux only, not on {sys.platform}"
    )

from afalg._afalg import (
    Cipher,
    KeyringKey,
    Stream,
    __version__,
    algorithms,
    decrypt,
    doctor,
    encrypt,
    info,
    is_available,
)
from afalg.catalogue import AlgorithmInfo
from afalg.errors import (
    AfalgError,
    AlgorithmNotFoundError,
    AlgorithmRestrictedError,
    BufferOverlapError,
    ClosedError,
    InvalidInputError,
    InvalidIVError,
    InvalidKeyError,
    InvalidLengthError,
    InvalidPaddingError,
    KernelError,
    KeyExpiredError,
    KeyNotFoundError,
    KeyPermissionError,
    KeyQuotaError,
    KeyRevokedError,
    KeyringError,
    KeyringUnavailableError,
    MessageTooLongError,
    ProviderFallbackWarning,
    SelfTestError,
    StreamStateError,
    UnavailableError,
)
from afalg.files import CipherReader, CipherWriter, Progress, decrypt_file, encrypt_file
from afalg.options import AlgType, KeyringName, Numbering, Padding, Provider
from afalg.permissions import KeyPermission
from afalg.report import Check, Report
from afalg.unitreader import UnitReader

__all__ = [
    "AfalgError",
    "AlgType",
    "AlgorithmInfo",
    "AlgorithmNotFoundError",
    "AlgorithmRestrictedError",
    "BufferOverlapError",
    "Check",
    "Cipher",
    "CipherReader",
    "CipherWriter",
    "ClosedError",
    "InvalidIVError",
    "InvalidInputError",
    "InvalidKeyError",
    "InvalidLengthError",
    "InvalidPaddingError",
    "KernelError",
    "KeyExpiredError",
    "KeyNotFoundError",
    "KeyPermission",
    "KeyPermissionError",
    "KeyQuotaError",
    "KeyRevokedError",
    "KeyringError",
    "KeyringKey",
    "KeyringName",
    "KeyringUnavailableError",
    "MessageTooLongError",
    "Numbering",
    "Padding",
    "Progress",
    "Provider",
    "ProviderFallbackWarning",
    "Report",
    "SelfTestError",
    "Stream",
    "StreamStateError",
    "UnavailableError",
    "UnitReader",
    "__version__",
    "algorithms",
    "decrypt",
    "decrypt_file",
    "doctor",
    "encrypt",
    "encrypt_file",
    "info",
    "is_available",
]
