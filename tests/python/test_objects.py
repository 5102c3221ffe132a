"""Arrays of Python objects: their bytes are addresses, neither to be read nor to be written."""

import ctypes
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

import afalg
from oracles.cases import NewCipher

KEY, IV = bytes(range(16)), bytes(range(16))
Array: TypeAlias = Any


class Held(ctypes.Structure):
    """An object behind a number."""

    _fields_ = (("number", ctypes.c_int64), ("held", ctypes.py_object))


class Number(ctypes.Structure):
    """Numbers under the name that objects have in a format."""

    _fields_ = (("O", ctypes.c_int * 8),)


POINTERS: Array = ctypes.py_object * 4
ARRAYS: dict[str, Array] = {
    "ctypes": POINTERS(*range(4)),
    "structure": (Held * 2)(),
    "memoryview": memoryview(POINTERS(*range(4))),
    "numpy": np.array([*range(4)], dtype=object),
    "record": np.zeros(2, [("number", "i8"), ("held", "O")]),
    "scattered": np.array([*range(8)], dtype=object)[::2],
}


def calls(cipher: afalg.Cipher, wrong: Array) -> dict[str, list[Callable[[], object]]]:
    """Give ways to pass something for each argument that is a buffer."""
    data, stream = bytes(32), cipher.encryptor(iv=IV)
    return {
        "key": [lambda: afalg.Cipher("cbc(aes)", wrong)],
        "iv": [lambda: cipher.encrypt(data, iv=wrong), lambda: cipher.decryptor(iv=wrong)],
        "data": [
            lambda: cipher.encrypt(wrong, iv=IV),
            lambda: cipher.decrypt_into(wrong, bytearray(32), iv=IV),
            lambda: stream.update(wrong),
        ],
        "out": [
            lambda: cipher.encrypt_into(data, wrong, iv=IV),
            lambda: stream.update_into(data, wrong),
            lambda: stream.finalize_into(wrong),
        ],
    }


@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_of_objects_is_a_type_error_that_says_which_argument(
    new_cipher: NewCipher, kind: str
) -> None:
    array, cipher = ARRAYS[kind], new_cipher("cbc(aes)", KEY)
    for name, ways in calls(cipher, array).items():
        for way in ways:
            with pytest.raises(TypeError, match=f"{name} holds Python objects, not bytes"):
                way()


def test_what_only_looks_like_objects_is_bytes(new_cipher: NewCipher) -> None:
    cipher = new_cipher("cbc(aes)", KEY)
    times: Array = np.zeros(4, "M8[s]")
    fields: Array = np.zeros(4, [("O", "i8")])
    with pytest.raises(ValueError, match="dtype"):
        memoryview(times)  # no format for these, but bytes
    arrays: list[Array] = [Number(), times, fields]
    for data in arrays:
        assert cipher.encrypt(data, iv=IV) == cipher.encrypt(bytes(32), iv=IV)
