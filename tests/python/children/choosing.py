"""Choose providers and tell, in JSON, what was chosen and said.

    python -m children.choosing ALGORITHM[=MESSAGE BYTES] ...

For each a Cipher is made, with the provider that the environment says, and a message encrypted;
both are compared with userspace's.
"""

import gc
import json
import logging
import sys
import warnings
from pathlib import Path

import afalg
from children import set_deadline
from oracles import ORACLES
from oracles.cases import iv_of, key_of, message

LINES = list[str]()


class Keep(logging.Handler):
    """Keep what is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        LINES.append(f"{record.levelname} {record.name} {record.getMessage()}")


def open_files() -> int:
    """Count this process's descriptors."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def streamed(cipher: afalg.Cipher, iv: bytes, data: bytes) -> bytes:
    """Encrypt in two parts."""
    stream = cipher.encryptor(iv=iv)
    return stream.update(data[:40]) + stream.update(data[40:]) + stream.finalize()


def choose(name: str, size: int) -> dict[str, object]:
    """Make a Cipher, use it, and tell."""
    oracle, data = ORACLES[name], message(size)
    key, iv = key_of(oracle), iv_of(oracle)
    before = open_files()
    try:
        with afalg.Cipher(name, key) as cipher:
            with afalg.Cipher(name, key, provider="userspace") as other:
                expected = other.encrypt(data, iv=iv)
            right = cipher.encrypt(data, iv=iv) == streamed(cipher, iv, data) == expected
            told = {"provider": cipher.provider, "reason": cipher.reason, "right": right}
    except (afalg.AfalgError, afalg.ProviderFallbackWarning) as error:
        told = {"error": type(error).__name__, "text": str(error)}
    return {"name": name, "leaked": open_files() - before, **told}


def main() -> None:
    """Choose, in the order given."""
    set_deadline()
    logging.getLogger().addHandler(Keep())
    logging.getLogger("afalg").setLevel(logging.DEBUG)
    with warnings.catch_warnings(record=True) as caught:
        if not sys.warnoptions:
            warnings.simplefilter("always")
        asked = [argument.partition("=") for argument in sys.argv[1:]]
        chosen = [choose(name, int(size or 64)) for name, _, size in asked]
    said = [[str(one.message), one.category.__name__, one.filename] for one in caught]
    json.dump({"chosen": chosen, "warnings": said, "logged": LINES}, sys.stdout)


if __name__ == "__main__":
    main()
