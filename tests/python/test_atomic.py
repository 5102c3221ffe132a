"""A file is replaced all at once, or not at all."""

import errno
import os
import stat
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afalg.atomic import ACL, replacing
from commands import has_unnamed_files

OLD, NEW = b"old contents\n", b"new"


@pytest.fixture(params=["unnamed", "named"], autouse=True)
def _file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files without a name, and a file system that has none."""
    if request.param == "named":
        genuine = os.open

        def refuse(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
            return genuine(path, flags, mode, dir_fd=dir_fd)

        monkeypatch.setattr(os, "open", refuse)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a file that has something."""
    path = tmp_path / "file"
    path.write_bytes(OLD)
    return path


def replace(path: str | os.PathLike[str], data: bytes = NEW) -> None:
    """Replace what a path has."""
    with replacing(path) as file:
        file.write(data)


def test_the_old_is_there_until_the_new_is_whole(path: Path) -> None:
    with replacing(path) as file:
        file.write(NEW[:1])
        assert path.read_bytes() == OLD
        file.write(NEW[1:])
    assert path.read_bytes() == NEW
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_was_not_there_is_made_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace(tmp_path / "new")
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == NEW
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_and_nothing_else(
    path: Path, error: type[BaseException]
) -> None:
    def fail() -> None:
        with replacing(path) as file:
            file.write(NEW)
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_bytes() == OLD
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o755, 0o666, 0o2750])
def test_permissions_stay(path: Path, mode: int) -> None:
    path.chmod(mode)
    replace(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (NEW, mode)


def acl(*entries: tuple[int, int, int]) -> bytes:
    """Write an ACL as the kernel has it (linux/posix_acl_xattr.h): tags, permissions, whose."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


NOBODY_S = 0xFFFFFFFF
OTHERS_RIGHTS = acl(  # user::rw-, user:1234:rw-, group::---, mask::rw-, other::---
    *((1, 6, NOBODY_S), (2, 6, 1234), (4, 0, NOBODY_S), (0x10, 6, NOBODY_S), (0x20, 0, NOBODY_S))
)


@pytest.mark.anywhere  # the lab's file systems have none
def test_who_else_may_use_it_stays(path: Path) -> None:
    os.setxattr(path, ACL, OTHERS_RIGHTS)
    replace(path)
    assert path.read_bytes() == NEW
    assert os.getxattr(path, ACL) == OTHERS_RIGHTS


@pytest.mark.anywhere
def test_where_that_cannot_stay_its_group_gets_nothing_that_it_did_not_have(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    os.setxattr(path, ACL, OTHERS_RIGHTS)
    monkeypatch.setattr(os, "setxattr", refuse)
    replace(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.anywhere
def test_a_folder_s_default_gives_nobody_what_the_old_file_did_not(path: Path) -> None:
    os.setxattr(path.parent, "system.posix_acl_default", OTHERS_RIGHTS)
    path.chmod(0o640)
    replace(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    with pytest.raises(OSError, match="No data available"):
        os.getxattr(path, ACL)


def test_a_symbolic_link_stays_one(path: Path) -> None:
    link = path.with_name("link")
    link.symlink_to("file")
    replace(link)
    assert (link.readlink(), path.read_bytes()) == (Path("file"), NEW)


def test_a_link_that_leads_nowhere_gets_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("absent")
    replace(tmp_path / "link")
    assert (tmp_path / "absent").read_bytes() == NEW


def test_another_hard_link_keeps_the_old(path: Path) -> None:
    other = path.with_name("other")
    other.hardlink_to(path)
    replace(path)
    assert (path.read_bytes(), other.read_bytes()) == (NEW, OLD)


def test_the_working_directory_is_understood(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    replace("file")
    assert path.read_bytes() == NEW


def test_a_name_of_the_greatest_length_can_be_had(tmp_path: Path) -> None:
    replace(tmp_path / ("n" * 255))
    assert (tmp_path / ("n" * 255)).read_bytes() == NEW


def test_what_is_new_is_whole_from_its_first_name_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = list[str]()
    genuine = os.link

    def link(source: str, name: str, **options: Any) -> None:  # noqa: ANN401 - os.link's
        names.append(name)
        genuine(source, name, **options)

    monkeypatch.setattr(os, "link", link)
    replace(tmp_path / "new")
    assert names == ["new"] * has_unnamed_files(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["new"]


def test_who_comes_meanwhile_is_replaced(tmp_path: Path) -> None:
    with replacing(tmp_path / "new") as file:
        file.write(NEW)
        (tmp_path / "new").write_bytes(OLD)
    assert (tmp_path / "new").read_bytes() == NEW
    assert [each.name for each in tmp_path.iterdir()] == ["new"]


def test_a_disk_is_nobody_else_s_and_has_it_all_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags, genuine = list[int](), os.open

    def look(path: str, how: int) -> int:
        flags.append(how)
        return genuine(path, how)

    monkeypatch.setattr(stat, "S_ISBLK", stat.S_ISCHR)  # a disk wants root and a module
    monkeypatch.setattr(os, "open", look)
    with pytest.raises(OSError, match="Invalid argument"):  # fsync(2) of /dev/null
        replace("/dev/null")
    assert [how & os.O_EXCL for how in flags] == [os.O_EXCL]


def test_a_device_is_written_to() -> None:
    replace("/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace(fifo)
        assert os.read(reader, 10) == NEW
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode)


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda path: path.parent / "absent" / "file", FileNotFoundError),
        (lambda path: path / "file", NotADirectoryError),
        (lambda path: path.parent, IsADirectoryError),
        (lambda path: path.parent / "absent" / ".." / "file", FileNotFoundError),
    ],
    ids=["no folder", "a file for a folder", "a folder", "up from no folder"],
)
def test_what_cannot_be_is_the_systems_error(
    path: Path, spoil: Callable[[Path], Path], error: type[OSError]
) -> None:
    with pytest.raises(error):
        replace(spoil(path))
    assert path.read_bytes() == OLD


def descriptors() -> list[str]:
    """Give the open files."""
    return sorted(each.name for each in Path("/proc/self/fd").iterdir())


def test_no_descriptor_is_left(path: Path) -> None:
    before = descriptors()
    replace(path)
    with pytest.raises(ZeroDivisionError), replacing(path):
        raise ZeroDivisionError
    assert descriptors() == before


def test_until_it_is_whole_nobody_else_may_read_it(path: Path) -> None:
    path.chmod(0o644)
    with replacing(path) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600


@pytest.mark.parametrize("by", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_an_open_file_is_written_on_and_not_replaced(path: Path, by: str) -> None:
    with path.open("ab") as log:
        path.with_name("link").symlink_to(f"/dev/fd/{log.fileno()}")
        replace(path.parent / by.format(log.fileno()))
        log.write(b"end")
    assert path.read_bytes() == OLD + NEW + b"end"


def test_a_descriptor_that_is_closed_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="Bad file descriptor"):
        replace("/dev/fd/999999")
    assert not list(tmp_path.iterdir())


def test_a_file_whose_name_is_gone_is_not_replaced_under_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        path.unlink()
        with pytest.raises(FileNotFoundError, match="no name to be replaced by"):
            replace(f"/proc/thread-self/fd/{file.fileno()}")
    assert not list(tmp_path.iterdir())
