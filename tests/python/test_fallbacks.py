"""What the package does where /proc/crypto says what no stock driver says, or nothing.

Each runs in a process of its own that sees another /proc/crypto: the lab's root may mount over it.
"""

import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import afalg
import children
from gate import skip_or_fail

CHILD = Path(__file__).parent / "children" / "other_proc_crypto.py"


def in_child(way: str, tmp_path: Path) -> str:
    """Run a way of the child under its own mounts; give what it prints."""
    if os.environ.get("AFALG_LAB") != "1" or os.geteuid() != 0:
        skip_or_fail("only the lab's root mounts over /proc/crypto")
    command = ["unshare", "--mount", sys.executable, str(CHILD), way, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.kernel
def test_padded_streams_are_whole_where_a_driver_may_not_be_cut(tmp_path: Path) -> None:
    assert in_child("odd-chunk", tmp_path) == "right"


@pytest.mark.kernel
def test_the_built_in_sizes_serve_where_proc_crypto_is_hidden(tmp_path: Path) -> None:
    assert in_child("hidden", tmp_path) == "right"


@pytest.mark.kernel
def test_an_algorithm_of_unknown_sizes_is_refused_with_the_reason(tmp_path: Path) -> None:
    said = in_child("unknown", tmp_path)
    assert "not in /proc/crypto" in said
    assert "make /proc/crypto readable" in said


@pytest.mark.kernel
def test_what_could_not_be_read_for_want_of_descriptors_is_read_again() -> None:
    said, found = children.run("short_of_files", "xts(aes)", "64").splitlines()
    assert said == "accept EMFILE"
    cipher = afalg.Cipher("xts(aes)", bytes(range(64)), provider="kernel")
    assert cipher.driver is not None
    assert found == f"{cipher!r} {cipher.max_message}"


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("optmem", "pages"),
    [(6144, 1), (7168, 16), (8192, 32), (9216, 32), (10240, 64), (14336, 64), (16384, 128)],
)
def test_a_small_optmem_max_carries_what_is_promised(optmem: int, pages: int) -> None:
    if os.environ.get("AFALG_LAB") != "1" or os.geteuid() != 0:
        skip_or_fail("only the lab's root changes net.core.optmem_max")
    sysctl = Path("/proc/sys/net/core/optmem_max")
    before = sysctl.read_text()
    sysctl.write_text(str(optmem))
    try:
        said = children.run("largest").split()
    finally:
        sysctl.write_text(before)
    assert set(said) == {str(pages * mmap.PAGESIZE)}


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("algorithm", "iv", "error"),
    [
        ("xts(aes)", bytes(16), afalg.MessageTooLongError),
        ("chacha20", b"\xff" * 4 + bytes(12), afalg.InvalidLengthError),
    ],
)
def test_what_is_too_long_is_told_before_memory_is_asked_for(
    tmp_path: Path, algorithm: str, iv: bytes, error: type[Exception]
) -> None:
    file = tmp_path / "sparse"
    file.touch()
    os.truncate(file, 1 << 34)
    cipher = afalg.Cipher(algorithm, bytes(32), provider="kernel")
    with (
        file.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as data,
        pytest.raises(error),
    ):
        cipher.encrypt(data, iv=iv)


@pytest.mark.kernel
@pytest.mark.parametrize("algorithm", ["cbc(aes)", "xts(aes)"])
@pytest.mark.parametrize(("way", "stage"), [("in", "sendmsg"), ("out", "recvmsg")])
def test_a_file_cut_short_under_an_mmap_is_an_error(
    tmp_path: Path, algorithm: str, way: str, stage: str
) -> None:
    said = children.run("truncated", way, algorithm, str(tmp_path)).splitlines()
    assert set(said) == {f"{stage} EFAULT"}


@pytest.mark.kernel
def test_a_repr_waits_for_nobody() -> None:
    cipher = afalg.Cipher("cbc(aes)", bytes(16), provider="kernel")
    stream, seen = cipher.encryptor(iv=bytes(16)), set()
    worker = threading.Thread(target=stream.update, args=(bytes(64 << 20),))
    worker.start()
    while worker.is_alive():
        seen.add(repr(stream))
    assert "<afalg.Stream, in the middle of a call>" in seen
    assert repr(stream) == "<afalg.Stream encrypting cbc(aes), 0 bytes held back>"
