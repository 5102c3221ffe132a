"""The largest kernel request, with the output anywhere in a page: right bytes.

The trap: a receive that fills the receive buffer of its socket over an output that does not
begin at a page is cut by the kernel into several requests (af_alg_get_rsgl), which most
modes do not survive. What a request carries differs for a process without capabilities.
"""

import mmap
from functools import lru_cache

import pytest

import afalg
from oracles import ORACLES, Lengths, Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message

pytestmark = pytest.mark.limits

PAGE = mmap.PAGESIZE
OFFSETS = (0, 1, 5, 16, 32, PAGE - 1)
MARK = 0xA5
WHOLE = ("xts(aes)", "adiantum(xchacha12,aes)", "essiv(cbc(aes),sha256)")
CUT = ("cbc(aes)", "ctr(aes)", "cts(cbc(aes))", "rfc3686(ctr(aes))", "chacha20", "lrw(aes)")
LEAST = 212_992 - PAGE  # what Linux 6.1 grants anybody: net.core.wmem_default less a page


class Area:
    """Memory that begins at a page, and a window somewhere in it."""

    def __init__(self, size: int, offset: int) -> None:
        self.size, self.offset = size, offset
        self.whole = mmap.mmap(-1, size + 2 * PAGE)
        self.whole[:] = bytes([MARK]) * len(self.whole)
        self.window = memoryview(self.whole)[offset : offset + size]

    def strays(self) -> bool:
        """Whether anything outside the window was written to."""
        before, after = self.whole[: self.offset], self.whole[self.offset + self.size :]
        return before.strip(bytes([MARK])) + after.strip(bytes([MARK])) != b""


@lru_cache(maxsize=2)
def answer(name: str, length: int) -> bytes:
    """Give the oracle's ciphertext."""
    oracle = ORACLES[name]
    return oracle.encrypt(key_of(oracle), iv_of(oracle), message(length))


def sides(cipher: afalg.Cipher, direction: str, length: int) -> tuple[bytes, bytes]:
    """Give what goes in and what must come out."""
    plain, hidden = message(length), answer(cipher.algorithm, length)
    return (plain, hidden) if direction == "encrypt" else (hidden, plain)


def run_into(
    cipher: afalg.Cipher, direction: str, given: bytes | memoryview, out: memoryview
) -> None:
    """Run a message into a buffer."""
    run = cipher.encrypt_into if direction == "encrypt" else cipher.decrypt_into
    assert run(given, out, iv=iv_of(ORACLES[cipher.algorithm])) == len(given)


def assert_right_apart(cipher: afalg.Cipher, direction: str, length: int, offset: int) -> None:
    """Run a message into other memory and look around it."""
    given, expected = sides(cipher, direction, length)
    area = Area(length, offset)
    run_into(cipher, direction, given, area.window)
    assert not difference(area.window, expected)
    assert not area.strays()


def assert_right_in_place(cipher: afalg.Cipher, direction: str, length: int, offset: int) -> None:
    """Run a message over itself and look around it."""
    given, expected = sides(cipher, direction, length)
    area = Area(length, offset)
    area.window[:] = given
    run_into(cipher, direction, area.window, area.window)
    assert not difference(area.window, expected)
    assert not area.strays()


def direction_at(offset: int) -> str:
    """Take each direction at every other offset: the trap does not know them."""
    return DIRECTIONS[OFFSETS.index(offset) % 2]


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name in WHOLE))
def test_the_longest_message_of_a_mode_that_cannot_be_cut_may_lie_anywhere(
    new_cipher: NewCipher, limit: int, oracle: Oracle, offset: int
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    longest = cipher.max_message or limit
    assert_right_apart(cipher, direction_at(offset), longest, offset)
    assert_right_in_place(cipher, direction_at(offset), longest, offset)


@pytest.mark.parametrize("less", [1, 17, PAGE - 1, PAGE + 1, 16 * PAGE])
@pytest.mark.parametrize("offset", [0, 5, PAGE - 1])
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name == "xts(aes)"))
def test_a_message_just_below_the_limit_may_lie_anywhere(
    new_cipher: NewCipher, limit: int, oracle: Oracle, offset: int, less: int
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    assert_right_apart(cipher, "encrypt", limit - less, offset)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.name in CUT))
def test_messages_of_one_piece_and_of_more_may_lie_anywhere(
    new_cipher: NewCipher, limit: int, oracle: Oracle, offset: int
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    tail = 0 if oracle.lengths is Lengths.WHOLE_BLOCKS else 7
    assert_right_apart(cipher, direction_at(offset), limit, offset)
    more = limit + 3 * oracle.chunk_size + tail
    assert_right_in_place(cipher, direction_at(offset), more, offset)


@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: oracle.one_request, of="kernel")
)
def test_a_byte_more_than_the_limit_is_refused_and_the_limit_named(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    longest = cipher.max_message
    assert longest is not None
    assert longest >= LEAST
    out = bytearray(longest + oracle.block_size)
    text = rf"carries at most {longest} .*net\.core\.wmem_max"
    with pytest.raises(afalg.MessageTooLongError, match=text):
        cipher.encrypt_into(message(len(out)), out, iv=iv_of(oracle))
    assert not any(out)
    stream = cipher.encryptor(iv=iv_of(oracle))
    stream.update(message(longest))
    with pytest.raises(afalg.MessageTooLongError, match=text):
        stream.update(bytes(1))
    assert not difference(stream.finalize(), answer(oracle.name, longest))
