"""`afalg key`: keys of the kernel's keyrings, for its ciphers."""

import argparse
import os
from contextlib import suppress

from afalg import (
    AfalgError,
    KeyExpiredError,
    KeyNotFoundError,
    KeyRevokedError,
    KeyringKey,
    KeyringName,
)
from afalg.cli import facts, words
from afalg.cli.output import AddVerb, Answer, escaped, to_json
from afalg.cli.payload import LARGEST, payload

__all__ = ["add_to"]

TYPES = ("user", "logon", "encrypted", "trusted")
KEYRINGS: tuple[KeyringName, ...] = ("session", "user", "user-session", "persistent")
LONGEST_TIMEOUT = (1 << 32) - 1

ADD = f"""\
Add a key to a keyring, or give the one of that name there a new payload, and print its serial.

The payload is what --fd or standard input gives until its end: raw bytes, of which nothing is
taken off, no newline either, 1 to {LARGEST}. Where standard input is a terminal it is asked for
there, twice, without showing it; the end of the line is no part of it. The payload of an
encrypted or trusted key is a command to the kernel: new user:MASTER 32
"""
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
    show.add_argument("key", metavar="KEY", type=words.key, help=words.KEY)
    for reader, form in ((listing, "an array of objects"), (show, "an object")):
        reader.add_argument("--json", action="store_true", help=f"print JSON, {form}")
    revoke = deed("revoke", help="make a key useless for everybody, at once")
    revoke.add_argument("key", metavar="KEY", type=words.key, help=words.KEY)
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
        type=words.utf8,
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
        "--fd", metavar="N", type=words.descriptor, help="the descriptor to read the payload from"
    )
    add.add_argument(
        "--hex",
        action="store_true",
        help="the payload is written in hexadecimal; whitespace is ignored",
    )
    add.set_defaults(act=_add)


def _seconds(text: str) -> int:
    return words.number(text, 1, LONGEST_TIMEOUT)


def _keyring(text: str) -> "KeyringName | int":
    if text in {"thread", "process"}:
        raise argparse.ArgumentTypeError(f"the {text} keyring ends with this command")
    for name in KEYRINGS:
        if text == name:
            return name
    if not text.isdecimal() and not text.startswith("0x"):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(KEYRINGS)}, or a serial")
    return words.number(text, 1, words.LARGEST_SERIAL)


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
    return Answer(to_json(found) if chosen.json else "\n".join(map(facts.line, found)))


def _show(chosen: argparse.Namespace) -> Answer:
    known = facts.of(words.find(chosen.key))
    return Answer(to_json(known) if chosen.json else facts.table(known))


def _revoke(chosen: argparse.Namespace) -> Answer:
    # Not what is only listed: anybody may have a key of that name, and it would be taken for this.
    words.find(chosen.key, listed=False).revoke()
    return Answer("")
