"""Units that are too long for the kernel under "auto": python -m children.long_units.

In a process of its own, since a warning is given once in each.
"""

import warnings

import pytest

import afalg
from children import set_deadline
from numbering import in_units
from oracles import ORACLES, difference
from oracles.cases import iv_of, key_of, message


def main() -> None:
    """Have them refused where the warning is an error, then computed."""
    set_deadline()
    oracle = ORACLES["xts(aes)"]
    key, iv = key_of(oracle), iv_of(oracle)
    limit = afalg.Cipher(oracle.name, key, provider="kernel").max_message or 0
    size = limit + 16
    data, cipher = message(2 * size), afalg.Cipher(oracle.name, key, provider="auto")
    area, out, requests = bytearray(data), bytearray(2 * size), [(data[:64], iv), (data, iv)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", afalg.ProviderFallbackWarning)
        for call in (
            lambda: cipher.encrypt_units(data, unit_size=size),
            lambda: cipher.encrypt_units_into(area, area, unit_size=size),
            lambda: cipher.decrypt_units_into(data, out, unit_size=size),
            lambda: cipher.encrypt_many(requests),
        ):
            with pytest.raises(afalg.ProviderFallbackWarning, match="too-long"):
                call()
    assert (area == data, any(out)) == (True, False)
    due = in_units(oracle, "encrypt", data, size)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert not difference(cipher.encrypt_units(data, unit_size=size), due)
        cipher.encrypt_units_into(area, area, unit_size=size, threads=2)
        assert not difference(area, due)
        assert cipher.encrypt_many(requests) == [
            oracle.encrypt(key, iv, part) for part, _ in requests
        ]
    assert len(caught) == 1
    assert f"{size} bytes of xts(aes) in the kernel's place (too-long)" in str(caught[0].message)


if __name__ == "__main__":
    main()
