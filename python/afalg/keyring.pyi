"""Keys of the kernel's keyrings. Import the name from ``afalg``."""

from datetime import datetime
from typing import Self, final

from typing_extensions import Buffer

from afalg.options import KeyringName
from afalg.permissions import KeyPermission

__all__ = ["KeyringKey"]

@final
class KeyringKey:
    """A key that lives in a keyring of the kernel, by its serial.

    Give it in place of a key's bytes: the kernel hands them from the keyring to its
    cipher (ALG_SET_KEY_BY_KEY_SERIAL, Linux 6.2), and they are never in this process.
    With it a Cipher is the kernel's or an error; there is no falling back to userspace.
    A Cipher keeps its own copy in the kernel: it goes on when the key expires or is
    revoked, and only a new one is refused.

    It holds numbers and names, no secret: pickle it, or pass the serial, to use the key
    in another process that its permissions or keyrings let use it.

    The keyrings of threads, processes and sessions are the calling thread's to the
    kernel (credentials(7)): one that a thread is the first to use is not seen by threads
    that run already.
    """

    def __new__(cls, serial: int, /) -> Self:
        """Find out what the kernel knows of a serial.

        Args:
            serial: the key's number, as ``keyctl`` and /proc/keys show it.

        Raises:
            KeyNotFoundError: there is no such key.
            KeyExpiredError: its timeout is over.
            KeyRevokedError: it was revoked.
            KeyringUnavailableError: this process may not use keyrings.
            InvalidInputError: the serial is not positive.

        """

    @classmethod
    def find(
        cls,
        type: str,  # noqa: A002
        description: str,
        /,
        *,
        keyring: KeyringName | int | Self | None = None,
    ) -> Self:
        """Look for a key by type and description.

        Args:
            type: "user", "logon", "encrypted", "trusted", or another type of the kernel's.
            description: what its owner called it, the whole of it.
            keyring: where to look, and in what that links: "thread", "process", "session",
                "user", "user-session", "persistent", or another keyring's serial or
                KeyringKey. None: in the thread's, the process's and the session's.
                Most keys may be used by those alone to whom a keyring of theirs leads, and
                the user's is not in every session: the KeyringKey keeps the keyring that was
                named, and links it into the thread's for the moment of each use.

        Raises:
            KeyNotFoundError: it is not there.
            KeyPermissionError: it or the keyring may not be searched by this process.
            KeyExpiredError, KeyRevokedError, KeyringUnavailableError: as for KeyringKey.
            InvalidInputError: ``keyring`` is no such.

        """

    @classmethod
    def add(
        cls,
        type: str,  # noqa: A002
        description: str,
        payload: Buffer,
        /,
        *,
        keyring: KeyringName | int | Self | None = None,
        timeout: int | None = None,
    ) -> Self:
        """Add a key to a keyring; or give the user or logon key of that name there new bytes.

        The kernel copies the payload out of the caller's buffer, and nothing of it is
        kept here: pass a bytearray and wipe it.

        Args:
            type: "user"; "logon", whose bytes keyctl gives nobody; "encrypted" or
                "trusted", which the kernel makes, where it has them (keyctl(2), and
                Documentation/security/keys/trusted-encrypted.rst).
            description: its name, at most 4095 bytes; a logon key's begins with a service
                and a colon.
            payload: the key itself, 1 to 32767 bytes, of which a cipher wants its key's
                size; for "encrypted" and "trusted" a command: b"new user:MASTER 32".
            keyring: where to, as for ``find``; None: "session", which ends with the session,
                or with this process and its children where there was none. "user" lasts
                until the machine is switched off: give its keys a timeout.
            timeout: after so many seconds it expires; None: never.

        Raises:
            KeyQuotaError: the user may have no more keys, or bytes of them.
            KeyPermissionError: the keyring may not be written to.
            KeyNotFoundError: the keyring is not there, or an encrypted key's master key.
            KeyringUnavailableError: this process may not use keyrings, or the kernel does
                not have the type.
            InvalidKeyError: the payload is empty or too long.
            InvalidInputError: the kernel takes no such type, description or payload; or an
                encrypted or trusted key of that name is there already.

        """

    @classmethod
    def listed(cls) -> list[Self]:
        """List the keys that this process may view and ciphers can take, as /proc/keys does.

        Raises:
            KeyPermissionError: /proc/keys cannot be read.

        """

    @property
    def serial(self) -> int:
        """The kernel's number for it, until the next boot."""

    @property
    def type(self) -> str | None:
        """Its type, "logon" or another; None where the key may not be viewed."""

    @property
    def description(self) -> str | None:
        """What its owner called it; None where the key may not be viewed."""

    @property
    def uid(self) -> int:
        """The user id of its owner now. Raises as KeyringKey, or KeyPermissionError."""

    @property
    def gid(self) -> int:
        """The group id that it has now. Raises as KeyringKey, or KeyPermissionError."""

    @property
    def permissions(self) -> KeyPermission:
        """Who may do what with it now. Raises as KeyringKey, or KeyPermissionError."""

    @property
    def expires(self) -> datetime | None:
        """When it expires, a datetime in UTC; None: never.

        To the second where this object has set it. Else the earliest that it can be:
        /proc/keys tells whole minutes, hours, days or weeks from now, rounded down.
        Raises as KeyringKey, or KeyPermissionError where /proc/keys does not tell.
        """

    def set_permissions(self, permissions: int, /) -> None:
        """Say who may do what with it: KeyPermission's flags, of which none is added by itself.

        Raises:
            KeyPermissionError: it does not let this process (setattr).
            InvalidInputError: there are no such flags.

        """

    def set_timeout(self, seconds: int | None, /) -> None:
        """Let it expire so many seconds from now; None: never.

        Raises:
            KeyPermissionError: it does not let this process (setattr).
            InvalidInputError: the count is not 1 to 4294967295.

        """

    def revoke(self) -> None:
        """Make it useless for everybody, at once and for good.

        A Cipher that has taken it before goes on: close that.

        Raises:
            KeyPermissionError: it does not let this process (write or setattr).

        """

    def link(self, keyring: KeyringName | int | Self, /) -> None:
        """Link it into a keyring: processes that have that possess the key then.

        Args:
            keyring: as for ``find``.

        Raises:
            KeyPermissionError: it does not let this process (link), or the keyring does
                not (write).

        """

    def unlink(self, keyring: KeyringName | int | Self | None = None, /) -> None:
        """Take it out of a keyring; the kernel forgets a key that is in none.

        Args:
            keyring: as for ``find``. None: each keyring of this thread, process, session
                and user that has it directly.

        Raises:
            KeyNotFoundError: it is not there.
            KeyPermissionError: the keyring may not be written to.

        """

    def __eq__(self, other: object, /) -> bool:
        """Say whether it is the same key: of the same serial."""

    def __hash__(self) -> int:
        """Give a hash of the serial."""
