"""What an oracle is: an algorithm by its kernel name, computed by something that is not the kernel.

The sizes are those of /proc/crypto, so a test can hold a Cipher's attributes against them.
An oracle answers any message that the algorithm allows and knows nothing of requests, pieces
or limits: `one_request` says only that the kernel cannot go on past one request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

Transform = Callable[[bytes, bytes, bytes], bytes]  # key, iv, data


class Lengths(Enum):
    """Which message lengths a mode takes."""

    ANY = auto()
    WHOLE_BLOCKS = auto()
    ONE_BLOCK_OR_MORE = auto()


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """One algorithm: its sizes, its length rule, and both directions."""

    name: str
    key_sizes: tuple[int, ...]
    iv_size: int
    block_size: int
    chunk_size: int
    lengths: Lengths
    encrypt: Transform
    decrypt: Transform
    one_request: bool = False

    @property
    def key_size(self) -> int:
        """The largest key."""
        return max(self.key_sizes)

    def directed(self, direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
        """Encrypt or decrypt."""
        run = self.encrypt if direction == "encrypt" else self.decrypt
        return run(key, iv, data)

    def allows(self, length: int) -> bool:
        """Whether a message of `length` bytes is one that the mode takes."""
        match self.lengths:
            case Lengths.ANY:
                return True
            case Lengths.WHOLE_BLOCKS:
                return length % self.block_size == 0
            case Lengths.ONE_BLOCK_OR_MORE:
                return length >= self.block_size
