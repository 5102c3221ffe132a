"""The lab's command line: `python3 -m lab --help`."""

import argparse
import math
import os
import re
import signal
import sys
import typing
from pathlib import Path
from types import FrameType

from lab import cache, guest, machine, qemu, uml
from lab.errors import LabError
from lab.matrix import MATRIX, Kernel, Kind

KINDS: dict[Kind, machine.Kind] = {"uml": uml.KIND, "qemu": qemu.KIND}

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Do what the command line says and tell the exit status."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _leave)  # what is booted is killed on the way out
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.act(chosen)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return machine.DIED
    except KeyboardInterrupt:
        print("lab: interrupted, the kernel is killed", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # as in `… | head`: nobody reads on, not even a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return status


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _run(chosen: argparse.Namespace) -> int:
    fetched = _obtain(MATRIX[chosen.kernel])
    folder = Path.cwd()
    cache.need_visible(folder, "start the lab from another folder")
    command = chosen.command[1:] if chosen.command[:1] == ["--"] else chosen.command
    if not command:
        raise LabError("no command given: put it last, after --")
    environment = guest.environment_for(fetched.kernel.name, os.environ)
    task = guest.Task(command, chosen.identity, folder, environment, dict(chosen.sysctls))
    wish = machine.Wish(chosen.memory, chosen.cpus, chosen.append)
    with cache.scratch_folder() as scratch:
        launch = KINDS[fetched.kernel.kind].launch(fetched, task, wish, scratch)
        label = f"{fetched}, as {chosen.identity}{launch.about}"
        _tell(fetched, label)
        return machine.run(launch, machine.Limit(chosen.timeout, label, command))


def _obtain(kernel: Kernel) -> cache.Fetched:
    return KINDS[kernel.kind].obtain(kernel)


def _tell(fetched: cache.Fetched, label: str) -> None:
    print(f"lab: {label}", file=sys.stderr, flush=True)
    if fetched.moved:
        print(
            f"lab: note: asked for {fetched.kernel.name}, but {fetched.kernel.suite} had "
            f"Linux {fetched.versions.linux} when it was fetched",
            file=sys.stderr,
            flush=True,
        )


def _fetch(chosen: argparse.Namespace) -> int:
    for name in [chosen.kernel] if chosen.kernel else MATRIX:
        fetched = _obtain(MATRIX[name])
        _tell(fetched, f"{name} is {fetched}, in {fetched.folder}")
    return 0


def _list(_chosen: argparse.Namespace) -> int:
    for name, kernel in MATRIX.items():
        fetched = cache.look_up(kernel)
        print(f"{name:11}{kernel.kind:6}{kernel.suite:18}{fetched or 'not fetched yet'}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m lab", description="Run a command in a kernel that has AF_ALG."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser("run", help="boot a kernel, run a command in it, hand its status back")
    run.add_argument("--kernel", required=True, choices=MATRIX)
    run.add_argument(
        "--as",
        dest="identity",
        default="root",
        choices=typing.get_args(guest.Identity),
        help="nocaps: the user who started the lab, without capabilities; default root",
    )
    _add_machine_options(run)
    run.add_argument("--timeout", default=600.0, type=_seconds, help="seconds; default 600")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND [ARG ...]")
    run.set_defaults(act=_run)

    fetch = verbs.add_parser("fetch", help="only fetch kernels, all of them by default")
    fetch.add_argument("--kernel", choices=MATRIX)
    fetch.set_defaults(act=_fetch)

    listing = verbs.add_parser("list", help="show the matrix and what is fetched of it")
    listing.set_defaults(act=_list)
    return parser


def _add_machine_options(run: argparse.ArgumentParser) -> None:
    run.add_argument(
        "--sysctl",
        dest="sysctls",
        action="append",
        default=[],
        type=_sysctl,
        metavar="NAME=VALUE",
        help="set before the command starts, such as crypto.af_alg_restrict=0; may be repeated",
    )
    run.add_argument(
        "--append",
        action="append",
        default=[],
        metavar="WORDS",
        help="more words for the kernel's command line, such as fips=1; may be repeated",
    )
    run.add_argument(
        "--cpus", type=_cpus, help="default 2 for the stock kernels; User-mode Linux has 1"
    )
    run.add_argument("--memory", default="2G", type=_memory, help="default 2G")


def _memory(text: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[MG]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of memory such as 512M or 2G")
    return text


def _cpus(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of CPUs from 1 to 99")
    return int(text)


def _sysctl(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"\w[\w-]*([./]\w[\w-]*)+", name, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is no sysctl such as crypto.af_alg_restrict=0")
    return name, value


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no time to wait")
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
