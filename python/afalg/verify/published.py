"""Published figures: what the standards and papers say must come out.

They lie in figures/, in the form that the Rust core reads too, each under its source. The
core holds a driver to one of them before it trusts it; here all of them are asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

__all__ = ["FILES", "Figure", "of", "parse"]

SHARED = ("block_ciphers", "modes", "streams", "wide")
"""What the core is compiled with (src/figures/mod.rs)."""
FILES = (*SHARED, "further/nist", "further/others")


@dataclass(frozen=True, slots=True)
class Figure:
    """A message whose ciphertext was published.

    Attributes:
        algorithm: the kernel's name; key and IV are in the kernel's layout.
        source: who published it, and where.
        key: the key.
        iv: the IV; empty where there is none.
        plain: the message.
        cipher: what it is encrypted.

    """

    algorithm: str
    source: str
    key: bytes
    iv: bytes
    plain: bytes
    cipher: bytes


_READ: list[Figure] = []
"""All of them, once they have been asked for."""


def of(algorithm: str) -> tuple[Figure, ...]:
    """Give what was published for an algorithm, the shortest messages first."""
    if not _READ:
        folder = resources.files("afalg.verify") / "figures"
        texts = ((folder / f"{name}.txt").read_text("ascii") for name in FILES)
        _READ[:] = [figure for text in texts for figure in parse(text)]
    found = (figure for figure in _READ if figure.algorithm == algorithm)
    return tuple(sorted(found, key=lambda figure: len(figure.plain)))


def parse(text: str) -> Iterator[Figure]:
    """Read figures: a name at the start of a line, then fields of hexadecimal digits.

    A field goes on where a line has digits alone; `#` begins the source of what follows.
    """
    records: list[tuple[str, str, dict[str, str]]] = []
    source = field = ""
    for line in filter(None, text.splitlines()):
        if line.startswith("#"):
            source = line.removeprefix("# ")
        elif not line.startswith(" "):
            records.append((line, source, {}))
        else:
            *begins, digits = line.split()
            field = begins[0] if begins else field
            fields = records[-1][2]
            fields[field] = fields.get(field, "") + digits
    for name, source, fields in records:
        parts = (bytes.fromhex(fields.get(field, "")) for field in ("key", "iv", "plain", "cipher"))
        yield Figure(name, source, *parts)
