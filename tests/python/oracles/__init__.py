"""Independent implementations of the kernel's skciphers, for the tests to compare with."""

from oracles.difference import difference
from oracles.oracle import Lengths, Oracle
from oracles.table import ORACLES

__all__ = ["ORACLES", "Lengths", "Oracle", "difference"]
