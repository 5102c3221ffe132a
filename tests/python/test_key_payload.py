"""`afalg key add`: the payload is taken as it is, and nothing of it is shown or kept."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import afalg
from afalg import cli
from afalg.cli import key as key_verb
from afalg.cli.output import RefusedError
from afalg.cli.payload import LARGEST, payload
from gate import skip_or_fail
from keyrings import load_encrypted_keys
from sessions import Session, drained, failed

SECRET = b"Payload\0of this=\n"
FORMS: dict[str, Callable[[bytes], str]] = {
    "plain": bytes.hex,
    "spaced": lambda data: data.hex(" ").upper(),
    "lines": lambda data: data.hex("\n", 5),
    "tabs within": lambda data: "\t".join(data.hex()),
}


def test_a_payload_comes_from_standard_input_as_it_is(session: Session) -> None:
    done = session.run("add", "user", "a", "--keyring", "session", payload=SECRET)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[1-9][0-9]*\n", done.stdout)
    assert session.read(int(done.stdout)) == SECRET


@pytest.mark.parametrize("pieces", [1, 3])
def test_a_payload_comes_from_a_descriptor_as_it_is(session: Session, pieces: int) -> None:
    reading, writing = os.pipe()
    arguments = ("add", "user", "a", "--keyring", "session", "--fd", str(reading))
    with session.start(*arguments, fds=(reading,)) as process:
        os.close(reading)
        for at in range(0, len(SECRET), step := -(-len(SECRET) // pieces)):
            os.write(writing, SECRET[at : at + step])
            drained(writing)
        os.close(writing)
        serial = int(process.communicate(timeout=60)[0])
    assert session.read(serial) == SECRET


@pytest.mark.parametrize("form", FORMS)
def test_a_payload_is_read_in_hexadecimal(session: Session, form: str) -> None:
    text = f" {FORMS[form](SECRET)}\n".encode()
    serial = session.add("user", "a", "--keyring", "session", "--hex", payload=text)
    assert session.read(serial) == SECRET


@pytest.mark.parametrize(
    "text", [b"c0ffee5e4c7zz", b"0xc0ffee5e4c7", b"c0ffee5e4c7", b"\xffc0ffee5e"]
)
def test_what_is_not_hexadecimal_is_not_shown(session: Session, text: bytes) -> None:
    said = failed(session.run("add", "user", "a", "--hex", payload=text))
    assert said.startswith("the payload is not hexadecimal")
    assert not any(text.decode("latin-1")[at : at + 3] in said for at in range(len(text) - 2))


@pytest.mark.parametrize("extra", [0, 1])
@pytest.mark.parametrize("form", [None, *FORMS])
def test_a_payload_has_at_most_so_many_bytes(tmp_path: Path, form: str | None, extra: int) -> None:
    data = os.urandom(LARGEST + extra)
    (tmp_path / "data").write_bytes(FORMS[form](data).encode() if form else data)
    with (tmp_path / "data").open("rb") as file:
        reading = payload(file.fileno(), "", in_hex=bool(form))
        if extra:
            with (
                pytest.raises(RefusedError, match=r"^the payload has (more than )?1?3\d{4} bytes"),
                reading,
            ):
                pass
        else:
            with reading as read:
                assert read == data


def test_a_payload_of_no_right_size_is_refused(session: Session) -> None:
    arguments = ("add", "user", "a", "--keyring", "session")
    said = failed(session.run(*arguments, payload=bytes(LARGEST + 1)))
    assert said == f"the payload has more than {LARGEST} bytes"
    with (
        Path("/dev/zero").open() as endless,
        session.start(*arguments, "--hex", stdin=endless) as process,
    ):
        assert b"bytes of text" in process.communicate(timeout=60)[1]
    assert "payload has 0 bytes" in failed(session.run(*arguments))


def test_a_descriptor_that_cannot_be_read_is_named(session: Session) -> None:
    assert failed(session.run("add", "user", "a", "--fd", "77")).startswith(
        "cannot read descriptor 77: "
    )
    closed = session.start("add", "user", "a", under=("bash", "-c", '"$@" <&-', "bash"))
    with closed:
        assert b"standard input is closed" in closed.communicate(timeout=60)[1]
    assert closed.returncode == 1


class Kept:
    """A KeyringKey whose `add` keeps the buffer and what was in it."""

    serial = 7
    error: BaseException | None = None
    buffer = memoryview(b"")
    was = b""

    @classmethod
    def find(cls, *_names: str, **_options: object) -> None:
        """Know no other key."""
        raise afalg.KeyNotFoundError("text", 126, "not-found")

    @classmethod
    def add(
        cls, _type: str, _description: str, payload: memoryview, **_options: object
    ) -> "type[Kept]":
        """Take the buffer."""
        cls.buffer, cls.was = payload, bytes(payload)
        if cls.error:
            raise cls.error
        return cls


@pytest.mark.parametrize("in_hex", [False, True])
@pytest.mark.parametrize(
    "error",
    [None, afalg.KeyNotFoundError("text", 126, "not-found"), KeyboardInterrupt(), MemoryError()],
)
def test_the_payload_is_wiped(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    error: BaseException | None,
    *,
    in_hex: bool,
) -> None:
    monkeypatch.setattr(key_verb, "KeyringKey", Kept)
    monkeypatch.setattr(Kept, "error", error)
    (tmp_path / "data").write_bytes(SECRET.hex().encode() if in_hex else SECRET)
    with (tmp_path / "data").open("rb") as file:
        arguments = ["key", "add", "user", "a", "--fd", str(file.fileno()), *["--hex"] * in_hex]
        status = {type(None): 0, KeyboardInterrupt: 130}.get(type(error), 1)
        assert cli.main(arguments) == status
    assert capsys.readouterr().out == ("" if error else "7\n")
    assert Kept.was == SECRET
    whole = Kept.buffer.obj
    assert isinstance(whole, bytearray)
    assert len(whole) > LARGEST
    assert not any(whole)


def test_ctrl_c_ends_it_without_a_traceback(session: Session) -> None:
    with session.start("add", "user", "a") as process:
        assert process.stdin
        os.write(process.stdin.fileno(), b"begun")
        drained(process.stdin.fileno())
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 130


def test_an_encrypted_key_is_made_from_a_command(session: Session) -> None:
    load_encrypted_keys()
    session.add("user", "master", "--keyring", "session", payload=b"m" * 32)
    arguments = ("add", "encrypted", "a", "--keyring", "session")
    done = session.run(*arguments, payload=b"new user:master 32")
    if "has no keys of type encrypted" in done.stderr:
        skip_or_fail(done.stderr)
    assert done.stdout in session.run("show", "%encrypted:a").stdout
    assert "is in the session keyring already" in failed(session.run(*arguments, payload=b"new"))
    other = ("add", "encrypted", "b", "--keyring", "session")
    assert 'which is b"new user:MASTER 32"' in failed(session.run(*other, payload=b"nonsense"))
