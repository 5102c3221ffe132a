"""The source distribution: maturin's, with the crates in it, which builds without a network."""

import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from wheels.build import SCRIPTS, committed, environment
from wheels.vendor import SOURCES, vendor


def build_sdist(version: str, into: Path) -> Path:
    """Build it; maturin leaves out what `[tool.maturin] exclude` names."""
    name = f"afalg-{version}"
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        maturin = [str(SCRIPTS / "maturin"), "sdist", "--out", str(work)]
        subprocess.run(maturin, check=True, env=environment())
        with tarfile.open(work / f"{name}.tar.gz") as plain:
            plain.extractall(work, filter="data")
        root = work / name
        whole, empty = vendor(root / "vendor")
        print(f"sdist: {whole} crates whole, {empty} as names only", flush=True)
        with (root / ".cargo/config.toml").open("a", encoding="utf-8") as configuration:
            configuration.write(SOURCES)
        into.mkdir(exist_ok=True)
        return pack(root, into / f"{name}.tar.gz")


def pack(root: Path, archive: Path) -> Path:
    """Write a folder as an archive whose bytes depend on the files alone."""
    moment = int(committed())

    def same(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime, member.uid, member.gid, member.uname, member.gname = moment, 0, 0, "", ""
        member.mode = 0o755 if member.mode & 0o100 else 0o644
        return member

    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", 9, raw, mtime=moment) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                tar.add(path, f"{root.name}/{path.relative_to(root)}", filter=same)
    return archive


def build_from(sdist: Path, target: Path) -> Path:
    """Build a wheel of an sdist in a namespace without a network, with an empty CARGO_HOME."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "cargo"
        shutil.rmtree(target, ignore_errors=True)
        words = [
            "wheel",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
            "--no-cache-dir",
            "--wheel-dir",
        ]
        pip = [sys.executable, "-m", "pip", *words, str(target), str(sdist)]
        alone = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        inherited = {name: value for name, value in environment().items() if "CARGO" not in name}
        subprocess.run([*alone, *pip], check=True, env=inherited | {"CARGO_HOME": str(home)})
    (wheel,) = target.glob("*.whl")
    return wheel
