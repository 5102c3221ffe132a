"""Descriptors and memory: what was taken is given back, whatever went wrong in between."""

import errno
import gc
import os
import resource
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

import afalg
import children
from children.load import cipher_of
from holdings import descriptors, heap, resident
from oracles import ORACLES
from oracles.cases import is_lacking, iv_of, key_of, message

pytestmark = pytest.mark.kernel

ROUNDS, OPENINGS, WARM_UP = 350, 16, 3
THREADS = 8
IDLE_A_CPU = 2
KERNEL_IV = "lrw(aes)"  # its streams hold a socket each
ALGORITHMS = ("cbc(aes)", "ctr(aes)", "xts(aes)", "cts(cbc(aes))", "chacha20", KERNEL_IV)
IV = bytes(16)
Calls = list[Callable[[], object]]


def failing(cipher: afalg.Cipher) -> Calls:
    """Give calls of a Cipher that fail, one of each kind."""
    area, wrong = bytearray(64), memoryview(bytes(64))[::2]
    return [
        partial(cipher.encrypt, bytes(15), iv=IV),
        partial(cipher.encrypt, bytes(16), iv=bytes(3)),
        partial(cipher.decrypt, bytes(64), iv=IV, padding="pkcs7"),
        partial(cipher.encrypt_into, bytes(16), bytearray(15), iv=IV),
        partial(cipher.encrypt_into, memoryview(area)[:32], memoryview(area)[1:], iv=IV),
        partial(cipher.encrypt, wrong, iv=IV),
        partial(cipher.encryptor, iv=b"", padding="pkcs7"),
        partial(cipher.encryptor(iv=IV).update_into, area, area),
        partial(cipher.encrypt_many, [(bytes(16), IV)] * 5 + [(bytes(15), IV)], threads=2),
        partial(cipher.decrypt_many, [(bytes(16), IV), (bytes(16), b"")]),
        partial(cipher.encrypt_units, bytes(64), unit_size=48),
        partial(cipher.decrypt_units_into, bytes(64), bytearray(32), unit_size=32),
    ]


def not_opening() -> Calls:
    """Give attempts to make a Cipher that fail, one of each kind."""
    return [
        partial(afalg.Cipher, "cbc(nonesuch)", bytes(16)),
        partial(afalg.Cipher, "gcm(aes)", bytes(16)),
        partial(afalg.Cipher, "cbc(aes)", bytes(15)),
        partial(afalg.Cipher, "xts(serpent)", bytes(33)),
        partial(afalg.Cipher, "cts(cbc(aes))", bytes(33)),
        partial(afalg.Cipher, "cbc(aes)\0", bytes(16)),
        partial(afalg.encrypt, "ecb(aes)", bytes(16), bytes(3)),
    ]


def assert_fails(call: Callable[[], object]) -> None:
    """Make a call that must fail."""
    try:
        call()
    except (afalg.AfalgError, BufferError):
        return
    raise AssertionError(f"{call} did not fail")


def streams(cipher: afalg.Cipher) -> None:
    """Begin streams and let go of them: ended, half-way, failed, after a close."""
    iv = iv_of(ORACLES[cipher.algorithm])
    ended, half, failed, fresh = (cipher.encryptor(iv=iv) for _ in range(4))
    ended.update(bytes(48))
    ended.finalize()
    half.update(bytes(100))
    assert_fails(partial(leave_unfinished, failed))
    cipher.close()
    fresh.update(bytes(48))
    half.update(bytes(100))


def leave_unfinished(stream: afalg.Stream) -> None:
    """Leave the `with` block of a stream early."""
    with stream:
        stream.update(bytes(49))
    raise afalg.StreamStateError("nothing was held back")


def one_round(kept: dict[str, afalg.Cipher]) -> int:
    """Use the Ciphers, well and badly, and give how many operations that was."""
    wrong = [*failing(kept["cbc(aes)"]), *failing(kept["xts(aes)"])]
    for call in wrong:
        assert_fails(call)
    for name, cipher in kept.items():
        iv, area = iv_of(ORACLES[name]), bytearray(4096)
        cipher.encrypt_into(area, area, iv=iv)
        cipher.decrypt(area, iv=iv)
        cipher.encrypt_many([(area[:64], iv)] * 5)
    for name in ("cbc(aes)", "xts(aes)"):
        area = bytearray(4096)
        kept[name].decrypt_units_into(area, area, unit_size=512)
    return len(wrong) + 3 * len(kept) + 2


def openings() -> int:
    """Make Ciphers, or fail to, and give how many operations that was."""
    wrong = not_opening()
    for call in wrong:
        assert_fails(call)
    for name in ALGORITHMS:
        streams(cipher_of(name))
    return len(wrong) + 7 * len(ALGORITHMS)


@contextmanager
def nothing_left_behind() -> Generator[None]:
    """Expect as many descriptors afterwards as before."""
    gc.collect()
    before = descriptors()
    yield
    gc.collect()
    assert descriptors() == before


def test_ten_thousand_operations_leave_no_descriptor_and_no_memory_behind() -> None:
    kept = {name: cipher_of(name) for name in ALGORITHMS}
    for _ in range(WARM_UP):
        one_round(kept)
        openings()
    gc.collect()
    before = (heap(), sys.getallocatedblocks(), resident())
    assert min(before) > 0
    with nothing_left_behind():
        count = sum(one_round(kept) for _ in range(ROUNDS))
        count += sum(openings() for _ in range(OPENINGS))
    assert count > 10_000
    after = (heap(), sys.getallocatedblocks(), resident())
    heap_growth, block_growth, resident_growth = (
        new - old for new, old in zip(after, before, strict=True)
    )
    assert heap_growth < count  # not a byte for each operation
    assert block_growth < count // 10
    assert resident_growth < 2 << 20


def test_ciphers_that_fail_to_open_leave_no_descriptor_behind() -> None:
    with nothing_left_behind():
        for _ in range(5):
            for call in not_opening():
                assert_fails(call)


@contextmanager
def only(free: int) -> Generator[None]:
    """Let this process open only so many files more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    fd = os.open("/dev/null", os.O_RDONLY)  # the lowest that is free
    os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (fd + free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("algorithm", "free", "stage"),
    [
        ("cbc(aes)", 0, "socket"),
        ("cbc(aes)", 1, "accept"),
        ("cts(cbc(aes))", 2, "socket"),  # its sibling's
        ("cts(cbc(aes))", 3, "accept"),
    ],
)
def test_too_many_open_files_are_an_error_that_leaves_none_behind(
    algorithm: str, free: int, stage: str
) -> None:
    with nothing_left_behind():
        with only(free), pytest.raises(afalg.KernelError) as caught:
            afalg.Cipher(algorithm, bytes(16))
        assert (caught.value.errno, caught.value.stage) == (errno.EMFILE, stage)
        assert f"{stage} answered EMFILE" in str(caught.value)
        afalg.Cipher(algorithm, bytes(16)).encrypt(bytes(16), iv=IV)


def test_a_cipher_with_sockets_works_on_while_no_file_can_be_opened() -> None:
    oracle = ORACLES["cbc(aes)"]
    cipher, data = cipher_of("cbc(aes)"), message(4096)
    with only(0):
        found = cipher.encrypt(data, iv=iv_of(oracle))
    assert found == oracle.encrypt(key_of(oracle), iv_of(oracle), data)


def test_a_closed_cipher_gives_its_descriptors_back_at_once() -> None:
    for name in ALGORITHMS:
        before = descriptors()
        cipher = cipher_of(name)
        assert descriptors() > before
        cipher.close()
        assert descriptors() == before
        with cipher_of(name):
            pass
        assert descriptors() == before


def test_a_cipher_that_is_let_go_of_gives_its_descriptors_back() -> None:
    before = descriptors()
    cipher = cipher_of("cbc(aes)")
    stream = cipher.encryptor(iv=IV)
    del cipher
    assert descriptors() > before  # the stream may want them
    del stream
    assert descriptors() == before


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if name != KERNEL_IV])
def test_an_open_stream_costs_no_descriptor(algorithm: str) -> None:
    cipher, iv = cipher_of(algorithm), iv_of(ORACLES[algorithm])
    cipher.encrypt(bytes(64), iv=iv)
    with nothing_left_behind():
        begun = [cipher.encryptor(iv=iv) for _ in range(1000)]
        for stream in begun:
            stream.update(bytes(70))
        assert len({id(stream) for stream in begun}) == 1000


@pytest.mark.parametrize(
    "algorithm", [name for name in (KERNEL_IV, "pcbc(aes)") if not is_lacking("kernel", name)]
)
def test_a_stream_that_needs_its_socket_gives_it_back(algorithm: str) -> None:
    cipher = cipher_of(algorithm)
    idle = descriptors()
    begun = [cipher.encryptor(iv=IV) for _ in range(20)]
    for stream in begun:
        stream.update(bytes(64))
    assert descriptors() >= idle + 19
    for stream in begun:
        stream.finalize()
    assert descriptors() <= idle + IDLE_A_CPU * (os.cpu_count() or 1)


def test_idle_sockets_of_one_cipher_are_bounded() -> None:
    before = descriptors()
    cipher, data = cipher_of("cbc(aes)"), bytes(1 << 20)
    barrier = threading.Barrier(THREADS)

    def work() -> None:
        for _ in range(4):
            barrier.wait(timeout=60)
            cipher.encrypt(data, iv=IV)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sockets = descriptors() - before
    assert 2 <= sockets <= 1 + IDLE_A_CPU * (os.cpu_count() or 1)
    cipher.close()
    assert descriptors() == before


def test_no_descriptor_is_inherited_by_a_program_that_is_started() -> None:
    cipher = cipher_of("cts(cbc(aes))")
    cipher.encrypt(bytes(32), iv=IV)
    links = {int(link.name): link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    sockets = [fd for fd, link in links.items() if str(link.readlink()).startswith("socket:")]
    assert len(sockets) >= 4  # algorithm and sibling, and a socket of each for requests
    assert [fd for fd in sockets if os.get_inheritable(fd)] == []


def test_a_stream_that_finds_no_memory_goes_on_when_there_is_some() -> None:
    wrong, refused = children.run("short_of_memory").splitlines()
    assert wrong == "0"
    assert "no memory to keep" in refused
    assert "pass less at once" in refused


def test_descriptors_that_were_closed_under_a_cipher_are_left_to_whoever_has_them() -> None:
    servers, cipher, other, fresh, *parent, before, file, again, written = children.run(
        "closed_under"
    ).splitlines()
    assert [other, fresh, *parent, before] == ["the other one works", *["right"] * 4]
    assert written == "0 bytes written"
    for text, fact in (
        (servers, "(accept: EBADF"),
        (cipher, "(accept: EBADF"),
        (file, "(sendmsg: ENOTSOCK"),
        (again, "(accept: EBADF"),
    ):
        assert "the sockets of this Cipher of cbc(aes)" in text
        assert fact in text
        assert "make a new Cipher" in text
