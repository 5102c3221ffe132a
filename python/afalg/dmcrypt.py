"""Ciphers of disks, by the names that dm-crypt's tables, LUKS and cryptsetup have for them."""

import re
from typing import NamedTuple

from afalg.errors import InvalidInputError
from afalg.options import Numbering

__all__ = ["DiskCipher", "disk_cipher"]

NUMBERS = 1 << 64
PLAIN_NUMBERS = 1 << 32
ELSEWHERE = {
    "null": "the same IV for every sector",
    "lmk": "loop-AES's, with many keys",
    "tcw": "TrueCrypt's",
    "eboiv": "BitLocker's",
    "elephant": "BitLocker's",
    "random": "for authenticated disks, with a place for IVs beside the data",
}
OLD = re.compile(r"(?P<cipher>[a-z0-9_,]+)-(?P<mode>[a-z0-9_]+)-(?P<iv>[a-z0-9]+)(:(?P<hash>.+))?")
NEW = re.compile(r"capi:(?P<name>[^:]+\))-(?P<iv>[a-z0-9]+)(:(?P<hash>.+))?")
HASH = re.compile(r"[a-z0-9][a-z0-9_-]*")
EXAMPLES = "aes-xts-plain64, aes-cbc-essiv:sha256, capi:xts(aes)-plain64"


class DiskCipher(NamedTuple):
    """What a name stands for.

    Attributes:
        algorithm: the kernel's name, for ``Cipher``.
        iv: how a sector's number is written, for ``Cipher.decrypt_units`` and ``UnitReader``.
        numbers: how many there are, from 0; beyond them dm-crypt would begin again.

    """

    algorithm: str
    iv: Numbering
    numbers: int


def disk_cipher(name: str, /) -> DiskCipher:
    """Read a name as dm-crypt does: "aes-xts-plain64", "aes-cbc-essiv:sha256".

    A kernel's name, "xts(aes)", is taken with plain64. The numbers are for the caller to
    count: in dm-crypt they are of 512 bytes, whatever a sector's size, unless its table says
    iv_large_sectors.

    Raises:
        InvalidInputError: it is no such name, or one of what this package does not do.

    """
    if not name.startswith("capi:") and "(" in name:
        return DiskCipher(name, "plain64", NUMBERS)
    if read := NEW.fullmatch(name):
        return _with_iv(name, read["name"], read["iv"], read["hash"])
    if read := OLD.fullmatch(name):
        return _with_iv(name, _algorithm(read["cipher"], read["mode"]), read["iv"], read["hash"])
    if re.fullmatch(r"[a-z0-9_]+(-plain)?", name):  # of the first dm-crypt
        cipher = name.partition("-")[0]
        raise InvalidInputError(f"{name!r} is short for {cipher}-cbc-plain: write it out")
    raise InvalidInputError(
        f"{name!r} is no disk cipher as dm-crypt spells them, CIPHER-MODE-IV: {EXAMPLES}"
    )


def _algorithm(cipher: str, mode: str) -> str:
    if mode == "adiantum" and "," not in cipher:
        raise InvalidInputError(
            f"adiantum is of two ciphers, {cipher!r} is one: xchacha12,aes-adiantum-plain64"
        )
    return f"{mode}({cipher})"


def _with_iv(name: str, algorithm: str, iv: str, digest: str | None) -> DiskCipher:
    if iv == "essiv":
        if digest is None or not HASH.fullmatch(digest):
            raise InvalidInputError(f"{name!r} names no hash for its essiv: essiv:sha256")
        return DiskCipher(f"essiv({algorithm},{digest})", "plain64", NUMBERS)
    if digest is not None:
        raise InvalidInputError(f"{name!r} has an option, {iv} takes none: leave out :{digest}")
    match iv:
        case "plain":
            return DiskCipher(algorithm, "plain64", PLAIN_NUMBERS)
        case "plain64" | "plain64be" | "benbi":
            return DiskCipher(algorithm, iv, NUMBERS)
        case _:
            known = ELSEWHERE.get(iv)
            raise InvalidInputError(
                f"{name!r} has the IVs {iv}, "
                + (f"{known}; " if known else "which nobody has; ")
                + "this package writes plain, plain64, plain64be, benbi and essiv"
            )
