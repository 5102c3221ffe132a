"""`afalg bench`: a table for people, JSON for programs, and no figure of a wrong result."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import afalg
from afalg import cli
from afalg.cli import bench
from oracles.cases import PROVIDERS, marks_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

QUICK = ["--time", "0.001", "--size", "4096"]
OF_PROVIDERS = [pytest.param(name, marks=marks_of(name)) for name in PROVIDERS]


Capture = pytest.CaptureFixture[str]
Genuine = afalg.Cipher


def rows(capsys: Capture, *arguments: str, status: int = 0) -> list[bench.Row]:
    """Run it for JSON and give the rows."""
    assert cli.main(["bench", *QUICK, "--json", *arguments]) == status
    answer = json.loads(capsys.readouterr().out)
    assert (answer["size"], answer["unit"]) == (4096, "MiB/s")
    return [bench.Row(**row) for row in answer["rows"]]


def complaint(capsys: Capture, *arguments: str) -> str:
    """Run what fails, and give what it said."""
    assert cli.main(["bench", *QUICK, *arguments]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.mark.parametrize("provider", OF_PROVIDERS)
def test_the_usual_algorithms_are_timed(provider: afalg.Provider, capsys: Capture) -> None:
    found = rows(capsys, "--provider", provider)
    asked = [f"{row.algorithm}:{row.key_bits}" for row in found]
    assert asked == list(bench.USUAL)
    for row in found:
        assert row.provider == provider
        assert (row.encryption or 0) > 0
        assert (row.decryption or 0) > 0
        key = bytes(range(row.key_bits // 8))
        with afalg.Cipher(row.algorithm, key, provider=provider) as cipher:
            assert row.driver == cipher.driver


@pytest.mark.kernel
def test_both_providers_stand_side_by_side(capsys: Capture) -> None:
    found = rows(capsys, "ctr(aes)", "xts(aes):512")
    expected = [("ctr(aes)", 128), ("ctr(aes)", 256), ("xts(aes)", 512)]
    assert [(row.algorithm, row.key_bits) for row in found[::2]] == expected
    assert [row.provider for row in found] == ["kernel", "userspace"] * 3
    assert not any(row.reason for row in found)


def test_who_does_not_serve_has_the_reason(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(
        algorithm: str, key: "Buffer", /, *, provider: afalg.Provider | None = None
    ) -> afalg.Cipher:
        if provider == "kernel":
            raise afalg.AlgorithmRestrictedError("kept from this process", algorithm)
        return Genuine(algorithm, key, provider=provider)

    monkeypatch.setattr(afalg, "Cipher", refused)
    kernel, userspace = rows(capsys, "chacha20")
    assert kernel == bench.Row("chacha20", 256, "kernel", reason="restricted")
    assert userspace.encryption
    assert [kernel] == rows(capsys, "chacha20", "--provider", "kernel", status=1)
    assert cli.main(["bench", *QUICK, "chacha20"]) == 0
    table = capsys.readouterr().out
    assert " 256b              restricted " in table
    assert table.endswith("\nrestricted: kept from this process\n")


def test_an_algorithm_s_shortest_and_longest_keys_are_timed(capsys: Capture) -> None:
    of = {"cbc(aes)": [128, 256], "cbc(serpent)": [256], "ecb(cipher_null)": [0]}
    found = rows(capsys, *of, "--provider", "userspace")
    assert [(row.algorithm, row.key_bits) for row in found] == [
        (name, bits) for name, sizes in of.items() for bits in sizes
    ]


def test_a_table_has_a_line_for_each(capsys: Capture) -> None:
    arguments = [*QUICK, "--provider", "userspace", "xts(aes)", "adiantum(xchacha12,aes)"]
    assert cli.main(["bench", *arguments]) == 0
    head, empty, providers, columns, *lines = capsys.readouterr().out.splitlines()
    assert head.endswith("messages of 4096 bytes, MiB/s")
    assert (empty, providers.strip()) == ("", "userspace")
    assert columns.split() == ["algorithm", "key", "encryption", "decryption"]
    assert [line.split()[:2] for line in lines] == [
        ["xts(aes)", "256b"],
        ["xts(aes)", "512b"],
        ["adiantum(xchacha12,aes)", "256b"],
    ]
    assert {len(line) for line in lines} == {len(columns)}


@contextmanager
def spoiled(genuine: afalg.Cipher, direction: str) -> Iterator[SimpleNamespace]:
    """Give what looks like a Cipher and has a wrong byte in all that it does in a direction."""

    def into(way: str, data: bytes, out: bytearray, iv: bytes) -> None:
        getattr(genuine, f"{way}_into")(data, out, iv=iv)
        out[-1] ^= way == direction

    yield SimpleNamespace(
        algorithm=genuine.algorithm,
        driver=genuine.driver,
        iv_size=genuine.iv_size,
        encrypt_into=lambda data, out, *, iv: into("encrypt", data, out, iv),
        decrypt_into=lambda data, out, *, iv: into("decrypt", data, out, iv),
    )


@pytest.mark.parametrize("direction", ["encrypt", "decrypt"])
def test_what_does_not_come_back_is_no_figure(
    direction: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        afalg, "Cipher", lambda *asked, **options: spoiled(Genuine(*asked, **options), direction)
    )
    said = complaint(capsys, "ctr(aes)", "--provider", "userspace")
    assert "ctr(aes) by userspace-aes" in said
    assert "does not decrypt to what it was" in said


def test_providers_that_differ_are_no_figures(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differing(
        algorithm: str, key: bytes, /, *, provider: afalg.Provider | None = None
    ) -> afalg.Cipher:
        other = key[::-1] if provider == "kernel" else key
        return Genuine(algorithm, other, provider="userspace")

    monkeypatch.setattr(afalg, "Cipher", differing)
    assert "kernel and userspace differ in what cbc(aes) makes" in complaint(capsys, "cbc(aes)")


@pytest.mark.kernel
def test_a_message_that_the_kernel_cannot_take_is_too_long(capsys: Capture) -> None:
    arguments = ["bench", "--time", "0.001", "--size", str(1 << 24), "--json", "xts(aes):512"]
    assert cli.main(arguments) == 0
    kernel, userspace = json.loads(capsys.readouterr().out)["rows"]
    assert kernel["reason"] == "too-long"
    assert "encryption" in userspace


def test_what_cannot_be_timed_is_explained(capsys: Capture) -> None:
    assert "cbc(aes) needs 16, 24 or 32" in complaint(capsys, "cbc(aes):64")
    assert complaint(capsys, "aes-cbc")


def test_a_size_that_one_algorithm_does_not_take_leaves_the_others_their_rows(
    capsys: Capture,
) -> None:
    arguments = ["bench", "--time", "0.001", "--size", "100", "--provider", "userspace"]
    assert cli.main([*arguments, "ecb(aes):128", "ctr(aes):128"]) == 0
    table = capsys.readouterr().out
    assert "ecb(aes)   128b                  length\nctr(aes)   128b " in table
    assert "length: data has 100 bytes, ecb(aes) needs a multiple of 16" in table
    assert cli.main([*arguments, "ecb(aes):128"]) == 1  # nothing was timed


@pytest.mark.kernel
def test_another_type_is_told(capsys: Capture) -> None:
    assert "sha256 is of the type hash" in complaint(capsys, "sha256")


@pytest.mark.parametrize(
    "arguments",
    [
        ["cbc(aes):129"],
        ["cbc(aes):"],
        ["--size", "0"],
        ["--size", str((1 << 30) + 1)],
        ["--time", "0"],
        ["--time", "nan"],
        ["--time", "soon"],
        ["--provider", "auto"],
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["bench", *arguments])
    assert caught.value.code == 2
    assert "afalg bench: error: " in capsys.readouterr().err
