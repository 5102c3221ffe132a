"""Starts a kernel, streams what its command says, kills it when its time is up: any kind of it."""

import os
import selectors
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lab.cache import Fetched
from lab.guest import Task
from lab.matrix import Kernel
from lab.packages import tool
from lab.stream import Stream

TIMED_OUT = 124
DIED = 125
CONSOLE_TAIL = 80

STATUS = "status"
CONSOLE = "console"


@dataclass(frozen=True)
class Launch:
    """How one machine is started.

    `argv` is made of the numbers of two descriptors, onto which the machine puts the command's
    standard output and error; its own standard output is the kernel's console. `scratch` is this
    run's alone: the command's exit status comes back through a file in it. The machine puts `mark`
    behind each of the two and then waits to be killed. `about` is what a person should know of this
    machine.
    """

    argv: Callable[[int, int], Sequence[str]]
    environment: dict[str, str]
    folder: Path
    scratch: Path
    mark: bytes
    about: str = ""


@dataclass(frozen=True)
class Wish:
    """What the caller may say about a machine; None leaves the number to the kind."""

    memory: str
    cpus: int | None
    append: Sequence[str]


@dataclass(frozen=True)
class Kind:
    """A kind of machine: what finds or fetches its kernels, and what prepares a boot."""

    obtain: Callable[[Kernel], Fetched]
    launch: Callable[[Fetched, Task, Wish, Path], Launch]


@dataclass(frozen=True)
class Limit:
    """How long a command may take, boot included, and what to call it when it takes longer."""

    seconds: float
    label: str
    command: Sequence[str]


def run(launch: Launch, limit: Limit) -> int:
    """Run a machine to its end and tell the exit status of its command."""
    deadline = time.monotonic() + limit.seconds
    with ExitStack() as stack:
        out, out_far = _pipe(stack)
        err, err_far = _pipe(stack)
        process = stack.enter_context(_started(launch, out_far, err_far))
        stack.callback(_kill, process)
        stack.enter_context(_watchdog(process, launch.scratch))
        out_far.close()
        err_far.close()
        streams = {
            out: Stream(sys.stdout.buffer, launch.mark),
            err: Stream(sys.stderr.buffer, launch.mark),
        }
        if not _relay(process, streams, deadline):
            _say_timeout(limit)
            return TIMED_OUT
    whole = all(stream.whole for stream in streams.values())
    return _status(launch, limit) if whole else _died(launch, limit)


def _pipe(stack: ExitStack) -> tuple[BinaryIO, BinaryIO]:
    near, far = os.pipe()
    return (
        stack.enter_context(os.fdopen(near, "rb", buffering=0)),
        stack.enter_context(os.fdopen(far, "wb", buffering=0)),
    )


def _started(launch: Launch, out: BinaryIO, err: BinaryIO) -> "subprocess.Popen[bytes]":
    # A kernel that dies leaves no core file. Its environment is set last: the libraries that it
    # may name are not for the programs that start it.
    variables = [f"{name}={value}" for name, value in launch.environment.items()]
    start = [tool("prlimit"), "--core=0", tool("env"), "-i", *variables]
    with (launch.scratch / CONSOLE).open("wb") as console:
        return subprocess.Popen(
            [*start, *launch.argv(out.fileno(), err.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            pass_fds=(out.fileno(), err.fileno()),
            cwd=launch.folder,
            start_new_session=True,
        )


@contextmanager
def _watchdog(process: "subprocess.Popen[bytes]", scratch: Path) -> Generator[None, None, None]:
    """Clean up also when the lab itself is killed and cannot: its end of a pipe closes."""
    clean_up = 'read -r _; kill -KILL "-$0"; rm -rf "$1"'
    command = ["/bin/sh", "-c", clean_up, str(process.pid), str(scratch)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watchdog:
        try:
            yield
        finally:
            watchdog.kill()


def _relay(
    process: "subprocess.Popen[bytes]",
    streams: dict[BinaryIO, Stream],
    deadline: float,
) -> bool:
    """Pass the command's output on until both streams end; False when time is up before."""
    ended_fd = os.pidfd_open(process.pid)
    with selectors.DefaultSelector() as selector, os.fdopen(ended_fd, "rb") as ended:
        selector.register(ended, selectors.EVENT_READ)
        for near, stream in streams.items():
            selector.register(near, selectors.EVENT_READ, stream)
        while not all(stream.ended for stream in streams.values()):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready and time.monotonic() >= deadline:
                return False
            for key, _ in ready:
                stream = key.data
                if stream is None:
                    _kill(process)  # its helpers hold the pipes open
                else:
                    stream.take(os.read(key.fd, 1 << 16))
                    if not stream.ended:
                        continue
                selector.unregister(key.fileobj)
    return True


def _kill(process: "subprocess.Popen[bytes]") -> None:
    # The process is waited for only after this: its number, and so its group's, is still its own.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _status(launch: Launch, limit: Limit) -> int:
    with suppress(FileNotFoundError, ValueError):
        return int((launch.scratch / STATUS).read_text())
    return _died(launch, limit)


def _died(launch: Launch, limit: Limit) -> int:
    console = (launch.scratch / CONSOLE).read_text(errors="replace")
    tail = console.splitlines()[-CONSOLE_TAIL:]
    _say(f"{limit.label} died before all of `{shlex.join(limit.command)}` was heard; its console:")
    print(*(f"    {line}" for line in tail), sep="\n", file=sys.stderr)
    return DIED


def _say_timeout(limit: Limit) -> None:
    _say(
        f"TIMEOUT: {limit.label} killed after {limit.seconds:g} s, with everything in it: "
        f"`{shlex.join(limit.command)}` did not end. More time: --timeout",
    )


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)
