"""`afalg encrypt` and `afalg decrypt` against `openssl enc`, both ways."""

import pytest

import afalg
from afalg import cli
from commands import (
    CBC,
    CTR,
    FEW,
    MIB,
    PASSPHRASE,
    PEERS,
    WHO,
    WITH_PEERS,
    Capture,
    Folder,
    Peer,
    plaintext,
)
from oracles.cases import IN_LAB, PROVIDERS, marks_of

SIZES = [
    *(0, 1, 15, 16, 17, 4095, 4096, 4097),
    *(MIB // 16 - 1, MIB // 16, MIB // 16 + 1, MIB - 1, MIB, MIB + 1),
    *(() if IN_LAB else (3 * MIB + 5,)),
]
SOME = [0, 1, 15, 16, 17, MIB // 16 + 1, MIB + 1]
ODD = 1003
OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]


@pytest.mark.parametrize(
    ("peer", "size"),
    [(CBC, size) for size in SIZES] + [(CTR, size) for size in (SOME if IN_LAB else SIZES)],
)
@pytest.mark.parametrize("who", OF_PROVIDERS)
def test_a_file_with_a_key_is_openssl_s_byte_for_byte(
    folder: Folder, size: int, who: afalg.Provider, peer: Peer
) -> None:
    data = plaintext(size)
    sealed = peer.by_key("encrypt", data)
    assert folder.do("encrypt", data, *folder.by_key(peer), who=who) == sealed
    assert folder.do("decrypt", sealed, *folder.by_key(peer), who=who) == data


@pytest.mark.parametrize("who", OF_PROVIDERS)
@pytest.mark.parametrize("size", SOME)
def test_a_file_with_a_passphrase_is_read_by_openssl_and_openssl_s_by_us(
    folder: Folder, size: int, who: afalg.Provider
) -> None:
    data, options = plaintext(size), folder.by_passphrase()
    sealed = folder.do("encrypt", data, *options, who=who)
    assert sealed.startswith(b"Salted__")
    assert CBC.by_passphrase("decrypt", sealed) == data
    theirs = CBC.by_passphrase("encrypt", data)
    assert folder.do("decrypt", theirs, *options, who=who) == data


@pytest.mark.parametrize(("who", "peer"), WITH_PEERS)
def test_every_cipher_of_both_agrees(folder: Folder, who: afalg.Provider, peer: Peer) -> None:
    data = plaintext(ODD)
    sealed = peer.by_key("encrypt", data)
    assert folder.do("encrypt", data, *folder.by_key(peer), who=who) == sealed
    assert folder.do("decrypt", sealed, *folder.by_key(peer), who=who) == data

    ours = folder.do("encrypt", data, *folder.by_passphrase(peer), who=who)
    assert peer.by_passphrase("decrypt", ours) == data
    theirs = peer.by_passphrase("encrypt", data)
    assert folder.do("decrypt", theirs, *folder.by_passphrase(peer), who=who) == data


def test_every_family_was_compared() -> None:
    compared = {each.values[1].algorithm for each in WITH_PEERS if isinstance(each.values[1], Peer)}
    lacking = {"cbc(aria)", "cbc(sm4)", "cfb(aes)", "ofb(aes)"} if IN_LAB else set[str]()
    assert {peer.algorithm for peer in PEERS} - compared <= lacking


def test_what_is_usual_is_aes_256_cbc_and_600000_iterations(folder: Folder) -> None:
    data, secret = plaintext(ODD), ["--passphrase-file", str(folder.passphrase)]
    sealed = folder.do("encrypt", data, *secret)
    assert CBC.by_passphrase("decrypt", sealed, "-iter", "600000") == data
    assert folder.do("decrypt", sealed, *secret) == data


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_the_digest_is_openssl_s_md(folder: Folder, digest: str) -> None:
    data, options = plaintext(ODD), [*folder.by_passphrase(), "--digest", digest]
    sealed = folder.do("encrypt", data, *options)
    assert CBC.by_passphrase("decrypt", sealed, "-md", digest) == data
    theirs = CBC.by_passphrase("encrypt", data, "-md", digest)
    assert folder.do("decrypt", theirs, *options) == data


def test_no_two_files_have_one_salt(folder: Folder) -> None:
    sealed = {folder.do("encrypt", b"", *folder.by_passphrase())[8:16] for _ in range(5)}
    assert len(sealed) == 5


@pytest.mark.parametrize("peer", [CBC, PEERS[3]], ids=lambda peer: peer.name)
def test_without_padding_a_file_is_openssl_s_nopad(folder: Folder, peer: Peer) -> None:
    data = plaintext(64)
    sealed = peer.by_key("encrypt", data, "-nopad")
    options = [*folder.by_key(peer), "--padding", "none"]
    assert folder.do("encrypt", data, *options) == sealed
    assert folder.do("decrypt", sealed, *options) == data


@pytest.mark.parametrize(("who", "peer"), WITH_PEERS)
def test_with_a_key_the_file_begins_with_its_iv(
    folder: Folder, who: afalg.Provider, peer: Peer
) -> None:
    data, options = plaintext(ODD), folder.by_key(peer)[:4]
    first, second = (folder.do("encrypt", data, *options, who=who) for _ in range(2))
    iv, rest = first[: peer.iv_size], first[peer.iv_size :]
    at_head = () if not iv else ("-iv", iv.hex())
    assert peer.run("decrypt", rest, "-K", peer.key.hex(), *at_head) == data
    assert not iv or iv != second[: peer.iv_size]
    assert folder.do("decrypt", first, *options, who=who) == data


@pytest.mark.parametrize(
    ("algorithm", "size", "zeros"),
    [("chacha20", 16, slice(0, 4)), ("xchacha20", 32, slice(24, 32))],
)
def test_a_drawn_iv_counts_blocks_from_zero(
    folder: Folder, algorithm: str, size: int, zeros: slice
) -> None:
    folder.key.write_bytes(bytes(range(32)))
    options = ["-c", algorithm, "--key-file", str(folder.key)]
    for _ in range(4):
        sealed = folder.do("encrypt", plaintext(ODD), *options)
        iv = sealed[:size]
        assert not any(iv[zeros])
        assert iv.count(0) < len(iv[zeros]) + 6  # the rest was drawn
        assert folder.do("decrypt", sealed, *options) == plaintext(ODD)


@pytest.mark.parametrize("algorithm", ["xts(aes)", "cts(cbc(aes))", "lrw(aes)"])
def test_what_openssl_enc_has_not_comes_back(folder: Folder, algorithm: str) -> None:
    options = ["--passphrase-file", str(folder.passphrase), "--iterations", "1", "-c", algorithm]
    for size in (16, 32, 4096, MIB // 4):
        sealed = folder.do("encrypt", plaintext(size), *options)
        assert len(sealed) == 16 + size
        assert folder.do("decrypt", sealed, *options) == plaintext(size)


@pytest.mark.parametrize("head", [b"", b"\n", b"\r\n", b"\nsecond line\n"])
def test_a_passphrase_is_a_file_s_first_line(folder: Folder, head: bytes) -> None:
    folder.passphrase.write_bytes(PASSPHRASE + head)
    theirs = CBC.run(
        *("encrypt", plaintext(ODD), "-pbkdf2", "-iter", str(FEW)),
        *("-pass", f"file:{folder.passphrase}"),
    )
    assert folder.do("decrypt", theirs, *folder.by_passphrase()) == plaintext(ODD)


def test_hexadecimal_is_the_same_key(folder: Folder) -> None:
    options, data = folder.by_key(), plaintext(ODD)
    sealed = folder.do("encrypt", data, *options)
    folder.key.write_text(f"{CBC.key[:9].hex(' ')}\n\t{CBC.key[9:].hex().upper()}\n")
    assert folder.do("encrypt", data, *options, "--hex") == sealed


@pytest.mark.kernel
def test_both_providers_write_one_file(folder: Folder) -> None:
    files = {
        folder.do("encrypt", plaintext(MIB + 1), *folder.by_key(), who=who)
        for who in ("kernel", "userspace")
    }
    assert len(files) == 1


def test_who_computes_may_be_the_environment_s_to_say(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("AFALG_PROVIDER", WHO)
    folder.plain.write_bytes(plaintext(ODD))
    arguments = ["encrypt", "-q", str(folder.plain), "-o", str(folder.made), *folder.by_key()]
    assert cli.main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    assert folder.made.read_bytes() == CBC.by_key("encrypt", plaintext(ODD))
