"""One message in pieces; the class is the Rust core's, and documented in the stub."""

from afalg._afalg import Stream

__all__ = ["Stream"]
