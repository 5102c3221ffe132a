"""What is known of a key, as a line, a table or JSON."""

from contextlib import suppress
from typing import NotRequired, TypedDict

from afalg import KeyPermissionError, KeyringKey
from afalg.cli.output import escaped

__all__ = ["Facts", "line", "of", "table"]

HOLDERS = ("possessor", "user", "group", "other")
RIGHTS = ("setattr", "link", "search", "write", "read", "view")  # from the highest bit down
LETTERS = "alswrv"
WIDTHS = (10, 9, 20, 8, 24, 5)
UNKNOWN = "unknown"


class Facts(TypedDict):
    """A key; what is not known is not there."""

    serial: int
    type: NotRequired[str]
    description: NotRequired[str]
    uid: NotRequired[int]
    gid: NotRequired[int]
    expires: NotRequired[str | None]
    permissions: NotRequired[str]
    rights: NotRequired[dict[str, list[str]]]


def of(key: KeyringKey) -> Facts:
    """Ask the kernel what it tells of a key."""
    facts: Facts = {"serial": key.serial}
    if key.type is not None and key.description is not None:
        facts["type"], facts["description"] = key.type, key.description
    with suppress(KeyPermissionError):  # it may not be viewed
        mask = key.permissions
        facts["uid"], facts["gid"], facts["permissions"] = key.uid, key.gid, f"{mask:08x}"
        each = zip(HOLDERS, mask.to_bytes(4), strict=True)
        facts["rights"] = {holder: _rights(bits) for holder, bits in each}
    with suppress(KeyPermissionError):  # or /proc/keys is covered
        moment = key.expires
        facts["expires"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None
    return facts


def _rights(bits: int) -> list[str]:
    return [right for place, right in enumerate(RIGHTS) if bits & 0x20 >> place]


def line(facts: Facts) -> str:
    """Give one line, its columns under those of other lines."""
    serial, kind = facts["serial"], facts.get("type", UNKNOWN)
    mask, uid = facts.get("permissions", UNKNOWN), facts.get("uid", UNKNOWN)
    columns = (serial, kind, _end(facts), mask, _letters(facts), uid)
    head = [f"{value:<{width}}" for value, width in zip(columns, WIDTHS, strict=True)]
    return "  ".join([*head, escaped(facts.get("description", UNKNOWN))])


def _end(facts: Facts) -> str:
    return facts.get("expires", UNKNOWN) or "never"


def _letters(facts: Facts) -> str:
    """Give the permissions as keyctl(1) writes them: `alswrv-----v------------`."""
    return "".join(
        letter if right in rights else "-"
        for rights in facts.get("rights", {}).values()
        for right, letter in zip(RIGHTS, LETTERS, strict=True)
    )


def table(facts: Facts) -> str:
    """Give a line for each fact, and the permissions spelled out."""
    rows = [
        ("serial", facts["serial"]),
        ("type", facts.get("type", UNKNOWN)),
        ("description", escaped(facts.get("description", UNKNOWN))),
        ("uid", facts.get("uid", UNKNOWN)),
        ("gid", facts.get("gid", UNKNOWN)),
        ("expires", _end(facts)),
        ("permissions", f"{facts.get('permissions', UNKNOWN)}  {_letters(facts)}".rstrip()),
    ]
    rows += [(f"  {who}", " ".join(what) or "-") for who, what in facts.get("rights", {}).items()]
    return "\n".join(f"{name:<13}{value}" for name, value in rows)
