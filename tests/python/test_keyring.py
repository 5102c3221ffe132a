"""Keys of the kernel's keyrings as objects: made, found, shared, ended.

They need keyrings and no AF_ALG. Each test has a session keyring of its own.
"""

import copy
import errno
import os
import pickle
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import afalg
from afalg import KeyPermission, KeyringKey
from keyrings import (
    BYTES,
    add,
    elsewhere,
    read,
    told,
    wait_until_collected,
)

pytestmark = pytest.mark.usefixtures("own_session")

KEYRINGS: list[afalg.KeyringName] = ["thread", "process", "session", "user", "user-session"]


# What a key says of itself


def test_a_key_says_what_it_is() -> None:
    key = add()
    assert (key.type, key.description, key.uid, key.gid) == (
        "logon",
        "test:key",
        os.geteuid(),
        os.getegid(),
    )
    assert key.serial > 0
    assert key.expires is None
    assert key.permissions == KeyPermission.USER_VIEW | (
        KeyPermission.POSSESSOR_ALL & ~KeyPermission.POSSESSOR_READ
    )
    assert repr(key) == f'KeyringKey({key.serial}, logon "test:key")'
    assert Path("/proc/keys").read_text().count(f"{key.serial:08x} ") == 1


def test_the_same_key_is_equal_and_hashes_alike() -> None:
    key, other = add(), add("test:other")
    assert key == KeyringKey(key.serial) == KeyringKey.find("logon", "test:key")
    assert len({key, KeyringKey(key.serial), other}) == 2
    assert key != key.serial


def test_its_bytes_can_be_read_by_nobody() -> None:
    with pytest.raises(OSError, match="not supported") as caught:
        read(add())
    assert caught.value.errno == errno.EOPNOTSUPP
    assert read(KeyringKey.add("user", "test", BYTES)) == BYTES  # what such a reading gives


def test_a_second_key_of_a_name_gives_the_first_new_bytes() -> None:
    key = KeyringKey.add("user", "test", BYTES)
    assert KeyringKey.add("user", "test", BYTES[:16]) == key
    assert read(key) == BYTES[:16]


@pytest.mark.parametrize("payload", [bytearray(BYTES), memoryview(BYTES)])
def test_any_buffer_is_a_payload(payload: "bytearray | memoryview") -> None:
    assert read(KeyringKey.add("user", "test", payload)) == BYTES


@pytest.mark.parametrize("size", [1, 32767])
def test_payloads_of_all_sizes_are_taken(size: int) -> None:
    assert read(KeyringKey.add("user", "test", bytes(size))) == bytes(size)


@pytest.mark.parametrize("description", ["a:b;c d\te", "ä:ö", "s:" + "x" * 4093])
def test_any_description_comes_back(description: str) -> None:
    key = add(description)
    assert KeyringKey(key.serial).description == description
    assert KeyringKey.find("logon", description) == key
    assert key in KeyringKey.listed()


# Keyrings


@pytest.mark.parametrize("keyring", KEYRINGS)
def test_a_key_is_found_where_it_was_added(keyring: afalg.KeyringName) -> None:
    def in_child() -> object:
        key = add("test:where", keyring=keyring)
        same = KeyringKey.find("logon", "test:where", keyring=keyring) == key
        key.unlink(keyring)
        return [same, told(partial(KeyringKey.find, "logon", "test:where", keyring=keyring))]

    same, missing = elsewhere(in_child)
    assert same is True
    assert missing[:2] == ["KeyNotFoundError", "not-found"]
    assert f"is not in the {keyring} keyring" in missing[2]


def test_the_persistent_keyring_is_the_users_or_missing() -> None:
    found: object
    try:
        key = add(keyring="persistent")
    except afalg.KeyringUnavailableError as error:
        found = (error.reason, "CONFIG_PERSISTENT_KEYRINGS" in str(error))
    else:
        found = KeyringKey.find("logon", "test:key", keyring="persistent") == key
        key.unlink("persistent")
    assert found in {True, ("type-missing", True)}


def test_a_keyring_may_be_a_serial_or_a_key() -> None:
    session = KeyringKey(KeyringKey.find("keyring", "_ses", keyring="session").serial)
    key = add(keyring=session)
    assert KeyringKey.find("logon", "test:key", keyring=session.serial) == key
    assert KeyringKey.find("logon", "test:key") == key


def test_a_key_goes_out_of_every_keyring_that_has_it() -> None:
    key = add()
    key.link("process")
    key.unlink()
    for keyring in ("session", "process"):
        with pytest.raises(afalg.KeyNotFoundError):
            KeyringKey.find("logon", "test:key", keyring=keyring)
    with pytest.raises(afalg.KeyNotFoundError) as caught:
        key.unlink()
    assert "no keyring of this process's own" in str(caught.value) or "no key" in str(caught.value)


def test_what_is_in_no_keyring_is_forgotten() -> None:
    key = add()
    key.unlink("session")
    wait_until_collected(key)
    with pytest.raises(afalg.KeyNotFoundError, match=rf"no key {key.serial}: .* find it by its"):
        KeyringKey(key.serial)


def test_a_key_cannot_tell_lies_about_when_another_one_ends() -> None:
    key = add(timeout=600)
    line = next(
        line
        for line in Path("/proc/keys").read_text().splitlines()
        if line.startswith(f"{key.serial:08x}")
    )
    lie = line.replace(line.split()[3], "perm")
    nobody = "00000000 I--Q---     1 perm 3f010000     0     0 user      nobody: 1"
    liars = [KeyringKey.add("user", f"x{number}\n{lie}\n{nobody}\nx", b"1") for number in range(8)]
    with pytest.raises(afalg.KeyPermissionError, match="makes it appear twice"):
        _ = KeyringKey(key.serial).expires
    assert KeyringKey.listed().count(key) == 1
    for liar in liars:
        liar.unlink("session")


def test_a_thread_s_keyring_is_the_threads() -> None:
    found = list[object]()

    def work() -> None:
        add("test:thread", keyring="thread")
        found.append(told(lambda: KeyringKey.find("logon", "test:thread").description))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["test:thread"]
    with pytest.raises(afalg.KeyNotFoundError):
        KeyringKey.find("logon", "test:thread")


# Ends


def test_a_timeout_is_told_to_the_second_by_who_set_it() -> None:
    key = add(timeout=90_000)
    due = datetime.now(UTC) + timedelta(seconds=90_000)
    assert key.expires is not None
    assert abs(key.expires - due) <= timedelta(seconds=2)
    another = KeyringKey(key.serial).expires  # /proc/keys says 1d
    assert another is not None
    assert abs(another - datetime.now(UTC) - timedelta(days=1)) <= timedelta(seconds=2)
    key.set_timeout(50)
    assert key.expires is not None
    assert abs(key.expires - datetime.now(UTC) - timedelta(seconds=50)) <= timedelta(seconds=2)
    key.set_timeout(None)
    assert key.expires is None


def test_a_timeout_that_somebody_else_has_set_is_told() -> None:
    key = add(timeout=90_000)
    KeyringKey(key.serial).set_timeout(30)
    assert key.expires is not None
    assert abs(key.expires - datetime.now(UTC) - timedelta(seconds=30)) <= timedelta(seconds=2)


def wait_for_the_end(key: KeyringKey) -> None:
    """Wait until a key has expired."""
    for _ in range(1000):
        if isinstance(told(lambda: key.uid), list):
            return
        time.sleep(0.01)
    raise AssertionError("it did not expire")


def every_use(key: KeyringKey) -> list[Callable[[], object]]:
    """Give every call that asks the kernel about a key."""
    return [
        lambda: key.uid,
        lambda: key.gid,
        lambda: key.permissions,
        lambda: key.expires,
        partial(KeyringKey, key.serial),
        partial(key.set_timeout, 5),
        partial(key.set_permissions, KeyPermission.POSSESSOR_ALL),
        partial(key.link, "process"),
        key.revoke,
        partial(KeyringKey.find, "logon", "test:key"),
        partial(pickle.loads, pickle.dumps(key)),
    ]


def test_an_expired_key_says_so_in_every_call() -> None:
    key = add(timeout=1)
    wait_for_the_end(key)
    for use in every_use(key):
        with pytest.raises(afalg.KeyExpiredError, match=r"has expired: .* add it anew") as caught:
            use()
        assert (caught.value.errno, caught.value.reason) == (errno.EKEYEXPIRED, "expired")
        assert "test:key" in str(caught.value)


def test_a_revoked_key_says_so_in_every_call() -> None:
    key = add()
    key.revoke()
    for use in every_use(key):
        with pytest.raises(afalg.KeyRevokedError, match="was revoked") as caught:
            use()
        assert (caught.value.errno, caught.value.reason) == (errno.EKEYREVOKED, "revoked")
        assert "test:key" in str(caught.value)
    key.unlink("session")


# Processes


def test_a_pickle_is_the_same_key_here_and_in_a_child() -> None:
    key = add(timeout=1000)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        pickled = pickle.dumps(key, protocol)
        assert pickle.loads(pickled) == key
        assert BYTES not in pickled
        assert elsewhere(partial(loaded, pickled)) == repr(key)
    assert copy.copy(key) == copy.deepcopy(key) == key


def loaded(pickled: bytes) -> str:
    """Load a key and show it."""
    return repr(pickle.loads(pickled))


def remade(key: KeyringKey, **changes: object) -> KeyringKey:
    """Load a pickle of a key with other facts in it."""
    reduced: Any = key.__reduce__()
    restore, (serial, names, keyring, boot) = reduced
    facts = {"serial": serial, "names": names, "keyring": keyring, "boot": boot} | changes
    again: KeyringKey = restore(*facts.values())
    return again


def test_a_pickle_of_another_boot_is_refused() -> None:
    with pytest.raises(afalg.KeyNotFoundError, match="in another boot of this machine"):
        remade(add(), boot="00000000-0000-0000-0000-000000000000")


def test_a_pickle_whose_serial_is_another_key_s_is_refused() -> None:
    key, other = add(), add("test:other")
    with pytest.raises(afalg.KeyNotFoundError, match=r'was logon "test:key" .* "test:other" here'):
        remade(key, serial=other.serial)
    other.set_permissions(KeyPermission.POSSESSOR_SETATTR)
    with pytest.raises(afalg.KeyPermissionError, match="is not to be viewed here"):
        remade(key, serial=other.serial)
