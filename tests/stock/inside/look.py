"""What a process finds in a stock kernel, as JSON: who computes, who refuses, what the doctor says.

    python look.py          # once, as root

levels.py looks around so in every state of a kernel.
"""

import contextlib
import io
import json
import re
import socket
import subprocess
import sys
import warnings
from errno import errorcode
from pathlib import Path

import afalg
from afalg import cli
from keyed import keyed

MESSAGE = bytes(range(96)) * 2
TYPES = [f"algif_{kind}" for kind in ("skcipher", "aead", "hash", "rng")]
OF_OTHER_TYPES = {"gcm", "ccm", "sha1", "sha256", "md5", "stdrng", "jitterentropy_rng"}
LOADER = Path("/proc/sys/kernel/modprobe")


def load() -> None:
    """Load whatever the names are made of, and nothing more from then on.

    Each bind of what is not there would start modprobe again, twice, and that is dear here.
    """
    names = {info.name for info in afalg.algorithms()} | OF_OTHER_TYPES
    words = {word for name in names for word in re.findall(r"\w+", name)}
    modules = [f"crypto-{name}" for name in sorted(names | words)]
    subprocess.run([LOADER.read_text().strip(), "-qa", *TYPES, *modules], check=False)
    LOADER.write_text("\n")


def raw(name: str) -> str:
    """Bind a skcipher past the package and tell how that ended."""
    try:
        with socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET) as tfm:
            tfm.bind(("skcipher", name))
    except OSError as error:
        return errorcode[error.errno or 0]
    return "ok"


def strictly(name: str, key: bytes) -> dict[str, object]:
    """Ask for the kernel and nobody else."""
    try:
        with afalg.Cipher(name, key, provider="kernel") as cipher:
            return {"provider": cipher.provider, "driver": cipher.driver}
    except afalg.AfalgError as error:
        reason = getattr(error, "reason", None)
        return {"error": type(error).__name__, "reason": reason, "text": str(error)}


def anyhow(name: str, key: bytes, iv: bytes) -> dict[str, object]:
    """Ask for whoever serves, and compare the bytes with userspace's."""
    due = afalg.encrypt(name, key, MESSAGE, iv=iv, provider="userspace")
    with afalg.Cipher(name, key, provider="auto") as cipher:
        right = cipher.encrypt(MESSAGE, iv=iv) == due and cipher.decrypt(due, iv=iv) == MESSAGE
        return {"provider": cipher.provider, "reason": cipher.reason, "right": right}


def known(name: str) -> dict[str, object]:
    """Ask what is known of it."""
    info = afalg.info(name)
    return {"providers": info.providers, "reason": info.reason, "open_to": info.open_to}


def one(info: afalg.AlgorithmInfo) -> dict[str, object]:
    """Ask everything about one algorithm."""
    key, iv = bytes(range(max(info.key_sizes or (0,)))), bytes(range(info.iv_size or 0))
    return {
        "raw": raw(info.name),
        "kernel": strictly(info.name, key),
        "auto": anyhow(info.name, key, iv),
        "info": known(info.name),
    }


def look() -> dict[str, object]:
    """Ask everything about everything."""
    names = [info for info in afalg.algorithms("skcipher") if "userspace" in info.providers]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        algorithms = {info.name: one(info) for info in names}
    report = io.StringIO()
    with contextlib.redirect_stdout(report):
        status = cli.main(["doctor", "--json"])
    return {
        "algorithms": algorithms,
        "warnings": [[warning.category.__name__, str(warning.message)] for warning in caught],
        "doctor": {"status": status, **json.loads(report.getvalue())},
        "available": afalg.is_available(),
        "keyed": keyed(),
    }


if __name__ == "__main__":
    load()
    json.dump(look(), sys.stdout)
