"""`afalg key` in a session that ends with the test."""

import fcntl
import re
import struct
import subprocess
import sys
import termios
import time
from concurrent.futures import Executor
from typing import IO, Any

from afalg import KeyringKey, KeyringName
from keyrings import join_session, keyctl, read

COMMAND = [sys.executable, "-m", "afalg", "key"]
GET_KEYRING_ID, SETPERM = 0, 5
SESSION = -3
Done = subprocess.CompletedProcess[str]


class Process(subprocess.Popen[bytes]):
    """A process that a failed test does not wait for."""

    def __exit__(self, kind: type[BaseException] | None, *rest: Any) -> None:  # noqa: ANN401, PYI036 - Popen's
        """End it."""
        if kind:
            self.kill()
        super().__exit__(kind, *rest)


class Session:
    """A thread with a session keyring of its own, which the processes that it starts inherit.

    Credentials are a thread's to the kernel: the other threads keep theirs, and the keyring
    goes with the thread and its children.
    """

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        thread.submit(join_session).result()

    def serial(self) -> int:
        """Give the session keyring's serial."""
        return self._thread.submit(keyctl, GET_KEYRING_ID, SESSION, 0).result()

    def set_permissions(self, serial: int, permissions: int) -> None:
        """Say who may do what with a key."""
        self._thread.submit(keyctl, SETPERM, serial, permissions).result()

    def unlink(self, serial: int, keyring: KeyringName) -> None:
        """Take a key out of a keyring that others have too."""
        # In this thread: whoever asks for "persistent" is given a session keyring.
        self._thread.submit(KeyringKey(serial).unlink, keyring).result()

    def read(self, serial: int) -> bytes:
        """Give the payload of a key that has none to hide."""
        return self._thread.submit(lambda: read(KeyringKey(serial))).result()

    def start(
        self,
        *arguments: str,
        under: tuple[str, ...] = (),
        stdin: int | IO[str] = subprocess.PIPE,
        stdout: int | IO[str] = subprocess.PIPE,
        fds: tuple[int, ...] = (),
    ) -> Process:
        """Start `afalg key`, its errors to a pipe."""
        command = [*under, *COMMAND, *arguments]

        def start() -> Process:
            pipe = subprocess.PIPE
            return Process(command, stdin=stdin, stdout=stdout, stderr=pipe, pass_fds=fds)

        return self._thread.submit(start).result()

    def run(self, *arguments: str, payload: bytes = b"") -> Done:
        """Run `afalg key` to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(payload, timeout=60)
        return Done(arguments, process.returncode, out.decode(), err.decode())

    def add(self, *arguments: str, payload: bytes = b"0123456789abcdef") -> int:
        """Add a key and give its serial."""
        done = self.run("add", *arguments, payload=payload)
        assert (done.returncode, done.stderr) == (0, "")
        return int(done.stdout)


def failed(done: Done) -> str:
    """Check that a command failed in the one way that it should; give what it said."""
    assert (done.returncode, done.stdout) == (1, "")
    said = re.fullmatch(r"afalg: (.+)\n", done.stderr)
    assert said, done.stderr
    return said[1]


def drained(pipe: int) -> None:
    """Wait until a pipe was read."""
    deadline = time.monotonic() + 30
    while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]:
        assert time.monotonic() < deadline, "nobody reads"
        time.sleep(0.01)
