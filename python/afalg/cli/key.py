"""`afalg key`: keys of the kernel's keyrings, for its ciphers."""

import argparse
import os
import re
from contextlib import suppress

from afalg import (
    AfalgError,
    KeyExpiredError,
    KeyNotFoundError,
    KeyPermissionError,
    KeyRevokedError,
    KeyringKey,
    KeyringName,
)
from afalg.cli import facts
from afalg.cli.output import AddVerb, Answer, RefusedError, escaped
from afalg.cli.payload import LARGEST, payload

__all__ = ["add_to"]

TYPES = ("user", "logon", "encrypted", "trusted")
KEYRINGS: tuple[KeyringName, ...] = ("session", "user", "user-session", "persistent")
LARGEST_SERIAL = (1 << 31) - 1
LONGEST_TIMEOUT = (1 << 32) - 1

ADD = f"""\
Add a key to a keyring, or give the one of that name there a new payload, and print its serial.

The payload is what --fd or standard input gives until its end: raw bytes, of which nothing is
taken off, no newline either, 1 to {LARGEST}. Where standard input is a terminal it is asked for
there, twice, without showing it; the end of the line is no part of it. The payload of an
encrypted or trusted key is a command to the kernel: new user:MASTER 32
"""
KEY = "a serial, or %%TYPE:DESCRIPTION as keyctl(1) writes it: %%logon:svc:disk"
EXPIRES = (
    "A key expires no earlier than is shown: the kernel tells that in whole minutes, hours, days "
    "or weeks."
)


def add_to(add_verb: AddVerb) -> None:
    """Add the verb and its own verbs."""
    verb = add_verb(
        "key",
        help="add, list, show and revoke keys of the kernel's keyrings",
        description="Keys of the kernel's keyrings, which its ciphers take in place of bytes.",
        epilog="The exit status is 0, or 1 where it could not be done, 2 where the command line "
        "is wrong, 3 where the answer could not be printed, 130 after Ctrl-C.",
    )
    deed = verb.add_subparsers(required=True, metavar="VERB").add_parser
    _add_add(deed)
    listing = deed(
        "list",
        help="list the keys that may be viewed and that ciphers take",
        description="Print a line for each key that /proc/keys shows and ciphers take: serial, "
        "type, when it expires, permissions as a number and as keyctl(1) writes them (possessor, "
        "user, group, other), user id, description.",
        epilog=EXPIRES,
    )
    show = deed(
        "show",
        help="say all that is known of a key; never its payload",
        epilog=f"{EXPIRES} With --json, what is not known is left out, and null is never.",
    )
    show.add_argument("key", metavar="KEY", type=_key, help=KEY)
    for reader, form in ((listing, "an array of objects"), (show, "an object")):
        reader.add_argument("--json", action="store_true", help=f"print JSON, {form}")
    revoke = deed("revoke", help="make a key useless for everybody, at once")
    revoke.add_argument("key", metavar="KEY", type=_key, help=KEY)
    for verb, act in ((listing, _list), (show, _show), (revoke, _revoke)):
        verb.set_defaults(act=act)


def _add_add(deed: AddVerb) -> None:
    add = deed(
        "add",
        help="add a key, whose payload comes from a descriptor, standard input or a prompt",
        description=ADD,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.add_argument("type", metavar="TYPE", choices=TYPES, help=", ".join(TYPES))
    add.add_argument(
        "description",
        metavar="DESCRIPTION",
        type=_text,
        help="its name; of a logon key the service first: svc:disk",
    )
    add.add_argument(
        "--keyring",
        metavar="NAME|SERIAL",
        type=_keyring,
        default="user",
        help=f"where to: {', '.join(KEYRINGS)}, or another's serial; user if not given. session is "
        "user-session where there is no session",
    )
    add.add_argument(
        "--timeout", metavar="SECONDS", type=_seconds, help="after which the key expires"
    )
    add.add_argument(
        "--fd", metavar="N", type=_descriptor, help="the descriptor to read the payload from"
    )
    add.add_argument(
        "--hex",
        action="store_true",
        help="the payload is written in hexadecimal; whitespace is ignored",
    )
    add.set_defaults(act=_add)


def _number(text: str, least: int, most: int) -> int:
    if re.fullmatch(r"[0-9]{1,10}|0x[0-9a-fA-F]{1,8}", text):
        number = int(text, 16 if text.startswith("0x") else 10)
        if least <= number <= most:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")


def _seconds(text: str) -> int:
    return _number(text, 1, LONGEST_TIMEOUT)


def _descriptor(text: str) -> int:
    return _number(text, 0, LARGEST_SERIAL)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from None
    return text


def _keyring(text: str) -> "KeyringName | int":
    if text in {"thread", "process"}:
        raise argparse.ArgumentTypeError(f"the {text} keyring ends with this command")
    for name in KEYRINGS:
        if text == name:
            return name
    if not text.isdecimal() and not text.startswith("0x"):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(KEYRINGS)}, or a serial")
    return _number(text, 1, LARGEST_SERIAL)


def _key(text: str) -> tuple[str, str] | int:
    """Read a KEY: type and description, or the serial."""
    if not text.startswith("%"):
        return _number(text, 1, LARGEST_SERIAL)
    kind, colon, description = _text(text)[1:].partition(":")
    if not (kind and colon and description):
        raise argparse.ArgumentTypeError(f"{text!r} is not %TYPE:DESCRIPTION")
    return kind, description


def _found(key: tuple[str, str] | int, *, listed: bool = True) -> KeyringKey:
    """Give the key: one that programs find, one of the user's, or one that is only listed."""
    if not isinstance(key, int):
        with suppress(KeyNotFoundError):
            return KeyringKey.find(*key)
    _possess()
    if isinstance(key, int):
        return KeyringKey(key)
    try:
        return KeyringKey.find(*key)
    except KeyNotFoundError:
        if listed and (same := _listed(key)):
            return same
        raise


def _listed(key: tuple[str, str]) -> KeyringKey | None:
    """Give the one key of a name that may be viewed, whosever it is."""
    with suppress(KeyPermissionError):  # /proc/keys is covered
        same = [one for one in KeyringKey.listed() if (one.type, one.description) == key]
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


def _add(chosen: argparse.Namespace) -> Answer:
    prompt = f"Payload of the {chosen.type} key {escaped(chosen.description)}: "
    ring = _session() if chosen.keyring == "session" else chosen.keyring
    with payload(chosen.fd, prompt, in_hex=chosen.hex) as read:
        key = KeyringKey.add(
            chosen.type, chosen.description, read, keyring=ring, timeout=chosen.timeout
        )
    return Answer(str(key.serial))


def _session() -> KeyringName:
    """Give where the keys of this session are looked for, which is where one is to be added.

    A process that was given no session keyring looks in the user's. What it adds to its
    session's goes to a new one all the same, which would end with this command.
    """
    with suppress(AfalgError):
        KeyringKey.find("keyring", "_ses", keyring="session")  # as those of sessions are called
        return "session"
    with suppress(AfalgError):
        KeyringKey.find("keyring", f"_uid_ses.{os.getuid()}", keyring="session")
        return "user-session"
    return "session"


def _list(chosen: argparse.Namespace) -> Answer:
    found: list[facts.Facts] = []
    for key in KeyringKey.listed():
        # It may end between the listing and the looking.
        with suppress(KeyNotFoundError, KeyExpiredError, KeyRevokedError):
            found.append(facts.of(key))
    return Answer(facts.to_json(found) if chosen.json else "\n".join(map(facts.line, found)))


def _show(chosen: argparse.Namespace) -> Answer:
    known = facts.of(_found(chosen.key))
    return Answer(facts.to_json(known) if chosen.json else facts.table(known))


def _revoke(chosen: argparse.Namespace) -> Answer:
    # Not what is only listed: anybody may have a key of that name, and it would be taken for this.
    _found(chosen.key, listed=False).revoke()
    return Answer("")
