"""The key that a verb works with: from a file, a descriptor, a keyring or the terminal."""

import argparse
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from afalg import KeyringKey
from afalg.cli import words
from afalg.cli.output import RefusedError
from afalg.cli.payload import Kind, payload
from afalg.cli.plumbing import Source

__all__ = ["add_key_options", "asks_for_passphrase", "key_of", "passphrase_of"]

KEY = Kind("key", "--key-fd", "--key-file or --key-fd")
PASSPHRASE = Kind("passphrase", "--passphrase-fd", "--passphrase-file or --passphrase-fd")
ABOUT = "A key is never part of the command line, where everybody on the machine can read it."
LONGEST_PASSPHRASE = 1023
KEYS = ("key_file", "key_fd", "keyring")


def add_key_options(verb: argparse.ArgumentParser, *, passphrase: bool = False) -> None:
    """Add where the key may come from."""
    group = verb.add_argument_group("key", ABOUT)
    one = group.add_mutually_exclusive_group()
    one.add_argument(
        "--key-file", metavar="FILE", help="the key, all of the file: raw bytes, or with --hex"
    )
    one.add_argument(
        "--key-fd", metavar="N", type=words.open_descriptor, help="the same from an open descriptor"
    )
    one.add_argument(
        "--keyring",
        metavar="KEY",
        type=words.key,
        help=f"a key of the kernel's keyrings, which this process never sees: {words.KEY}",
    )
    if passphrase:
        one.add_argument(
            "--passphrase-file", metavar="FILE", help="a passphrase, the file's first line"
        )
        one.add_argument(
            "--passphrase-fd",
            metavar="N",
            type=words.open_descriptor,
            help="the same from an open descriptor",
        )
    group.add_argument(
        "--hex",
        action="store_true",
        help="the key is written in hexadecimal; whitespace is ignored",
    )


def asks_for_passphrase(chosen: argparse.Namespace) -> bool:
    """Say whether none of the options names a key."""
    return all(getattr(chosen, name) is None for name in KEYS)


@contextmanager
def key_of(
    chosen: argparse.Namespace, algorithm: str, data: Source | None = None
) -> Generator[memoryview | KeyringKey]:
    """Give the key of a verb; bytes are wiped when the block ends.

    Where no option names one the terminal is asked, in hexadecimal. It may not come from
    where the data come from, of which it would be missing.
    """
    if chosen.keyring is not None:
        if chosen.hex:
            raise RefusedError("--hex is for keys that are read; a keyring's is the kernel's")
        yield words.find(chosen.keyring)
        return
    asked = chosen.key_file is None and chosen.key_fd is None
    prompt = f"Key for {algorithm}, in hexadecimal: "
    with (
        _opened(chosen.key_file, chosen.key_fd, KEY, data, chosen.out) as (descriptor, kind),
        payload(descriptor, prompt, in_hex=asked or chosen.hex, kind=kind) as read,
    ):
        if not read:  # which some ciphers would take
            raise RefusedError("the key is empty: what it was to be read from gave no byte")
        yield read


@contextmanager
def passphrase_of(
    chosen: argparse.Namespace, data: Source, *, twice: bool
) -> Generator[memoryview]:
    """Give a passphrase: the first line of what an option names, or asked for."""
    if chosen.hex:
        raise RefusedError("--hex is for keys: say where the key comes from, --key-file FILE")
    asked = PASSPHRASE._replace(twice=twice)
    with (
        _opened(chosen.passphrase_file, chosen.passphrase_fd, asked, data, chosen.out) as (
            descriptor,
            kind,
        ),
        payload(descriptor, "Passphrase: ", in_hex=False, kind=kind) as read,
    ):
        line = next((at for at, byte in enumerate(read) if byte == ord("\n")), len(read))
        _check(read[:line])
        yield read[:line]


def _check(passphrase: memoryview) -> None:
    """Refuse what openssl would read otherwise (apps/lib/apps.c, app_get_pass)."""
    if not passphrase:
        raise RefusedError("the passphrase is empty")
    if len(passphrase) > LONGEST_PASSPHRASE:
        raise RefusedError(
            f"the passphrase has {len(passphrase)} bytes, of which openssl reads "
            f"{LONGEST_PASSPHRASE}; take a shorter one, or a key: --key-file FILE"
        )
    if 0 in passphrase:
        raise RefusedError(
            "the passphrase has a NUL in it, at which openssl ends it; take another, or a key: "
            "--key-file FILE"
        )


@contextmanager
def _opened(
    path: str | None,
    descriptor: int | None,
    kind: Kind,
    data: Source | None,
    out: str | None,
) -> Generator[tuple[int | None, Kind]]:
    """Give the descriptor to read from, None: the terminal is to be asked; and what to call it."""
    if path is None:
        if descriptor is not None:
            _tell_apart(descriptor, kind, data)
        yield descriptor, kind
        return
    _spare(path, kind, out)
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError as error:
        raise RefusedError(f"cannot open the {kind.name} file {path}: {error.strerror}") from error
    try:
        _tell_apart(opened, kind, data)
        yield opened, kind._replace(file=path, option=f"--{kind.name}-file")
    finally:
        os.close(opened)


def _spare(path: str, kind: Kind, out: str | None) -> None:
    """Refuse to replace the only key by what only it decrypts."""
    with suppress(OSError):  # what is wrong with either is said when it is opened
        if out is not None and Path(out).is_file() and Path(out).samefile(path):
            raise RefusedError(f"{out} is the {kind.name} file, which would be gone: name another")


def _tell_apart(descriptor: int, kind: Kind, data: Source | None) -> None:
    if data is not None and data.is_same(descriptor):
        raise RefusedError(
            f"the {kind.name} and the data come from the same file or pipe, {data.name}; pass the "
            f"{kind.name} by another, or name a FILE"
        )
