"""When a Cipher and a Stream can be used: closed, finished, failed, left early, copied."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import pytest

import afalg
from oracles import ORACLES, Oracle
from oracles.cases import NewCipher, cases, iv_of, key_of, message

IV = bytes(range(16))
Calls: TypeAlias = list[Callable[[], object]]


class OutsideError(Exception):
    """Something that has nothing to do with the package."""


def made(new_cipher: NewCipher, algorithm: str = "cbc(aes)") -> afalg.Cipher:
    """Make the Cipher that the oracle has the answers of."""
    return new_cipher(algorithm, key_of(ORACLES[algorithm]))


def expected(algorithm: str, data: bytes, iv: bytes = IV) -> bytes:
    """Give the oracle's ciphertext."""
    return ORACLES[algorithm].encrypt(key_of(ORACLES[algorithm]), iv, data)


def stream_calls(stream: afalg.Stream) -> Calls:
    """Give every call of a stream."""
    return [
        lambda: stream.update(bytes(16)),
        lambda: stream.update(b""),
        lambda: stream.update_into(b"", bytearray(16)),
        stream.finalize,
        lambda: stream.finalize_into(bytearray(16)),
    ]


def assert_over(stream: afalg.Stream, text: str) -> None:
    """Expect every call of a stream to be refused, with the reason and the way out."""
    for call in stream_calls(stream):
        with pytest.raises(afalg.StreamStateError, match=text) as caught:
            call()
        assert "begin a new one" in str(caught.value)


def test_a_stream_that_is_finalized_is_over(new_cipher: NewCipher) -> None:
    cipher = made(new_cipher)
    for end in (afalg.Stream.finalize, lambda stream: stream.finalize_into(bytearray(16))):
        stream = cipher.encryptor(iv=IV)
        stream.update(bytes(16))
        end(stream)
        assert_over(stream, "is finalized")
        assert "finalized" in repr(stream)


def leave(stream: afalg.Stream, fed: int, outside: Exception | None = None) -> None:
    """Feed a stream in its `with` block and leave that, by the exception if there is one."""
    with stream:
        stream.update(message(fed))
        if outside:
            raise outside


def test_a_with_block_that_ends_with_finalize_gives_the_whole_message(
    new_cipher: NewCipher,
) -> None:
    cipher, data = made(new_cipher, "ctr(aes)"), message(100)
    with cipher.encryptor(iv=IV) as stream:
        found = stream.update(data[:37]) + stream.update(data[37:]) + stream.finalize()
    assert found == expected("ctr(aes)", data)
    assert_over(stream, "is finalized")


@pytest.mark.parametrize(
    ("algorithm", "fed", "held"),
    [
        ("cbc(aes)", 35, 3),
        ("ctr(aes)", 15, 15),
        ("chacha20", 130, 2),
        ("cts(cbc(aes))", 64, 32),
    ],
)
def test_a_with_block_that_ends_without_finalize_says_how_much_is_lost(
    new_cipher: NewCipher, algorithm: str, fed: int, held: int
) -> None:
    stream = made(new_cipher, algorithm).encryptor(iv=iv_of(ORACLES[algorithm]))
    with pytest.raises(afalg.StreamStateError, match=rf"{held} bytes held back.*finalize\(\)"):
        leave(stream, fed)
    for call in stream_calls(stream):
        with pytest.raises(afalg.StreamStateError):
            call()


def test_a_with_block_that_loses_a_whole_message_says_so(new_cipher: NewCipher) -> None:
    cipher = made(new_cipher, "xts(aes)")
    held = 1000 if cipher.max_message else 24  # userspace keeps back what may be stolen from
    with pytest.raises(afalg.StreamStateError, match=rf"{held} bytes held back.*finalize\(\)"):
        leave(cipher.encryptor(iv=IV), 1000)


@pytest.mark.parametrize("fed", [0, 16, 37])
def test_a_with_block_that_ends_before_the_padding_is_an_error(
    new_cipher: NewCipher, fed: int
) -> None:
    stream = made(new_cipher).encryptor(iv=IV, padding="pkcs7")
    with pytest.raises(afalg.StreamStateError, match=r"finalize\(\)"):
        leave(stream, fed)


def test_a_with_block_may_end_without_finalize_where_nothing_is_held_back(
    new_cipher: NewCipher,
) -> None:
    cipher = made(new_cipher)
    with cipher.encryptor(iv=IV) as stream:
        assert stream.update(message(64)) == expected("cbc(aes)", message(64))
    with pytest.raises(afalg.StreamStateError):
        stream.update(bytes(16))


@pytest.mark.parametrize("fed", [16, 17])
def test_an_exception_that_leaves_the_with_block_goes_on_and_ends_the_stream(
    new_cipher: NewCipher, fed: int
) -> None:
    stream, outside = made(new_cipher).encryptor(iv=IV), OutsideError("outside")
    with pytest.raises(OutsideError) as caught:
        leave(stream, fed, outside)
    assert caught.value is outside
    assert_over(stream, "failed half-way")
    assert "failed" in repr(stream)


def test_an_exception_after_finalize_leaves_the_stream_finalized(new_cipher: NewCipher) -> None:
    stream = made(new_cipher).encryptor(iv=IV)
    with pytest.raises(OutsideError), stream:
        raise_after(stream.finalize)
    assert_over(stream, "is finalized")


def raise_after(call: Callable[[], object]) -> None:
    """Call, then raise."""
    call()
    raise OutsideError


def input_errors(stream: afalg.Stream) -> list[tuple[type[Exception], Callable[[], object]]]:
    """Give calls with arguments that the stream refuses, whatever has come so far."""
    area, wrong = bytearray(256), memoryview(bytes(64))[::2]
    text: Any = "text"
    return [
        (afalg.InvalidLengthError, lambda: stream.update_into(bytes(128), bytearray(63))),
        (afalg.BufferOverlapError, lambda: stream.update_into(memoryview(area)[:128], area)),
        (BufferError, lambda: stream.update(wrong)),
        (BufferError, lambda: stream.update_into(bytes(32), bytes(64))),
        (TypeError, lambda: stream.update(text)),
        (TypeError, lambda: stream.finalize_into(text)),
    ]


@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda o: o.chunk_size > 1 and not o.one_request)
)
def test_a_refused_argument_takes_nothing_and_the_stream_goes_on(
    new_cipher: NewCipher, oracle: Oracle
) -> None:
    cipher, step = made(new_cipher, oracle.name), oracle.chunk_size
    data = message(6 * step)
    stream, found = cipher.encryptor(iv=iv_of(oracle)), b""
    for part in (data[: step + 3], data[step + 3 : 3 * step], data[3 * step :]):
        for error, call in input_errors(stream):
            with pytest.raises(error):
                call()
        found += stream.update(part)
    assert found + stream.finalize() == expected(oracle.name, data, iv_of(oracle))


@pytest.mark.parametrize(
    ("algorithm", "early"), [("cbc(aes)", 17), ("xts(aes)", 15), ("cts(cbc(aes))", 15)]
)
def test_a_message_that_cannot_end_yet_goes_on(
    new_cipher: NewCipher, algorithm: str, early: int
) -> None:
    cipher, data = made(new_cipher, algorithm), message(48)
    stream = cipher.encryptor(iv=IV)
    found = stream.update(data[:early])
    for end in (stream.finalize, lambda: stream.finalize_into(bytearray(64))):
        with pytest.raises(afalg.InvalidLengthError, match=f"data has {early} bytes"):
            end()
    assert found + stream.update(data[early:]) + stream.finalize() == expected(algorithm, data)


@pytest.mark.parametrize("provider", [pytest.param("kernel", marks=pytest.mark.kernel)])
def test_a_message_past_the_limit_is_refused_and_the_part_before_it_kept(
    new_cipher: NewCipher,
) -> None:
    cipher = made(new_cipher, "xts(aes)")
    assert cipher.max_message is not None
    stream = cipher.encryptor(iv=IV)
    stream.update(message(48))
    with pytest.raises(afalg.MessageTooLongError, match=f"at most {cipher.max_message} in"):
        stream.update(bytes(cipher.max_message))
    assert stream.finalize() == expected("xts(aes)", message(48))


def test_wrong_padding_ends_the_stream(new_cipher: NewCipher) -> None:
    stream = made(new_cipher).decryptor(iv=IV, padding="pkcs7")
    stream.update(expected("cbc(aes)", bytes(32)))
    with pytest.raises(afalg.InvalidPaddingError):
        stream.finalize()
    assert_over(stream, "failed half-way")


# Cipher.close


def cipher_calls(cipher: afalg.Cipher) -> Calls:
    """Give every call of a Cipher."""
    return [
        partial(cipher.encrypt, bytes(16), iv=IV),
        partial(cipher.decrypt, b"", iv=IV),
        partial(cipher.encrypt_into, bytes(16), bytearray(16), iv=IV),
        partial(cipher.decrypt_into, b"", bytearray(16), iv=IV),
        partial(cipher.encryptor, iv=IV),
        partial(cipher.decryptor, iv=IV, padding="pkcs7"),
        partial(cipher.encrypt_many, []),
        partial(cipher.decrypt_many, [(bytes(16), IV)]),
        partial(cipher.encrypt_units, bytes(16), unit_size=16),
        partial(cipher.decrypt_units_into, bytes(16), bytearray(16), unit_size=16),
    ]


def test_a_closed_cipher_refuses_every_call_and_says_why(new_cipher: NewCipher) -> None:
    cipher = made(new_cipher)
    for _ in range(2):
        cipher.close()
        for call in cipher_calls(cipher):
            with pytest.raises(afalg.ClosedError, match=r"closed.*make a new one"):
                call()


@pytest.mark.parametrize(("provider", "oracle"), cases())
def test_a_stream_outlives_the_close_of_its_cipher(new_cipher: NewCipher, oracle: Oracle) -> None:
    cipher, iv, data = made(new_cipher, oracle.name), iv_of(oracle), message(4 * oracle.chunk_size)
    begun, fresh = cipher.encryptor(iv=iv), cipher.encryptor(iv=iv)
    found = begun.update(data[: oracle.chunk_size + 1])
    cipher.close()
    found += begun.update(data[oracle.chunk_size + 1 :]) + begun.finalize()
    assert found == expected(oracle.name, data, iv)
    assert fresh.update(data) + fresh.finalize() == found
    del cipher
    assert "finalized" in repr(fresh)


def test_a_with_block_closes_the_cipher(new_cipher: NewCipher) -> None:
    with made(new_cipher) as cipher:
        assert cipher.encrypt(message(32), iv=IV) == expected("cbc(aes)", message(32))
    with pytest.raises(afalg.ClosedError):
        cipher.encrypt(bytes(16), iv=IV)
    outside = OutsideError("outside")
    with pytest.raises(OutsideError) as caught, made(new_cipher) as cipher:
        raise outside
    assert caught.value is outside
    with pytest.raises(afalg.ClosedError):
        cipher.encrypt(bytes(16), iv=IV)


def test_closing_one_cipher_leaves_another_of_the_same_key_alone(new_cipher: NewCipher) -> None:
    closed, other = made(new_cipher), made(new_cipher)
    closed.close()
    assert other.encrypt(message(32), iv=IV) == expected("cbc(aes)", message(32))


ATTRIBUTES = {
    "algorithm": "xts(aes)",
    "reason": None,
    "block_size": 16,
    "chunk_size": 16,
    "iv_size": 16,
}


def test_the_attributes_are_the_same_before_and_after_close(
    new_cipher: NewCipher, provider: str
) -> None:
    cipher = made(new_cipher, "xts(aes)")
    names = [*ATTRIBUTES, "provider", "driver", "max_message"]
    before = {name: getattr(cipher, name) for name in names}
    assert before.items() >= (ATTRIBUTES | {"provider": provider}).items()
    cipher.close()
    assert {name: getattr(cipher, name) for name in names} == before
    for name in names:
        with pytest.raises(AttributeError):
            setattr(cipher, name, before[name])


# repr, copies


def test_a_repr_says_algorithm_provider_and_sizes(new_cipher: NewCipher, provider: str) -> None:
    cipher = made(new_cipher, "adiantum(xchacha12,aes)")
    for part in ("adiantum(xchacha12,aes)", provider, "block_size 16", "iv_size 32"):
        assert part in repr(cipher)
    assert "closed" not in repr(cipher)
    cipher.close()
    assert "closed" in repr(cipher)


def test_a_streams_repr_says_what_it_does_and_where_it_is(new_cipher: NewCipher) -> None:
    cipher = made(new_cipher, "ctr(aes)")
    stream, other = cipher.encryptor(iv=IV), cipher.decryptor(iv=IV)
    assert "encrypting ctr(aes)" in repr(stream)
    assert "decrypting ctr(aes)" in repr(other)
    stream.update(bytes(21))
    assert "5 bytes held back" in repr(stream)


COPIES: dict[str, Callable[[Any], object]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a list": lambda thing: copy.deepcopy([thing]),
    **{
        f"pickle {protocol}": partial(pickle.dumps, protocol=protocol)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("way", COPIES)
def test_neither_cipher_nor_stream_can_be_copied(new_cipher: NewCipher, way: str) -> None:
    cipher = made(new_cipher)
    for thing in (cipher, cipher.encryptor(iv=IV)):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            COPIES[way](thing)
    assert cipher.encrypt(message(32), iv=IV) == expected("cbc(aes)", message(32))


@pytest.mark.parametrize("kind", [afalg.Cipher, afalg.Stream])
def test_neither_cipher_nor_stream_can_be_derived_from(kind: type) -> None:
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Derived", (kind,), {})


def test_a_stream_is_made_by_a_cipher_only() -> None:
    with pytest.raises(TypeError):
        afalg.Stream()
