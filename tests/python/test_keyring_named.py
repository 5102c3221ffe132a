"""Keyrings that are named: possessed for the moment of a call, and nothing of them stays."""

import os
import pickle
from functools import partial

import pytest

from afalg import KeyPermission, KeyringKey
from keyrings import add, in_new_session, told

pytestmark = pytest.mark.usefixtures("own_session")


def test_a_keyring_that_was_named_is_possessed_for_a_call_and_no_longer() -> None:
    """As in a service of systemd, whose session does not lead to the user's keyring."""
    key = add("test:user", keyring="user")

    def lost() -> bool:
        missing = told(lambda: repr(KeyringKey.find("logon", "test:user")))
        refused = told(partial(KeyringKey(key.serial).set_timeout, 1000))
        return (missing[0], refused[0]) == ("KeyNotFoundError", "KeyPermissionError")

    def in_child() -> object:
        before, found = lost(), KeyringKey.find("logon", "test:user", keyring="user")
        found.set_timeout(1000)
        return [before, found == key, lost()]

    try:
        assert in_new_session(in_child) == [True, True, True]
    finally:
        key.unlink("user")


def test_what_is_found_in_another_s_keyring_does_not_come_before_one_s_own() -> None:
    good = add("test:disk", b"good" * 8)
    ring = KeyringKey.find("keyring", "_uid." + str(os.getuid()), keyring="user")
    evil = add("test:disk", b"evil" * 8, keyring=ring)
    wanted = add("test:wanted", keyring=ring)
    try:
        for place in (ring, ring.serial, "user"):
            assert KeyringKey.find("logon", "test:wanted", keyring=place) == wanted
            assert KeyringKey.find("logon", "test:disk", keyring=place) == evil
        assert KeyringKey.find("logon", "test:disk") == good
    finally:
        evil.unlink("user")
        wanted.unlink("user")


def test_a_key_that_was_named_is_a_child_s_own_too() -> None:
    key = add("test:user", keyring="user")
    pickled = pickle.dumps(key)

    def in_child() -> object:
        key.set_timeout(1000)
        again: KeyringKey = pickle.loads(pickled)
        return repr(again)

    def in_grandchild() -> object:
        again: KeyringKey = pickle.loads(pickled)
        again.set_timeout(1000)
        return again == key

    try:
        assert in_new_session(in_child) == repr(key)
        assert in_new_session(in_grandchild) is True
    finally:
        key.unlink("user")


def test_what_the_thread_has_linked_stays_linked() -> None:
    key = add("test:user", keyring="user")
    name = f"_uid.{os.getuid()}"

    def in_child() -> object:
        ring = KeyringKey.find("keyring", name, keyring="user")
        ring.link("thread")
        KeyringKey.find("logon", "test:user", keyring="user").set_timeout(1000)
        told(partial(KeyringKey.find, "logon", "no:such", keyring="user"))
        told(lambda: KeyringKey(key.serial).revoke)
        return KeyringKey.find("keyring", name, keyring="thread") == ring

    try:
        assert in_new_session(in_child) is True
    finally:
        key.unlink("user")


def test_a_namesake_further_down_is_neither_timed_nor_in_the_way() -> None:
    """The session links the user's keyring, in which there is a key of the same name."""
    users = add("test:same", keyring="user")
    users.set_permissions(users.permissions & ~KeyPermission.POSSESSOR_SETATTR)
    KeyringKey.find("keyring", f"_uid.{os.getuid()}", keyring="user").link("session")
    try:
        key = add("test:same", timeout=1000)
        assert key != users
        assert users.expires is None
    finally:
        users.unlink("user")


def test_a_key_that_only_its_possessors_may_view_goes_by_its_keyring() -> None:
    key = add("test:user", keyring="user", timeout=1000)
    key.set_permissions(KeyPermission.POSSESSOR_ALL)
    pickled = pickle.dumps(key)

    def in_child() -> object:
        again: KeyringKey = pickle.loads(pickled)
        return [again == key, again.description, again.expires is not None, again.uid]

    try:
        assert in_new_session(in_child) == [True, "test:user", True, os.getuid()]
    finally:
        key.unlink("user")


def test_a_key_that_was_added_can_be_used_wherever_it_is() -> None:
    def in_child() -> object:
        key = add("test:user", keyring="user", timeout=1000)
        key.set_timeout(500)
        found = KeyringKey.find("logon", "test:user", keyring="user") == key
        key.unlink("user")
        return found

    assert in_new_session(in_child) is True
