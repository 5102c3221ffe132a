"""What words of a command line stand for: numbers, and keys of keyrings."""

import argparse
import os
import re
from contextlib import suppress
from math import isfinite

from afalg import (
    AfalgError,
    KeyNotFoundError,
    KeyPermissionError,
    KeyringKey,
    KeyringName,
)
from afalg.cli.output import RefusedError

__all__ = [
    "KEY",
    "LARGEST_SERIAL",
    "NamedKey",
    "descriptor",
    "find",
    "key",
    "number",
    "open_descriptor",
    "seconds",
    "utf8",
]

LARGEST_SERIAL = (1 << 31) - 1
KEY = "a serial, or %%TYPE:DESCRIPTION as keyctl(1) writes it: %%logon:svc:disk"

NamedKey = tuple[str, str] | int


def number(text: str, least: int, most: int) -> int:
    """Read a number, decimal or after 0x."""
    if re.fullmatch(r"[0-9]{1,20}|0x[0-9a-fA-F]{1,16}", text):
        value = int(text, 16 if text.startswith("0x") else 10)
        if least <= value <= most:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")


def seconds(text: str) -> float:
    """Read how long something is to take."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if isfinite(value) and value > 0:
        return value
    raise argparse.ArgumentTypeError(f"{text!r} is no time")


def descriptor(text: str) -> int:
    """Read the number of an open file; what is none may be the secret itself, and is not told."""
    try:
        return number(text, 0, LARGEST_SERIAL)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            "not the number of an open file, from which the secret is read: 3, with 3<FILE"
        ) from None


def open_descriptor(text: str) -> int:
    """Read the number of a file that is open now.

    Later one that this command has opened itself might have it.
    """
    value = descriptor(text)
    try:
        os.fstat(value)
    except OSError:
        raise argparse.ArgumentTypeError(
            f"nothing is open as {value}: redirect it, {value}<FILE"
        ) from None
    return value


def utf8(text: str) -> str:
    """Refuse what no name of the kernel's can be."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError("it is not UTF-8") from None
    return text


def key(text: str) -> NamedKey:
    """Read a KEY: type and description, or the serial."""
    if text.startswith("%"):
        kind, _, description = utf8(text)[1:].partition(":")
        if kind and description:
            return kind, description
    with suppress(argparse.ArgumentTypeError):
        return number(text, 1, LARGEST_SERIAL)
    # What it is instead is not told: it may be the key itself.
    raise argparse.ArgumentTypeError(
        f"neither a serial from 1 to {LARGEST_SERIAL} nor %TYPE:DESCRIPTION"
    )


def find(named: NamedKey, *, listed: bool = True) -> KeyringKey:
    """Give the key: one that programs find, one of the user's, or one that is only listed."""
    if not isinstance(named, int):
        with suppress(KeyNotFoundError):
            return KeyringKey.find(*named)
    _possess()
    if isinstance(named, int):
        return KeyringKey(named)
    try:
        return KeyringKey.find(*named)
    except KeyNotFoundError:
        if listed and (same := _listed(named)):
            return same
        raise


def _listed(named: tuple[str, str]) -> KeyringKey | None:
    """Give the one key of a name that may be viewed, whosever it is."""
    with suppress(KeyPermissionError):  # /proc/keys is covered
        same = [one for one in KeyringKey.listed() if (one.type, one.description) == named]
        if len(same) > 1:
            serials = ", ".join(str(one.serial) for one in same)
            raise RefusedError(f"keys {serials} have that name; tell one by its serial")
        return same[0] if same else None
    return None


def _possess() -> None:
    """Have the user's keyrings in the process's, for as long as the command runs.

    A new session's keyring leads to neither, and who does not possess a key may not time or
    revoke it, though it be the own user's.
    """
    rings: dict[str, KeyringName] = {"_uid_ses": "user-session", "_persistent": "persistent"}
    for name, ring in rings.items():
        with suppress(AfalgError):
            KeyringKey.find("keyring", f"{name}.{os.getuid()}", keyring=ring).link("process")
