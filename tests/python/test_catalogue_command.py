"""`afalg list` and `afalg info`: tables for people, JSON for programs, names that paint nothing."""

import json
import subprocess
from typing import Any

import pytest

import afalg
from afalg import cli
from afalg.cli import catalogue
from commands import AFALG, Capture, run
from oracles.cases import IN_LAB
from surroundings import filtered

FIELDS: dict[str, Any] = {
    "name": str,
    "type": str,
    "providers": list,
    "reason": str,
    "open_to": str,
    "driver": str,
    "module": str,
    "priority": int,
    "self_test": str,
    "block_size": int,
    "chunk_size": int,
    "iv_size": int,
    "key_sizes": (list, dict),
    "max_tag_size": int,
    "digest_size": int,
    "seed_size": int,
    "continuation": str,
    "max_message": int,
    "constant_time": bool,
}
HOSTILE = afalg.AlgorithmInfo(
    name="evil\x1b[31m\n\u202e\x7f\\", type="hash", providers=("kernel",), driver="a\rb"
)


def listed(capsys: Capture, *arguments: str) -> Any:  # noqa: ANN401 - what JSON carries
    """Run it for JSON and give what it says."""
    assert cli.main([*arguments, "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return json.loads(said.out)


def test_json_has_what_the_library_says(capsys: Capture) -> None:
    found = listed(capsys, "list")
    known = afalg.algorithms()
    assert [each["name"] for each in found] == [each.name for each in known]
    assert len({(each["name"], each["type"]) for each in found}) == len(found)
    for each, info in zip(found, known, strict=True):
        for name, fact in each.items():
            assert isinstance(fact, FIELDS[name]), (name, fact)
            assert fact is not None
            if name not in {"key_sizes", "providers"}:
                assert fact == getattr(info, name)
        assert {"name", "type", "providers"} <= each.keys()
        assert set(each["providers"]) <= {"kernel", "userspace"}


@pytest.mark.parametrize("kind", ["skcipher", "aead", "hash", "rng"])
def test_one_type_alone_may_be_asked_for(capsys: Capture, kind: str) -> None:
    found = listed(capsys, "list", "--type", kind)
    assert [each["name"] for each in found] == [
        each.name for each in afalg.algorithms() if each.type == kind
    ]
    assert found or kind != "skcipher"
    if IN_LAB and kind in {"aead", "hash"}:
        listed(capsys, "info", {"aead": "gcm(aes)", "hash": "sha256"}[kind])  # which loads it
        assert kind in {each["type"] for each in listed(capsys, "list")}


def test_the_table_has_a_line_for_each(capsys: Capture) -> None:
    assert cli.main(["list"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "type", "providers", "driver", "keys", "iv", "block"]
    assert [line.split()[0] for line in lines] == [each.name for each in afalg.algorithms()]
    cells = {line.split()[0]: line.split() for line in lines}
    assert cells["xts(aes)"][-3:] == ["256,384,512", "16", "16"]
    assert cells["cbc(blowfish)"][-3:] == ["32-448", "8", "8"]
    place = head.index("type")
    assert {line[place - 2 : place] for line in lines} == {"  "}


def test_key_sizes_are_numbers_or_bounds(capsys: Capture) -> None:
    sizes = {each["name"]: each.get("key_sizes") for each in listed(capsys, "list")}
    assert sizes["xts(aes)"] == [32, 48, 64]
    assert sizes["cbc(blowfish)"] == {"least": 4, "most": 56}


def test_info_is_what_the_library_says(capsys: Capture) -> None:
    told, known = listed(capsys, "info", "cbc(aes)"), afalg.info("cbc(aes)")
    assert told["key_sizes"] == [16, 24, 32]
    assert (told["iv_size"], told["block_size"]) == (16, 16)
    assert told.get("driver") == known.driver
    assert cli.main(["info", "cbc(aes)"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines.keys() == told.keys()
    assert lines["key_sizes"] == "16, 24, 32"
    assert lines["providers"] == ", ".join(known.providers)
    assert lines["constant_time"] == ("yes" if known.constant_time else "no")


def test_info_of_a_range_says_least_and_most(capsys: Capture) -> None:
    assert cli.main(["info", "cbc(blowfish)"]) == 0
    assert "key_sizes      4 to 56\n" in capsys.readouterr().out


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("name", "kind", "size"),
    [("gcm(aes)", "aead", "max_tag_size"), ("sha256", "hash", "digest_size")],
)
def test_what_is_no_cipher_is_told_too(capsys: Capture, name: str, kind: str, size: str) -> None:
    told = listed(capsys, "info", name)
    assert (told["type"], told["providers"]) == (kind, ["kernel"])
    assert told[size] == {"gcm(aes)": 16, "sha256": 32}[name]
    assert cli.main(["info", name]) == 0
    assert f"{size} " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["info", "aes-256-cbc"], ["info", "nothing", "--json"]])
def test_an_unknown_name_is_told(capsys: Capture, arguments: list[str]) -> None:
    assert cli.main(arguments) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("afalg: ")
    assert said.err.count("\n") == 1
    if IN_LAB:
        assert f"the kernel has no skcipher {arguments[1]}" in said.err


def test_where_the_kernel_refuses_userspace_is_told_and_why() -> None:
    done = run([*filtered("EPERM"), *AFALG, "info", "cbc(aes)", "--json"])
    told = json.loads(done.out)
    assert (done.status, done.err) == (0, b"")
    assert (told["providers"], told["reason"]) == (["userspace"], "denied")


def test_names_that_would_paint_are_escaped(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(afalg, "algorithms", lambda _kind: [HOSTILE])
    monkeypatch.setattr(afalg, "info", lambda _name: HOSTILE)
    for arguments in (["list"], ["info", "x"]):
        assert cli.main(arguments) == 0
        text = capsys.readouterr().out
        assert text.replace("\n", "").isprintable()
        assert "evil\\x1b[31m\\n\\u202e\\x7f\\\\" in text
        assert "a\\rb" in text
        assert cli.main([*arguments, "--json"]) == 0
        text = capsys.readouterr().out
        assert text.replace("\n", "").isprintable()
        told = json.loads(text)
        assert (told[0] if isinstance(told, list) else told)["name"] == HOSTILE.name


@pytest.mark.parametrize("arguments", [["list", "--type", "cipher"], ["list", "x"], ["info"]])
def test_a_wrong_command_line_is_explained(capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: afalg")


def test_a_list_that_nobody_reads_ends_without_a_word() -> None:
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -n 1; echo "${PIPESTATUS[0]}"', "bash", *AFALG, "list"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    head, status = done.stdout.splitlines()
    assert head.startswith("name")
    assert status in {"0", "3"}  # it may all have gone into the pipe before
    assert done.stderr == ""


def test_every_field_of_an_algorithm_is_known_here() -> None:
    assert FIELDS.keys() == set(afalg.AlgorithmInfo.__dataclass_fields__)
    assert set(catalogue.TYPES) == {"skcipher", "aead", "hash", "rng"}


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [(MemoryError, 1, "afalg: there is not enough memory\n"), (KeyboardInterrupt, 130, "")],
)
@pytest.mark.parametrize("where", ["afalg.doctor", "afalg.cli.doctor.add_to"])
def test_what_ends_it_anywhere_is_no_traceback(
    where: str,
    error: type[BaseException],
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(where, fail)
    assert cli.main(["doctor"]) == status
    assert capsys.readouterr().err == said
