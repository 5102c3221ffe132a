"""What builds the wheels and looks at them; see tests/wheel for a wheel itself."""

import hashlib
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from wheels import audit, licences, sdist, vendor
from wheels.targets import FAMILIES, TARGETS, wheel_name

ROOT = Path(__file__).parents[2]
GOOD = {
    "afalg/py.typed",
    "afalg/_afalg.pyi",
    "afalg/_afalg.abi3.so",
    *(f"afalg-0.1.0.dist-info/licenses/{name}" for name in audit.LICENCES),
}


def wheel(folder: Path, names: set[str]) -> Path:
    """Write a wheel of empty files."""
    path = folder / wheel_name("0.1.0", FAMILIES[0], TARGETS[0])
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return path


def test_each_wheel_has_a_name_of_its_own() -> None:
    names = {wheel_name("1.2.3", family, target) for family in FAMILIES for target in TARGETS}
    assert len(names) == 12
    assert "afalg-1.2.3-cp311-abi3-musllinux_1_2_aarch64.whl" in names
    assert "afalg-1.2.3-cp314-cp314t-manylinux2014_x86_64.manylinux_2_17_x86_64.whl" in names


def test_the_licences_are_of_the_crates_that_are_compiled_in() -> None:
    kept = (ROOT / "LICENSES-THIRD-PARTY.md").read_text("utf-8")
    assert licences.page() == kept, "write it anew: see tools/wheels/licences.py"


def test_a_crate_that_is_not_compiled_keeps_its_manifest_and_its_hash(tmp_path: Path) -> None:
    crate = tmp_path / "windows"
    (crate / "src").mkdir(parents=True)
    manifest = b'[package]\nname = "windows"\nversion = "1.0.0"\nbuild = "build.rs"\n'
    (crate / "Cargo.toml").write_bytes(manifest)
    (crate / "src/lib.rs").write_text("a large file")
    (crate / "src/more.rs").write_text("another")
    (crate / ".cargo-checksum.json").write_text('{"files": {}, "package": "of the lock"}')
    vendor.empty(crate)
    sums = json.loads((crate / ".cargo-checksum.json").read_text())
    nothing = hashlib.sha256(b"").hexdigest()
    assert sums["package"] == "of the lock"
    assert sums["files"] == {
        "Cargo.toml": hashlib.sha256(manifest).hexdigest(),
        "build.rs": nothing,
        "src/lib.rs": nothing,
    }
    left = {str(path.relative_to(crate)) for path in crate.rglob("*") if path.is_file()}
    assert left == {".cargo-checksum.json", *sums["files"]}


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    archives = list[bytes]()
    for name in ("one", "two"):
        root = tmp_path / name / "afalg-0.1.0"
        (root / "src").mkdir(parents=True)
        (root / "src/lib.rs").write_text("code")
        archives.append(sdist.pack(root, tmp_path / f"{name}.tar.gz").read_bytes())
    assert archives[0] == archives[1]


@pytest.mark.parametrize(
    ("without", "besides", "fault"),
    [
        (None, None, ""),
        ("afalg/py.typed", None, "lacks ['afalg/py.typed']"),
        ("afalg/_afalg.abi3.so", None, "has not one library"),
        ("afalg-0.1.0.dist-info/licenses/LICENSE-MIT", None, "its licences are"),
        (None, "tests/test_bytes.py", "has ['afalg', 'afalg-0.1.0.dist-info', 'tests']"),
    ],
)
def test_a_wheel_has_all_that_belongs_there_and_nothing_else(
    tmp_path: Path, without: str | None, besides: str | None, fault: str
) -> None:
    names = (GOOD - {without}) | ({besides} if besides else set())
    found = " ".join(audit.of_content(wheel(tmp_path, names)))
    assert fault in found if fault else found == ""


@pytest.mark.parametrize(
    ("besides", "faults"), [("src", []), ("benches", ["has or lacks ['benches']"])]
)
def test_an_sdist_takes_what_building_wants(
    tmp_path: Path, besides: str, faults: list[str]
) -> None:
    path = tmp_path / "afalg-0.1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in {*audit.SOURCES, besides}:
            archive.addfile(tarfile.TarInfo(f"afalg-0.1.0/{name}"))
    assert list(audit.of_sources(path)) == faults
