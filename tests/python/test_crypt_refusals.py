"""What `afalg encrypt` and `afalg decrypt` refuse: in one line, with the way out, and no file."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import afalg
from afalg import cli
from commands import (
    AFALG,
    CBC,
    DEADLINE,
    MIB,
    PEERS,
    WHO,
    Capture,
    Folder,
    has_unnamed_files,
    plaintext,
    run,
)
from surroundings import filtered

ECB, CHACHA = PEERS[3], PEERS[-1]
OLD = b"what was there before"
LIMIT = 10_000  # bytes that a file may have under `prlimit`
PROVIDER = ("--provider", WHO)


@pytest.fixture
def files(folder: Folder) -> list[str]:
    """Give the words for a file to encrypt, and another to replace."""
    folder.plain.write_bytes(plaintext(1000))
    folder.made.write_bytes(OLD)
    return [str(folder.plain), "-o", str(folder.made), *PROVIDER]


@pytest.fixture(autouse=True)
def untouched(folder: Folder, files: Sequence[str]) -> Iterator[None]:
    """See to it that what was refused has left nothing."""
    del files
    before = sorted(folder.path.iterdir())
    yield
    assert folder.made.read_bytes() == OLD
    assert sorted(folder.path.iterdir()) == before


def test_a_wrong_passphrase_has_a_hint(folder: Folder, files: list[str], capsys: Capture) -> None:
    # Drawn once: of 256 keys one would give a padding that is right.
    sealed = bytes.fromhex("53616c7465645f5f0001020304050607") + bytes(range(64))
    folder.plain.write_bytes(sealed)
    said = folder.refused(capsys, "decrypt", *files, *folder.by_passphrase())
    assert said.startswith("the padding is not PKCS#7")
    assert "was the passphrase another, or the cipher, or --iterations?" in said
    assert said.endswith("openssl enc -pbkdf2 without -iter has 10000")


def test_a_wrong_key_has_none(folder: Folder, files: list[str], capsys: Capture) -> None:
    folder.plain.write_bytes(bytes(range(64)))
    said = folder.refused(capsys, "decrypt", *files, *folder.by_key())
    assert said.startswith("the padding is not PKCS#7")
    assert "iterations" not in said


@pytest.mark.parametrize("size", [18, 31, 16])
def test_a_truncated_file_has_a_wrong_length(
    folder: Folder, files: list[str], capsys: Capture, size: int
) -> None:
    sealed = CBC.by_passphrase("encrypt", plaintext(100))
    folder.plain.write_bytes(sealed[:size])
    said = folder.refused(capsys, "decrypt", *files, *folder.by_passphrase())
    assert f"data has {size - 16} bytes, a padded message of cbc(aes) has a multiple of 16" in said


@pytest.mark.parametrize("size", [0, 7, 15])
def test_a_file_without_a_salt_is_not_one_of_a_passphrase(
    folder: Folder, files: list[str], capsys: Capture, size: int
) -> None:
    folder.plain.write_bytes(b"Salted__saltsalt"[:size])
    said = folder.refused(capsys, "decrypt", *files, *folder.by_passphrase())
    assert said.startswith("the file does not begin with Salted__ and a salt")
    assert said.endswith("--key-file FILE")


@pytest.mark.parametrize("size", [0, 15])
def test_a_file_without_its_iv_says_so(
    folder: Folder, files: list[str], capsys: Capture, size: int
) -> None:
    folder.plain.write_bytes(bytes(size))
    said = folder.refused(capsys, "decrypt", *files, "--key-file", str(folder.key))
    assert said == (
        f"the file has {size} bytes, and an IV of 16 should be at its head; "
        "of one without give it by --iv"
    )


def test_without_padding_whole_blocks_are_needed(
    folder: Folder, files: list[str], capsys: Capture
) -> None:
    said = folder.refused(capsys, "encrypt", *files, *folder.by_key(), "--padding", "none")
    assert "data has 1000 bytes, cbc(aes) needs a multiple of 16" in said


def test_chacha20_s_counter_does_not_go_round(
    folder: Folder, files: list[str], capsys: Capture
) -> None:
    options = [*folder.by_key(CHACHA), "--iv", "ffffffff" + 12 * "01"]
    assert "past its end" in folder.refused(capsys, "encrypt", *files, *options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["-c", "aes-256-cbc"], "did you mean cbc(aes)?"),
        (["-c", "sha256"], "sha256 is a hash, not a skcipher"),
        (["-c", "ecb(cipher_null)"], "ecb(cipher_null) takes no key: it would encrypt nothing"),
        (["-c", "ctr(aes)", "--padding", "pkcs7"], "leave it out for ctr(aes)"),
        (["--key-bits", "64"], "key has 8 bytes, cbc(aes) needs 16, 24 or 32"),
        (["--hex"], "--hex is for keys: say where the key comes from"),
        (["--iv", "00" * 16], "--iv is for keys: with a passphrase the IV comes from it"),
    ],
)
def test_what_a_passphrase_cannot_have_is_explained(
    folder: Folder, files: list[str], capsys: Capture, options: list[str], text: str
) -> None:
    secret = ["--passphrase-file", str(folder.passphrase), "--iterations", "1"]
    assert text in folder.refused(capsys, "encrypt", *files, *secret, *options)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--iterations", "5"], "--iterations is for passphrases: a key is taken as it is"),
        (["--digest", "sha1"], "--digest is for passphrases: a key is taken as it is"),
        (["--key-bits", "128"], "--key-bits is for passphrases: a key is taken as it is"),
        (["--iv", "00" * 8], "iv has 8 bytes, cbc(aes) needs 16"),
        (["--iv", ""], "iv has 0 bytes, cbc(aes) needs 16"),
        (["-c", "ecb(aes)"], "iv has 16 bytes, ecb(aes) takes none"),
        (["--hex"], "the key is not hexadecimal"),
    ],
)
def test_what_a_key_cannot_have_is_explained(
    folder: Folder, files: list[str], capsys: Capture, options: list[str], text: str
) -> None:
    said = folder.refused(capsys, "encrypt", *files, *folder.by_key(), *options)
    assert text in said


def test_a_driver_s_name_does_not_say_how_it_is_padded(
    folder: Folder, files: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = afalg.AlgorithmInfo(
        name="cbc-aes-aesni", type="skcipher", providers=("kernel",), block_size=16
    )
    monkeypatch.setattr(afalg, "info", lambda name: driver if name == driver.name else None)
    options = ["-c", driver.name, "--provider", "kernel", "--key-file", str(folder.key)]
    said = folder.refused(capsys, "encrypt", *files, *options)
    assert said == "cbc-aes-aesni does not say its mode: say --padding pkcs7 or none"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "the key is empty"),
        (CBC.key + b"\n", "key has 33 bytes"),
        (bytes(32768), "the key has more than 32767 bytes"),
        (b"0", "a byte has two digits, the last has one"),
        (CBC.key.hex().encode() + b"x", "it has other characters in it"),
    ],
)
def test_a_wrong_key_file_is_explained(
    folder: Folder, files: list[str], capsys: Capture, content: bytes, text: str
) -> None:
    folder.key.write_bytes(content)
    in_hex = ["--hex"] if "byte has two" in text or "characters" in text else []
    options = ["--key-file", str(folder.key), *in_hex]
    assert text in folder.refused(capsys, "encrypt", *files, *options)


def test_an_empty_passphrase_is_refused(folder: Folder, files: list[str], capsys: Capture) -> None:
    for content in (b"", b"\n", b"\nsecond line\n"):
        folder.passphrase.write_bytes(content)
        said = folder.refused(capsys, "encrypt", *files, *folder.by_passphrase())
        assert said == "the passphrase is empty"


@pytest.mark.parametrize("option", ["--key-file", "--passphrase-file"])
def test_secrets_that_cannot_be_read_are_named(
    folder: Folder, files: list[str], capsys: Capture, option: str
) -> None:
    what = option[2:].removesuffix("-file")
    said = folder.refused(capsys, "encrypt", *files, option, f"{folder.path}/no")
    assert said == f"cannot open the {what} file {folder.path}/no: No such file or directory"
    said = folder.refused(capsys, "encrypt", *files, option, str(folder.path))
    assert said == f"cannot read {folder.path}: Is a directory"


def test_what_cannot_be_read_is_named(folder: Folder, files: list[str], capsys: Capture) -> None:
    options = [*files[1:], *folder.by_key()]
    said = folder.refused(capsys, "encrypt", f"{folder.path}/no\x1b[31m", *options)
    assert said == f"cannot open {folder.path}/no\\x1b[31m: No such file or directory"
    said = folder.refused(capsys, "encrypt", str(folder.path), *options)
    assert said.startswith(f"{folder.path} is a folder; make a file of it: tar -c ")
    said = folder.refused(capsys, "decrypt", "/proc/self/mem", *options)
    assert said == "cannot read /proc/self/mem: Input/output error"


@pytest.mark.anywhere
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("/sys/kernel/sealed", "Permission denied"),  # to root too
        ("no/sealed", "No such file or directory"),
        ("plain/sealed", "Not a directory"),
        ("nowhere/", "Is a directory"),
        (".", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
    ],
)
def test_where_nothing_can_be_written_is_named(
    folder: Folder, files: list[str], capsys: Capture, place: str, why: str
) -> None:
    loop = folder.path / "loop"
    loop.symlink_to("loop")
    out = place if place.startswith("/") else f"{folder.path}/{place}"
    said = folder.refused(capsys, "encrypt", *files, *folder.by_key(), "-o", out)
    there = f"; {out} is as it was" if place == "." else ""  # what was never there is not
    assert said == f"cannot write {out}: {why}{there}"
    loop.unlink()


def test_a_full_device_is_told(folder: Folder, files: list[str], capsys: Capture) -> None:
    options = [*files, *folder.by_key(), "-o", "/dev/full"]
    said = folder.refused(capsys, "encrypt", *options)
    assert said == "cannot write /dev/full: No space left on device"


def test_a_full_standard_output_is_told(folder: Folder, files: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*AFALG, "encrypt", "-q", files[0], *PROVIDER, *folder.by_key()],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=DEADLINE,
        )
    assert done.returncode == 1
    assert done.stderr == b"afalg: cannot write standard output: No space left on device\n"


@pytest.mark.anywhere
def test_a_file_that_may_not_grow_leaves_the_old_one(folder: Folder, files: list[str]) -> None:
    folder.plain.write_bytes(plaintext(MIB))
    limited = ["prlimit", f"--fsize={LIMIT}", *AFALG]
    done = run([*limited, "encrypt", "-q", *files, *folder.by_key()])
    text = f"afalg: cannot write {folder.made}: File too large; {folder.made} is as it was\n"
    assert done == (1, b"", text.encode())


@pytest.mark.anywhere
@pytest.mark.parametrize("call", ["fsync", "fchmod", "linkat,link", "rename,renameat,renameat2"])
def test_what_fails_at_the_end_leaves_the_old_one(
    folder: Folder, files: list[str], call: str
) -> None:
    if call.startswith("link") and not has_unnamed_files(folder.path):
        call = "rename,renameat,renameat2"
    strace = ["strace", "-f", "-o", "/dev/null", f"-etrace={call}", f"-einject={call}:error=EIO"]
    done = run([*strace, *AFALG, "encrypt", "-q", *files, *folder.by_key()])
    why = "Input/output error"
    text = f"afalg: cannot write {folder.made}: {why}; {folder.made} is as it was\n"
    assert done == (1, b"", text.encode())


def test_an_error_that_is_the_kernel_s_is_not_the_file_s(
    folder: Folder, files: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise afalg.KernelError("recvmsg answered EIO", 5, "recvmsg")

    monkeypatch.setattr("afalg.cli.crypt.pump", broken)
    said = folder.refused(capsys, "encrypt", *files, *folder.by_key())
    assert said == "recvmsg answered EIO"


def test_no_memory_is_told(
    folder: Folder, files: list[str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise MemoryError

    monkeypatch.setattr("afalg.cli.crypt.pump", full)
    said = folder.refused(capsys, "encrypt", *files, *folder.by_key())
    assert said.startswith("there is not enough memory")


def test_the_kernel_alone_is_refused_where_it_does_not_serve(
    folder: Folder, files: list[str]
) -> None:
    command = [*filtered("EPERM"), *AFALG, "encrypt", "-q", *files, *folder.by_key()]
    done = run([*command, "--provider", "kernel"])
    assert (done.status, done.out) == (1, b"")
    assert b"this process may not use AF_ALG" in done.err
    assert done.err.count(b"\n") == 1


def test_a_fallback_that_is_an_error_is_said_as_one(folder: Folder, files: list[str]) -> None:
    del files[-2:]
    refusing = [*filtered("EPERM"), "env", "-u", "AFALG_PROVIDER", "PYTHONWARNINGS=error"]
    done = run([*refusing, *AFALG, "encrypt", "-q", *files, *folder.by_key()])
    assert (done.status, done.out) == (1, b"")
    assert done.err.startswith(b"afalg: userspace computes cbc(aes) in the kernel's place")
    assert b"Traceback" not in done.err


WRONG: list[list[str]] = [
    ["--iv", "zz"],
    ["--iv", "0"],
    *(["--iterations", number] for number in ("0", "-1", "1.5", "2147483648", "many")),
    *(["--key-bits", number] for number in ("0", "7", "129", "65544")),
    ["--digest", "md5"],
    ["--padding", "zero"],
    ["--provider", "openssl"],
    ["--key-fd", "999"],
    ["--passphrase-fd", "-1"],
    ["--key-file", "a", "--key-fd", "0"],
    ["--keyring", "1", "--passphrase-file", "a"],
    ["--keyring", "%user"],
    ["-K", "00"],
    ["--key", "00"],
    ["--passphrase", "secret"],
    ["another file"],
]


@pytest.mark.anywhere
@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
@pytest.mark.parametrize("arguments", WRONG, ids=ascii)
def test_a_wrong_command_line_is_explained(
    files: list[str], capsys: Capture, direction: str, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main([direction, *files, *arguments])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: afalg")


@pytest.mark.anywhere
def test_openssl_may_refuse_to_derive(
    files: list[str], folder: Folder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    conf = tmp_path_factory.mktemp("openssl") / "conf"
    conf.write_text("openssl_conf=a\n[a]\nalg_section=b\n[b]\ndefault_properties=fips=yes\n")
    command = [*AFALG, "encrypt", "-q", *files, *folder.by_passphrase()]
    done = run(["env", f"OPENSSL_CONF={conf}", *command])
    assert done.status == 1
    assert done.err.startswith(b"afalg: OpenSSL refuses PBKDF2 with sha256: ")
    assert done.err.count(b"\n") == 1


@pytest.mark.anywhere
def test_a_descriptor_is_open_before_another_file_has_its_number(
    files: list[str], folder: Folder
) -> None:
    done = run([*AFALG, "encrypt", *files, "--passphrase-fd", "3"])
    assert done.status == 2
    assert b"nothing is open as 3: redirect it, 3<FILE" in done.err
    del folder
