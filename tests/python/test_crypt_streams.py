"""`afalg encrypt` and `afalg decrypt` in pipes, over files of all kinds, and when ended."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from filecmp import cmp
from pathlib import Path
from typing import IO

import pytest

from commands import (
    AFALG,
    CBC,
    CTR,
    DEADLINE,
    MIB,
    NO_UNNAMED,
    WHO,
    Folder,
    has_unnamed_files,
    plaintext,
    quiet,
    run,
)
from oracles.cases import IN_LAB
from sessions import Process
from surroundings import filtered

PROVIDER = ("--provider", WHO)
MOST = 40 * MIB  # of memory, Python's own included, for files of any size
GIB = 1 << 30
MEASURED = """
from afalg.cli import main
status = main()
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
raise SystemExit(status)
"""


def fed(
    command: Sequence[str], pieces: Iterator[bytes], *, blocking: bool = True
) -> tuple[int, bytes, bytes]:
    """Run a command whose standard input comes in pieces."""
    reading, writing = os.pipe()
    result_end, out = os.pipe()
    for end in (reading, out):
        os.set_blocking(end, blocking)

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for piece in pieces:
                pipe.write(piece)

    with Process(command, stdin=reading, stdout=out, stderr=subprocess.PIPE) as process:
        os.close(reading)
        os.close(out)
        feeder = threading.Thread(target=feed)
        feeder.start()
        with os.fdopen(result_end, "rb") as result:
            made = result.read()
        feeder.join(DEADLINE)
        assert process.stderr
        said = process.stderr.read()
        return process.wait(DEADLINE), made, said


def cut(data: bytes, seed: int) -> Iterator[bytes]:
    """Cut data into pieces, of one byte too."""
    drawn, at = random.Random(seed), 0
    while at < len(data):
        size = drawn.choice([1, 7, 15, 16, 4096, 65536, 100_000])
        yield data[at : at + size]
        at += size


@pytest.mark.parametrize("blocking", [True, False])
@pytest.mark.parametrize("secret", ["key", "passphrase"])
def test_a_pipe_may_give_and_take_any_pieces(folder: Folder, secret: str, blocking: bool) -> None:  # noqa: FBT001
    data = plaintext(MIB + 777)
    options = folder.by_key()[:4] if secret == "key" else folder.by_passphrase()
    command = [*AFALG, "encrypt", "-q", *PROVIDER, *options]
    status, sealed, said = fed(command, cut(data, 1), blocking=blocking)
    assert (status, said) == (0, b"")
    command[len(AFALG)] = "decrypt"
    assert fed(command, cut(sealed, 2), blocking=blocking) == (0, data, b"")


def test_a_dash_is_standard_input_or_output(folder: Folder) -> None:
    data = plaintext(100)
    sealed = CBC.by_key("encrypt", data)
    assert run(quiet("encrypt", folder, "-", "-o", "-"), data) == (0, sealed, b"")
    assert run(quiet("decrypt", folder, "-", "-o", str(folder.made)), sealed) == (0, b"", b"")
    assert folder.made.read_bytes() == data


@pytest.mark.parametrize("to", [[], ["-o", "/dev/stdout"]])
def test_a_reader_that_has_gone_ends_it_without_a_word(folder: Folder, to: list[str]) -> None:
    folder.plain.write_bytes(plaintext(MIB))
    reading, writing = os.pipe()
    command = quiet("encrypt", folder, str(folder.plain), *to)
    with Process(command, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        assert os.read(reading, 10)
        os.close(reading)
        assert process.communicate(timeout=DEADLINE)[1] == b""
    assert process.returncode == 3


def test_a_file_may_be_its_own_target(folder: Folder) -> None:
    both = folder.path / "both"
    both.write_bytes(plaintext(MIB + 1))
    assert run(quiet("encrypt", folder, str(both), "-o", str(both))).status == 0
    assert both.read_bytes() == CBC.by_key("encrypt", plaintext(MIB + 1))
    assert run(quiet("decrypt", folder, str(both), "-o", str(both))).status == 0
    assert both.read_bytes() == plaintext(MIB + 1)


LARGE = [
    pytest.param(size, secret, marks=[pytest.mark.slow] * (size == GIB))
    for size in ((32 * MIB,) if IN_LAB else (64 * MIB, GIB))
    for secret in (["key"] if IN_LAB else ["key", "passphrase"])
]


@pytest.mark.parametrize(("size", "secret"), LARGE)
def test_a_large_file_takes_no_more_memory(folder: Folder, size: int, secret: str) -> None:
    with folder.plain.open("wb") as plain:
        plain.truncate(size)
    by_key = secret == "key"
    options = folder.by_key(CTR) if by_key else folder.by_passphrase(CTR)
    for direction, source, target in (
        ("encrypt", folder.plain, folder.made),
        ("decrypt", folder.made, folder.path / "back"),
    ):
        command = [direction, "-q", *PROVIDER, *options, str(source), "-o", str(target)]
        assert memory_of(command) < MOST
    assert cmp(folder.plain, folder.path / "back", shallow=False)
    openssl = ["openssl", "enc", "-d", "-aes-256-ctr", "-in", str(folder.made)]
    secret_of = (
        ["-K", CTR.key.hex(), "-iv", CTR.iv.hex()]
        if by_key
        else ["-pbkdf2", "-iter", "3", "-pass", f"file:{folder.passphrase}"]
    )
    assert run([*openssl, *secret_of, "-out", str(folder.path / "theirs")]).status == 0
    assert cmp(folder.plain, folder.path / "theirs", shallow=False)
    for name in ("plain", "made", "back", "theirs"):
        (folder.path / name).unlink()


def memory_of(arguments: Sequence[str]) -> int:
    """Run the command and give the most memory that it had, in bytes."""
    # Not ru_maxrss, in which a child's has its parent's.
    done = run([sys.executable, "-c", MEASURED, *arguments])
    assert (done.status, done.err) == (0, b"")
    return int(done.out) << 10


@pytest.mark.parametrize("program", [AFALG, NO_UNNAMED], ids=["unnamed", "named"])
@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
)
def test_what_is_ended_half_way_leaves_nothing(
    folder: Folder, program: Sequence[str], number: signal.Signals, status: int
) -> None:
    folder.made.write_bytes(b"old")
    before = sorted(folder.path.iterdir())
    command = [*program, *quiet("encrypt", folder, "-o", str(folder.made))[len(AFALG) :]]
    with Process(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(plaintext(MIB))
        process.stdin.flush()  # all but a pipe's room was read, so it is in the midst
        named = program is NO_UNNAMED or not has_unnamed_files(folder.path)
        assert len(list(folder.path.glob(".afalg-*.part"))) == named
        process.send_signal(number)
        assert process.wait(DEADLINE) == status
        assert read_to_end(process.stderr) == b""
        process.stdin.close()
    assert folder.made.read_bytes() == b"old"
    assert sorted(folder.path.iterdir()) == before


HEARD_ELSEWHERE = """
import glob, signal, sys, threading, time
{}
def tell():
    while not glob.glob(sys.argv[-1] + "/.afalg-*.part"):
        time.sleep(0.01)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    time.sleep({})
threading.Thread(target=tell, daemon=True).start()
sys.exit(main(sys.argv[1:-1]))
"""


def test_a_signal_that_interrupts_no_read_is_heard(folder: Folder) -> None:
    # One that comes just before read(2), or to another thread: nothing more is written here.
    unnamed = NO_UNNAMED[-1].removesuffix("; sys.exit(main())")
    program = HEARD_ELSEWHERE.format(unnamed, DEADLINE)
    arguments = [*quiet("encrypt", folder, "-o", str(folder.made))[len(AFALG) :], str(folder.path)]
    with Process([sys.executable, "-c", program, *arguments], stdin=subprocess.PIPE) as process:
        assert process.wait(DEADLINE) == 128 + signal.SIGTERM
    assert not list(folder.path.glob(".afalg-*.part"))


def read_to_end(pipe: IO[bytes] | None) -> bytes:
    """Give what comes until the other end is closed."""
    assert pipe
    return pipe.read()


def test_a_fallback_is_said_in_one_short_line_which_quiet_leaves(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(100))
    refusing = [*filtered("EPERM"), "env", "-u", "AFALG_PROVIDER", *AFALG]
    done = run([*refusing, "encrypt", "-q", str(folder.plain), *folder.by_key()])
    assert (done.status, done.out) == (0, CBC.by_key("encrypt", plaintext(100)))
    assert done.err.decode() == (
        "afalg: warning: userspace computes cbc(aes) in the kernel's place (denied): "
        "`afalg doctor` says why. To choose it: --provider userspace\n"
    )


def test_what_would_read_its_own_output_is_refused(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(1000))
    with folder.plain.open("ab") as out:
        command = quiet("encrypt", folder, str(folder.plain))
        done = subprocess.run(
            command, check=False, stdout=out, stderr=subprocess.PIPE, timeout=DEADLINE
        )
    assert done.returncode == 1
    assert b"is written to where it is read, which what is written would" in done.stderr
    assert folder.plain.read_bytes() == plaintext(1000)


def test_a_log_is_appended_to(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(1000))
    folder.made.write_bytes(b"head\n")
    with folder.made.open("ab") as out:
        command = [*quiet("encrypt", folder, str(folder.plain)), "-o", "/dev/stdout"]
        subprocess.run(command, check=True, stdout=out, timeout=DEADLINE)
    assert folder.made.read_bytes().startswith(b"head\n")
    assert len(folder.made.read_bytes()) > 1000


def test_a_log_is_appended_to_by_encrypt_file(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(1000))
    folder.made.write_bytes(b"head\n")
    program = (
        "import sys, afalg\nwith afalg.Cipher('ctr(aes)', bytes(32), provider='userspace') as c:\n"
        " afalg.encrypt_file(sys.argv[1], '/dev/stderr', c, iv=bytes(16))"
    )
    with folder.made.open("ab") as out:
        command = [sys.executable, "-c", program, str(folder.plain)]
        subprocess.run(command, check=True, stderr=out, timeout=DEADLINE)
    assert folder.made.read_bytes().startswith(b"head\n")
    assert len(folder.made.read_bytes()) == 1000 + len(b"head\n")


def test_a_bar_that_cannot_be_drawn_ends_nothing(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(1000))
    command = [*quiet("encrypt", folder, str(folder.plain)), "--progress", "-o", str(folder.made)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, check=False, stderr=full, timeout=DEADLINE)
    assert done.returncode == 0
    assert folder.made.exists()


def test_no_bar_is_drawn_where_standard_error_is_closed(folder: Folder) -> None:
    folder.plain.write_bytes(plaintext(1000))
    command = [*quiet("encrypt", folder, str(folder.plain)), "--progress", "-o", str(folder.made)]
    assert run(["sh", "-c", 'exec "$@" 2>&-', "sh", *command]).status == 0
    assert folder.made.read_bytes() == CBC.by_key("encrypt", plaintext(1000))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_while_a_key_is_derived(folder: Folder, ending: signal.Signals) -> None:
    folder.plain.write_bytes(plaintext(1000))
    words = [*folder.by_passphrase(), "--iterations", str((1 << 31) - 1)]
    files = [str(folder.plain), "-o", str(folder.made)]
    command = [*AFALG, "encrypt", "-q", "--provider", WHO, *files, *words]
    with subprocess.Popen(command) as process:
        tasks, deadline = Path(f"/proc/{process.pid}/task"), time.monotonic() + DEADLINE
        while len(list(tasks.iterdir())) == 1:  # it derives in a thread of its own
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(ending)
        assert process.wait(DEADLINE) == 128 + ending
    assert not folder.made.exists()
