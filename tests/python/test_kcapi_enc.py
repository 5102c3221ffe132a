"""`afalg encrypt` and `afalg decrypt` against libkcapi's `kcapi-enc`, over the same kernel.

kcapi-enc fills a message up by PKCS#7 too, but not where it has whole blocks already; and it
takes off less than a block. For files of whole blocks that is --padding none here.

To take it off it reads a page that it has mapped for writing alone, which User-mode Linux 6.1
ends with SIGSEGV: there it is asked to leave the padding.
"""

import os
from pathlib import Path

import pytest

from commands import CBC, CTR, FEW, PASSPHRASE, Folder, Peer, plaintext, run
from oracles.cases import IN_LAB
from oracles.kernels import release

pytestmark = pytest.mark.kernel

BLOCK = 16
READS_ITS_PAGE = not IN_LAB or release() > (6, 1)
WHOLE = [BLOCK, 4096, 65536, 200_000]
PARTS = [1, 15, 17, 4095, 65537, 199_999]


def kcapi(direction: str, folder: Folder, peer: Peer, data: bytes, *options: str) -> bytes:
    """Run kcapi-enc from file to file."""
    source, target = folder.path / "source", folder.path / "target"
    source.write_bytes(data)
    folder.key.write_bytes(peer.key)
    descriptor = os.open(folder.key, os.O_RDONLY)
    try:
        done = run(
            [
                *("kcapi-enc", "-q", f"--{direction}", "-c", peer.algorithm),
                *("--keyfd", str(descriptor), "--iv", peer.iv.hex()),
                *("-i", str(source), "-o", str(target), *options),
            ],
            fds=[descriptor],
        )
    finally:
        os.close(descriptor)
    assert done == (0, b"", b"")
    return target.read_bytes()


@pytest.mark.parametrize("size", [*WHOLE, *PARTS])
def test_a_stream_cipher_s_file_is_kcapi_enc_s(folder: Folder, size: int) -> None:
    data = plaintext(size)
    sealed = folder.do("encrypt", data, *folder.by_key(CTR))
    assert sealed == kcapi("encrypt", folder, CTR, data)
    assert kcapi("decrypt", folder, CTR, sealed, "--nounpad") == data
    assert folder.do("decrypt", sealed, *folder.by_key(CTR)) == data


@pytest.mark.parametrize("size", PARTS)
def test_a_message_that_has_to_be_filled_up_is_padded_alike(folder: Folder, size: int) -> None:
    data = plaintext(size)
    sealed = folder.do("encrypt", data, *folder.by_key())
    assert sealed == kcapi("encrypt", folder, CBC, data)
    filled = BLOCK - size % BLOCK
    padded = data + bytes([filled]) * filled
    assert kcapi("decrypt", folder, CBC, sealed, "--nounpad") == padded
    assert not READS_ITS_PAGE or kcapi("decrypt", folder, CBC, sealed) == data
    assert folder.do("decrypt", sealed, *folder.by_key()) == data


@pytest.mark.parametrize("size", WHOLE)
def test_whole_blocks_have_no_padding_of_kcapi_enc_s(folder: Folder, size: int) -> None:
    data, options = plaintext(size), [*folder.by_key(), "--padding", "none"]
    sealed = folder.do("encrypt", data, *options)
    assert sealed == kcapi("encrypt", folder, CBC, data)
    assert folder.do("decrypt", sealed, *options) == data
    padded = folder.do("encrypt", data, *folder.by_key())
    left = () if READS_ITS_PAGE else ("--nounpad",)
    assert kcapi("decrypt", folder, CBC, padded, *left) == data + bytes([BLOCK]) * BLOCK


def test_its_passphrase_gives_the_key_that_pbkdf2_gives_us(folder: Folder) -> None:
    # Salt, iterations and IV are options of kcapi-enc's, and nothing of them is in its file.
    data, salt = plaintext(1003), bytes(range(8))
    folder.passphrase.write_bytes(PASSPHRASE)
    both = CBC.by_passphrase("encrypt", data, "-S", salt.hex(), "-P").decode()
    iv = both.partition("iv =")[2].strip()
    source, target = folder.path / "source", Path(folder.path / "target")
    source.write_bytes(data)
    descriptor = os.open(folder.passphrase, os.O_RDONLY)
    try:
        done = run(
            [
                *("kcapi-enc", "-q", "--encrypt", "-c", CBC.algorithm, "--iv", iv),
                *("--passwdfd", str(descriptor), "--salt", salt.hex()),
                *("--pbkdfiter", str(FEW), "-i", str(source), "-o", str(target)),
            ],
            fds=[descriptor],
        )
    finally:
        os.close(descriptor)
    assert done == (0, b"", b"")
    sealed = b"Salted__" + salt + target.read_bytes()
    assert folder.do("decrypt", sealed, *folder.by_passphrase()) == data
