"""Keyrings of the tests' own, and what other processes and users find in them."""

import ctypes
import os
import platform
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import afalg
import children

if TYPE_CHECKING:
    from typing_extensions import Buffer

KEYCTL = {"x86_64": 250, "aarch64": 219}[platform.machine()]
JOIN_SESSION, READ = 1, 11
NOBODY = 65534
Told: TypeAlias = Any  # what JSON carries
BYTES = bytes(range(32))


def add(
    name: str = "test:key",
    payload: "Buffer" = BYTES,
    *,
    keyring: "afalg.KeyringName | int | afalg.KeyringKey" = "session",
    timeout: int | None = None,
) -> afalg.KeyringKey:
    """Add a logon key."""
    return afalg.KeyringKey.add("logon", name, payload, keyring=keyring, timeout=timeout)


def keyctl(operation: int, *arguments: object) -> int:
    """Ask the kernel about keyrings; OSError where it refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    answer = libc.syscall(ctypes.c_long(KEYCTL), operation, *numbers)
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(answer)


def join_session() -> int:
    """Leave the session keyring for a new one, which ends with this process."""
    return keyctl(JOIN_SESSION, None)


def read(key: afalg.KeyringKey) -> bytes:
    """Read a key's bytes, where the kernel lets them be read."""
    room = ctypes.create_string_buffer(1 << 15)
    size = keyctl(READ, key.serial, room, len(room))
    return room.raw[:size]


def told(work: Callable[[], object]) -> Told:
    """Give what a work gives, or in a few words what it raised."""
    try:
        return work()
    except (afalg.AfalgError, OSError) as error:
        return [type(error).__name__, getattr(error, "reason", None), str(error)]


def wait_until_collected(key: afalg.KeyringKey) -> None:
    """Wait until the kernel has forgotten a key that nothing links any more."""
    for _ in range(1000):  # a thread of its own does it
        if isinstance(told(lambda: afalg.KeyringKey(key.serial).serial), list):
            return
        time.sleep(0.01)
    raise AssertionError("it is still there")


def become(user: int) -> None:
    """Become another user, for good."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def elsewhere(work: Callable[[], object], user: int | None = None) -> Told:
    """Give what a work gives in a child, as another user if told; or what it raised there."""

    def as_the_other() -> object:
        if user is not None:
            become(user)
        return told(work)

    return children.forked(as_the_other)


def in_new_session(work: Callable[[], object], user: int | None = None) -> Told:
    """Do the same in a session of its own, which inherits no key."""

    def apart() -> object:
        join_session()
        return work()

    return elsewhere(apart, user)


def load_encrypted_keys() -> None:
    """Load the module, which the kernel does not do by itself; it may be built in, or missing."""
    with suppress(OSError):
        modprobe = Path("/proc/sys/kernel/modprobe").read_text().strip()
        subprocess.run([modprobe, "encrypted-keys"], check=False, capture_output=True)
