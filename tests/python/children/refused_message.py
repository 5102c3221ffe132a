"""Messages that are too long for the kernel, where the warning of it is an error.

    python -m children.refused_message

In a process of its own, since a warning is given once in each. Cipher and stream go on.
"""

import warnings

import pytest

import afalg
from children import set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message


def main() -> None:
    """Have four calls refused, then make them with less."""
    set_deadline()
    warnings.simplefilter("error", afalg.ProviderFallbackWarning)
    oracle = ORACLES["xts(aes)"]
    key, iv = key_of(oracle), iv_of(oracle)
    limit = afalg.Cipher(oracle.name, key, provider="kernel").max_message or 0
    data, cipher = message(limit + 1), afalg.Cipher(oracle.name, key)
    stream = cipher.encryptor(iv=iv)
    assert stream.update(data[:48]) == b""
    for call in (
        lambda: cipher.encrypt(data, iv=iv),
        lambda: cipher.encrypt_into(data, bytearray(len(data)), iv=iv),
        lambda: stream.update(data),
        lambda: stream.update_into(data, bytearray(2 * len(data))),
    ):
        with pytest.raises(afalg.ProviderFallbackWarning, match="too-long"):
            call()
    area = bytearray(len(data) + 64)
    # What is wrong with a call comes before the warning of it.
    with pytest.raises(afalg.InvalidLengthError, match="out has 4 bytes"):
        cipher.encrypt_into(data, bytearray(4), iv=iv)
    with pytest.raises(afalg.BufferOverlapError):
        stream.update_into(memoryview(area)[: len(data)], area)
    due = oracle.encrypt(key, iv, data[:48])
    assert stream.finalize() == cipher.encrypt(data[:48], iv=iv) == due


if __name__ == "__main__":
    main()
