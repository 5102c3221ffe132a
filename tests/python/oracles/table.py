"""The table of oracles, by the kernel's names."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from oracles import gcrypt, glue, openssl
from oracles.adiantum import adiantum
from oracles.chacha import xchacha
from oracles.oracle import Lengths, Oracle

Directed = Callable[[str, bytes, bytes, bytes], bytes]  # direction, key, iv, data

KEY_SIZES = {
    "aes": (16, 24, 32),
    "camellia": (16, 24, 32),
    "serpent": (16, 24, 32),
    "twofish": (16, 32),  # the kernel takes 24 as well, libgcrypt does not
    "des3_ede": (24,),
}
BLOCK = {"aes": 16, "camellia": 16, "serpent": 16, "twofish": 16, "des3_ede": 8}
WIDE = ("aes", "camellia", "serpent", "twofish")


def entry(
    name: str,
    run: Directed,
    *,
    keys: Iterable[int],
    iv: int,
    block: int,
    chunk: int | None = None,
    lengths: Lengths | None = None,
    one_request: bool = False,
) -> Oracle:
    """Make one row; a block of 1 is a stream, any other means whole blocks, unless told."""
    usual = Lengths.ANY if block == 1 else Lengths.WHOLE_BLOCKS
    return Oracle(
        name=name,
        key_sizes=tuple(keys),
        iv_size=iv,
        block_size=block,
        chunk_size=chunk or block,
        lengths=lengths or usual,
        encrypt=partial(run, "encrypt"),
        decrypt=partial(run, "decrypt"),
        one_request=one_request,
    )


def library(mode: str, cipher: str) -> Directed:
    """Compute a mode over a cipher with the library that has it, OpenSSL first."""
    in_openssl = cipher == "aes" or (cipher == "des3_ede" and mode != "ctr")

    def run(direction: str, key: bytes, iv: bytes, data: bytes) -> bytes:
        aes192_xts = mode == "xts" and len(key) == 48
        if in_openssl and not aes192_xts:
            return openssl.transform(mode, cipher, direction, key, iv, data)
        return gcrypt.transform(mode, cipher, direction, key, iv, data)

    return run


def ecb(cipher: str) -> glue.Ecb:
    """Give the block cipher alone, for the glue."""
    run = library("ecb", cipher)
    return lambda direction, key, data: run(direction, key, b"", data)


def common_modes(cipher: str) -> Iterator[Oracle]:
    """Give the modes that every cipher has."""
    keys, block = KEY_SIZES[cipher], BLOCK[cipher]
    yield entry(f"ecb({cipher})", library("ecb", cipher), keys=keys, iv=0, block=block)
    yield entry(f"cbc({cipher})", library("cbc", cipher), keys=keys, iv=block, block=block)
    run = library("ctr", cipher)
    yield entry(f"ctr({cipher})", run, keys=keys, iv=block, block=1, chunk=block)


def disk_modes(cipher: str) -> Iterator[Oracle]:
    """Give the modes that need a block of 16 bytes."""
    yield entry(
        f"xts({cipher})",
        library("xts", cipher),
        keys=[2 * size for size in KEY_SIZES[cipher]],
        iv=16,
        block=16,
        lengths=Lengths.ONE_BLOCK_OR_MORE,
        one_request=True,
    )
    keys = [size + 16 for size in KEY_SIZES[cipher]]
    yield entry(f"lrw({cipher})", partial(glue.lrw, ecb(cipher)), keys=keys, iv=16, block=16)


def stealing(cipher: str) -> Oracle:
    """Give CBC with ciphertext stealing."""
    return entry(
        f"cts(cbc({cipher}))",
        partial(glue.cts, library("cbc", cipher)),
        keys=KEY_SIZES[cipher],
        iv=BLOCK[cipher],
        block=BLOCK[cipher],
        lengths=Lengths.ONE_BLOCK_OR_MORE,
    )


def aes_modes() -> Iterator[Oracle]:
    """Give the modes that are tried over AES alone."""
    keys, cbc = KEY_SIZES["aes"], library("cbc", "aes")
    yield entry("pcbc(aes)", partial(glue.pcbc, cbc), keys=keys, iv=16, block=16)
    essiv = partial(glue.essiv, ecb("aes"), cbc)
    yield entry("essiv(cbc(aes),sha256)", essiv, keys=keys, iv=16, block=16, one_request=True)
    for mode in ("cfb", "ofb"):
        yield entry(f"{mode}(aes)", library(mode, "aes"), keys=keys, iv=16, block=1, chunk=16)
    rfc3686 = partial(glue.rfc3686, library("ctr", "aes"))
    nonce_too = [size + 4 for size in keys]
    yield entry("rfc3686(ctr(aes))", rfc3686, keys=nonce_too, iv=8, block=1, chunk=16)


def chacha_modes() -> Iterator[Oracle]:
    """Give the ChaCha family and what is built on it."""
    yield entry("chacha20", openssl.chacha20, keys=[32], iv=16, block=1, chunk=64)
    for rounds in (20, 12):
        xor_with = partial(xchacha, rounds)
        yield entry(f"xchacha{rounds}", xor_with, keys=[32], iv=32, block=1, chunk=64)
    for rounds in (12, 20):
        yield entry(
            f"adiantum(xchacha{rounds},aes)",
            partial(adiantum, rounds),
            keys=[32],
            iv=32,
            block=16,
            lengths=Lengths.ONE_BLOCK_OR_MORE,
            one_request=True,
        )


def identity(_direction: str, _key: bytes, _iv: bytes, data: bytes) -> bytes:
    """Copy."""
    return bytes(data)


def all_oracles() -> Iterator[Oracle]:
    """Give every row."""
    for cipher in KEY_SIZES:
        yield from common_modes(cipher)
    for cipher in WIDE:
        yield from disk_modes(cipher)
    yield stealing("aes")
    yield stealing("des3_ede")
    yield from aes_modes()
    yield from chacha_modes()
    yield entry("ecb(cipher_null)", identity, keys=[0], iv=0, block=1)


ORACLES = {oracle.name: oracle for oracle in all_oracles()}
