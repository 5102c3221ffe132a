"""A file is replaced all at once, or not at all."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from afalg.atomic import replacing

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
    ],
    ids=["no folder", "a file for a folder", "a folder"],
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


def test_a_file_whose_name_is_gone_is_not_replaced_under_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        path.unlink()
        with pytest.raises(FileNotFoundError, match="no name to be replaced by"):
            replace(f"/dev/fd/{file.fileno()}")
    assert not list(tmp_path.iterdir())
