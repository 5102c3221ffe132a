"""Ciphers under keys that this process does not have: the kernel's, by their serial.

Linux 6.2 brought that. Before, one test says what is said there; these are left out.
"""

import errno
import hashlib
import importlib.util
import json
import os
import random
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

import afalg
import children
from afalg import KeyPermission, KeyringKey
from keyrings import (
    NOBODY,
    add,
    elsewhere,
    in_new_session,
    load_encrypted_keys,
    read,
    told,
    wait_until_collected,
)
from oracles import ORACLES, Oracle
from oracles.cases import cases, iv_of, key_of, message

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("own_session")]
by_serial = pytest.mark.by_serial

CBC, XTS, CTS, CTR = (ORACLES[n] for n in ("cbc(aes)", "xts(aes)", "cts(cbc(aes))", "ctr(aes)"))
KEYED = cases(lambda oracle: oracle.key_size > 0, of="kernel")
LONG = (5 << 20) + 48


def right(cipher: afalg.Cipher, oracle: Oracle, key: bytes, length: int) -> bool:
    """Whether a message comes out as the oracle's does, there and back."""
    iv, plain = iv_of(oracle), message(length)
    hidden = cipher.encrypt(plain, iv=iv)
    return hidden == oracle.encrypt(key, iv, plain) and cipher.decrypt(hidden, iv=iv) == plain


# Right bytes


@by_serial
@pytest.mark.parametrize(("provider", "oracle"), KEYED)
def test_a_key_of_a_keyring_gives_what_its_bytes_give(provider: str, oracle: Oracle) -> None:
    assert provider == "kernel"
    for size in oracle.key_sizes:
        key = key_of(oracle, size)
        with afalg.Cipher(oracle.name, add(payload=key)) as cipher:
            assert (cipher.provider, cipher.reason) == ("kernel", None)
            for length in (oracle.chunk_size, 48 * oracle.chunk_size):
                assert right(cipher, oracle, key, length)
    with afalg.Cipher(oracle.name, add(payload=key_of(oracle))) as cipher:
        assert right(cipher, oracle, key_of(oracle), min(LONG, cipher.max_message or LONG))
        iv, plain = iv_of(oracle), message(3 * 48 * oracle.chunk_size)
        stream = cipher.encryptor(iv=iv)
        parts = [stream.update(plain[:100]), stream.update(plain[100:]), stream.finalize()]
        assert b"".join(parts) == oracle.encrypt(key_of(oracle), iv, plain)


@by_serial
@pytest.mark.parametrize("type", ["user", "logon"])
def test_both_types_of_keys_are_taken(type: str) -> None:  # noqa: A002
    key = KeyringKey.add(type, "test:key", key_of(CBC))
    assert right(afalg.Cipher(CBC.name, key), CBC, key_of(CBC), 160)
    iv, plain = iv_of(CBC), message(160)
    hidden = CBC.encrypt(key_of(CBC), iv, plain)
    assert afalg.encrypt(CBC.name, key, plain, iv=iv) == hidden
    assert afalg.decrypt(CBC.name, key, hidden, iv=iv, provider="kernel") == plain


@by_serial
def test_rfc3686_is_one_request_since_nobody_can_split_its_key() -> None:
    oracle = ORACLES["rfc3686(ctr(aes))"]
    cipher = afalg.Cipher(oracle.name, add(payload=key_of(oracle)))
    assert cipher.max_message
    assert right(cipher, oracle, key_of(oracle), cipher.max_message)
    with pytest.raises(afalg.MessageTooLongError):
        cipher.encrypt(message(cipher.max_message + 1), iv=iv_of(oracle))


@by_serial
@pytest.mark.filterwarnings("error")
def test_auto_has_no_userspace_for_what_is_too_long() -> None:
    cipher = afalg.Cipher(XTS.name, add(payload=key_of(XTS)), provider="auto")
    assert cipher.max_message
    with pytest.raises(afalg.MessageTooLongError):
        cipher.encrypt(message(cipher.max_message + 16), iv=iv_of(XTS))


# One process adds the key, another one has its name


ADDING = """
import os, sys, afalg
payload = bytearray(64)
size = os.readv(0, [payload])
afalg.KeyringKey.add("logon", sys.argv[1], memoryview(payload)[:size])
"""


def real_file() -> Path:
    """Give a library of some MiB."""
    found = importlib.util.find_spec("cryptography.hazmat.bindings._rust")
    assert found
    assert found.origin
    return Path(found.origin)


@by_serial
@pytest.mark.parametrize("name", ["cbc(aes)", "ctr(aes)", "xts(aes)"])
def test_a_file_is_encrypted_by_a_process_that_never_had_the_key(name: str, tmp_path: Path) -> None:
    oracle, description = ORACLES[name], f"test:{name}"
    key, iv = key_of(oracle), iv_of(oracle)
    adder = [sys.executable, "-c", ADDING, description]
    subprocess.run(adder, input=key, check=True, timeout=children.DEADLINE)
    source, target = real_file(), tmp_path / "hidden"
    facts = (name, description, iv.hex(), str(source), str(target))
    found = json.loads(children.run("keyed_file", *facts))
    assert found["provider"] == "kernel"
    assert f"Errno {errno.EOPNOTSUPP}" in found["reading"]
    plain, hidden = source.read_bytes(), target.read_bytes()
    assert len(plain) > 1 << 20
    if name == "xts(aes)":
        units = (plain[at : at + (1 << 20)] for at in range(0, len(plain), 1 << 20))
        due = [oracle.encrypt(key, n.to_bytes(16, "little"), u) for n, u in enumerate(units)]
        assert hidden == b"".join(due)
    else:
        padding = 16 - len(plain) % 16 if name == "cbc(aes)" else 0
        assert hidden == oracle.encrypt(key, iv, plain + bytes([padding]) * padding)


@by_serial
@pytest.mark.limits
def test_whose_keyrings_do_not_lead_to_a_key_is_told_why_it_may_not() -> None:
    key = add(payload=key_of(CBC))
    make = partial(told, lambda: right(afalg.Cipher(CBC.name, key), CBC, key_of(CBC), 160))
    assert elsewhere(make) is True  # a child inherits the session
    name, reason, text = in_new_session(make)
    assert (name, reason) == ("KeyPermissionError", "not-permitted")
    assert f'may not search key {key.serial} (logon "test:key")' in text
    assert "permissions 0x3d010000" in text
    assert "does not possess it" in text
    assert 'keyring="user"' in text
    key.set_permissions(key.permissions | KeyPermission.USER_SEARCH)
    assert in_new_session(make) is True


@by_serial
def test_another_user_may_use_a_key_that_permits_it_and_not_view_it() -> None:
    key = add(payload=key_of(CBC))
    make = partial(
        told, lambda: right(afalg.Cipher(CBC.name, KeyringKey(key.serial)), CBC, key_of(CBC), 160)
    )
    name, _, text = in_new_session(make, NOBODY)
    assert name == "KeyPermissionError"
    assert f"may not search key {key.serial} (it is another user's" in text
    key.set_permissions(key.permissions | KeyPermission.OTHER_SEARCH)
    assert in_new_session(make, NOBODY) is True


# What the kernel refuses


@pytest.mark.before_by_serial
def test_a_kernel_that_cannot_says_since_when_it_is_possible() -> None:
    for provider in ("auto", "kernel", None):
        with pytest.raises(afalg.KeyringUnavailableError) as caught:
            afalg.Cipher(CBC.name, add(), provider=provider)
        assert (caught.value.errno, caught.value.reason) == (errno.ENOPROTOOPT, "too-old")
        release = Path("/proc/sys/kernel/osrelease").read_text().strip()
        assert f"this kernel (Linux {release})" in str(caught.value)
        assert "since Linux 6.2" in str(caught.value)


@by_serial
@pytest.mark.parametrize(
    ("name", "size", "text"),
    [
        ("cbc(aes)", 20, '(logon "test:key") has 20 bytes, cbc(aes) needs 16, 24 or 32'),
        ("cbc(aes)", 1, "has 1 byte, cbc(aes) needs"),
        ("xts(aes)", 16, "has 16 bytes, xts(aes) needs 32, 48 or 64"),
        ("xts(aes)", 65, "has 65 bytes, xts(aes) needs"),
        ("chacha20", 16, "has 16 bytes, chacha20 needs 32"),
        ("cts(cbc(aes))", 17, "has 17 bytes, cts(cbc(aes)) needs"),
        ("rfc3686(ctr(aes))", 32, "has 32 bytes, rfc3686(ctr(aes)) needs 20, 28 or 36"),
        ("ecb(cipher_null)", 1, "ecb(cipher_null) has no key"),
    ],
)
def test_a_key_of_a_wrong_size_is_told_with_its_size(name: str, size: int, text: str) -> None:
    with pytest.raises(afalg.InvalidKeyError) as caught:
        afalg.Cipher(name, add(payload=bytes(size)))
    assert text in str(caught.value)


@by_serial
def test_a_key_whose_size_cannot_be_seen_is_told_what_is_needed() -> None:
    key = add(payload=bytes(20))
    key.set_permissions(KeyPermission.POSSESSOR_SEARCH)
    with pytest.raises(afalg.InvalidKeyError, match=r"needs 16, 24 or 32 bytes: its size is an"):
        afalg.Cipher(CBC.name, key)


@by_serial
def test_a_key_of_another_type_is_told_which_are_taken() -> None:
    session = KeyringKey.find("keyring", "_ses", keyring="session")
    with pytest.raises(afalg.InvalidKeyError, match="takes user, logon, encrypted and trusted"):
        afalg.Cipher(CBC.name, session)


@by_serial
def test_a_key_that_is_gone_is_not_found() -> None:
    key = add(payload=key_of(CBC))
    key.unlink("session")
    wait_until_collected(key)
    with pytest.raises(afalg.KeyNotFoundError, match=f"has no key {key.serial}") as caught:
        afalg.Cipher(CBC.name, key)
    assert (caught.value.errno, caught.value.reason) == (errno.ENOKEY, "not-found")


@by_serial
@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_a_cipher_outlives_its_key_and_a_new_one_is_refused(end: str) -> None:
    key = add(payload=key_of(CBC), timeout=1 if end == "expired" else None)
    cipher = afalg.Cipher(CBC.name, key)
    stream = cipher.encryptor(iv=iv_of(CBC))
    start = stream.update(message(64))
    if end == "expired":
        time.sleep(2.1)
    else:
        key.revoke()
    assert start + stream.update(message(128)[64:]) + stream.finalize() == CBC.encrypt(
        key_of(CBC), iv_of(CBC), message(128)
    )
    assert right(cipher, CBC, key_of(CBC), 1 << 20)
    error = afalg.KeyExpiredError if end == "expired" else afalg.KeyRevokedError
    with pytest.raises(error, match=r'"test:key".*keeps its own copy in the kernel') as caught:
        afalg.Cipher(CBC.name, key)
    assert caught.value.reason == end
    with pytest.raises(error):
        afalg.encrypt(CBC.name, key, bytes(16), iv=bytes(16))


@by_serial
def test_a_key_that_gets_new_bytes_has_them_for_new_ciphers() -> None:
    key, other = add(payload=key_of(CBC)), random.Random(1).randbytes(16)
    cipher = afalg.Cipher(CBC.name, key)
    assert add(payload=other) == key
    assert right(cipher, CBC, key_of(CBC), 160)
    assert right(afalg.Cipher(CBC.name, key), CBC, other, 160)


CHANGED = """
import afalg
key = afalg.KeyringKey.add("logon", "test:key", bytes(range(32)), keyring="process")
plain, iv = bytes(5_000_019), bytes(16)
try:
    hidden = afalg.Cipher("cts(cbc(aes))", key).encrypt(plain, iv=iv)
except afalg.KeyringError as error:
    print(type(error).__name__, error.reason, error)
else:
    for name, raw in {"old": bytes(range(32)), "new": b"\\1" * 32}.items():
        due = afalg.encrypt("cts(cbc(aes))", raw, plain, iv=iv, provider="userspace")
        print(name, hidden == due, hidden[:4096] == due[:4096])
"""


def changed(folder: Path, **environment: str) -> str:
    """Make a cts Cipher while somebody changes its key between the two calls that take it."""
    source, library = Path(children.__file__).parent / "changing_key.c", folder / "changing.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
    environment = {**os.environ, "LD_PRELOAD": str(library), **environment}
    command = children.python(CHANGED)
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=children.DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@by_serial
def test_cts_never_has_two_keys(tmp_path: Path) -> None:
    assert changed(tmp_path) == "old False False\nnew True True\n"


@by_serial
def test_a_key_that_changes_all_the_time_is_refused(tmp_path: Path) -> None:
    text = changed(tmp_path, CHANGES_ALWAYS="1")
    assert text.startswith("KeyringError changing key ")
    assert "is given new bytes all the time, and cts(cbc(aes)) takes a key twice" in text


# Encrypted keys


def opened(blob: bytes, master: bytes) -> bytes:
    """Open what is read of an encrypted key (Documentation/security/keys, "Encrypted Keys")."""
    name, owner, size, hexadecimal = blob.decode().rstrip("\0").split(" ")
    assert (name, owner) == ("default", "user:test:master")
    raw = bytes.fromhex(hexadecimal)
    iv, sealed = raw[:16], raw[17:-32]  # the iv is kept with a zero behind it
    derived = hashlib.sha256(b"ENC_KEY\0" + master + b"\0").digest()  # strlen("AUTH_KEY") + 1
    return CBC.decrypt(derived, iv, sealed)[: int(size)]


@by_serial
@pytest.mark.parametrize(("oracle", "size"), [(CBC, 32), (XTS, 64)])
def test_an_encrypted_key_is_what_its_master_key_opens(oracle: Oracle, size: int) -> None:
    load_encrypted_keys()
    master = random.Random("master").randbytes(32)
    KeyringKey.add("user", "test:master", master)
    key = KeyringKey.add("encrypted", "test:key", f"new user:test:master {size}".encode())
    assert key.type == "encrypted"
    assert KeyringKey.find("encrypted", "test:key") == key
    inside = opened(read(key), master)
    assert len(inside) == size
    cipher = afalg.Cipher(oracle.name, key)
    assert right(cipher, oracle, inside, 1 << 20)


@by_serial
def test_an_encrypted_key_is_loaded_again_under_the_same_master_key() -> None:
    load_encrypted_keys()
    KeyringKey.add("user", "test:master", bytes(range(32)))
    key = KeyringKey.add("encrypted", "test:key", b"new user:test:master 32")
    blob = b"load " + read(key)
    before = afalg.encrypt(CBC.name, key, message(160), iv=iv_of(CBC))
    key.unlink("session")
    again = KeyringKey.add("encrypted", "test:again", blob)
    assert afalg.encrypt(CBC.name, again, message(160), iv=iv_of(CBC)) == before
    KeyringKey.find("user", "test:master").unlink("session")
    with pytest.raises(afalg.KeyNotFoundError, match="the master key that the payload names"):
        KeyringKey.add("encrypted", "test:third", blob)


@by_serial
def test_an_encrypted_key_that_is_there_takes_no_new_bytes() -> None:
    load_encrypted_keys()
    KeyringKey.add("user", "test:master", bytes(32))
    key = KeyringKey.add("encrypted", "test:key", b"new user:test:master 32")
    with pytest.raises(afalg.InvalidInputError, match=r"is in the session keyring already") as told:
        KeyringKey.add("encrypted", "test:key", b"new user:test:master 32")
    assert str(key.serial) in str(told.value)
    key.unlink("session")
    KeyringKey.add("encrypted", "test:key", b"new user:test:master 4096")


@by_serial
def test_a_malformed_encrypted_key_is_told_what_is_wanted() -> None:
    load_encrypted_keys()
    for payload in (b"new", b"new user:test:master 19", b"x", b"load user:test:master 32 00"):
        with pytest.raises(afalg.InvalidInputError, match="new user:MASTER 32"):
            KeyringKey.add("encrypted", "test:key", payload)
    key = KeyringKey.add("encrypted", "test:key", b"new user:test:master 40")
    with pytest.raises(afalg.InvalidKeyError, match="needs 16, 24 or 32 bytes: its size is"):
        afalg.Cipher(CBC.name, key)
