"""The drivers that /proc/crypto lists: all of them, which ``afalg.algorithms`` does not give."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Driver", "block_ciphers", "skciphers"]

PROC_CRYPTO = Path("/proc/crypto")
SKCIPHER_TYPES = ("skcipher", "lskcipher")


@dataclass(frozen=True, slots=True)
class Driver:
    """One implementation of one algorithm, as the kernel lists it."""

    algorithm: str
    name: str
    internal: bool
    asynchronous: bool

    @property
    def generic(self) -> str:
        """The algorithm that people ask for: internal drivers hide behind two underscores."""
        return self.algorithm.removeprefix("__")


def skciphers() -> list[Driver]:
    """Give the drivers of the type skcipher, each once; none where the file cannot be read."""
    found = [
        Driver(
            record.get("name", ""),
            record.get("driver", ""),
            record.get("internal") == "yes",
            record.get("async") == "yes",
        )
        for record in _records()
        if record.get("type") in SKCIPHER_TYPES
    ]
    return list(dict.fromkeys(found))


def block_ciphers() -> list[str]:
    """Give the block ciphers that are loaded, which a mode can be put around."""
    return sorted(
        {record.get("name", "") for record in _records() if record.get("type") == "cipher"}
    )


def _records() -> Iterator[dict[str, str]]:
    """Read the records, which empty lines part."""
    try:
        text = PROC_CRYPTO.read_text("ascii", "backslashreplace")
    except OSError:
        return
    for record in text.split("\n\n"):
        pairs = (line.partition(":") for line in record.splitlines())
        yield {key.strip(): value.strip() for key, _, value in pairs}
