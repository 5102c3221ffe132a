"""The small archive that a stock kernel unpacks first: it finds the host's files and goes there."""

import lzma
import re
from pathlib import Path

from lab.errors import LabError

SIGN_OF_LIFE = "lab: this kernel boots"

# The kernel hands `lab_init=…`, being none of its own options, to process 1 as a variable. Without
# it there is nothing to do: whether the kernel gets this far was the question.
_INIT = f"""\
#!/bin/busybox sh
if [ -z "${{lab_init:-}}" ]; then
    echo '{SIGN_OF_LIFE}'
    busybox poweroff -f
fi
for module in /modules/*; do
    busybox insmod "$module" || echo "lab: $module does not load"
done
busybox mount -t 9p -o trans=virtio,version=9p2000.L,access=user,cache=loose,msize=512000 \\
    host /root || echo 'lab: the files of the host are not to be had'
exec busybox switch_root /root "$(printf '%b' "$lab_init")"
"""

_FOLDER, _PROGRAM, _FILE = 0o040755, 0o100755, 0o100644
_FIELDS_AFTER_MAGIC = 13


def build(busybox: Path, modules: list[Path]) -> bytes:
    """Build it of a static busybox and the modules to load, in this order."""
    folders = [_entry(name, _FOLDER) for name in ("bin", "dev", "modules", "root")]
    programs = [
        _entry("bin/busybox", _PROGRAM, busybox.read_bytes()),
        _entry("init", _PROGRAM, _INIT.encode()),
    ]
    numbered = [
        _entry(f"modules/{number:02}-{path.name.removesuffix('.xz')}", _FILE, _content(path))
        for number, path in enumerate(modules)
    ]
    return b"".join([*folders, *programs, *numbered, _entry("TRAILER!!!", 0)])


def as_word(path: Path) -> str:
    """Write a path as one word of the kernel's command line, whatever is in it."""
    word = re.sub(rb"[^\w/.-]", lambda odd: b"\\0%03o" % ord(odd[0]), bytes(path))
    return word.decode("ascii")


def _content(module: Path) -> bytes:
    if module.suffix == ".ko":
        return module.read_bytes()
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    raise LabError(f"{module} is packed in a way that the lab does not know; it knows .ko and .xz")


def _entry(name: str, mode: int, content: bytes = b"") -> bytes:
    """Write a member of a cpio archive of the `newc` format, which kernels read."""
    fields = [0] * _FIELDS_AFTER_MAGIC
    fields[1], fields[4] = mode, 1  # one link; owned by root, made at the epoch
    fields[6], fields[11] = len(content), len(name) + 1
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _to_4(header + name.encode() + b"\0") + _to_4(content)


def _to_4(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
