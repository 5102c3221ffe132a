"""The Rust core. Import its names from ``afalg``.

Data is positional, options are by keyword, sizes are in bytes. A buffer is anything
C-contiguous (bytes, bytearray, memoryview, mmap, a NumPy array), read as bytes whatever
its item size; one that is not contiguous is a BufferError; a str, or an array of Python
objects, a TypeError.

The sources named below are the kernel's, Linux 6.1 to 7.3, or the standard's.
"""

from types import TracebackType
from typing import Self, final

from typing_extensions import Buffer

from afalg.catalogue import AlgorithmInfo
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

@final
class Cipher:
    """One algorithm and one key, for any number of messages.

    Threads may share it and run at once. It holds the key, in the kernel behind file
    descriptors or in this process: ``close()`` it, leave its ``with`` block, or let go of
    it. It cannot be copied or pickled (TypeError); after ``fork`` both processes may use
    it, but only one of them a Stream that was begun before: see ``encryptor``.
    """

    def __new__(
        cls, algorithm: str, key: Buffer | KeyringKey, /, *, provider: Provider | None = None
    ) -> Self:
        """Choose who computes, and give it the key.

        Args:
            algorithm: the kernel's name of a skcipher, as /proc/crypto spells it:
                "cbc(aes)", "xts(aes)", "ctr(aes)"; at most 103 bytes (af_alg.c, alg_bind).
                "ecb(arc4)" is refused: its state would leak from message to message.
            key: the key. xts takes two keys in one, 32 or 64 bytes for AES; rfc3686 the
                key and then the nonce, 4 bytes (RFC 3686, section 5.1). A KeyringKey is
                the kernel's or an error, never userspace's; with it nobody can split
                rfc3686's key, so that its messages have a limit (``max_message``).
            provider: who computes. "kernel": nobody else, or an error. "userspace": this
                package, without a call of AF_ALG. "auto": the kernel where it serves
                this process and gave a published answer, else userspace, with a
                ProviderFallbackWarning once for each ``reason``; a refusal holds for ten
                seconds, and the key of a mode that cannot be cut (xts) is kept in this
                process too. None: what AFALG_PROVIDER in os.environ says, else "auto".

        Raises:
            UnavailableError: this process cannot open an AF_ALG socket, or the kernel
                serves no skcipher; ``doctor`` says why. This and the next three under
                "auto" only where userspace does not have the algorithm either.
            AlgorithmNotFoundError: there is no skcipher of this name.
            AlgorithmRestrictedError: there is, and the kernel keeps it from this process.
            SelfTestError: the algorithm gave a wrong answer when tested, by the kernel or
                by this package, which tries a published one before it trusts a name.
            InvalidKeyError: the key's size is wrong, or its value is refused; or a
                KeyringKey is of a type that the kernel's ciphers do not take.
            KeyringError: a KeyringKey cannot be had; its children say why.
            InvalidInputError: the name is empty, too long or refused; or ``provider``, or
                AFALG_PROVIDER, names none, or userspace for a KeyringKey.
            KernelError: another refusal, such as too many open files.

        """

    @property
    def algorithm(self) -> str:
        """The name that was asked for."""

    @property
    def provider(self) -> str:
        """Who computes: "kernel", or "userspace", this package itself."""

    @property
    def driver(self) -> str | None:
        """The implementation, as /proc/crypto names it ("cbc-aes-aesni"); None if unknown.

        In userspace "userspace-aes-hardware" and the like.
        """

    @property
    def reason(self) -> str | None:
        """Why userspace computes, where the kernel was asked first; None elsewhere.

        A stable code: "no-af-alg", "denied", "type-missing", "not-found", "restricted" or
        "self-test". docs/refusals.md has the way out of each.
        """

    @property
    def block_size(self) -> int:
        """What the data's length must be a multiple of in ecb and cbc; 1 in ctr. Bytes."""

    @property
    def chunk_size(self) -> int:
        """The step in which the cipher advances: its block, also in ctr. Bytes."""

    @property
    def iv_size(self) -> int:
        """The exact size of an IV; 0 where the algorithm takes none. Bytes."""

    @property
    def max_message(self) -> int | None:
        """The longest message, where the mode cannot be cut (xts); None: no limit. Bytes.

        There is one with ``provider="kernel"`` alone: "auto" computes longer ones in
        userspace, with a ProviderFallbackWarning whose reason is "too-long".
        """

    def encrypt(
        self, data: Buffer, /, *, iv: Buffer | None = None, padding: Padding = None
    ) -> bytes:
        """Encrypt one message.

        Never use an IV twice with one key: in ctr, rfc3686 and chacha20 that gives away
        both messages to whoever has both ciphertexts, in cbc it shows where messages
        begin alike, and cbc's must not be predictable either (NIST SP 800-38A, appendix
        C). None of these modes notices a changed ciphertext: authenticate it yourself.

        Args:
            data: the message. ecb, cbc, pcbc, lrw and essiv want whole blocks, xts, cts,
                adiantum and hctr2 at least one block, ctr and chacha20 take any length.
                chacha20 may not count past block 2**32, where the kernel would wrap.
            iv: exactly ``iv_size`` bytes, never invented or remembered; None or b"" where
                that is 0. chacha20's begins with the block counter, 32 bits little-endian
                (crypto/chacha_generic.c), and rfc3686's is 8 bytes, the nonce being in
                the key.
            padding: "pkcs7" fills ecb, cbc and pcbc up to a whole block (RFC 5652,
                section 6.3), one block more where it was whole; None leaves data alone.

        Returns:
            As many bytes as data has, and the padding.

        Raises:
            InvalidIVError: the IV is not ``iv_size`` bytes.
            InvalidLengthError: the mode cannot take this length.
            MessageTooLongError: the message exceeds ``max_message``.
            InvalidInputError: ``padding`` is no such, or not for this mode.
            ClosedError: the Cipher was closed.
            KernelError: the kernel failed; nothing is returned.

        """

    def decrypt(
        self, data: Buffer, /, *, iv: Buffer | None = None, padding: Padding = None
    ) -> bytes:
        """Decrypt one message; arguments and errors are those of ``encrypt``.

        With ``padding="pkcs7"`` the padding is checked and taken off. Whoever may send
        you ciphertexts and learns, by an error or by the time you take, which of them
        have valid padding can decrypt any message without the key (a padding oracle):
        authenticate the ciphertext first.

        Raises:
            InvalidPaddingError: the message has no valid padding.
            InvalidLengthError: the ciphertext is not a whole number of blocks.

        """

    def encrypt_into(self, data: Buffer, out: Buffer, /, *, iv: Buffer | None = None) -> int:
        """Encrypt one message into a buffer of the caller's.

        Args:
            data: the message, as for ``encrypt``.
            out: writable, at least as long as data. It may be data itself, to encrypt in
                place, and may not overlap it otherwise.
            iv: as for ``encrypt``.

        Returns:
            The count of bytes written, from out's beginning.

        Raises:
            InvalidLengthError: ``out`` is too small; nothing was written.
            BufferOverlapError: ``out`` overlaps ``data`` in part.
            BufferError: ``out`` is read-only.
            KernelError: the kernel failed; what was written is wiped.

        And what ``encrypt`` raises.

        """

    def decrypt_into(self, data: Buffer, out: Buffer, /, *, iv: Buffer | None = None) -> int:
        """Decrypt one message into a buffer of the caller's; see ``encrypt_into``."""

    def encryptor(self, *, iv: Buffer | None = None, padding: Padding = None) -> Stream:
        """Begin to encrypt one message that comes in pieces.

        Arguments and errors are those of ``encrypt``; the warning of IV reuse holds.

        It holds across ``fork`` too: a stream of ctr, rfc3686 or chacha20 that parent and
        child both go on with gives both the same keystream, and so both messages away. Let
        one of them go on, and the other begin anew with an IV of its own.
        """

    def decryptor(self, *, iv: Buffer | None = None, padding: Padding = None) -> Stream:
        """Begin to decrypt one message that comes in pieces.

        Arguments and errors are those of ``decrypt``; the warning of the padding oracle
        holds.
        """

    def close(self) -> None:
        """Let go of the key and the sockets; a second call does nothing.

        Calls that are under way and streams that were begun go on; later calls are
        ClosedError.
        """

    def __enter__(self) -> Self:
        """Give the Cipher itself."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        """Close the Cipher."""
