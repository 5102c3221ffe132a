"""What runs inside a lab kernel: process 1, a shell script written for one command."""

import os
import re
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lab.packages import SYSTEM_PATH, tool

TOOLS = {"modprobe": "kmod", "mount": "mount", "setpriv": "util-linux", "ip": "iproute2"}
"""What the script calls beyond coreutils, and the Debian packages that have it."""

Identity = Literal["root", "nocaps", "nobody"]

_AS_PATH = "/run/lab/as"
_NOBODY = 65534, 65534

_NO_CAPABILITY = ("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")

# A command in the lab is to find what it would find outside, and no more: no desktop session, no
# agent sockets, no folders for temporary files that the kernel's own mounts hide.
_PASSED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TERM|NO_COLOR|FORCE_COLOR|COLUMNS"
    r"|CI|VIRTUAL_ENV|AFALG_\w+|PYTHON\w+|PYTEST_\w+|HYPOTHESIS_\w+|PROPTEST_\w+|NEXTEST_\w+"
    r"|CARGO_\w+|RUST\w+|PYENV_\w+",
    re.ASCII,
)

_SCRIPT = """\
#!/bin/sh
set -eu
PATH={path}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs -o mode=755 tmpfs /run
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t devpts -o mode=620,ptmxmode=666 devpts /dev/pts
ln -sfn /proc/self/fd /dev/fd
ln -sfn /proc/self/fd/0 /dev/stdin
ln -sfn /proc/self/fd/1 /dev/stdout
ln -sfn /proc/self/fd/2 /dev/stderr
ip link set lo up
echo {hostname} >/proc/sys/kernel/hostname

# The kernel asks this program for the modules of AF_ALG and of its ciphers.
mkdir -p /run/lab/lib/modules
ln -s {modules} "/run/lab/lib/modules/$(uname -r)"
printf '#!/bin/sh\\nexec {modprobe} -d /run/lab "$@"\\n' >/run/lab/modprobe
chmod +x /run/lab/modprobe
echo /run/lab/modprobe >/proc/sys/kernel/modprobe

{prepare}
{sysctls}

cat >{as_path} <<'END'
{as_script}END
chmod +x {as_path}

# Pipes, so that the command sees no terminal.
mkfifo -m 666 /run/lab/stdout /run/lab/stderr
cat /run/lab/stdout >{stdout} & out=$!
cat /run/lab/stderr >{stderr} & err=$!

cd {folder}
set +e
{command} </dev/null >/run/lab/stdout 2>/run/lab/stderr
echo $? >{status}

# What the command left running may hold the pipes open. It is killed, not the readers: who reads
# the lab slowly is to have every byte.
(
    sleep 2
    read -r self _ </proc/self/stat
    for process in /proc/[0-9]*; do
        case ${{process#/proc/}} in
            1 | "$out" | "$err" | "$self") ;;
            *) kill -KILL "${{process#/proc/}}" ;;
        esac
    done
) 2>/dev/null & reaper=$!
wait $out $err
kill $reaper
sync

# Whoever waits for the two marks has had all that comes before them, and ends this machine.
printf %s {mark} >{stdout}
printf %s {mark} >{stderr}
while :; do sleep 60; done
"""

_AS = """#!/bin/sh
who=${{1-}}
shift
case $who in
    root) exec "$@" ;;
    nocaps) exec {nocaps} "$@" ;;
    nobody) exec {nobody} "$@" ;;
esac
echo "lab: /run/lab/as root, nocaps or nobody COMMAND, not $who" >&2
exit 125
"""

_SYSCTL = """[ -e {path} ] || give_up {missing}
echo {value} >{path} || give_up {refused}
"""

# A line on the console, and no status: the lab shows the one for want of the other.
_GIVE_UP = """give_up() {{
    echo "lab: $1" >/dev/console
    echo o >/proc/sysrq-trigger
    while :; do :; done
}}
# Its own sysctls are there only when it is.
{modprobe} -d /run/lab -q af_alg || :
"""


@dataclass(frozen=True)
class Task:
    """A command, who runs it and where."""

    command: Sequence[str]
    identity: Identity
    folder: Path
    environment: Mapping[str, str]
    sysctls: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Fittings:
    """What the script needs to know of the machine it runs in.

    `prepare` is lines of shell: what makes the outputs carry bytes as they are. Behind the last
    byte of each goes the `mark`.
    """

    hostname: str
    modules: Path
    stdout: str
    stderr: str
    status: Path
    prepare: str
    mark: str


def new_mark() -> str:
    """Make up what no command says."""
    return f"lab-{secrets.token_hex(16)}"


def script(task: Task, fittings: Fittings) -> bytes:
    """Write process 1 for this task."""
    text = _SCRIPT.format(
        path=SYSTEM_PATH,
        hostname=shlex.quote(fittings.hostname),
        modules=shlex.quote(str(fittings.modules)),
        modprobe=tool("modprobe"),
        stdout=fittings.stdout,
        stderr=fittings.stderr,
        folder=shlex.quote(str(task.folder)),
        command=shlex.join(_command_line(task)),
        status=shlex.quote(str(fittings.status)),
        prepare=fittings.prepare,
        mark=fittings.mark,
        sysctls=_set(task.sysctls) if task.sysctls else "",
        as_path=_AS_PATH,
        as_script=_AS.format(nocaps=_drop_to(os.getuid(), os.getgid()), nobody=_drop_to(*_NOBODY)),
    )
    return os.fsencode(text)


def environment_for(kernel: str, outside: Mapping[str, str]) -> dict[str, str]:
    """Choose what of the caller's environment goes in, and say where one is."""
    inside = {name: value for name, value in outside.items() if _PASSED.fullmatch(name)}
    return inside | {"AFALG_LAB": "1", "AFALG_LAB_KERNEL": kernel}


def _command_line(task: Task) -> list[str]:
    variables = [f"{name}={value}" for name, value in task.environment.items()]
    return [_AS_PATH, task.identity, tool("env"), "-i", *variables, *task.command]


def _drop_to(user: int, group: int) -> str:
    # Without capabilities only the owner reads and writes the checkout, whoever that is.
    groups = f"--reuid={user}", f"--regid={group}", "--clear-groups"
    # `setpriv` still finds and opens its program with every capability; `env` has none for that.
    return shlex.join([tool("setpriv"), *groups, *_NO_CAPABILITY, tool("env")])


def _set(sysctls: Mapping[str, str]) -> str:
    lines = [_GIVE_UP.format(modprobe=tool("modprobe"))]
    for name, value in sysctls.items():
        path = f"/proc/sys/{name.replace('.', '/')}"
        texts = {
            "path": path,
            "value": value,
            "missing": f"this kernel has no sysctl {name}",
            "refused": f"the sysctl {name} does not take {value!r}",
        }
        lines.append(_SYSCTL.format_map({key: shlex.quote(text) for key, text in texts.items()}))
    return "".join(lines)
