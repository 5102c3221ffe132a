"""What the keyword options may be, as types to annotate one's own functions with."""

from typing import Literal, TypeAlias

__all__ = ["Padding", "Provider"]

Padding: TypeAlias = Literal["pkcs7"] | None
"""None: the data is what the cipher sees. "pkcs7": RFC 5652, section 6.3, for ecb, cbc, pcbc."""

# stubtest takes one Literal of several for a mismatch with what it is at run time.
Provider: TypeAlias = Literal["auto"] | Literal["kernel"]  # noqa: PYI030
"""Who computes. None where an option takes it: what AFALG_PROVIDER says, else "auto"."""
