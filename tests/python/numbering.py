"""Units by the book: how dm-crypt writes a number as an IV, and an oracle for each unit.

The forms are the kernel's, Documentation/admin-guide/device-mapper/dm-crypt.rst and
drivers/md/dm-crypt.c: plain64 and plain64be are the sector's number in 64 bits, little-endian in
front and big-endian at the end; benbi is the number of the first cipher block, from 1, likewise.
"""

from typing import NotRequired, TypedDict

from afalg import Numbering
from oracles import Oracle
from oracles.cases import key_of

MODES = ("xts", "adiantum", "hctr2", "cbc", "essiv", "lrw")


class Cut(TypedDict):
    """The options that cut data into units."""

    unit_size: int
    first_iv: NotRequired[int]
    iv_step: NotRequired[int]
    iv: NotRequired[Numbering]


def has_units(oracle: Oracle) -> bool:
    """Whether disks are encrypted in the mode."""
    return oracle.name.partition("(")[0] in MODES


def iv_for(number: int, form: str, size: int, block: int) -> bytes:
    """Write a number as an IV of so many bytes."""
    if form == "plain64":
        return number.to_bytes(8, "little").ljust(size, b"\0")
    if form == "benbi":
        number = (number << (9 - block.bit_length() + 1)) + 1
    return number.to_bytes(8, "big").rjust(size, b"\0")


def in_units(
    oracle: Oracle,
    direction: str,
    data: bytes,
    unit_size: int,
    first_iv: int = 0,
    iv_step: int = 1,
    iv: str = "plain64",
) -> bytes:
    """Give what the oracle makes of each unit."""
    units = list[bytes]()
    for place in range(0, len(data), unit_size):
        number = first_iv + place // unit_size * iv_step
        written = iv_for(number, iv, oracle.iv_size, oracle.block_size)
        unit = data[place : place + unit_size]
        units.append(oracle.directed(direction, key_of(oracle), written, unit))
    return b"".join(units)
