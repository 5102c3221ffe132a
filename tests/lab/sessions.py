"""What becomes of a user's keys when the process gets a session keyring; prints JSON.

Run by a process that has none, which a test's never is.
"""

import json
import sys

import afalg
from afalg import KeyringKey


def uses(key: KeyringKey) -> bool:
    """Whether a Cipher can have it, and it is found."""
    afalg.Cipher("cbc(aes)", key).close()
    return KeyringKey.find("logon", key.description or "") == key


def main() -> None:
    """Make keys in one keyring after the other."""
    raw = bytes(range(32))
    users = KeyringKey.add("logon", "test:user", raw, keyring="user")
    found = {"before": uses(users)}
    session = KeyringKey.add("logon", "test:session", raw)
    found["added"] = uses(session)
    found["after"] = uses(users)
    users.link("session")
    again = KeyringKey.add("logon", "test:again", raw)
    found["once"] = uses(session) and uses(again)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
