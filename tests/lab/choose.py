"""Tell as JSON who computes what, with `provider="auto"`, and what is said of it.

    python choose.py ALGORITHM ...

It runs where /proc may be away: nothing is read here.
"""

import json
import sys
import warnings

import afalg


def choose(name: str) -> dict[str, object]:
    """Make a Cipher and compare its bytes with userspace's."""
    size = 64 if name.startswith("xts") else 32
    key, iv, data = bytes(range(size)), bytes(range(16)), bytes(range(96))
    due = afalg.encrypt(name, key, data, iv=iv, provider="userspace")
    with afalg.Cipher(name, key, provider="auto") as cipher:
        right = cipher.encrypt(data, iv=iv) == due and cipher.decrypt(due, iv=iv) == data
        return {"provider": cipher.provider, "reason": cipher.reason, "right": right}


def main(names: list[str]) -> None:
    """Choose, in the order given."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        chosen = {name: choose(name) for name in names}
    said = [[one.category.__name__, str(one.message)] for one in caught]
    json.dump({"chosen": chosen, "warnings": said}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
