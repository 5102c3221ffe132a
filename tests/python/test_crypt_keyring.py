"""`afalg encrypt` with keys of the kernel's keyrings."""

import pytest

from commands import (
    AFALG,
    CBC,
    Capture,
    Folder,
    plaintext,
    run,
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
    options = ["--keyring", name, "--iv", CBC.iv.hex()]
    assert folder.do("encrypt", DATA, *options) == CBC.by_key("encrypt", DATA)
    sealed = folder.do("encrypt", DATA, "--keyring", name)
    assert folder.do("decrypt", sealed, "--key-file", str(folder.key)) == DATA


@pytest.mark.kernel
@pytest.mark.before_by_serial
@pytest.mark.usefixtures("own_session")
def test_an_old_kernel_takes_no_key_of_a_keyring(folder: Folder, capsys: Capture) -> None:
    folder.plain.write_bytes(DATA)
    serial = str(add("afalg:sealed", CBC.key).serial)
    said = folder.refused(capsys, "encrypt", str(folder.plain), "--keyring", serial)
    assert "since Linux 6.2" in said


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
