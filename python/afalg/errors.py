"""The exceptions of afalg: one tree, rooted in AfalgError.

They are defined here, in Python, so that each has the built-in base a caller would
expect to catch; the Rust core raises them and adds none of its own. Every text gives
the fact, the rule it broke and the way out. A wrong type stays TypeError, a buffer that
is not contiguous BufferError, memory that ran out MemoryError, Ctrl-C KeyboardInterrupt.

``args`` is what the class was called with, so every exception pickles and copies whole.
"""

from os import strerror

__all__ = [
    "AfalgError",
    "AlgorithmNotFoundError",
    "AlgorithmRestrictedError",
    "BufferOverlapError",
    "ClosedError",
    "InvalidIVError",
    "InvalidInputError",
    "InvalidKeyError",
    "InvalidLengthError",
    "InvalidPaddingError",
    "KernelError",
    "KeyExpiredError",
    "KeyNotFoundError",
    "KeyPermissionError",
    "KeyQuotaError",
    "KeyRevokedError",
    "KeyringError",
    "KeyringUnavailableError",
    "MessageTooLongError",
    "ProviderFallbackWarning",
    "SelfTestError",
    "StreamStateError",
    "UnavailableError",
]


class AfalgError(Exception):
    """What every exception of this package is; itself it is never raised.

    Attributes:
        index: the place of the request, or the unit, that failed; None where one was asked.

    """

    index: int | None = None

    def __str__(self) -> str:
        """Give the message alone, without the facts that travel beside it."""
        return str(self.args[0]) if self.args else ""


class _RefusedError(AfalgError, OSError):
    """What the system has refused: its errno, and a fact that the class gives a name to."""

    def __init__(self, message: str, errno: int, fact: str) -> None:
        super().__init__(message)
        self.args = (message, errno, fact)  # OSError would keep the message alone
        self.errno = errno
        self.strerror = strerror(errno)


class UnavailableError(_RefusedError):
    """The process cannot have AF_ALG at all.

    Raised where socket(2) refuses: the kernel was built without CONFIG_CRYPTO_USER_API,
    its af_alg module is missing or blocked, ``crypto.af_alg_restrict`` is 2, or a seccomp
    filter, a container or a security module forbids the address family; and where bind(2)
    finds no algorithm of the type, for its algif module is missing or blocked. The text
    names the likely cause, ``afalg.doctor()`` the way out. No algorithm will do better in
    this process.

    Attributes:
        errno: socket(2)'s own, EAFNOSUPPORT, EPERM, EACCES or ENOSYS; or bind(2)'s.
        reason: a stable code for programs: "no-af-alg", "denied", "type-missing".

    """

    reason: str

    def __init__(self, message: str, errno: int, reason: str) -> None:
        super().__init__(message, errno, reason)
        self.reason = reason


class AlgorithmNotFoundError(AfalgError, LookupError):
    """The provider has no skcipher of this name.

    Raised where bind(2) finds none, or userspace has none. Check the spelling, which is
    /proc/crypto's: "cbc(aes)", not "aes-cbc". A hash or an AEAD is not found either; the
    text says so where it is one.

    Attributes:
        algorithm: the name that was asked for.

    """

    algorithm: str

    def __init__(self, message: str, algorithm: str) -> None:
        super().__init__(message, algorithm)
        self.algorithm = algorithm


class AlgorithmRestrictedError(AlgorithmNotFoundError):
    """The kernel has the algorithm and keeps it from this process.

    Since Linux 7.3 ``crypto.af_alg_restrict`` is 1 by default: a few algorithms for
    everyone, some more for CAP_NET_ADMIN, nothing else. Use one of those, or have an
    administrator set the sysctl to 0 (Documentation/admin-guide/sysctl/crypto.rst).
    """


class SelfTestError(AfalgError):
    """An algorithm gave a wrong answer when it was tested, and is not used.

    Either the kernel's own self-test failed (bind(2) answers ELIBBAD; the kernel log
    says which driver) or this package's known answer did. Use another algorithm or
    another kernel: nothing that a program passes can cause it.
    """


class InvalidInputError(AfalgError, ValueError):
    """An argument breaks a rule of the algorithm; found before any byte moved.

    Its children say which argument. The text gives the size found and the sizes allowed.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class InvalidKeyError(InvalidInputError):
    """The key's size is wrong, or the kernel refuses its value (in FIPS mode: a weak key)."""


class InvalidIVError(InvalidInputError):
    """The IV is not exactly ``iv_size`` bytes; where that is 0, an IV was given."""


class InvalidLengthError(InvalidInputError):
    """The data has a length that the mode cannot take, or ``out`` is too small.

    Modes such as ecb and cbc want whole blocks (or ``padding="pkcs7"``), xts and cts at
    least one. chacha20 wants its counter plus the blocks to stay within 2**32.
    """


class MessageTooLongError(InvalidInputError):
    """The message exceeds what the kernel takes in one request, and the mode cannot be cut.

    The limit is ``Cipher.max_message`` bytes; it comes from the socket's send and receive
    buffers (net.core.wmem_max, rmem_max and optmem_max). Raise those, or encrypt in
    several messages that each have an IV of their own.
    """


class BufferOverlapError(InvalidInputError):
    """``out`` and the data share memory in a way that would overwrite unread bytes.

    One-shot calls take the very same buffer as both, never a part of it; streams take
    no overlap at all. Use separate buffers.
    """


class InvalidPaddingError(AfalgError, ValueError):
    """The decrypted message does not end in PKCS#7 padding (RFC 5652, section 6.3).

    One text for every fault, and no detail: who can tell them apart can decrypt without
    the key (a padding oracle). Authenticate the ciphertext before you decrypt it, and
    show this error and a failed authentication to a peer as one and the same.
    """


class ProviderFallbackWarning(RuntimeWarning):
    """Userspace computes what the kernel was asked for; the text says why.

    Given by ``provider="auto"``, once in a process for each of the reasons that
    ``Cipher.reason`` has, and for messages longer than the kernel takes. The results are
    the same. Where the key must not be in this process, or the kernel's own (validated)
    cipher is wanted, ask for ``provider="kernel"``, or make this warning an error.
    """


class ClosedError(AfalgError, ValueError):
    """The Cipher was closed. Make a new one; streams begun before go on living."""


class StreamStateError(AfalgError, RuntimeError):
    """The Stream cannot be used any more, or was left unfinished.

    It was finalized, or failed half-way and is poisoned, or belongs to the process that
    this one was forked from; or its ``with`` block ended with bytes held back that only
    ``finalize()`` gives out. Begin the message again with a new Stream.
    """


class KernelError(_RefusedError):
    """A system call failed in a way that none of the other classes describes.

    The errno is passed on as it came, not interpreted.

    Attributes:
        errno: what the kernel answered.
        stage: the call: "socket", "bind", "setkey", "accept", "sendmsg" or "recvmsg"; of
            keyrings "add_key" or "keyctl".

    """

    stage: str

    def __init__(self, message: str, errno: int, stage: str) -> None:
        super().__init__(message, errno, stage)
        self.stage = stage


class KeyringError(_RefusedError):
    """A key of a kernel keyring cannot be had, or not changed; its children say why.

    The key is as it was, and so is the KeyringKey. Itself it says that a key has new bytes
    each time that cts takes it, which does so twice ("changing").

    Attributes:
        errno: what keyctl(2), add_key(2) or setsockopt(2) answered.
        reason: a stable code for programs: "not-found", "expired", "revoked",
            "not-permitted", "quota", "denied", "no-keyrings", "type-missing", "too-old",
            "changing".

    """

    reason: str

    def __init__(self, message: str, errno: int, reason: str) -> None:
        super().__init__(message, errno, reason)
        self.reason = reason


class KeyNotFoundError(KeyringError, LookupError):
    """There is no such key, or no such keyring (ENOKEY).

    It was never added, or nothing links to it any more, or (KeyringKey's serials hold for
    one boot) it was another boot's. Look in another keyring, or have it added.
    """


class KeyExpiredError(KeyringError):
    """The key's timeout is over (EKEYEXPIRED). Add it anew.

    A Cipher that took it before keeps its own copy in the kernel and goes on.
    """


class KeyRevokedError(KeyringError):
    """The key, or the keyring that the text names, was revoked (EKEYREVOKED).

    Add another one, or name another keyring: logging out revokes a session's.
    A Cipher that took it before keeps its own copy in the kernel and goes on.
    """


class KeyPermissionError(KeyringError, PermissionError):
    """The key, or its keyring, does not let this process (EACCES).

    Most keys may be used only by processes that possess them: those to which a keyring
    of their thread, process or session leads. To find it by its name where it is
    (``keyring="user"``), another process's ``link``, or the owner's ``set_permissions``
    help. Being root does not.
    """


class KeyQuotaError(KeyringError):
    """The user may have no more keys, or bytes in them (EDQUOT; kernel.keys.maxkeys, maxbytes)."""


class KeyringUnavailableError(KeyringError):
    """No keyrings for this process, or not for ciphers; the text and ``reason`` say why.

    "denied": a seccomp profile, most often a container's, answers EPERM. "no-keyrings":
    ENOSYS. "type-missing": the kernel lacks the type of key (its module, a TPM). "too-old":
    AF_ALG takes keys from keyrings since Linux 6.2. Pass the key as bytes there, or have
    an administrator change what the text names.
    """


for _name in __all__:
    # A traceback then shows the name to import: afalg.InvalidKeyError.
    globals()[_name].__module__ = "afalg"
