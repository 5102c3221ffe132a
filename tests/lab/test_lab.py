"""The lab without its kernels: what it reads, what it writes, what it chooses."""

import io
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from lab import accelerator, cache, guest, initramfs, mirror, packages, stock
from lab.accelerator import Accelerator
from lab.errors import LabError
from lab.matrix import MATRIX, Kernel
from lab.stream import Stream

MIRROR = "http://mirror.example/debian"

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
    task = replace(task, sysctls={"a.b": "c d'e", "net/ipv4/x": "`"})
    fittings = guest.Fittings(
        "lab", Path("/m m"), "/dev/out", "/dev/err", Path("/s s"), ":", "mark"
    )
    script = tmp_path / "init"
    script.write_bytes(guest.script(task, fittings))
    subprocess.run(["sh", "-n", script], check=True)


# --- what comes out -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("said", [b"", b"MA", b"MAMAR", b"what is said, \0\xff MAR MAR\n"])
def test_a_stream_ends_with_its_mark_and_passes_all_before(said: bytes, size: int) -> None:
    sink = io.BytesIO()
    stream = Stream(sink, b"MARK")
    sent = said + b"MARK"
    for start in range(0, len(sent), size):
        assert not stream.ended
        stream.take(sent[start : start + size])
    assert stream.ended
    assert stream.whole
    assert sink.getvalue() == said


def test_a_stream_holds_nothing_back_but_what_may_be_the_mark() -> None:
    sink = io.BytesIO()
    stream = Stream(sink, b"MARK")
    stream.take(b"a line\n")
    assert sink.getvalue() == b"a line\n"
    stream.take(b"MA")
    stream.take(b"")  # the machine died
    assert stream.ended
    assert not stream.whole
    assert sink.getvalue() == b"a line\nMA"


# --- stock kernels ------------------------------------------------------------------------------


def test_a_path_is_one_word_of_the_kernel_s_command_line() -> None:
    path = Path("/a b/\"c'/é\n$d=,/\\0101")
    word = initramfs.as_word(path)
    assert word.split() == [word]
    assert not set(word) & set("\"',=$")
    unpack = ["sh", "-c", 'printf %b "$1"', "sh", word]
    assert subprocess.run(unpack, check=True, capture_output=True).stdout == bytes(path)


def test_a_module_that_is_packed_another_way_is_refused(tmp_path: Path) -> None:
    shell = tmp_path / "busybox"
    shell.write_bytes(b"x")
    with pytest.raises(LabError, match=r"\.xz"):
        initramfs.build(shell, [tmp_path / "9p.ko.zst"])


def test_a_fetch_takes_the_parts_that_the_newest_kernel_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["linux-image-7.3.4+deb13-amd64", "linux-modules-7.3.4+deb13-amd64"]
    tree = ["linux-image-amd64", "  Depends: linux-image-6.1.0-1-amd64", "kmod", *wanted]
    answer = tmp_path / "answer"
    answer.write_text("#!/bin/sh\ncat <<END\n" + "\n".join(tree) + "\nEND\n")
    answer.chmod(0o755)
    monkeypatch.setattr(packages, "tool", lambda _name: str(answer))
    archive = packages.PrivateApt(tmp_path, mirror.Mirror(MIRROR), "buzz")
    assert archive.needed_by("linux-image-amd64", stock.PARTS) == wanted


def test_the_names_in_the_matrix_begin_with_the_version() -> None:
    versions = {kernel.name: kernel.version for kernel in MATRIX.values()}
    assert versions["6.1"] == versions["6.1-stock"] == "6.1"


@pytest.mark.parametrize(
    ("version", "by_hand", "threads"),
    [
        ("7.2.22 (Debian 1:7.2+dfsg-7)", "", "single"),
        ("8.0.5", "", "single"),
        ("8.1.0", "", "multi"),
        ("10.0.2", "", "multi"),
        ("7.2.22", "multi", "multi"),
        ("10.0.2", "single", "single"),
    ],
)
def test_cpus_are_emulated_at_once_where_that_is_right_or_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, by_hand: str, threads: str
) -> None:
    monkeypatch.setattr(accelerator, "_obvious_fault", lambda: "a reason")
    monkeypatch.setenv("AFALG_LAB_TCG", by_hand)
    qemu = tmp_path / "qemu"
    qemu.write_text(f"#!/bin/sh\necho 'QEMU emulator version {version}'\n")
    qemu.chmod(0o755)
    chosen = accelerator.choose(tmp_path, str(qemu), probe_with("exit 1"))
    assert str(chosen) == f"emulated (tcg,thread={threads}: a reason)"


def test_a_mode_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accelerator, "_obvious_fault", lambda: "a reason")
    monkeypatch.setenv("AFALG_LAB_TCG", "many")
    with pytest.raises(LabError, match="single or multi"):
        accelerator.choose(tmp_path, "qemu", probe_with("exit 1"))


@pytest.mark.parametrize(
    ("kernel", "chosen"),
    [
        (f"echo '{initramfs.SIGN_OF_LIFE}'", "on KVM"),
        ("echo starting; echo no such thing >&2; exit 1", "no such thing"),
        ("exit 0", "no word"),
        ("exec sleep 60", "in 0.5 s"),
    ],
)
def test_kvm_is_what_has_booted_the_kernel_and_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str, chosen: str
) -> None:
    monkeypatch.setattr(accelerator, "_obvious_fault", lambda: None)
    monkeypatch.setattr(accelerator, "_PATIENCE", 0.5)
    first = accelerator.choose(tmp_path, "true", probe_with(kernel))
    again = accelerator.choose(tmp_path, "true", probe_with("exit 9"))
    assert chosen in str(first)
    assert str(again) == str(first)


def probe_with(script: str) -> accelerator.Probe:
    """Boot no kernel but a shell."""

    def probe(_wanted: Accelerator) -> Sequence[str]:
        return ["sh", "-c", script]

    return probe
