"""One message and the way that it is run: the unit of what is verified."""

from dataclasses import dataclass, fields
from random import Random
from typing import Literal, TypeAlias

__all__ = ["WAYS", "Case", "Direction", "Way"]

# As in options.py, for stubtest.
Direction: TypeAlias = Literal["encrypt"] | Literal["decrypt"]  # noqa: PYI030
Way: TypeAlias = (
    Literal["one-shot"]  # noqa: PYI030
    | Literal["in-place"]
    | Literal["into"]
    | Literal["stream"]
    | Literal["stream-into"]
    | Literal["many"]
    | Literal["units"]
    | Literal["threads"]
    | Literal["concurrent"]
)
WAYS: tuple[Way, ...] = (
    "one-shot",
    "in-place",
    "into",
    "stream",
    "stream-into",
    "many",
    "units",
    "threads",
    "concurrent",
)
"""The simplest first."""


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Case:
    """A message under a key and an IV, and how the driver gets it.

    Its keys and messages are generated or published, and protect nothing: they may be shown.

    Attributes:
        direction: "encrypt" or "decrypt".
        way: "one-shot": one call; "in-place": over the message itself; "into": into another
            buffer; "stream": in pieces by ``update``; "stream-into": by ``update_into``;
            "many": as messages of their own in one ``encrypt_many``; "units": as disk units,
            numbered; "threads": one call that shares it out; "concurrent": threads that run
            the same message through one Cipher at once.
        key: the key.
        iv: the IV; every second one of "many" has 1, 0, 0, ... instead.
        length: of the message, in bytes.
        data: the message, or what its bytes are drawn from; "": it is zeros.
        cuts: where "stream" and "many" cut the message.
        offsets: where message and output begin in their buffers, in bytes.
        unit: the size of a unit.
        first_iv: the number of the first unit.
        threads: how many.

    """

    direction: Direction
    way: Way = "one-shot"
    key: bytes
    iv: bytes = b""
    length: int
    data: str | bytes = ""
    cuts: tuple[int, ...] = ()
    offsets: tuple[int, int] = (0, 0)
    unit: int = 0
    first_iv: int = 0
    threads: int = 1

    @property
    def message(self) -> bytes:
        """The bytes of the message. A shorter one of the same case begins alike."""
        if isinstance(self.data, bytes):
            return self.data[: self.length]
        if not self.data:
            return bytes(self.length)
        words = -(-self.length // 4)
        drawn = Random(self.data).randbytes(4 * words)  # noqa: S311 - to be had again
        return drawn[: self.length]

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the pieces between the cuts."""
        ends = (*self.cuts, self.length)
        return tuple(end - begin for begin, end in zip((0, *ends), ends, strict=False))

    @property
    def pieces(self) -> list[bytes]:
        """The message, cut."""
        ends = (*self.cuts, self.length)
        whole = self.message
        return [whole[begin:end] for begin, end in zip((0, *ends), ends, strict=False)]

    def __repr__(self) -> str:
        """Give the call that makes it; what is as usual is left out."""
        shown = [
            f"{field.name}={_shown(getattr(self, field.name))}"
            for field in fields(self)
            if getattr(self, field.name) != field.default
        ]
        return f"Case({', '.join(shown)})"


def _shown(value: object) -> str:
    """Give a value as Python has it, bytes as people can read them."""
    if not isinstance(value, bytes):
        return repr(value)
    if not any(value):
        return f"bytes({len(value)})"
    return f'bytes.fromhex("{value.hex()}")'
