"""``afalg.Cipher``, as the Rust core has it. Import it from ``afalg``."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self, final

from typing_extensions import Buffer

from afalg.keyring import KeyringKey
from afalg.options import Numbering, Padding, Provider
from afalg.stream import Stream

__all__ = ["Cipher"]

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
        self,
        data: Buffer,
        /,
        *,
        iv: Buffer | None = None,
        padding: Padding = None,
        threads: int | None = None,
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
                (crypto/chacha_generic.c); rfc3686's is 8 bytes, its nonce is in the key.
            padding: "pkcs7" fills ecb, cbc and pcbc up to a whole block (RFC 5652,
                section 6.3), one block more where it was whole; None leaves data alone.
            threads: how many may share a long message in ecb, ctr, chacha20, cbc to decrypt.

        Returns:
            As many bytes as data has, and the padding.

        Raises:
            InvalidIVError: the IV is not ``iv_size`` bytes.
            InvalidLengthError: the mode cannot take this length.
            MessageTooLongError: the message exceeds ``max_message``.
            InvalidInputError: ``padding`` is no such, or not for this mode; ``threads`` is 0.
            ClosedError: the Cipher was closed.
            KernelError: the kernel failed; nothing is returned.

        """

    def decrypt(
        self,
        data: Buffer,
        /,
        *,
        iv: Buffer | None = None,
        padding: Padding = None,
        threads: int | None = None,
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

    def encrypt_into(
        self,
        data: Buffer,
        out: Buffer,
        /,
        *,
        iv: Buffer | None = None,
        threads: int | None = None,
    ) -> int:
        """Encrypt one message into a buffer of the caller's.

        Args:
            data: the message, as for ``encrypt``.
            out: writable, at least as long as data. It may be data itself, to encrypt in
                place, and may not overlap it otherwise.
            iv: as for ``encrypt``.
            threads: as for ``encrypt``.

        Returns:
            The count of bytes written, from out's beginning.

        Raises:
            InvalidLengthError: ``out`` is too small; nothing was written.
            BufferOverlapError: ``out`` overlaps ``data`` in part.
            BufferError: ``out`` is read-only.
            KernelError: the kernel failed; what was written is wiped.

        And what ``encrypt`` raises.

        """

    def decrypt_into(
        self,
        data: Buffer,
        out: Buffer,
        /,
        *,
        iv: Buffer | None = None,
        threads: int | None = None,
    ) -> int:
        """Decrypt one message into a buffer of the caller's; see ``encrypt_into``."""

    def encrypt_many(
        self,
        requests: Iterable[tuple[Buffer, Buffer | None]],
        /,
        *,
        threads: int | None = None,
    ) -> list[bytes]:
        """Encrypt many messages that have nothing to do with each other, in one call.

        On the kernel a chain of 64 small messages is one system call where io_uring is to be
        had (up to 4 KiB each), and else two system calls a message; in userspace it saves what
        a call from Python costs.

        Args:
            requests: pairs of data and IV, as for ``encrypt``; None or b"" where there is no
                IV. All are taken and checked before the first is encrypted.
            threads: how many may work at once, each over an op socket of its own in the
                kernel; None: one, the caller's. Signals are heard between messages.

        Returns:
            The results in the order of the requests.

        Raises:
            TypeError: a request is no pair, or its data or IV not bytes-like.
            InvalidInputError: ``threads`` is 0.

        And what ``encrypt`` raises, of the first request that fails: ``index`` is its place.
        Nothing is returned then.

        """

    def decrypt_many(
        self,
        requests: Iterable[tuple[Buffer, Buffer | None]],
        /,
        *,
        threads: int | None = None,
    ) -> list[bytes]:
        """Decrypt many messages in one call; see ``encrypt_many``."""

    def encrypt_units(
        self,
        data: Buffer,
        /,
        *,
        unit_size: int,
        first_iv: int = 0,
        iv_step: int = 1,
        iv: Numbering = "plain64",
        threads: int | None = None,
    ) -> bytes:
        """Encrypt units (sectors): pieces of one size, each with its number for an IV.

        Only in xts, adiantum, hctr2, cbc, essiv and lrw, in which disks are encrypted: unit i
        has the number ``first_iv + i * iv_step``. dm-crypt's cbc-essiv is the algorithm
        "essiv(cbc(aes),sha256)" with plain64, its xts-plain64 "xts(aes)"; it counts 512
        bytes, so that LUKS2's units of 4096 have an ``iv_step`` of 8.

        Args:
            data: a whole number of units.
            unit_size: bytes of a unit, a multiple of ``block_size``.
            first_iv: the number of the first unit.
            iv_step: from one number to the next, 1 or more. None may reach 2**64.
            iv: how a number is written (drivers/md/dm-crypt.c). "plain64": 64 bits
                little-endian, then zeros. "plain64be": zeros, then 64 bits big-endian.
                "benbi": the same of its first cipher block's, from 1, for units of 512 bytes.
            threads: how many may work at once, each over an op socket of its own in the
                kernel; None: one, the caller's.

        Returns:
            As many bytes as data has.

        Raises:
            InvalidInputError: the mode is another, or a rule is broken (InvalidLengthError).
            MessageTooLongError: a unit exceeds ``max_message``.
            ClosedError: the Cipher was closed.
            KernelError: the kernel failed at unit ``index``; nothing is returned.

        """

    def encrypt_units_into(
        self,
        data: Buffer,
        out: Buffer,
        /,
        *,
        unit_size: int,
        first_iv: int = 0,
        iv_step: int = 1,
        iv: Numbering = "plain64",
        threads: int | None = None,
    ) -> int:
        """Encrypt units into a buffer of the caller's, which may be data itself.

        No memory is taken but that: data and out may be an ``mmap`` larger than the machine.

        Args:
            data: as for ``encrypt_units``.
            out: writable, at least as long as data; data itself, to encrypt in place, or
                apart from it.
            unit_size: as for ``encrypt_units``.
            first_iv: likewise.
            iv_step: likewise.
            iv: likewise.
            threads: likewise.

        Returns:
            The count of bytes written, from out's beginning.

        Raises:
            KernelError: the kernel failed at unit ``index``. Apart, what was written is
                wiped. In place all before that unit is encrypted and stays so, what is
                behind it is as it was (but for other ``threads``' units), and the unit
                itself is zeros if it had been begun.

        And what ``encrypt_units`` and ``encrypt_into`` raise. Ctrl-C in the middle, in place,
        leaves what is done, and the exception has a note that says how far that is.

        """

    def decrypt_units(
        self,
        data: Buffer,
        /,
        *,
        unit_size: int,
        first_iv: int = 0,
        iv_step: int = 1,
        iv: Numbering = "plain64",
        threads: int | None = None,
    ) -> bytes:
        """Decrypt units; see ``encrypt_units``."""

    def decrypt_units_into(
        self,
        data: Buffer,
        out: Buffer,
        /,
        *,
        unit_size: int,
        first_iv: int = 0,
        iv_step: int = 1,
        iv: Numbering = "plain64",
        threads: int | None = None,
    ) -> int:
        """Decrypt units into a buffer of the caller's; see ``encrypt_units_into``."""

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
