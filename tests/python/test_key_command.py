"""`afalg key`: what is listed, shown and revoked; in a session keyring of the test's own."""

import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import afalg
from afalg import cli
from sessions import COMMAND, Session, failed

SERIALS = ("show", "revoke")


def object_of(session: Session, key: str | int) -> dict[str, object]:
    """Give what `show --json` says."""
    done = session.run("show", str(key), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, object] = json.loads(done.stdout)
    return found


KEYRINGS: list[afalg.KeyringName] = ["session", "user", "user-session", "persistent"]


@pytest.mark.parametrize("name", KEYRINGS)
def test_each_keyring_that_outlives_the_command_takes_keys(
    session: Session, name: afalg.KeyringName
) -> None:
    description = f"afalg test: {os.getpid()}"
    arguments = ("add", "logon", description, "--keyring", name, "--timeout", "60")
    done = session.run(*arguments, payload=b"0123456789abcdef")
    if name == "persistent" and done.returncode:
        assert "without persistent keyrings" in failed(done)
        return
    assert (done.returncode, done.stderr) == (0, "")
    try:
        found = object_of(session, f"%logon:{description}")
        assert found["serial"] == int(done.stdout)
    finally:
        session.unlink(int(done.stdout), name)


def test_any_keyring_takes_keys_by_its_serial(session: Session) -> None:
    serial = session.add("user", "a", "--keyring", str(session.serial()))
    assert object_of(session, "%user:a")["serial"] == serial


def test_a_key_for_the_session_is_there_after_the_command(session: Session) -> None:
    description = f"afalg test: {os.getpid()}"
    del session  # that keyrings are to be had
    command = [*COMMAND, "add", "logon", description, "--keyring", "session", "--timeout", "60"]
    done = subprocess.run(command, check=True, input=b"0123456789abcdef", stdout=subprocess.PIPE)
    time.sleep(0.5)  # keys that nothing links are collected soon
    shown = subprocess.run(
        [*COMMAND, "show", done.stdout.strip()], check=True, stdout=subprocess.PIPE
    )
    assert description.encode() in shown.stdout
    subprocess.run([*COMMAND, "revoke", f"%logon:{description}"], check=True)


def test_a_timeout_is_when_it_expires(session: Session) -> None:
    serial = session.add("user", "a", "--keyring", "session", "--timeout", "7200")
    now = datetime.now(UTC)
    text = object_of(session, serial)["expires"]
    assert isinstance(text, str)
    assert (
        now + timedelta(seconds=3590) < datetime.fromisoformat(text) < now + timedelta(seconds=7210)
    )
    shown = session.run("show", str(serial)).stdout
    assert re.search(r"^expires +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", shown, re.MULTILINE)
    serial = session.add("user", "b", "--keyring", "session")
    assert object_of(session, serial)["expires"] is None
    serial = session.add("user", "c", "--keyring", "session", "--timeout", "1")
    time.sleep(2.1)
    assert "has expired" in failed(session.run("show", str(serial)))


def test_all_is_shown_but_the_payload(session: Session) -> None:
    secret = b"PayloadOfThisTest"
    serial = session.add("user", "a: b", "--keyring", "session", payload=secret)
    assert object_of(session, "%user:a: b") == {
        "serial": serial,
        "type": "user",
        "description": "a: b",
        "uid": os.getuid(),
        "gid": os.getgid(),
        "permissions": "3f010000",
        "rights": {
            "possessor": ["setattr", "link", "search", "write", "read", "view"],
            "user": ["view"],
            "group": [],
            "other": [],
        },
        "expires": None,
    }
    shown = session.run("show", hex(serial)).stdout
    assert f"serial       {serial}\ntype         user\ndescription  a: b\n" in shown
    assert "permissions  3f010000  alswrv-----v------------\n" in shown
    assert "  possessor  setattr link search write read view\n  user       view\n" in shown
    assert secret.decode() not in shown


def test_what_is_not_known_of_a_key_is_said(session: Session) -> None:
    serial = session.add("user", "a", "--keyring", "session")
    session.set_permissions(serial, afalg.KeyPermission.POSSESSOR_SEARCH)
    named = {"serial": serial, "type": "user", "description": "a"}
    assert object_of(session, "%user:a") == named
    assert object_of(session, str(serial)) == {"serial": serial}
    assert session.run("show", str(serial)).stdout.count("unknown\n") == 6
    assert str(serial) not in session.run("list").stdout
    assert "gives it no permission" in failed(session.run("revoke", str(serial)))


def test_a_revoked_key_and_one_that_never_was_are_told_apart(session: Session) -> None:
    serial = session.add("logon", "a:b", "--keyring", "session")
    done = session.run("revoke", "%logon:a:b")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for verb in SERIALS:
        assert "was revoked" in failed(session.run(verb, str(serial)))
        assert "the kernel has no key 2147483647" in failed(session.run(verb, "2147483647"))
        assert "is not in the keyrings" in failed(session.run(verb, "%user:afalg: not there"))


def test_a_key_of_the_user_s_is_found_and_revoked_from_any_session(session: Session) -> None:
    description = f"afalg test: {os.getpid()}"
    serials = [session.add("logon", description, "--timeout", "60") for _ in range(2)]
    try:
        assert len(set(serials)) == 1  # new bytes for the same key
        own = session.add("logon", description, "--keyring", "session")
        assert object_of(session, f"%logon:{description}")["serial"] == own
        for key in (f"%logon:{description}", str(serials[0])):
            assert session.run("revoke", key).returncode == 0
        assert "was revoked" in failed(session.run("show", str(serials[0])))
    except AssertionError:
        session.unlink(serials[0], "user")
        raise


def test_a_name_of_several_listed_keys_names_none(session: Session) -> None:
    key = f"%user:afalg test: {os.getpid()}"
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        others = [Session(one), Session(two)]
        serials = [other.add("user", key[6:], "--keyring", "session") for other in others]
        said = failed(session.run("show", key))
        assert all(str(serial) in said for serial in serials)
        assert others[0].run("revoke", key).returncode == 0
        assert object_of(session, key)["serial"] == serials[1]
        assert "is not in the keyrings" in failed(session.run("revoke", key))


def test_the_list_has_a_line_for_each_key(session: Session) -> None:
    serials = [session.add("logon", f"a:{n}", "--keyring", "session") for n in range(2)]
    lines = {int(line.split()[0]): line for line in session.run("list").stdout.splitlines()}
    for n, serial in enumerate(serials):
        columns = [
            str(serial),
            "logon",
            "never",
            "3d010000",
            "alsw-v-----v------------",
            str(os.getuid()),
            f"a:{n}",
        ]
        assert lines[serial].split() == columns
    listed = json.loads(session.run("list", "--json").stdout)
    assert [one["serial"] for one in listed] == list(lines)
    assert {one["serial"]: one for one in listed}[serials[0]] == object_of(session, serials[0])
    assert session.serial() not in lines


NAMES = {
    "\x1b]0;title\x07\x1b[31mred": r"\x1b]0;title\x07\x1b[31mred",
    "two\nlines\r\ttab": r"two\nlines\r\ttab",
    "back\\x1b": r"back\\x1b",
    "\x7f\x9b2J\u202e": r"\x7f\x9b2J\u202e",
    "Schlüssel 🔑": "Schlüssel 🔑",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_does_not_write_to_the_terminal(session: Session, name: str) -> None:
    serial = session.add("user", name, "--keyring", "session")
    line = next(
        line for line in session.run("list").stdout.split("\n") if line.startswith(f"{serial} ")
    )
    assert line.endswith(f"  {NAMES[name]}")
    assert f"description  {NAMES[name]}\n" in session.run("show", str(serial)).stdout
    as_json = session.run("show", f"%user:{name}", "--json").stdout
    assert as_json.replace("\n", "").isprintable()
    assert json.loads(as_json)["description"] == name
    session.run("revoke", str(serial))
    assert failed(session.run("show", str(serial))).isprintable()


def test_a_name_that_the_encoding_lacks_is_escaped(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    serial = session.add("user", "Schlüssel", "--keyring", "session")
    assert r"Schl\xfcssel" in session.run("show", str(serial)).stdout


def test_a_name_cannot_list_a_key_twice(session: Session) -> None:
    serial = session.add("user", "a", "--keyring", "session")
    line = f"{serial:08x} I--Q---     1 perm 3f010000     0     0 user      a: 16"
    session.add("user", f"b: 16\n{line}", "--keyring", "session")
    listed = json.loads(session.run("list", "--json").stdout)
    assert [one["serial"] for one in listed].count(serial) == 1


def test_an_answer_that_nobody_reads_is_no_success(session: Session) -> None:
    session.add("user", "a", "--keyring", "session")
    reading, writing = os.pipe()
    os.close(reading)
    with session.start("list", stdout=writing) as process:
        os.close(writing)
        assert process.communicate(timeout=60)[1] == b""
    assert process.returncode == 3
    with (
        Path("/dev/full").open("w") as full,
        session.start("show", "%user:a", stdout=full) as process,
    ):
        assert (
            process.communicate(timeout=60)[1] == b"afalg: cannot print: No space left on device\n"
        )
    assert process.returncode == 3


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_closed_streams_get_nothing(session: Session, closed: str) -> None:
    under = ("bash", "-c", f'"$@" {closed}', "bash")
    with session.start("revoke", "%user:afalg: not there", under=under) as process:
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == (3 if closed == ">&-" else 1)


WRONG: list[Sequence[str]] = [
    [],
    ["add"],
    ["add", "keyring", "a"],
    ["add", "user", "a\udcff"],
    *(
        ["add", "user", "a", "--keyring", ring]
        for ring in ("thread", "process", "sesion", "-3", "0")
    ),
    *(
        ["add", "user", "a", "--timeout", seconds]
        for seconds in ("0", "4294967296", "1.5", "-1", "٣", "9" * 5000)
    ),
    *(["add", "user", "a", "--fd", descriptor] for descriptor in ("-1", "stdin", "2147483648")),
    *(
        [verb, key]
        for verb in SERIALS
        for key in ("0", "a", "%user", "%user:", "%:a", "%user:\udcff", "0x")
    ),
    ["list", "--xml"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=ascii)
def test_a_wrong_command_line_is_explained(
    arguments: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["key", *arguments])
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: afalg")


@pytest.mark.parametrize("verb", ["", "add", "list", "show", "revoke"])
def test_help_is_there(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["key", *verb.split(), "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    assert verb != "add" or "of which nothing is\ntaken off" in text
