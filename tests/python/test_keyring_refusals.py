"""What keyrings refuse, and what is said of it: made for real, asserted by class and text."""

import errno
import os
import pickle
import subprocess
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import pytest

import afalg
import children
import seccomp
from afalg import KeyPermission, KeyringKey
from keyrings import (
    BYTES,
    NOBODY,
    add,
    elsewhere,
    in_new_session,
    join_session,
    keyctl,
    read,
    told,
)

pytestmark = pytest.mark.usefixtures("own_session")

RESTRICT, SESSION = 29, -3
Word: TypeAlias = Any  # one that may be against the signature
wrong: Callable[[object], Word] = lambda word: word  # noqa: E731
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


# Permissions


def test_permissions_are_set_and_read() -> None:
    key = add()
    wanted = KeyPermission.POSSESSOR_ALL | KeyPermission.OTHER_SEARCH
    key.set_permissions(wanted)
    assert key.permissions == wanted
    assert isinstance(key.permissions, KeyPermission)


def test_a_key_that_may_not_be_viewed_has_no_names() -> None:
    key = add()
    key.set_permissions(KeyPermission.POSSESSOR_SEARCH)
    same = KeyringKey(key.serial)
    assert (same.type, same.description, repr(same)) == (None, None, f"KeyringKey({key.serial})")
    assert same == key
    with pytest.raises(afalg.KeyPermissionError, match="may not view") as caught:
        _ = same.uid
    assert (caught.value.errno, caught.value.reason) == (errno.EACCES, "not-permitted")
    assert key not in KeyringKey.listed()


@pytest.mark.parametrize(
    ("permissions", "use", "text"),
    [
        (KeyPermission.POSSESSOR_VIEW, "set_timeout", "set its timeout: .* permission setattr"),
        (KeyPermission.POSSESSOR_VIEW, "set_permissions", "set its permissions: .* setattr"),
        (KeyPermission.POSSESSOR_VIEW, "revoke", "revoke it: .* write or setattr"),
        (KeyPermission.POSSESSOR_VIEW, "link", "link it: .* permission link"),
        (KeyPermission.POSSESSOR_VIEW, "find", "may not search it"),
    ],
)
def test_what_is_not_permitted_is_named(permissions: int, use: str, text: str) -> None:
    key = add()
    key.set_permissions(permissions)
    calls: dict[str, Callable[[], object]] = {
        "set_timeout": partial(key.set_timeout, 5),
        "set_permissions": partial(key.set_permissions, 0),
        "revoke": key.revoke,
        "link": partial(key.link, "process"),
        "find": partial(KeyringKey.find, "logon", "test:key"),
    }
    with pytest.raises(afalg.KeyPermissionError, match=text) as caught:
        calls[use]()
    assert isinstance(caught.value, PermissionError)
    assert (caught.value.errno, caught.value.reason) == (errno.EACCES, "not-permitted")


@needs_root
def test_another_user_neither_sees_nor_finds_a_key() -> None:
    key = add("test:other")
    serial, *found = in_new_session(
        lambda: [
            repr(KeyringKey(key.serial)),
            told(lambda: KeyringKey(key.serial).uid),
            told(partial(KeyringKey.find, "logon", "test:other")),
            told(key.revoke),
        ],
        NOBODY,
    )
    assert serial == f"KeyringKey({key.serial})"
    assert [one[0] for one in found] == [
        "KeyPermissionError",
        "KeyNotFoundError",
        "KeyPermissionError",
    ]
    key.set_permissions(key.permissions | KeyPermission.OTHER_VIEW)
    assert in_new_session(lambda: repr(KeyringKey(key.serial)), NOBODY) == repr(key)


# What the kernel refuses


def test_a_key_that_may_not_be_timed_is_not_touched() -> None:
    key = KeyringKey.add("user", "test", BYTES)
    key.set_permissions(KeyPermission.POSSESSOR_ALL & ~KeyPermission.POSSESSOR_SETATTR)
    with pytest.raises(afalg.KeyPermissionError, match=r"set its timeout: .* setattr"):
        KeyringKey.add("user", "test", b"other", timeout=50)
    assert KeyringKey.find("user", "test") == key
    assert read(key) == BYTES


def test_a_session_that_has_ended_is_told_from_a_key() -> None:
    key = add(keyring="process")
    KeyringKey.find("keyring", "_ses", keyring="session").revoke()
    for ask in (
        partial(KeyringKey.find, "logon", "no:such"),
        partial(KeyringKey.find, "logon", "no:such", keyring="session"),
        partial(add, "test:other"),
        partial(key.link, "session"),
        partial(key.unlink, "session"),
    ):
        with pytest.raises(afalg.KeyRevokedError, match="the session keyring was revoked") as told:
            ask()
        assert 'keyring="user"' in str(told.value)
    assert KeyringKey.find("logon", "test:key") == key
    add("test:elsewhere", keyring="process")


def test_a_keyring_that_takes_no_keys_is_told_from_a_policy() -> None:
    keyctl(RESTRICT, SESSION, None, None)
    with pytest.raises(afalg.KeyPermissionError, match="session keyring is restricted") as told:
        add()
    assert told.value.errno == errno.EPERM
    add(keyring="process")


def test_a_keyring_that_is_not_there_is_told_from_a_key() -> None:
    for ask in (partial(KeyringKey.find, "logon", "no:such", keyring=1), partial(add, keyring=1)):
        with pytest.raises(afalg.KeyNotFoundError, match="has not got keyring 1; name another"):
            ask()


def test_nobody_gives_a_key_another_name() -> None:
    key = add()
    line = f"{key.serial:08x} I--Q---     1 perm 3d010000     0     0 logon     bank:prod: 32"
    liar = KeyringKey.add("user", f"x\n{line}", b"1")
    key.set_permissions(KeyPermission.POSSESSOR_SEARCH)
    with pytest.raises(afalg.KeyPermissionError) as told:
        KeyringKey(key.serial).revoke()
    assert "bank" not in str(told.value)
    liar.unlink("session")


def test_a_key_that_is_not_there_says_where_it_was_looked_for() -> None:
    with pytest.raises(afalg.KeyNotFoundError) as caught:
        KeyringKey.find("logon", "no:such")
    assert 'the logon key "no:such" is not in the keyrings of this thread' in str(caught.value)
    assert (caught.value.errno, caught.value.reason) == (errno.ENOKEY, "not-found")
    assert isinstance(caught.value, LookupError)


def fill_up() -> object:
    """Add keys of a user's until there may be no more."""
    for number in range(1000):
        add(f"test:{number}", keyring="process")
    return "no end"


@needs_root
def test_a_full_quota_says_how_full_it_is() -> None:
    user = 54_321
    name, reason, text = elsewhere(fill_up, user)
    assert (name, reason) == ("KeyQuotaError", "quota")
    assert f"user {user} may keep no more" in text
    assert "200 of 200 keys" in text or "20000 bytes" in text
    assert "kernel.keys.maxkeys" in text


@pytest.mark.parametrize(
    ("answer", "reason", "cause"),
    [("EPERM", "denied", "seccomp profile"), ("ENOSYS", "no-keyrings", "CONFIG_KEYS")],
)
def test_keyrings_that_are_denied_say_who_denies_them(answer: str, reason: str, cause: str) -> None:
    key = add()
    pickled = pickle.dumps(key)

    def filtered() -> object:
        seccomp.refuse_keyrings(getattr(errno, answer))
        return [
            told(partial(KeyringKey, key.serial)),
            told(add),
            told(partial(KeyringKey.find, "logon", "test:key")),
            told(partial(KeyringKey.find, "logon", "test:key", keyring="session")),
            told(partial(pickle.loads, pickled)),
            told(lambda: key.uid),
        ]

    for name, code, text in elsewhere(filtered):
        assert (name, code) == ("KeyringUnavailableError", reason)
        assert answer in text
        assert cause in text
        assert "pass the key as bytes" in text


def test_a_type_that_the_kernel_lacks_is_named() -> None:
    """No machine of these tests has a TPM."""
    with pytest.raises(afalg.KeyringUnavailableError, match="needs a TPM or a TEE") as caught:
        KeyringKey.add("trusted", "test", b"new 32")
    assert (caught.value.errno, caught.value.reason) == (errno.ENODEV, "type-missing")


# What is wrong before the kernel is asked


WRONG_ARGUMENTS: list[tuple[Callable[[], object], str]] = [
    (lambda: KeyringKey(0), r"serial is 0, it must be 1 to .* have names here"),
    (lambda: KeyringKey(-3), "serial is -3, it must be 1 to 2147483647"),
    (lambda: KeyringKey(1 << 31), "serial is 2147483648, it must be 1 to 2147483647"),
    (lambda: KeyringKey(1 << 200), "serial is far more, it must be 1 to"),
    (lambda: add(keyring=-3), "keyring is -3, it must be 1 to 2147483647"),
    (lambda: add(keyring=0), "keyring is 0, it must be 1 to"),
    (lambda: KeyringKey.add("keyring", "x", b"1"), 'type is "keyring", .* take no other'),
    (lambda: KeyringKey.add("logon", "x", b"1"), '"service:name"'),
    (lambda: KeyringKey.add("logon", ":x", b"1"), '"service:name"'),
    (lambda: KeyringKey.add("user", "", b"1"), "description has 0 bytes"),
    (lambda: KeyringKey.add("user", "x" * 4096, b"1"), "description has 4096 bytes"),
    (lambda: KeyringKey.add("user", "x\0y", b"1"), "no zero bytes"),
    (lambda: KeyringKey.find("user" * 9, "x"), "type has 36 bytes"),
    (lambda: KeyringKey.find("", "x"), "type has 0 bytes"),
    (lambda: KeyringKey.find(".x", "x"), "begin with a dot are the kernel's"),
    (lambda: add(keyring=add("test:no-ring")), "is a key and no keyring; name one"),
    (lambda: add().link(add("test:no-ring")), "is a key and no keyring; name one"),
    (lambda: add().unlink(add("test:no-ring")), "is a key and no keyring; name one"),
    (lambda: add(timeout=0), "timeout is 0 seconds, .* pass None"),
    (lambda: add(timeout=-1), "timeout is -1, it must be"),
    (lambda: add(timeout=1 << 32), "timeout is 4294967296, it must be"),
    (lambda: add(keyring=wrong("home")), 'keyring is "home", it must be "thread"'),
    (lambda: add(keyring=wrong("")), "it must be"),
    (lambda: add().set_permissions(1 << 30), "permissions are 0x40000000"),
    (lambda: add().set_permissions(-1), "permissions is -1"),
]


def test_a_wrong_argument_is_told_before_anything_happens() -> None:
    for call, text in WRONG_ARGUMENTS:
        with pytest.raises(afalg.InvalidInputError, match=text):
            call()


@pytest.mark.parametrize("size", [0, 32768])
def test_a_payload_of_a_wrong_size_is_an_invalid_key(size: int) -> None:
    with pytest.raises(afalg.InvalidKeyError, match=f"payload has {size} bytes.* 1 to 32767"):
        add(payload=bytes(size))


WRONG: Word = object()


WRONG_TYPES: list[Callable[[], object]] = [
    lambda: KeyringKey("1" + "0" * 5),  # type: ignore[arg-type]
    lambda: KeyringKey(True),  # noqa: FBT003
    lambda: KeyringKey.find(WRONG, "x"),
    lambda: KeyringKey.find("user", WRONG),
    lambda: KeyringKey.find("user", "x", keyring=WRONG),
    lambda: KeyringKey.add("user", "x", "text"),  # type: ignore[arg-type]
    lambda: add(timeout=wrong(1.5)),
    lambda: add().set_permissions(WRONG),
    lambda: add().set_timeout(WRONG),
    lambda: add().link(WRONG),
    lambda: add().link(None),  # type: ignore[arg-type]
]


def test_a_wrong_type_is_a_type_error() -> None:
    for call in WRONG_TYPES:
        with pytest.raises(TypeError):
            call()


def test_userspace_is_told_apart_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    key = add()
    text = r"userspace cannot compute with it; ask for provider=\"kernel\""
    with pytest.raises(afalg.InvalidInputError, match=text):
        afalg.Cipher("cbc(aes)", key, provider="userspace")
    monkeypatch.setenv("AFALG_PROVIDER", "userspace")
    with pytest.raises(afalg.InvalidInputError, match=text):
        afalg.encrypt("cbc(aes)", key, bytes(16), iv=bytes(16))


@pytest.mark.filterwarnings("error")
def test_without_af_alg_there_is_an_error_and_no_other_provider() -> None:
    key = add()

    def refused() -> object:
        seccomp.refuse(errno.EAFNOSUPPORT)
        return [
            told(partial(afalg.Cipher, "cbc(aes)", key, provider=provider))
            for provider in ("auto", "kernel", None)
        ]

    for name, reason, _ in elsewhere(refused):
        assert (name, reason) == ("UnavailableError", "no-af-alg")


@needs_root
def test_keys_that_cannot_be_listed_say_so() -> None:
    program = "import afalg; afalg.KeyringKey.listed()"
    covered = ["sh", "-c", 'mount --bind /dev/null /proc/keys && exec "$@"', "sh"]
    done = subprocess.run(
        ["unshare", "--mount", *covered, *children.python(program)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert "afalg.KeyPermissionError: /proc/keys, which alone lists keys" in done.stderr


def fill_to_the_byte() -> None:
    """Let a key grow until the user may have no byte more."""
    size = 1
    for step in (4096, 512, 64, 8, 1):
        while isinstance(told(partial(grow, size + step)), int):
            size += step


def grow(size: int) -> int:
    """Give a key so many bytes."""
    return add("test:growing", bytes(size)).serial


@needs_root
def test_a_full_quota_is_told_where_a_keyring_cannot_be_borrowed() -> None:
    def full() -> object:
        join_session()
        key = add("test:user", keyring="user", timeout=100)
        fill_to_the_byte()
        return elsewhere(partial(key.set_timeout, 50))  # a child has no thread keyring yet

    name, reason, text = elsewhere(full, 54_322)
    assert (name, reason) == ("KeyQuotaError", "quota")
    assert "may keep no more" in text
