"""What is known of a key, as a line, a table or JSON."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import TypedDict

from afalg import KeyPermissionError, KeyringKey
from afalg.cli.output import escaped

__all__ = ["Facts", "line", "of", "table", "to_json"]

RIGHTS = ("setattr", "link", "search", "write", "read", "view")  # from the highest bit down
LETTERS = dict(zip(RIGHTS, "alswrv", strict=True))
HOLDERS = ("possessor", "user", "group", "other")


class Permissions(TypedDict):
    """Who may do what: the number, and for each the names of the rights."""

    mask: str
    possessor: list[str]
    user: list[str]
    group: list[str]
    other: list[str]


class Facts(TypedDict, total=False):
    """A key; what is not known is not there."""

    serial: int
    type: str
    description: str
    uid: int
    gid: int
    permissions: Permissions
    expires: str | None


def of(key: KeyringKey) -> Facts:
    """Ask the kernel what it tells of a key."""
    facts: Facts = {"serial": key.serial}
    if key.type is not None and key.description is not None:
        facts |= {"type": key.type, "description": key.description}
    with suppress(KeyPermissionError):  # it may not be viewed
        facts |= {"uid": key.uid, "gid": key.gid, "permissions": _permissions(key.permissions)}
    with suppress(KeyPermissionError):  # or /proc/keys is covered
        moment = key.expires
        facts["expires"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
    return facts


def _permissions(mask: int) -> Permissions:
    possessor, user, group, other = mask.to_bytes(4)
    return {
        "mask": f"{mask:08x}",
        "possessor": _rights(possessor),
        "user": _rights(user),
        "group": _rights(group),
        "other": _rights(other),
    }


def _rights(bits: int) -> list[str]:
    return [right for place, right in enumerate(reversed(RIGHTS)) if bits >> place & 1][::-1]


def to_json(facts: Facts | Sequence[Facts]) -> str:
    """Give JSON in which no name can write to a terminal."""
    return json.dumps(facts, indent=2).replace("\x7f", "\\u007f")  # all else json escapes itself


def line(facts: Facts) -> str:
    """Give one line, its columns under those of other lines."""
    permissions = facts.get("permissions")
    mask = permissions["mask"] if permissions else "unknown"
    known = (
        facts["serial"],
        facts.get("type", "unknown"),
        _end(facts),
        mask,
        _letters(permissions),
    )
    columns = zip(known, (10, 9, 20, 8, 24), strict=True)
    head = "  ".join(f"{value:<{width}}" for value, width in columns)
    uid = facts.get("uid", "unknown")
    return f"{head}  {uid:<5}  {escaped(facts.get('description', 'unknown'))}"


def _letters(permissions: Permissions | None) -> str:
    """Give what keyctl(1) writes: `alswrv-----v------------`."""
    if permissions is None:
        return "unknown"
    held = (permissions["possessor"], permissions["user"], permissions["group"])
    return "".join(
        LETTERS[right] if right in rights else "-"
        for rights in (*held, permissions["other"])
        for right in RIGHTS
    )


def _end(facts: Facts) -> str:
    return facts.get("expires", "unknown") or "never"


def table(facts: Facts) -> str:
    """Give a line for each fact, and the permissions spelled out."""
    permissions = facts.get("permissions")
    rows: list[tuple[str, object]] = [
        ("serial", facts["serial"]),
        ("type", facts.get("type", "unknown")),
        ("description", escaped(facts.get("description", "unknown"))),
        ("uid", facts.get("uid", "unknown")),
        ("gid", facts.get("gid", "unknown")),
        ("expires", _end(facts)),
    ]
    if permissions is None:
        rows.append(("permissions", "unknown"))
    else:
        held = (permissions["possessor"], permissions["user"], permissions["group"])
        each = zip(HOLDERS, (*held, permissions["other"]), strict=True)
        rows.append(("permissions", f"{permissions['mask']}  {_letters(permissions)}"))
        rows += [(f"  {holder}", " ".join(rights) or "nothing") for holder, rights in each]
    return "\n".join(f"{name:<13}{value}" for name, value in rows)
