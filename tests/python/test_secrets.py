"""Keys, IVs and data are in nothing that a program prints, logs, pickles or sends elsewhere."""

import base64
import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from functools import partial

import pytest

import afalg
from oracles.cases import NewCipher

# Printable, so that a careless text would show them as they are.
KEY = b"KeyOfThisTest=32=bytes=long====!"
IV = b"IvOfThisTest=16!"
DATA = b"DataOfThisTest=32=bytes=long===!"
SECRETS = (KEY, IV, DATA)
CLUES = 6  # so many bytes of a secret in a row give it away


def forms_of(secret: bytes) -> Iterator[str]:
    """Give the ways to write bytes down."""
    yield secret.decode()
    yield repr(secret)
    yield secret.hex()
    yield secret.hex().upper()
    yield secret.hex(" ")
    yield base64.b64encode(secret[: len(secret) // 3 * 3]).decode()
    yield ", ".join(str(byte) for byte in secret)
    yield ", ".join(f"0x{byte:02x}" for byte in secret)


def parts_of(secret: bytes) -> Iterator[bytes]:
    """Give the pieces of a secret that already give it away."""
    return (secret[at : at + CLUES] for at in range(len(secret) - CLUES + 1))


def leaks(text: str) -> list[str]:
    """Give what of the secrets is in a text."""
    return [
        form.strip("b'\"")
        for secret in SECRETS
        for part in parts_of(secret)
        for form in forms_of(part)
        if form.strip("b'\"") in text
    ]


def texts_of(error: BaseException) -> Iterator[str]:
    """Give every text that an error becomes."""
    yield str(error)
    yield repr(error)
    yield repr(error.args)
    yield repr(vars(error))
    yield repr(getattr(error, "__notes__", None))
    yield "".join(traceback.format_exception(error))
    yield pickle.dumps(error, protocol=0).decode("latin-1")
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from texts_of(other)


@pytest.mark.parametrize("secret", SECRETS)
def test_a_leak_would_be_found(secret: bytes) -> None:
    for form in forms_of(secret):
        assert leaks(f"before {form} after")
    assert leaks(f"cut short: {secret[:9]!r}")
    assert leaks("the key has 32 bytes") == []


def provider_of(cipher: afalg.Cipher) -> afalg.Provider:
    """Give who computes."""
    return "kernel" if cipher.provider == "kernel" else "userspace"


def wrong_calls(cipher: afalg.Cipher) -> list[Callable[[], object]]:
    """Give calls with secrets in them that all fail."""
    stream, area = cipher.encryptor(iv=IV), bytearray(DATA)
    part = memoryview(area)
    scattered = memoryview(DATA + DATA)[::2]
    provider = provider_of(cipher)
    closed = afalg.Cipher("cbc(aes)", KEY, provider=provider)
    closed.close()
    finished = cipher.encryptor(iv=IV)
    finished.update(DATA)
    finished.finalize()
    return [
        lambda: afalg.Cipher("cbc(aes)", KEY[:31], provider=provider),
        lambda: afalg.encrypt("cbc(aes)", KEY + KEY, DATA, iv=IV, provider=provider),
        lambda: afalg.decrypt("no such thing", KEY, DATA, iv=IV, provider=provider),
        lambda: cipher.encrypt(DATA[:31], iv=IV),
        lambda: cipher.decrypt(DATA, iv=IV[:15]),
        lambda: cipher.decrypt(DATA, iv=IV + IV),
        lambda: cipher.decrypt(DATA, iv=IV, padding="pkcs7"),
        lambda: cipher.encrypt_into(DATA, bytearray(31), iv=IV),
        lambda: cipher.encrypt_into(DATA, DATA, iv=IV),
        lambda: cipher.encrypt_into(part[:16], part[1:17], iv=IV),
        lambda: cipher.encrypt(scattered, iv=IV),
        lambda: cipher.encrypt(DATA, iv=memoryview(IV + IV)[::2]),
        lambda: stream.update_into(part[:16], area),
        lambda: closed.encrypt(DATA, iv=IV),
        lambda: finished.update(DATA),
        lambda: cipher.encrypt_many([(DATA, IV)] * 5 + [(DATA[:31], IV)]),
        lambda: cipher.decrypt_many([(DATA, IV), (DATA, IV + IV)], threads=2),
        lambda: cipher.encrypt_many([(DATA, IV), (scattered, IV)]),
        lambda: cipher.encrypt_units(DATA, unit_size=24),
        lambda: cipher.encrypt_units(DATA, unit_size=32, first_iv=1 << 64),
        lambda: cipher.decrypt_units_into(part[:16], part[1:17], unit_size=16),
        lambda: closed.encrypt_many([(DATA, IV)]),
    ]


def test_no_error_says_a_secret(new_cipher: NewCipher) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    for call in wrong_calls(cipher):
        with pytest.raises((afalg.AfalgError, BufferError)) as caught:
            call()
        for text in texts_of(caught.value):
            assert leaks(text) == []


@pytest.mark.parametrize(
    "secret", [KEY.decode(), IV.decode(), list(DATA)], ids=["key", "iv", "data"]
)
def test_no_type_error_says_a_secret(new_cipher: NewCipher, secret: object) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    encrypt: Callable[..., bytes] = cipher.encrypt
    decrypt_once: Callable[..., bytes] = afalg.decrypt
    many: Callable[..., list[bytes]] = cipher.encrypt_many
    units: Callable[..., bytes] = cipher.encrypt_units
    calls: list[Callable[[], object]] = [
        partial(decrypt_once, "cbc(aes)", secret, DATA),
        partial(encrypt, secret, iv=IV),
        partial(encrypt, DATA, iv=secret),
        partial(many, [(DATA, IV), (secret, IV)]),
        partial(many, [(DATA, IV), (DATA, secret)]),
        partial(many, [(DATA, IV), secret]),
        partial(units, secret, unit_size=16),
    ]
    for call in calls:
        with pytest.raises(TypeError) as caught:
            call()
        for text in texts_of(caught.value):
            assert leaks(text) == []


def things(cipher: afalg.Cipher) -> list[object]:
    """Give Ciphers and Streams in every state."""
    active, held = cipher.encryptor(iv=IV), cipher.decryptor(iv=IV, padding="pkcs7")
    active.update(DATA + DATA[:7])
    held.update(DATA)
    finished, failed = cipher.encryptor(iv=IV), cipher.decryptor(iv=IV, padding="pkcs7")
    finished.finalize()
    failed.update(DATA)
    with pytest.raises(afalg.InvalidPaddingError):
        failed.finalize()
    closed = afalg.Cipher("cbc(aes)", KEY, provider=provider_of(cipher))
    closed.close()
    return [cipher, closed, active, held, finished, failed]


def test_no_repr_and_no_attribute_says_a_secret(new_cipher: NewCipher) -> None:
    for thing in things(new_cipher("cbc(aes)", KEY)):
        assert leaks(repr(thing)) == []
        assert leaks(f"{thing} {thing!s} {thing!a}") == []
        attributes = {name: repr(getattr(thing, name)) for name in dir(thing)}
        assert leaks(repr(attributes)) == []


def test_no_copy_and_no_pickle_says_a_secret(new_cipher: NewCipher) -> None:
    for thing in things(new_cipher("cbc(aes)", KEY)):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError) as caught:
                pickle.dumps([thing], protocol)
            assert [text for text in texts_of(caught.value) if leaks(text)] == []
        with pytest.raises(TypeError) as caught:
            copy.deepcopy(thing)
        assert [text for text in texts_of(caught.value) if leaks(text)] == []


def test_nothing_is_printed_and_no_secret_logged(
    new_cipher: NewCipher,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    cipher = new_cipher("cbc(aes)", KEY)
    cipher.encrypt(DATA, iv=IV)
    for call in wrong_calls(cipher):
        with pytest.raises((afalg.AfalgError, BufferError)):
            call()
    things(cipher)
    assert capfd.readouterr() == ("", "")
    assert all(leaks(record.getMessage()) == [] for record in caplog.records)
    assert {record.name for record in caplog.records} == {"afalg"}


def test_wrong_padding_has_one_text_and_nothing_beside_it(new_cipher: NewCipher) -> None:
    cipher, found = new_cipher("cbc(aes)", KEY), set[tuple[object, ...]]()
    endings = [bytes(16), b"\x11" * 16, b"\xff" * 16, bytes(13) + b"\2\3\3", bytes(14) + b"\1\2"]
    for body in (b"", bytes(1 << 17)):
        for ending in endings:
            hidden = cipher.encrypt(body + ending, iv=IV)
            stream = cipher.decryptor(iv=IV, padding="pkcs7")
            stream.update(hidden)
            calls: list[Callable[[], bytes]] = [
                partial(cipher.decrypt, hidden, iv=IV, padding="pkcs7"),
                stream.finalize,
            ]
            for call in calls:
                with pytest.raises(afalg.InvalidPaddingError, match="is not PKCS#7") as caught:
                    call()
                error = caught.value
                found.add((str(error), error.args, error.__cause__, error.__context__))
    assert len(found) == 1
