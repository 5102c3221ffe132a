"""However a message is split, the pieces' results joined are the oracle's bytes.

Further: what a stream holds back, what room it needs, and when it is over.
"""

import random
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import afalg
from oracles import Lengths, Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message, pairs
from ways import begin, joined, joined_into, pieces

TAIL = 5  # bytes after the last whole block, where the mode takes any length


def three_blocks(oracle: Oracle) -> bytes:
    """Give a message of three steps, and a tail where the mode takes one."""
    tail = 0 if oracle.lengths is Lengths.WHOLE_BLOCKS else TAIL
    return message(3 * oracle.chunk_size + tail)


def sides(oracle: Oracle, direction: str, data: bytes) -> tuple[bytes, bytes]:
    """Give what goes in and what must come out."""
    hidden = oracle.encrypt(key_of(oracle), iv_of(oracle), data)
    return (data, hidden) if direction == "encrypt" else (hidden, data)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("join", [joined, joined_into])
@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_every_split_in_two_equals_one_call(
    new_cipher: NewCipher,
    oracle: Oracle,
    direction: str,
    join: Callable[[afalg.Stream, Iterable[bytes]], bytes],
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    fed, expected = sides(oracle, direction, three_blocks(oracle))
    for cut in range(len(fed) + 1):
        stream = begin(cipher, direction, iv_of(oracle))
        assert join(stream, pieces(fed, [cut])) == expected, cut


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_a_message_fed_byte_by_byte_equals_one_call(
    new_cipher: NewCipher, oracle: Oracle, direction: str
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    fed, expected = sides(oracle, direction, three_blocks(oracle))
    for join in (joined, joined_into):
        stream = begin(cipher, direction, iv_of(oracle))
        assert join(stream, pieces(fed, range(1, len(fed)))) == expected


def random_cuts(seed: str, length: int, count: int) -> list[int]:
    """Give places to cut at, the same for the same seed."""
    return random.Random(seed).choices(range(length + 1), k=count)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: not oracle.one_request))
def test_a_mebibyte_in_random_pieces_equals_one_call(
    new_cipher: NewCipher, oracle: Oracle, direction: str
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    length = (1 << 20) + len(three_blocks(oracle))
    fed, expected = sides(oracle, direction, message(length))
    cuts = random_cuts(f"{oracle.name} {direction}", length, 24)
    stream = begin(cipher, direction, iv_of(oracle))
    assert not difference(joined(stream, pieces(fed, cuts)), expected), cuts


@pytest.mark.limits
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: not oracle.one_request))
def test_pieces_beyond_three_kernel_requests_equal_one_call(
    new_cipher: NewCipher, limit: int, oracle: Oracle
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    direction = DIRECTIONS[len(oracle.name) % 2]
    length = 3 * limit + len(three_blocks(oracle))
    fed, expected = sides(oracle, direction, message(length))
    stream = begin(cipher, direction, iv_of(oracle))
    cuts = [3, 3 + 2 * limit + 9]  # the second piece is itself beyond two requests
    assert not difference(joined(stream, pieces(fed, cuts)), expected), direction


@pytest.mark.limits
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.one_request))
def test_a_mode_that_cannot_be_cut_holds_all_back_until_finalize(
    new_cipher: NewCipher, limit: int, oracle: Oracle, direction: str
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    length = cipher.max_message or limit
    fed, expected = sides(oracle, direction, message(length))
    stream = begin(cipher, direction, iv_of(oracle))
    if cipher.max_message is not None:
        assert [stream.update(part) for part in pieces(fed, [1, 5000])] == [b"", b"", b""]
        with pytest.raises(afalg.MessageTooLongError):
            stream.update(bytes(1))
        assert not difference(stream.finalize(), expected)
    else:
        assert not difference(joined(stream, pieces(fed, [1, 5000])), expected)


def gives_whole_steps(oracle: Oracle) -> bool:
    """Whether a stream gives every step of more than a byte as soon as it is whole."""
    return (
        oracle.chunk_size > 1
        and oracle.lengths is not Lengths.ONE_BLOCK_OR_MORE
        and (not oracle.one_request)
    )


@given(data=st.data())
def test_any_split_of_any_message_equals_one_call(
    new_cipher: NewCipher, provider: str, data: st.DataObject
) -> None:
    served = [oracle for name, oracle in pairs() if name == provider]
    oracle = data.draw(st.sampled_from(served))
    direction = data.draw(st.sampled_from(DIRECTIONS))
    count = data.draw(st.integers(1, 6 * oracle.chunk_size))
    unit = oracle.block_size if oracle.lengths is Lengths.WHOLE_BLOCKS else 1
    length = max(count // unit * unit, oracle.block_size)
    cuts = data.draw(st.lists(st.integers(0, length), max_size=8))
    join = data.draw(st.sampled_from([joined, joined_into]))
    fed, expected = sides(oracle, direction, data.draw(st.binary(min_size=length, max_size=length)))
    stream = begin(new_cipher(oracle.name, key_of(oracle)), direction, iv_of(oracle))
    assert join(stream, pieces(fed, cuts)) == expected


@pytest.mark.parametrize(("provider", "oracle"), cases(gives_whole_steps))
def test_update_into_names_the_room_it_needs_and_takes_nothing_without(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    step, data = oracle.chunk_size, three_blocks(oracle)
    stream = begin(new_cipher(oracle.name, key_of(oracle)), "encrypt", iv_of(oracle))
    result = stream.update(data[: step - 1])
    assert result == b""
    out = bytearray(b"\xa5" * (2 * step - 1))
    with pytest.raises(afalg.InvalidLengthError, match=str(2 * step)):
        stream.update_into(data[step - 1 : 2 * step], out)
    assert out == b"\xa5" * (2 * step - 1)
    out = bytearray(2 * step)
    result += out[: stream.update_into(data[step - 1 : 2 * step], out)]
    result += stream.update(data[2 * step :]) + stream.finalize()
    assert result == oracle.encrypt(key_of(oracle), iv_of(oracle), data)


@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: oracle.lengths is not Lengths.WHOLE_BLOCKS)
)
def test_finalize_into_names_the_room_it_needs_and_ends_nothing_without(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    data = three_blocks(oracle)
    stream = begin(new_cipher(oracle.name, key_of(oracle)), "encrypt", iv_of(oracle))
    result = stream.update(data)
    due = len(data) - len(result)
    if due:
        with pytest.raises(afalg.InvalidLengthError, match=str(due)):
            stream.finalize_into(bytearray(due - 1))
    out = bytearray(b"\xa5" * (due + 3))
    assert stream.finalize_into(out) == due
    assert out[due:] == b"\xa5" * 3
    assert result + out[:due] == oracle.encrypt(key_of(oracle), iv_of(oracle), data)


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_what_is_ready_is_given_at_once_and_only_the_rest_held_back(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    step, blocks = oracle.chunk_size, 8
    held = {"cts": 2 * step, "xts": 2 * step}.get(oracle.name[:3], step)
    cipher = new_cipher(oracle.name, key_of(oracle))
    stream = begin(cipher, "encrypt", iv_of(oracle))
    ready = len(stream.update(message(blocks * step)))
    whole = oracle.one_request and cipher.provider == "kernel"
    if whole or oracle.name.startswith("adiantum"):
        assert ready == 0
    else:
        assert ready >= blocks * step - held


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("provider", "oracle"), cases(lambda oracle: oracle.block_size > 1))
def test_a_message_against_the_length_rule_fails_at_its_end(
    new_cipher: NewCipher, oracle: Oracle, direction: str
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    whole = oracle.lengths is Lengths.WHOLE_BLOCKS
    wrong = (1, oracle.block_size + 1) if whole else (0, 1, oracle.block_size - 1)
    for length in wrong:
        stream = begin(cipher, direction, iv_of(oracle))
        stream.update(message(length))
        with pytest.raises(afalg.InvalidLengthError):
            stream.finalize()


@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: oracle.lengths is not Lengths.ONE_BLOCK_OR_MORE)
)
def test_an_empty_message_gives_nothing(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    for direction in DIRECTIONS:
        assert joined(begin(cipher, direction, iv_of(oracle)), []) == b""
        assert joined_into(begin(cipher, direction, iv_of(oracle)), [b"", b""]) == b""


def test_a_finalized_stream_takes_nothing_more(new_cipher: NewCipher) -> None:
    stream = new_cipher("ctr(aes)", bytes(16)).encryptor(iv=bytes(16))
    stream.update(b"abc")
    stream.finalize()
    calls: list[Callable[[], object]] = [
        lambda: stream.update(b""),
        lambda: stream.update_into(b"", bytearray(16)),
        stream.finalize,
        lambda: stream.finalize_into(bytearray(16)),
    ]
    for call in calls:
        with pytest.raises(afalg.StreamStateError):
            call()


@pytest.mark.parametrize("start", [0, 1, 15])
def test_a_stream_refuses_any_overlap(new_cipher: NewCipher, start: int) -> None:
    area = bytearray(message(64))
    stream = new_cipher("ctr(aes)", bytes(16)).encryptor(iv=bytes(16))
    with pytest.raises(afalg.BufferOverlapError):
        stream.update_into(memoryview(area)[:16], memoryview(area)[start : start + 16])
    assert area == message(64)


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_streams_of_one_cipher_do_not_disturb_each_other(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, iv, data = new_cipher(oracle.name, key_of(oracle)), iv_of(oracle), three_blocks(oracle)
    expected = oracle.encrypt(key_of(oracle), iv, data)
    streams = [cipher.encryptor(iv=iv) for _ in range(3)]
    results = [b"", b"", b""]
    for part in pieces(data, range(7, len(data), 7)):
        results = [found + s.update(part) for found, s in zip(results, streams, strict=True)]
        assert cipher.encrypt(data, iv=iv) == expected
    results = [found + s.finalize() for found, s in zip(results, streams, strict=True)]
    assert results == [expected] * 3
