"""The lab itself: what it reads, what it writes, and that a kernel boots, answers and ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import cache, guest, mirror, uml
from lab.errors import LabError
from lab.matrix import MATRIX, Kernel

ROOT = Path(__file__).resolve().parents[2]
KERNELS = list(MATRIX)
OLDEST, NEWEST = KERNELS[0], KERNELS[-1]
MIRROR = "http://mirror.example/debian"

boots = pytest.mark.skipif("AFALG_LAB" in os.environ, reason="a lab kernel boots no other")

# --- the machine's Debian archive ---------------------------------------------------------------

DEB822 = f"""\
Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb deb-src
# a comment inside a stanza
URIs: {MIRROR}
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""

VENDOR_FIRST = f"""\
deb https://vendor.example/linux/debian bookworm stable
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] {MIRROR} bookworm main
"""

EMBEDDED_KEY = f"""\
Types: deb
Enabled: no
URIs: http://other.example/debian
Components: main

Types: deb
URIs: {MIRROR}/
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBGPL0BUBEADmW5NdOOHwPIJlgPu6JDcKw/NZJPR8lsD3K87ZM18gzyQZJD+w
"""


@pytest.mark.parametrize(
    ("name", "text", "signed_by"),
    [
        ("sources.list", f"deb {MIRROR} bookworm main # near\n", None),
        ("sources.list", f"deb-src http://a.example/debian sid main\ndeb {MIRROR} sid main", None),
        ("sources.list", f"# deb http://a.example/debian sid main\ndeb\t{MIRROR}  sid main", None),
        (
            "sources.list.d/b.list",
            VENDOR_FIRST,
            "/usr/share/keyrings/a.gpg",
        ),
        ("sources.list.d/c.sources", DEB822, "/usr/share/keyrings/debian-archive-keyring.gpg"),
        ("sources.list.d/c.sources", EMBEDDED_KEY, EMBEDDED_KEY.partition("Signed-By:")[2]),
    ],
)
def test_the_debian_archive_is_found(
    tmp_path: Path, name: str, text: str, signed_by: str | None
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(text)
    found = mirror.find_mirror(tmp_path, {})
    assert found.uri.rstrip("/") == MIRROR
    assert (found.signed_by or "").strip() == (signed_by or "").strip()


@pytest.mark.parametrize(
    "uri",
    [
        "mirror+file:///etc/apt/mirrors/debian.list",
        "http://snapshot.example/debian/20260101T000000Z",
    ],
)
def test_lists_of_mirrors_and_snapshots_are_debian_archives(tmp_path: Path, uri: str) -> None:
    (tmp_path / "sources.list").write_text(f"deb {uri} bookworm main")
    assert mirror.find_mirror(tmp_path, {}).uri == uri


def test_a_machine_without_a_debian_archive_is_told_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://mirror.example/ubuntu noble main")
    with pytest.raises(LabError, match="AFALG_LAB_MIRROR"):
        mirror.find_mirror(tmp_path, {})


# --- the cache ----------------------------------------------------------------------------------

SOME = Kernel("1.2", "uml", "buzz")


def test_of_two_fetches_at_once_one_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFALG_LAB_CACHE", str(tmp_path))
    folders: list[Path] = []

    def fetch(folder: Path) -> cache.Versions:
        folders.append(folder)
        time.sleep(0.1)
        return cache.Versions("1.3.5", "user-mode-linux 1.3um1")

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(lambda _: cache.look_up_or(SOME, fetch), range(4)))
    assert len(folders) == 1
    assert {str(one) for one in found} == {"Linux 1.3.5 (user-mode-linux 1.3um1 from buzz)"}
    assert found[0].moved


def test_a_fetch_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFALG_LAB_CACHE", str(tmp_path))
    (tmp_path / "uml-1.2.unfinished").mkdir()  # as a fetch that was killed leaves it

    def fetch(folder: Path) -> cache.Versions:
        (folder / "half").touch()
        raise LabError("the network is away")

    with pytest.raises(LabError):
        cache.look_up_or(SOME, fetch)
    assert cache.look_up(SOME) is None
    assert [path.name for path in tmp_path.iterdir()] == ["uml-1.2.lock"]


def test_a_cache_that_a_kernel_would_not_see_is_refused() -> None:
    with pytest.raises(LabError, match="AFALG_LAB_CACHE"):
        cache.cache_folder({"AFALG_LAB_CACHE": "/dev/shm/kernels"})


# --- the script inside --------------------------------------------------------------------------


def test_only_what_a_command_needs_of_the_environment_goes_in() -> None:
    outside = {"PATH": "/bin", "LC_ALL": "C", "AFALG_PROVIDER": "kernel", "PYTEST_ADDOPTS": "-x"}
    unwanted = {
        "TMPDIR": "/dev/shm",
        "DISPLAY": ":0",
        "PATHS": "x",
        "AFALG_": "",
        "LD_PRELOAD": "x",
    }
    inside = guest.environment_for("6.1", outside | unwanted)
    assert inside == outside | {"AFALG_LAB": "1", "AFALG_LAB_KERNEL": "6.1"}


def test_the_script_is_sound_whatever_the_command(tmp_path: Path) -> None:
    task = guest.Task(["a'b", '"$(x)', "\n;", "*", "\udcff"], "nocaps", Path("/a b"), {"A": "' #"})
    fittings = guest.Fittings("lab", Path("/m m"), "/dev/out", "/dev/err", Path("/s s"))
    script = tmp_path / "init"
    script.write_bytes(guest.script(task, fittings))
    subprocess.run(["sh", "-n", script], check=True)


# --- boots --------------------------------------------------------------------------------------

ENCRYPT = """
import socket
tfm = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
tfm.bind(("skcipher", "cbc(aes)"))
key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
tfm.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
op = tfm.accept()[0]
plain = bytes.fromhex("6bc1bee22e409f96e93d7e117393172a")
op.sendmsg_afalg([plain], op=socket.ALG_OP_ENCRYPT, iv=bytes(range(16)))
print(op.recv(16).hex())
"""
ENCRYPTED = b"7649abac8119b246cee98e9b12e9197d"  # NIST SP 800-38A, F.2.1


def line(kernel: str, *options: str, command: Sequence[str]) -> list[str]:
    """The command line of a run."""
    return [sys.executable, "-m", "lab", "run", "--kernel", kernel, *options, "--", *command]


def run(kernel: str, *options: str, command: Sequence[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run a command in a kernel."""
    argv = line(kernel, *options, command=command)
    return subprocess.run(argv, cwd=ROOT, capture_output=True, check=False, timeout=300)


@boots
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_cipher_answers_in_every_kernel(kernel: str) -> None:
    done = run(kernel, command=[sys.executable, "-c", ENCRYPT])
    assert (done.returncode, done.stdout.strip()) == (0, ENCRYPTED), done.stderr.decode()
    assert b"lab: Linux " in done.stderr


@boots
@pytest.mark.parametrize("kernel", KERNELS)
def test_status_streams_and_arguments_come_through_unchanged(kernel: str) -> None:
    odd = ["", "a  b", "c'd", "$HOME", "*", "x\ny\r", "\udcff\x1b"]
    show = 'printf "%s|" "$@"; echo "$PWD $AFALG_LAB_KERNEL" >&2; test -t 1 || exit 7'
    done = run(kernel, command=["sh", "-c", show, "sh", *odd])
    assert done.returncode == 7
    assert done.stdout == os.fsencode("|".join([*odd, ""]))
    assert done.stderr.endswith(f"\n{ROOT} {kernel}\n".encode())


@boots
def test_nocaps_has_no_capability_and_answers() -> None:
    capabilities = "print(*(l for l in open('/proc/self/status') if l.startswith('Cap')))"
    script = f"{ENCRYPT}\n{capabilities}"
    done = run(NEWEST, "--as", "nocaps", command=[sys.executable, "-c", script])
    answer, *masks = done.stdout.split()
    assert answer == ENCRYPTED
    assert set(masks[1::2]) == {b"0" * 16}


@boots
def test_two_boots_at_once_do_not_disturb_each_other() -> None:
    with ThreadPoolExecutor() as pool:
        commands = [[sys.executable, "-c", f"{ENCRYPT}\nexit({status})"] for status in (3, 4)]
        done = list(pool.map(lambda command: run(OLDEST, command=command), commands))
    assert [one.returncode for one in done] == [3, 4]
    assert {one.stdout.strip() for one in done} == {ENCRYPTED}


@boots
def test_a_kernel_that_dies_shows_its_console() -> None:
    done = run(NEWEST, command=["sh", "-c", "echo c >/proc/sysrq-trigger"])
    assert done.returncode == 125
    assert b"Kernel panic" in done.stderr


@boots
def test_a_command_that_hangs_is_killed_with_its_kernel(own_cache: Path) -> None:
    done, left = ended(own_cache, OLDEST, "12", lambda _: None)
    assert done.returncode == 124
    assert b"TIMEOUT" in done.stderr
    assert b"sleep 1000" in done.stderr
    assert not left
    assert not list(own_cache.glob("run-*"))


@boots
def test_a_lab_that_is_killed_leaves_no_kernel(own_cache: Path) -> None:
    done, left = ended(own_cache, OLDEST, "60", lambda lab: lab.kill())
    assert done.returncode == -signal.SIGKILL
    assert not left
    assert not list(own_cache.glob("run-*"))


@boots
def test_a_lab_that_is_told_to_end_leaves_nothing(own_cache: Path) -> None:
    done, left = ended(own_cache, NEWEST, "60", lambda lab: lab.terminate())
    assert done.returncode == 128 + signal.SIGTERM
    assert not left
    assert not list(own_cache.glob("run-*"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that only this test's kernels run from, so that they can be told from others."""
    for kernel in MATRIX.values():
        folder = uml.obtain(kernel).folder
        (tmp_path / folder.name).symlink_to(folder)
    monkeypatch.setenv("AFALG_LAB_CACHE", str(tmp_path))
    return tmp_path


def ended(
    own_cache: Path,
    kernel: str,
    timeout: str,
    end: "Callable[[subprocess.Popen[bytes]], None]",
) -> "tuple[subprocess.CompletedProcess[bytes], list[int]]":
    """Start a command that hangs, end it, and tell what is left of its kernel's processes."""
    argv = line(kernel, "--timeout", timeout, command=["sh", "-c", "echo up; sleep 1000"])
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdout=pipe, stderr=pipe) as lab:
        assert lab.stdout
        assert lab.stdout.readline() == b"up\n"
        sessions = {session(pid) for pid in processes() if str(own_cache) in command_line(pid)}
        end(lab)
        out, err = lab.communicate(timeout=60)
    assert sessions
    deadline = time.monotonic() + 5
    while (left := [p for p in processes() if session(p) in sessions]) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return subprocess.CompletedProcess(argv, lab.returncode, out, err), left


def processes() -> list[int]:
    """Every process that runs."""
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def command_line(pid: int) -> str:
    """A process's arguments; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def session(pid: int) -> int | None:
    """A process's session, None when it is gone or only waited for by nobody."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, number = fields[0], int(fields[3])
    return None if state in "ZX" else number
