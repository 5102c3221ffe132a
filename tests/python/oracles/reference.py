"""Who else computes an algorithm, for every name that somebody does.

A cipher in a mode is the library's own where it has both, else the library's cipher in a mode
of `glue`; what is no such comes from the table of oracles. `by` says which.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from oracles import gcrypt, glue, openssl
from oracles.table import ORACLES, Directed

OPENSSL, GCRYPT, PYTHON = "cryptography", "libgcrypt", "Python"
ESSIV_KEY = 32  # bytes, those of a SHA-256


def any_size(_size: int) -> bool:
    """Take a key of any size that the algorithm takes."""
    return True


@dataclass(frozen=True)
class Library:
    """A library's block cipher: the modes that it has itself, the keys that it takes."""

    name: str
    cipher: str
    transform: Callable[[str, str, str, bytes, bytes, bytes], bytes]
    modes: tuple[str, ...]
    takes: Callable[[int], bool] = any_size

    def mode(self, name: str) -> Directed:
        """Give one of its modes."""
        return partial(self.transform, name, self.cipher)

    def counting(self) -> Directed:
        """Give ctr, which not every library has over every cipher."""
        return self.mode("ctr") if "ctr" in self.modes else partial(glue.ctr, self.ecb)

    def ecb(self, direction: str, key: bytes, data: bytes) -> bytes:
        """Run the cipher alone."""
        return self.transform("ecb", self.cipher, direction, key, b"", data)


@dataclass(frozen=True)
class Reference:
    """An algorithm computed by something that is neither the kernel nor this package."""

    by: str
    run: Directed
    takes: Callable[[bytes], bool]


COMMON = ("ecb", "cbc", "cfb", "ofb")
LIBRARIES = {
    "aes": Library(OPENSSL, "aes", openssl.transform, (*COMMON, "ctr")),
    "sm4": Library(OPENSSL, "sm4", openssl.transform, (*COMMON, "ctr")),
    **{
        cipher: Library(OPENSSL, cipher, openssl.transform, COMMON)
        for cipher in ("blowfish", "camellia", "cast5", "des", "des3_ede")
    },
    "serpent": Library(
        GCRYPT, "serpent", gcrypt.transform, tuple(gcrypt.MODES), (16, 24, 32).__contains__
    ),
    "twofish": Library(
        GCRYPT, "twofish", gcrypt.transform, tuple(gcrypt.MODES), (16, 32).__contains__
    ),
}


def whole(size: int) -> tuple[int, ...]:
    """Give the size of the cipher's key: all of the mode's."""
    return (size,)


@dataclass(frozen=True)
class Mode:
    """A mode made of a cipher: around which name it stands, and which keys the cipher gets."""

    before: str
    after: str
    make: Callable[[Library], Directed]
    shares: Callable[[int], tuple[int, ...]] = whole

    def over(self, library: Library) -> Reference:
        """Give the mode over a library's cipher, by the library itself where it has it."""
        own = self.before[:-1] in library.modes
        run = library.mode(self.before[:-1]) if own else self.make(library)
        by = library.name if own else f"{library.name}, mode in Python"
        return Reference(by, run, lambda key: all(map(library.takes, self.shares(len(key)))))


MODES = (
    Mode("ecb(", ")", lambda library: library.mode("ecb")),
    Mode("cbc(", ")", lambda library: library.mode("cbc")),
    Mode("cfb(", ")", lambda library: library.mode("cfb")),
    Mode("ofb(", ")", lambda library: library.mode("ofb")),
    Mode("ctr(", ")", Library.counting),
    Mode("pcbc(", ")", lambda library: partial(glue.pcbc, library.mode("cbc"))),
    Mode("cts(cbc(", "))", lambda library: partial(glue.cts, library.mode("cbc"))),
    Mode("xctr(", ")", lambda library: partial(glue.xctr, library.ecb)),
    Mode("xts(", ")", lambda library: partial(glue.xts, library.ecb), lambda size: (size // 2,)),
    Mode("lrw(", ")", lambda library: partial(glue.lrw, library.ecb), lambda size: (size - 16,)),
    Mode(
        "rfc3686(ctr(",
        "))",
        lambda library: partial(glue.rfc3686, library.counting()),
        lambda size: (size - 4,),
    ),
    Mode(
        "essiv(cbc(",
        "),sha256)",
        lambda library: partial(glue.essiv, library.ecb, library.mode("cbc")),
        lambda size: (size, ESSIV_KEY),
    ),
)


def halves_differ(key: bytes) -> bool:
    """Whether a key of xts is one that OpenSSL takes."""
    return key[: len(key) // 2] != key[len(key) // 2 :]


def from_the_table() -> Iterator[tuple[str, Reference]]:
    """Give what is no cipher in a mode, and xts(aes), which OpenSSL has in two key sizes."""
    for name in ("xchacha20", "xchacha12", "ecb(cipher_null)"):
        yield name, Reference(PYTHON, ORACLES[name].directed, any_key)
    for rounds in (12, 20):
        name = f"adiantum(xchacha{rounds},aes)"
        yield name, Reference(f"{OPENSSL}, mode in Python", ORACLES[name].directed, any_key)
    yield "chacha20", Reference(OPENSSL, openssl.chacha20, any_key)
    yield "xts(aes)", Reference(OPENSSL, ORACLES["xts(aes)"].directed, halves_differ)


def any_key(_key: bytes) -> bool:
    """Take any key."""
    return True


def all_references() -> Iterator[tuple[str, Reference]]:
    """Give every name with who computes it."""
    for cipher, library in LIBRARIES.items():
        for mode in MODES:
            yield f"{mode.before}{cipher}{mode.after}", mode.over(library)
    yield from from_the_table()


REFERENCES = dict(all_references())
"""By name. There are more than the providers have: nobody makes an xts over des."""
