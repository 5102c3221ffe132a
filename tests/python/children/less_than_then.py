"""A server that drops root: an op socket of now takes less than the Cipher was told.

    python -m children.less_than_then

It must be root. What the kernel does not take any more is computed in userspace, and said so.
"""

import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import afalg
from children import forked, set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message

NOBODY, SIZE = 65534, 1 << 19  # what every kernel gives root
SETTINGS = [Path("/proc/sys/net/core", name) for name in ("wmem_max", "rmem_max")]


@contextmanager
def small_buffers() -> Generator[None]:
    """Give whoever is not root small ones."""
    before = [path.read_text() for path in SETTINGS]
    for path in SETTINGS:
        path.write_text("106496")
    try:
        yield
    finally:
        for path, text in zip(SETTINGS, before, strict=True):
            path.write_text(text)


def drop_and_go_on(cipher: afalg.Cipher, stream: afalg.Stream) -> list[str]:
    """Become nobody, use both, and give what was said."""
    oracle = ORACLES[cipher.algorithm]
    key, iv, data = key_of(oracle), iv_of(oracle), message(SIZE)
    os.setuid(NOBODY)
    due = oracle.encrypt(key, iv, data)
    begun = stream.update(data[100:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for end in (stream.finalize, lambda: stream.finalize_into(bytearray(SIZE))):
            with pytest.raises(afalg.ProviderFallbackWarning, match="too-long"):
                end()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert begun + stream.finalize() == due
        assert cipher.encrypt(data, iv=iv) == due
        out = bytearray(due)
        assert cipher.decrypt_into(out, out, iv=iv) == SIZE
        assert out == data
    return [str(one.message) for one in caught]


def main() -> None:
    """Make the Cipher as root, and go on in a child that is not."""
    set_deadline()
    for name in ("xts(aes)", "adiantum(xchacha12,aes)", "essiv(cbc(aes),sha256)"):
        oracle = ORACLES[name]
        cipher = afalg.Cipher(name, key_of(oracle), provider="auto")
        stream = cipher.encryptor(iv=iv_of(oracle))
        stream.update(message(100))
        with small_buffers():
            said = forked(partial(drop_and_go_on, cipher, stream))
        assert isinstance(said, list)
        assert len(said) == 1
        assert f"{SIZE} bytes of {name} in the kernel's place (too-long)" in said[0]
        assert cipher.provider == "kernel"


if __name__ == "__main__":
    main()
