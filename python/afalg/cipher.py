"""``afalg.Cipher``, by a name of its own for its stub."""

from afalg._afalg import Cipher

__all__ = ["Cipher"]
