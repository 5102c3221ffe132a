"""encrypt_many and decrypt_many: each message is as if alone, or one is told by its place."""

import copy
import mmap
import pickle
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest

import afalg
from oracles import ORACLES, Lengths, Oracle, difference
from oracles.cases import DIRECTIONS, NewCipher, cases, iv_of, key_of, message

SMALL = 4 << 10  # what goes over a ring at most
PIECE = 1 << 19  # the most that one kernel request carries of a message that may be cut
FEW, SOME, MANY = 3, 5, 70  # too few for a ring, enough, more than one chain of it
KEY, IV = bytes(range(16)), bytes(range(16))
Wrong: TypeAlias = Any  # an argument that may be against the signature
Request = tuple[bytes, bytes]
Many = Callable[..., list[bytes]]


def many(cipher: afalg.Cipher, direction: str) -> Many:
    """Give encrypt_many or decrypt_many."""
    call: Many = getattr(cipher, f"{direction}_many")
    return call


def fit(oracle: Oracle, length: int) -> int:
    """Give the nearest length that the mode takes."""
    if oracle.lengths is Lengths.WHOLE_BLOCKS:
        return length // oracle.block_size * oracle.block_size
    return max(length, oracle.block_size) if oracle.lengths is not Lengths.ANY else length


def mixture(oracle: Oracle) -> list[Request]:
    """Give messages of every kind of length, in no order, no two of them with one IV."""
    edges = [0, 1, 7, 16, 63, 4096, 4099, SMALL - 16, SMALL - 1, SMALL, SMALL + 1, SMALL + 16]
    longest = [] if oracle.one_request else [PIECE + 5]
    lengths = [*edges, 65_537, *longest, *range(16, 16 * MANY, 16)]
    drawn = random.Random(f"mixture of {oracle.name}")
    drawn.shuffle(lengths)
    iv, requests = iv_of(oracle), list[Request]()
    for number, length in enumerate(lengths):
        place = 5 if oracle.name == "chacha20" else 0  # behind its counter
        changed = bytes(a ^ (number if at == place else 0) for at, a in enumerate(iv))
        requests.append((message(number + fit(oracle, length))[number:], changed))
    return requests


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_a_mixture_is_each_message_alone_in_its_order(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher = new_cipher(oracle.name, key_of(oracle))
    requests = mixture(oracle)
    single = [cipher.encrypt(data, iv=iv) for data, iv in requests]
    for number in (3, 30):
        data, iv = requests[number]
        assert not difference(single[number], oracle.encrypt(key_of(oracle), iv, data))
    back = [(hidden, iv) for hidden, (_, iv) in zip(single, requests, strict=True)]
    plain = [data for data, _ in requests]
    for threads in (None, 2):
        assert cipher.encrypt_many(requests, threads=threads) == single
        assert cipher.decrypt_many(iter(back), threads=threads) == plain


@pytest.mark.parametrize("count", [0, 1, FEW, SOME, 64, 65, 130])
@pytest.mark.parametrize("threads", [1, 3, 1000])
def test_any_number_of_messages_and_threads_will_do(
    new_cipher: NewCipher, count: int, threads: int
) -> None:
    oracle = ORACLES["cbc(aes)"]
    cipher = new_cipher(oracle.name, key_of(oracle))
    requests = [(message(16 * number + 16)[-16:], IV) for number in range(count)]
    due = [oracle.encrypt(key_of(oracle), IV, data) for data, _ in requests]
    assert cipher.encrypt_many(iter(requests), threads=threads) == due
    assert cipher.decrypt_many(((data, IV) for data in due), threads=threads) == [
        data for data, _ in requests
    ]


def test_messages_may_lie_in_any_buffers_the_same_one_too(new_cipher: NewCipher) -> None:
    cipher, data = new_cipher("ctr(aes)", KEY), message(4096)
    mapped = mmap.mmap(-1, len(data))
    mapped[:] = data
    held = bytearray(data)
    whole = memoryview(held)
    requests: list[tuple[Wrong, Wrong]] = [
        (data, IV),
        (held, bytearray(IV)),
        (whole, memoryview(IV)),
        (mapped, IV),
        (whole[1:101], IV),
        (whole[50:50], IV),
        (held, IV),
    ]
    hidden = cipher.encrypt(data, iv=IV)
    due = [hidden] * 4 + [cipher.encrypt(data[1:101], iv=IV), b"", hidden]
    assert cipher.encrypt_many(requests) == due
    assert held == data
    assert mapped[:] == data


def test_where_there_is_no_iv_none_and_empty_are_the_same(new_cipher: NewCipher) -> None:
    cipher, data = new_cipher("ecb(aes)", KEY), message(32)
    assert cipher.encrypt_many([(data, None), (data, b"")]) == [cipher.encrypt(data)] * 2
    with pytest.raises(afalg.InvalidIVError, match="request 1: iv has 16 bytes"):
        cipher.encrypt_many([(data, None), (data, IV)])


class StopError(Exception):
    """What an iterable raises."""


def stopping(error: BaseException) -> Iterator[Request]:
    """Give a request, then raise."""
    yield bytes(16), IV
    raise error


@pytest.mark.parametrize("error", [StopError("mine"), KeyboardInterrupt(), GeneratorExit()])
def test_what_an_iterable_raises_goes_through_as_it_is(
    new_cipher: NewCipher, error: BaseException
) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    with pytest.raises(type(error)) as caught:
        cipher.encrypt_many(stopping(error))
    assert caught.value is error
    assert not hasattr(error, "index")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ((bytes(16),), "request 2 is of type tuple, it must be a tuple of two"),
        ((bytes(16), IV, None), "request 2 is of type tuple, it must be a tuple of two"),
        ([bytes(16), IV], "request 2 is of type list, it must be a tuple of two"),
        (bytes(16), "request 2 is of type bytes, it must be a tuple of two"),
        (None, "request 2 is of type NoneType, it must be a tuple of two"),
        (("text", IV), "request 2: data is of type str, it must be bytes-like"),
        ((None, IV), "request 2: data is of type NoneType, it must be bytes-like"),
        ((bytes(16), "text"), "request 2: iv is of type str, it must be bytes-like"),
    ],
)
def test_what_is_no_request_is_a_type_error_with_its_place(
    new_cipher: NewCipher, request_: Wrong, told: str
) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    requests = [(bytes(16), IV), (bytes(32), IV), request_, (bytes(16), IV)]
    for direction in DIRECTIONS:
        with pytest.raises(TypeError) as caught:
            many(cipher, direction)(requests)
        assert str(caught.value).startswith(told)


def test_what_lies_in_several_places_is_a_buffer_error_with_its_place(
    new_cipher: NewCipher,
) -> None:
    cipher, scattered = new_cipher("cbc(aes)", KEY), memoryview(bytes(64))[::2]
    for name, request in (("data", (scattered, IV)), ("iv", (bytes(16), scattered))):
        with pytest.raises(BufferError, match=f"^request 1: {name} is not one C-contiguous run"):
            cipher.encrypt_many([(bytes(16), IV), request])


@pytest.mark.parametrize("requests", [7, None, object()])
def test_what_is_no_iterable_is_a_type_error(new_cipher: NewCipher, requests: Wrong) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        new_cipher("cbc(aes)", KEY).encrypt_many(requests)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ((bytes(16), bytes(15)), afalg.InvalidIVError("iv has 15 bytes, cbc(aes) needs 16")),
        ((bytes(16), None), afalg.InvalidIVError("iv is missing, cbc(aes) needs one of 16 bytes")),
        ((bytes(15), IV), afalg.InvalidLengthError("data has 15 bytes, cbc(aes) needs a multiple")),
    ],
)
@pytest.mark.parametrize("place", [0, 66])
def test_a_wrong_request_is_told_by_its_place(
    new_cipher: NewCipher, wrong: Wrong, error: afalg.AfalgError, place: int
) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    requests = [(bytes(16), IV)] * MANY
    requests[place] = wrong
    for call in (cipher.encrypt_many, cipher.decrypt_many):
        with pytest.raises(type(error)) as caught:
            call(requests, threads=2)
        assert str(caught.value).startswith(f"request {place}: {error}")
        assert place == caught.value.index
    assert cipher.encrypt_many(requests[:place]) == [cipher.encrypt(bytes(16), iv=IV)] * place


def test_the_first_of_two_wrong_requests_is_told(new_cipher: NewCipher) -> None:
    requests = [(bytes(16), IV), (bytes(15), IV), (bytes(16), b"")]
    with pytest.raises(afalg.InvalidLengthError, match=r"^request 1: "):
        new_cipher("cbc(aes)", KEY).encrypt_many(requests)


@pytest.mark.kernel
def test_a_message_that_is_too_long_is_told_by_its_place() -> None:
    with afalg.Cipher("xts(aes)", bytes(range(64)), provider="kernel") as cipher:
        data = bytes((cipher.max_message or 0) + 16)
        with pytest.raises(afalg.MessageTooLongError, match=r"^request 1: ") as caught:
            cipher.encrypt_many([(bytes(16), IV), (data, IV)])
    assert caught.value.index == 1


def test_an_error_with_a_place_keeps_it_in_a_copy(new_cipher: NewCipher) -> None:
    with pytest.raises(afalg.InvalidIVError) as caught:
        new_cipher("cbc(aes)", KEY).encrypt_many([(bytes(16), IV), (bytes(16), bytes(3))])
    error = caught.value
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(again) is afalg.InvalidIVError
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
        assert vars(again)["index"] == 1


@pytest.mark.parametrize("wrong", [0, -1, 2**70])
def test_a_number_of_threads_that_is_none_is_told(new_cipher: NewCipher, wrong: int) -> None:
    cipher, out = new_cipher("cbc(aes)", KEY), bytearray(16)
    text = rf"^threads is {wrong}, it must be 1 or more"
    for call in threaded(cipher, out):
        with pytest.raises(afalg.InvalidInputError, match=text):
            call(wrong)
    assert out == bytes(16)


@pytest.mark.parametrize("wrong", ["2", 1.5, b"two", [2]])
def test_what_is_no_number_of_threads_is_told(new_cipher: NewCipher, wrong: Wrong) -> None:
    cipher, out = new_cipher("cbc(aes)", KEY), bytearray(16)
    for call in threaded(cipher, out):
        with pytest.raises(TypeError, match=r"^threads is of type .*, it must be an int"):
            call(wrong)
    assert out == bytes(16)


def threaded(cipher: afalg.Cipher, out: bytearray) -> list[Callable[[Wrong], object]]:
    """Give every call that takes a number of threads."""
    data, requests = bytes(16), [(bytes(16), IV)]
    return [
        lambda threads: cipher.encrypt(data, iv=IV, threads=threads),
        lambda threads: cipher.decrypt(data, iv=IV, threads=threads),
        lambda threads: cipher.encrypt_into(data, out, iv=IV, threads=threads),
        lambda threads: cipher.decrypt_into(data, out, iv=IV, threads=threads),
        lambda threads: cipher.encrypt_many(requests, threads=threads),
        lambda threads: cipher.decrypt_many(requests, threads=threads),
        lambda threads: cipher.encrypt_units(data, unit_size=16, threads=threads),
        lambda threads: cipher.decrypt_units(data, unit_size=16, threads=threads),
        lambda threads: cipher.encrypt_units_into(data, out, unit_size=16, threads=threads),
        lambda threads: cipher.decrypt_units_into(data, out, unit_size=16, threads=threads),
    ]
