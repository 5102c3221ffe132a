"""Arguments that are words: what is no str, or no text, is told by its name."""

from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

import afalg
from oracles.cases import NewCipher

KEY, IV = bytes(16), bytes(16)
Word: TypeAlias = Any
Calls: TypeAlias = list[Callable[[Word], object]]

MAKING: dict[str, Calls] = {
    "algorithm": [
        lambda word: afalg.Cipher(word, KEY),
        lambda word: afalg.encrypt(word, KEY, b"", iv=IV),
        lambda word: afalg.decrypt(word, KEY, b"", iv=IV),
        afalg.info,
    ],
    "provider": [
        lambda word: afalg.Cipher("cbc(aes)", KEY, provider=word),
        lambda word: afalg.encrypt("cbc(aes)", KEY, b"", iv=IV, provider=word),
        lambda word: afalg.decrypt("cbc(aes)", KEY, b"", iv=IV, provider=word),
    ],
    "type": [lambda word: afalg.algorithms(type=word)],
    "padding": [
        lambda word: afalg.encrypt("cbc(aes)", KEY, b"", iv=IV, padding=word),
        lambda word: afalg.decrypt("cbc(aes)", KEY, b"", iv=IV, padding=word),
    ],
}


def assert_told(name: str, call: Callable[[Word], object]) -> None:
    """Expect the name of the argument in the error of each wrong word."""
    for wrong in (7, b"cbc(aes)", ["cbc(aes)"]):
        with pytest.raises(TypeError) as caught:
            call(wrong)
        rule = "a str" if name == "algorithm" else "a str or None"
        assert str(caught.value) == f"{name} is of type {type(wrong).__name__}, it must be {rule}"
    for half in ("\ud800", "cbc(aes)\udcff"):
        with pytest.raises(afalg.InvalidInputError) as refused:
            call(half)
        assert f"{name} is {half!r}, which is no text" in str(refused.value)
        assert f"there is no such {name}" in str(refused.value)


@pytest.mark.parametrize("name", MAKING)
def test_what_is_no_text_is_told_by_its_name(name: str) -> None:
    for call in MAKING[name]:
        assert_told(name, call)


def test_padding_that_is_no_text_is_told_by_its_name(new_cipher: NewCipher) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    calls: Calls = [
        lambda word: cipher.encrypt(bytes(16), iv=IV, padding=word),
        lambda word: cipher.decrypt(bytes(16), iv=IV, padding=word),
        lambda word: cipher.encryptor(iv=IV, padding=word),
        lambda word: cipher.decryptor(iv=IV, padding=word),
    ]
    for call in calls:
        assert_told("padding", call)


def test_none_is_the_default_of_what_has_one(
    new_cipher: NewCipher, monkeypatch: pytest.MonkeyPatch
) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    assert cipher.encrypt(bytes(16), iv=IV, padding=None) == cipher.encrypt(bytes(16), iv=IV)
    assert afalg.algorithms(type=None) == afalg.algorithms()
    monkeypatch.setenv("AFALG_PROVIDER", cipher.provider)
    assert afalg.Cipher("cbc(aes)", KEY, provider=None).provider == cipher.provider
