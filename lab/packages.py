"""Debian packages for the lab: fetched without root, from any suite, with /etc/apt left alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from lab.errors import LabError
from lab.mirror import Mirror

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where tools live; an ordinary user's own PATH lacks the sbin half."""

_SOURCES = """\
Types: deb
URIs: {uri}
Suites: {suite}
Components: main
Architectures: {architecture}
Targets: Packages
"""

# Read after the machine's own configuration, whose proxies and certificates it keeps. Pins and a
# default release are meant for what the machine installs, its hooks for its own lists.
_CONFIGURATION = """\
APT::Architecture "{architecture}";
#clear APT::Architectures;
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{folder}/sources.list.d";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{folder}/state";
Dir::State::Status "{folder}/state/status";
Dir::Cache "{folder}/cache";
#clear APT::Update;
APT::Update::Error-Mode "any";
APT::Default-Release "";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "4";
"""


class PrivateApt:
    """apt-get with one suite of one mirror, its state in a folder of its own."""

    def __init__(
        self, folder: Path, mirror: Mirror, suite: str, architecture: str = "amd64"
    ) -> None:
        self._folder = folder
        self._configuration = folder / "apt.conf"
        self._from = f"{suite} of {mirror.uri}"
        for part in ("sources.list.d", "state/lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "state/status").touch()  # what is installed here may be newer than the suite's
        sources = _SOURCES.format(uri=mirror.uri, suite=suite, architecture=architecture)
        if mirror.signed_by:
            sources += f"Signed-By: {mirror.signed_by}\n"
        (folder / "sources.list.d/lab.sources").write_text(sources)
        configuration = _CONFIGURATION.format(folder=folder, architecture=architecture)
        self._configuration.write_text(configuration)
        self._run("apt-get", "update", cwd=folder)

    def needed_by(self, name: str, wanted: re.Pattern[str]) -> list[str]:
        """Tell those of the packages that a package needs, and theirs, whose names are wanted."""
        tree = self._run("apt-cache", "depends", "--recurse", "--important", name, cwd=self._folder)
        return sorted({line for line in tree.splitlines() if wanted.fullmatch(line)})

    def download(self, names: list[str], into: Path) -> None:
        """Fetch the newest of these packages into a folder."""
        into.mkdir(exist_ok=True)
        self._run("apt-get", "download", *names, cwd=into)

    def _run(self, program: str, *words: str, cwd: Path) -> str:
        command = [tool(program), "-q", "-c", str(self._configuration), *words]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            told = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-8:])
            raise LabError(
                f"{program} {words[0]} failed for {self._from}:\n{told}\n"
                "The lab needs that archive to fetch a kernel. If the network was away, run the "
                "same command again; for another mirror set AFALG_LAB_MIRROR",
            )
        return done.stdout


def unpack(package: Path, into: Path) -> str:
    """Unpack a package and tell its version, which is the middle of NAME_VERSION_ARCHITECTURE."""
    command = [tool("dpkg-deb"), "-x", str(package), str(into)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(
            f"{package.name} does not unpack into {into}: {done.stderr.strip()}. Unpacked, a "
            "kernel takes 130 to 400 MB: free some room, or set AFALG_LAB_CACHE to another folder",
        )
    return unquote(package.name.split("_")[1])


def only(folder: Path, *patterns: str) -> Path:
    """Find the one file of this kind among what was unpacked."""
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    if len(found) != 1:
        raise LabError(f"expected one {' or '.join(patterns)} in {folder}, found {len(found)}")
    return found[0]


def tool(name: str) -> str:
    """Find a program that is on every Debian machine."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if not found:
        raise LabError(f"{name} is missing: the lab works on Debian and what derives from it")
    return found


def need_tools(tools: dict[str, str]) -> None:
    """See to it that these programs are there: a map of program to Debian packages."""
    missing = [name for name in tools if not shutil.which(name, path=SYSTEM_PATH)]
    if not missing:
        return
    packages = sorted({package for name in missing for package in tools[name].split()})
    advice = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0:
        raise LabError(f"missing here: {', '.join(missing)}. Ask for `{advice}`")
    print(f"lab: missing here: {', '.join(missing)}; {advice}", file=sys.stderr, flush=True)
    apt = tool("apt-get")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = [apt, "install", "-qq", "--yes", "--no-install-recommends", *packages]
    # One source of many that does not answer makes an update fail; the packages may be there.
    subprocess.run([apt, "update", "-qq"], env=environment, check=False, stdout=sys.stderr)
    if subprocess.run(install, env=environment, check=False, stdout=sys.stderr).returncode != 0:
        raise LabError(f"`{advice}` failed (told above), and the lab needs what is missing")
