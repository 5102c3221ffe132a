"""What the keyword options may be, as types to annotate one's own functions with."""

from typing import Literal, TypeAlias

__all__ = ["AlgType", "Direction", "KeyringName", "Numbering", "Padding", "Provider"]

# stubtest takes one Literal of several for a mismatch with what it is at run time.
AlgType: TypeAlias = Literal["skcipher"] | Literal["aead"] | Literal["hash"] | Literal["rng"]  # noqa: PYI030
"""AF_ALG's types: ciphers, authenticated ciphers, hashes, random number generators."""

Direction: TypeAlias = Literal["encrypt"] | Literal["decrypt"]  # noqa: PYI030
"""Which way a message goes."""

KeyringName: TypeAlias = (
    Literal["thread"]  # noqa: PYI030
    | Literal["process"]
    | Literal["session"]
    | Literal["user"]
    | Literal["user-session"]
    | Literal["persistent"]
)
"""The kernel's usual keyrings (keyrings(7)). A thread's, a process's and a session's are found by
themselves, and the user's where the session's links it."""

Numbering: TypeAlias = Literal["plain64"] | Literal["plain64be"] | Literal["benbi"]  # noqa: PYI030
"""How a unit's number is written as its IV, by the names that dm-crypt has for it."""

Padding: TypeAlias = Literal["pkcs7"] | None
"""None: the data is what the cipher sees. "pkcs7": RFC 5652, section 6.3, for ecb, cbc, pcbc."""

Provider: TypeAlias = Literal["auto"] | Literal["kernel"] | Literal["userspace"]  # noqa: PYI030
"""Who computes: the kernel, the ciphers that this package has in userspace, or ("auto") the
kernel where it serves, else userspace, with a ProviderFallbackWarning. None where an option takes
it: what AFALG_PROVIDER says, else "auto"."""
