"""Keys of the kernel's keyrings; the class is the Rust core's, and documented in the stub."""

from afalg._afalg import KeyringKey

__all__ = ["KeyringKey"]
