"""The ring of many messages, as a file that others may want: python -m children.rings FILE.

FILE is of children.load_of_many. Each way is done in a fork of a process that has no ring yet, and
told: `right`, or what it ended with.
"""

import mmap
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import afalg
from children import set_deadline
from children.load_of_many import Load, read

FEW = 3  # too few for a ring
FIRST, LAST = 3, 64
SECONDS = 20


def rings() -> dict[int, int]:
    """Give the inode of each ring that this process has open, by descriptor."""
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {
        int(link.name): link.stat().st_ino for link in links if "io_uring" in str(link.readlink())
    }


def mappings() -> set[str]:
    """Give the addresses where rings are mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return {line.split()[0] for line in lines if "io_uring" in line}


def status_of(work: Callable[[], object]) -> int:
    """Do it in a child, and give its exit status."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)  # it ends a child that hangs
        try:
            work()
        except BaseException:  # noqa: BLE001 - all of them are failures
            traceback.print_exc(file=sys.stdout)
            sys.stdout.flush()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def check(load: Load, cipher: afalg.Cipher, count: int | None = None) -> None:
    """Encrypt and decrypt so many."""
    assert load.many_right(cipher, count)


def error_of(call: Callable[[], object]) -> afalg.KernelError:
    """Give what a call raises."""
    try:
        call()
    except afalg.KernelError as error:
        return error
    raise AssertionError("no error")


def check_refuses(load: Load, cipher: afalg.Cipher) -> None:
    """Use a Cipher whose sockets are others' by now."""
    assert "make a new Cipher" in str(error_of(lambda: load.many_right(cipher)))


def kept(load: Load) -> None:
    """Make one at the first chain, and keep it."""
    cipher = load.make()
    check(load, cipher, FEW)
    assert rings() == {}
    check(load, cipher)
    first = rings()
    assert len(first) == 1
    for _ in range(3):
        check(load, cipher)
        check(load, load.make())
    assert rings() == first
    assert not any(map(os.get_inheritable, first))


def no_file_left(load: Load) -> None:
    """Make none while no file can be opened, and one as soon as there is one."""
    cipher = load.make()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open("/dev/null", os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    check(load, cipher)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert rings() == {}
    check(load, cipher)
    assert len(rings()) == 1


def closed(load: Load) -> None:
    """Close it under the package, as a daemon's start does."""
    old = load.make()
    check(load, old)
    os.closerange(FIRST, LAST)
    for _ in range(3):
        check(load, load.make())
    check_refuses(load, old)
    assert len(rings()) == 1


def replaced(load: Load) -> None:
    """Give its number to another file, which must be left alone."""
    old = load.make()
    check(load, old)
    os.closerange(FIRST, LAST)
    files = [os.memfd_create("another") for _ in range(8)]
    cipher = load.make()
    for _ in range(2):
        check(load, cipher)
        check_refuses(load, old)
    assert [os.fstat(file).st_size for file in files] == [0] * 8
    assert len(rings()) == 1


def inherited(load: Load) -> None:
    """Fork: the child has one of its own, its parent's is closed there, and the parent's stays."""
    cipher = load.make()
    check(load, cipher)
    parents, mapped = rings(), mappings()
    assert len(parents) == 1
    assert mapped

    def in_child() -> None:
        check(load, cipher)
        assert len(rings()) == 1
        assert {*rings().values()}.isdisjoint(parents.values())
        assert mapped < mappings()  # which is what broke heaps

    for _ in range(2):
        assert status_of(in_child) == 0
        check(load, cipher)
        assert rings() == parents


def behind_a_daemons_start(load: Load) -> None:
    """Fork, and close all in the child: the parent's Ciphers refuse, new ones work."""
    cipher = load.make()
    check(load, cipher)

    def in_child() -> None:
        os.closerange(FIRST, LAST)
        files = [os.memfd_create("another") for _ in range(8)]
        check_refuses(load, cipher)
        check(load, load.make())
        assert [os.fstat(file).st_size for file in files] == [0] * 8

    assert status_of(in_child) == 0
    check(load, cipher)


def cut_short(load: Load) -> None:
    """Fail in the middle of a chain, since a file was cut short under an mmap."""
    cipher, page, kept = load.make(), mmap.PAGESIZE, 10 * mmap.PAGESIZE
    data = load.plain[: 64 * page]
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        with mmap.mmap(file.fileno(), 0) as area, memoryview(area) as view:
            os.ftruncate(file.fileno(), kept)
            parts = [view[at : at + page] for at in range(0, len(data), page)]
            requests = [(part, load.iv) for part in parts]
            wrong = error_of(lambda: cipher.encrypt_many(requests))
            assert (wrong.index, "EFAULT" in str(wrong)) == (10, True)
            wrong = error_of(lambda: cipher.encrypt_units_into(view, view, unit_size=page))
            assert (wrong.index, "EFAULT" in str(wrong)) == (10, True)
            assert view[:kept] == cipher.encrypt_units(data[:kept], unit_size=page)
            for part in parts:
                part.release()
    check(load, cipher)


ALL = (kept, no_file_left, closed, replaced, inherited, behind_a_daemons_start, cut_short)


def main() -> None:
    """Do each way."""
    set_deadline()
    load = read(sys.argv[1])
    for way in ALL:
        status = status_of(partial(way, load))
        print(f"{way.__name__}: {'right' if status == 0 else f'ended with {status}'}", flush=True)


if __name__ == "__main__":
    main()
