"""Block counters where they carry and where they end, in one shot, in pieces and in streams.

ctr counts in the whole of its IV and wraps. xchacha counts in 64 bits, though the kernel
itself carries nothing out of the lower 32. chacha20 has 32 bits, and no block after the last.
"""

import pytest

import afalg
from oracles import Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message

CHACHA_BLOCK = 64
LAST = {"chacha20": 1 << 32, "xchacha20": 1 << 64, "xchacha12": 1 << 64}


def is_ctr(oracle: Oracle) -> bool:
    """Whether the IV is one big-endian counter."""
    return oracle.name.startswith("ctr(")


def is_xchacha(oracle: Oracle) -> bool:
    """Whether the counter has 64 bits."""
    return oracle.name.startswith("xchacha")


def has_end(oracle: Oracle) -> bool:
    """Whether the counter has a last block."""
    return oracle.name in LAST


def at_block(oracle: Oracle, block: int) -> bytes:
    """Give an IV whose counter stands at `block`."""
    if is_ctr(oracle):
        return (block % (1 << 8 * oracle.iv_size)).to_bytes(oracle.iv_size)
    if is_xchacha(oracle):
        return iv_of(oracle)[:24] + block.to_bytes(8, "little")
    return block.to_bytes(4, "little") + iv_of(oracle)[4:]


def in_pieces(cipher: afalg.Cipher, iv: bytes, data: bytes, size: int) -> bytes:
    """Run a message through a stream, `size` bytes at a time."""
    stream = cipher.encryptor(iv=iv)
    parts = [stream.update(data[at : at + size]) for at in range(0, len(data), size)]
    return b"".join([*parts, stream.finalize()])


@pytest.mark.parametrize("bits", [8, 32, 64, 128])
@pytest.mark.parametrize(("provider", "oracle"), cases(is_ctr))
def test_ctr_carries_into_the_whole_counter_and_wraps(
    new_cipher: NewCipher, oracle: Oracle, bits: int
) -> None:
    cipher, step = new_cipher(oracle.name, key_of(oracle)), oracle.chunk_size
    data = message(6 * step + 5)
    for blocks in range(5):
        iv = at_block(oracle, (1 << bits) - blocks)
        expected = oracle.encrypt(key_of(oracle), iv, data)
        assert cipher.encrypt(data, iv=iv) == expected, blocks
        for size in (1, step - 1, step, step + 1, 3 * step):
            assert in_pieces(cipher, iv, data, size) == expected, (blocks, size)


def assert_carries(
    new_cipher: NewCipher, oracle: Oracle, first: int, length: int, piece: int
) -> None:
    """Hold a message that begins at block `first` against the oracle, whole and in pieces."""
    cipher, iv = new_cipher(oracle.name, key_of(oracle)), at_block(oracle, first)
    data = message(length)
    expected = oracle.encrypt(key_of(oracle), iv, data)
    assert not difference(cipher.encrypt(data, iv=iv), expected)
    assert not difference(in_pieces(cipher, iv, data, piece), expected)


@pytest.mark.parametrize("bits", [32, 64, 128])
@pytest.mark.parametrize(("provider", "oracle"), cases(is_ctr))
def test_a_ctr_carry_between_two_kernel_requests_is_not_lost(
    new_cipher: NewCipher, limit: int, oracle: Oracle, bits: int
) -> None:
    first = (1 << bits) - limit // oracle.chunk_size
    assert_carries(new_cipher, oracle, first, limit + 4101, limit // 2 + 7)


@pytest.mark.parametrize("blocks", range(5))
@pytest.mark.parametrize(("provider", "oracle"), cases(is_xchacha))
def test_xchacha_carries_into_the_upper_half_of_its_position(
    new_cipher: NewCipher, oracle: Oracle, blocks: int
) -> None:
    for size in (1, 63, 64, 65, 128):
        assert_carries(new_cipher, oracle, (3 << 32) - blocks, 4 * CHACHA_BLOCK + 5, size)


@pytest.mark.limits
@pytest.mark.parametrize("off", [-1, 0, 1])
@pytest.mark.parametrize(("provider", "oracle"), cases(is_xchacha))
def test_an_xchacha_carry_near_the_end_of_a_kernel_request_is_not_lost(
    new_cipher: NewCipher, limit: int, oracle: Oracle, off: int
) -> None:
    first = (1 << 32) - limit // CHACHA_BLOCK + off
    assert_carries(new_cipher, oracle, first, limit + 4101, limit // 2 + 7)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("short", [0, 1, 63])
@pytest.mark.parametrize(("provider", "oracle"), cases(has_end))
def test_the_last_block_can_be_used_and_none_after_it(
    new_cipher: NewCipher, oracle: Oracle, short: int, direction: str
) -> None:
    cipher, key = new_cipher(oracle.name, key_of(oracle)), key_of(oracle)
    iv, data = at_block(oracle, LAST[oracle.name] - 3), message(3 * CHACHA_BLOCK - short)
    run, run_into = getattr(cipher, direction), getattr(cipher, f"{direction}_into")
    assert run(data, iv=iv) == oracle.encrypt(key, iv, data)
    out = bytearray(256)
    with pytest.raises(afalg.InvalidLengthError):
        run(message(3 * CHACHA_BLOCK + 1), iv=iv)
    with pytest.raises(afalg.InvalidLengthError):
        run_into(message(3 * CHACHA_BLOCK + 1), out, iv=iv)
    assert out == bytes(256)


@pytest.mark.parametrize("size", [1, 63, 64, 65, 100, 192])
@pytest.mark.parametrize(("provider", "oracle"), cases(has_end))
def test_a_stream_ends_with_the_last_block_and_refuses_a_byte_more(
    new_cipher: NewCipher, oracle: Oracle, size: int
) -> None:
    cipher, data = new_cipher(oracle.name, key_of(oracle)), message(3 * CHACHA_BLOCK)
    iv = at_block(oracle, LAST[oracle.name] - 3)
    assert in_pieces(cipher, iv, data, size) == oracle.encrypt(key_of(oracle), iv, data)
    stream = cipher.encryptor(iv=iv)
    for at in range(0, len(data), size):
        stream.update(data[at : at + size])
    with pytest.raises(afalg.InvalidLengthError):
        stream.update(bytes(1))


@pytest.mark.limits
@pytest.mark.parametrize(("provider", "oracle"), cases(has_end))
def test_the_end_of_the_counter_is_seen_beyond_one_kernel_request(
    new_cipher: NewCipher, limit: int, oracle: Oracle
) -> None:
    cipher, length = new_cipher(oracle.name, key_of(oracle)), limit + 4 * CHACHA_BLOCK
    iv = at_block(oracle, LAST[oracle.name] - length // CHACHA_BLOCK)
    expected = oracle.encrypt(key_of(oracle), iv, message(length))
    assert not difference(cipher.encrypt(message(length), iv=iv), expected)
    with pytest.raises(afalg.InvalidLengthError):
        cipher.encrypt(message(length + 1), iv=iv)


@pytest.mark.parametrize(("provider", "oracle"), cases(lambda o: o.name.startswith("lrw")))
def test_an_lrw_index_carries_and_wraps(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, data = new_cipher(oracle.name, key_of(oracle)), message(7 * 16)
    for bits in (8, 32, 64, 128):
        iv = ((1 << bits) - 3).to_bytes(16)
        expected = oracle.encrypt(key_of(oracle), iv, data)
        assert cipher.encrypt(data, iv=iv) == expected, bits
        for size in (1, 16, 48):
            assert in_pieces(cipher, iv, data, size) == expected, (bits, size)
