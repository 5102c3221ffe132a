"""How much of a LUKS volume is its header, without which all of it is lost."""

import json
from contextlib import suppress
from pathlib import Path

from afalg.cli.output import RefusedError

__all__ = ["spare_header"]

MAGIC = b"LUKS\xba\xbe"  # cryptsetup, lib/luks2/luks2.h; of LUKS1 too
SMALL = 512
BINARY = 4096
"""LUKS2's header of fixed size, before that in JSON."""
LARGEST = 4 << 20
"""The largest of both together (cryptsetup, docs/on-disk-format-luks2.pdf)."""
AWAY = "name another file, or say --in-place to overwrite sectors in it"


def spare_header(path: str, offset: int | None = None) -> None:
    """Refuse to write over a LUKS volume's header: all of the file, or from an offset on.

    Raises:
        RefusedError: it would go.

    """
    payload = _payload(path)
    if payload is None or (offset is not None and offset >= max(payload, 1)):
        return
    way_out = AWAY
    if offset is not None:
        way_out = f"its payload begins at --offset {payload}"
        if payload == 0:
            way_out = "`cryptsetup luksDump` has its payload's --offset, mostly 16MiB"
    raise RefusedError(f"{path} is a LUKS volume, whose header would go: {way_out}")


def _payload(path: str) -> int | None:
    """Give where the payload begins; 0: the header does not say. None: there is no header."""
    with suppress(OSError):  # what is wrong with a file is said when it is opened
        file = Path(path)
        if file.is_file() or file.is_block_device():  # a terminal would wait for somebody to type
            with file.open("rb") as opened:
                head = opened.read(BINARY)
                if head.startswith(MAGIC):
                    return _of_luks1(head) or _of_luks2(opened.read(LARGEST - BINARY))
    return None


def _of_luks1(head: bytes) -> int:
    is_first = head[6:8] == b"\0\1"
    return int.from_bytes(head[104:108]) * SMALL if is_first else 0


def _of_luks2(area: bytes) -> int:
    """Give the least offset of the segments that the JSON names; 0 where it is no such JSON."""
    try:
        segments = json.loads(area.partition(b"\0")[0])["segments"].values()
        return min(int(segment["offset"]) for segment in segments)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return 0
