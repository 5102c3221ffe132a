"""`afalg encrypt` with keys of the kernel's keyrings.

Each command is a process of its own: it has the user's keyrings for as long as that lives.
"""

import pytest

from commands import (
    AFALG,
    CBC,
    WHO,
    Folder,
    plaintext,
    run,
    succeeded,
)
from keyrings import add
from surroundings import filtered

DATA = plaintext(1003)


@pytest.mark.kernel
@pytest.mark.by_serial
@pytest.mark.usefixtures("own_session")
@pytest.mark.parametrize("by_name", [False, True])
def test_a_key_may_stay_in_its_keyring(folder: Folder, by_name: bool) -> None:  # noqa: FBT001
    key = add("afalg:sealed", CBC.key)
    name = "%logon:afalg:sealed" if by_name else str(key.serial)
    command = [*AFALG, "encrypt", "-q", "--provider", WHO, "--keyring", name]
    found = succeeded([*command, "--iv", CBC.iv.hex()], DATA).out
    assert found == CBC.by_key("encrypt", DATA)
    sealed = succeeded(command, DATA).out
    assert folder.do("decrypt", sealed, "--key-file", str(folder.key)) == DATA


@pytest.mark.kernel
@pytest.mark.before_by_serial
@pytest.mark.usefixtures("own_session")
def test_an_old_kernel_takes_no_key_of_a_keyring() -> None:
    serial = str(add("afalg:sealed", CBC.key).serial)
    done = run([*AFALG, "encrypt", "-q", "--keyring", serial], DATA)
    assert (done.status, done.out) == (1, b"")
    assert done.err.startswith(b"afalg: ")
    assert done.err.count(b"\n") == 1
    assert b"since Linux 6.2" in done.err
    assert CBC.key.hex().encode() not in done.err


@pytest.mark.usefixtures("own_session")
@pytest.mark.parametrize(
    ("provider", "why"),
    [
        ("auto", b"this process may not use AF_ALG"),
        ("userspace", b"userspace cannot compute with it"),
    ],
)
def test_a_key_of_a_keyring_is_the_kernel_s_or_an_error(
    folder: Folder, provider: str, why: bytes
) -> None:
    folder.plain.write_bytes(DATA)
    serial = str(add("afalg:sealed", CBC.key).serial)
    command = [*filtered("EPERM"), *AFALG, "encrypt", "-q", "--provider", provider]
    done = run([*command, str(folder.plain), "-o", str(folder.made), "--keyring", serial])
    assert (done.status, done.out) == (1, b"")
    assert done.err.startswith(b"afalg: ")
    assert why in done.err
    assert not folder.made.exists()
