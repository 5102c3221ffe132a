"""What is compared: algorithms with their sizes, and examples drawn for each.

An example shrinks towards a short message, a key and an IV of zeros, one call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import afalg
from oracles import Lengths
from ways import LONG_CALLS, begin, joined, joined_into, pieces

PAGE = 4096
PIECE = 1 << 19  # the most that one kernel request carries of a message that may be cut
STEALING = ("xts", "cts", "adiantum", "hctr2")
WAYS = (*LONG_CALLS, "stream", "stream_into")

Outcome = bytes | type[afalg.AfalgError]


@dataclass(frozen=True)
class Subject:
    """An algorithm of the userspace provider."""

    name: str
    key_sizes: tuple[int, ...]
    iv_size: int
    block: int
    chunk: int
    lengths: Lengths

    def fit(self, length: int) -> int:
        """Give the nearest length, not longer unless it must be, that the mode takes."""
        match self.lengths:
            case Lengths.ANY:
                return length
            case Lengths.WHOLE_BLOCKS:
                return length // self.block * self.block
            case Lengths.ONE_BLOCK_OR_MORE:
                return max(length, self.block)

    @property
    def unit(self) -> int:
        """The least by which lengths differ."""
        return self.block if self.lengths is Lengths.WHOLE_BLOCKS else 1


def subject(info: afalg.AlgorithmInfo) -> Subject:
    """Tell the length rule by the name: /proc/crypto has nothing that would."""
    known = info.key_sizes, info.iv_size, info.block_size, info.chunk_size
    key_sizes, iv_size, block, chunk = known
    assert key_sizes is not None
    assert iv_size is not None
    assert block is not None
    assert chunk is not None
    outer = info.name.partition("(")[0]
    if outer in STEALING:
        lengths = Lengths.ONE_BLOCK_OR_MORE
    else:
        lengths = Lengths.WHOLE_BLOCKS if block > 1 else Lengths.ANY
    # Two keys of one size.
    taken = [size for size in key_sizes if outer != "xts" or size % 2 == 0]
    return Subject(info.name, tuple(taken), iv_size, block, chunk, lengths)


SUBJECTS = [subject(info) for info in afalg.algorithms("skcipher") if "userspace" in info.providers]


@dataclass(frozen=True)
class Example:
    """A message under a key and an IV, and how each provider gets it."""

    key: bytes
    iv: bytes
    length: int
    cuts: tuple[int, ...] = ()
    kernel: str = "one_shot"
    userspace: str = "one_shot"


def counters(width: int, blocks: int) -> SearchStrategy[int]:
    """Give where a counter of `width` bytes stands: free, or to carry within the message."""

    def before(bits: int, upper: int, left: int) -> int:
        return ((upper << bits) - left) % (1 << 8 * width)

    carries = st.sampled_from([bits for bits in (8, 32, 64, 8 * width) if bits <= 8 * width])
    upper = st.one_of(st.just(1), st.integers(0, (1 << 8 * width) - 1))
    return st.one_of(
        st.integers(0, (1 << 8 * width) - 1),
        st.builds(before, carries, upper, st.integers(0, blocks + 2)),
    )


def counter_bytes(chosen: Subject) -> int:
    """Give the width of the block counter in the IV; 0 where there is none."""
    if chosen.name == "chacha20":
        return 4
    if chosen.name.startswith("xchacha"):
        return 8
    return chosen.iv_size if chosen.name.startswith(("ctr(", "lrw(")) else 0


def at_counter(chosen: Subject, counter: int, nonce: bytes) -> bytes:
    """Put a counter into an IV: in front in chacha20, behind in xchacha, else it is all of it."""
    width = counter_bytes(chosen)
    rest = nonce[: chosen.iv_size - width]
    if chosen.name == "chacha20":
        return counter.to_bytes(width, "little") + rest
    order: Literal["little", "big"] = "little" if rest else "big"
    return rest + counter.to_bytes(width, order)


def ends(chosen: Subject) -> bool:
    """Whether the counter has a last block, after which everybody refuses to go on."""
    return "chacha" in chosen.name and counter_bytes(chosen) > 0


def ivs(chosen: Subject, blocks: int) -> SearchStrategy[bytes]:
    """Give an IV, with its counter about to carry or to end where the mode has one."""
    free = st.binary(min_size=chosen.iv_size, max_size=chosen.iv_size)
    width = counter_bytes(chosen)
    if width:
        return st.builds(at_counter, st.just(chosen), counters(width, blocks), free)
    return st.one_of(free, st.just(b"\xff" * chosen.iv_size))


def keys(chosen: Subject) -> SearchStrategy[bytes]:
    """Give a key of any of its sizes; weak ones are as good."""
    sizes = st.sampled_from(chosen.key_sizes)
    return sizes.flatmap(lambda size: st.binary(min_size=size, max_size=size))


def lengths(chosen: Subject) -> SearchStrategy[int]:
    """Give a length that the mode takes: any short one, or one at an edge."""
    edges = [0, chosen.block, *(count * chosen.chunk for count in (1, 2, 3, 8, 16))]
    pages = [PAGE, 2 * PAGE, 4 * PAGE, 16 * PAGE]
    off = st.sampled_from([0, chosen.unit, -chosen.unit])
    near = st.builds(lambda edge, by: max(edge + by, 0), st.sampled_from(edges), off)
    far = st.builds(lambda edge, by: edge + by, st.sampled_from(pages), off)
    return st.one_of(near, st.integers(0, 6 * chosen.chunk), far).map(chosen.fit)


@st.composite
def examples(draw: st.DrawFn, chosen: Subject) -> Example:
    """Draw a length first, since IVs and cuts are aimed by it."""
    length = draw(lengths(chosen))
    return Example(
        key=draw(keys(chosen)),
        iv=draw(ivs(chosen, length // chosen.chunk)),
        length=length,
        cuts=tuple(sorted(draw(st.lists(st.integers(0, length), max_size=5)))),
        kernel=draw(st.sampled_from(WAYS)),
        userspace=draw(st.sampled_from(WAYS)),
    )


def crypt(
    cipher: afalg.Cipher, way: str, direction: str, data: bytes, iv: bytes, cuts: tuple[int, ...]
) -> bytes | bytearray:
    """Run a message one of the ways."""
    if way in ("stream", "stream_into"):
        join = joined if way == "stream" else joined_into
        return join(begin(cipher, direction, iv), pieces(data, cuts))
    return LONG_CALLS[way](cipher, direction, data, iv)


def outcome(run: Callable[..., Any], *arguments: object) -> Outcome:
    """Give the bytes, or which error it is: that too has to be the same."""
    try:
        return bytes(run(*arguments))
    except afalg.AfalgError as error:
        return type(error)


def told(found: Outcome) -> str:
    """Show an outcome in a few words."""
    return f"{len(found)} bytes" if isinstance(found, bytes) else found.__name__
