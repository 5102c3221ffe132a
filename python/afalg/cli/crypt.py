"""`afalg encrypt` and `afalg decrypt`."""

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

import afalg
from afalg.cli import formats
from afalg.cli.keys import add_key_options, asks_for_passphrase, key_of, passphrase_of
from afalg.cli.output import AddVerb, Answer, RefusedError, warn
from afalg.cli.plumbing import Source, Target, opened_source, opened_target
from afalg.cli.progress import add_progress_options, bar
from afalg.cli.signals import orderly
from afalg.cli.words import number
from afalg.files import pump
from afalg.options import Direction

__all__ = ["add_to"]

CIPHER = "cbc(aes)"
ITERATIONS = 600_000
OPENSSL_ITERATIONS = 10_000
MOST_ITERATIONS = (1 << 31) - 1
DIGESTS = ("sha256", "sha384", "sha512", "sha1")
PADDED = {"ecb", "cbc", "pcbc"}
ABOUT = f"""\
{{does}} a file, or standard input, as one message, a MiB at a time.

With a passphrase, which is asked for where no option names a key, the file is what
`openssl enc -pbkdf2` writes and reads: Salted__, 8 bytes of salt, the ciphertext. Its format has no
place for the number of iterations: say the same to both.

    afalg encrypt secret.tar -o secret.tar.enc
    openssl enc -d -aes-256-cbc -pbkdf2 -iter {ITERATIONS} -in secret.tar.enc

With a key (--key-file, --key-fd, --keyring) the file begins with its IV, drawn for it; with --iv
it is the ciphertext alone, as `openssl enc -K ... -iv ...` and kcapi-enc have it.

None of these ciphers authenticates: whoever can change the file can change what it decrypts to.
"""
STATUSES = """\
The exit status is 0, or 1 where it could not be done (then FILE is as it was), 2 where the command
line is wrong, 3 where nobody reads what is written, 130 after Ctrl-C, 128 + n after signal n.
"""


def add_to(add_verb: AddVerb) -> None:
    """Add the verbs."""
    verbs: tuple[tuple[Direction, str], ...] = (("encrypt", "Encrypt"), ("decrypt", "Decrypt"))
    for direction, does in verbs:
        verb = add_verb(
            direction,
            help=f"{direction} a file, with a passphrase or a key",
            description=ABOUT.format(does=does),
            epilog=STATUSES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_argument("file", metavar="FILE", nargs="?", help="default, or -: standard input")
        verb.add_argument(
            "-o", "--out", metavar="FILE", help="replaced when all is done; -: standard output"
        )
        verb.add_argument(
            *("-c", "--cipher"),
            metavar="NAME",
            default=CIPHER,
            help=f"a skcipher as /proc/crypto spells it; {CIPHER} if not given",
        )
        add_key_options(verb, passphrase=True)
        _add_options(verb)
        verb.set_defaults(act=partial(_crypt, direction), prints=False)


def _add_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--iv",
        metavar="HEX",
        type=_hexadecimal,
        help="with a key: this IV, which is not part of the file then",
    )
    verb.add_argument(
        "--iterations",
        metavar="N",
        type=_iterations,
        help=f"of PBKDF2; {ITERATIONS} if not given. openssl without -iter: {OPENSSL_ITERATIONS}",
    )
    verb.add_argument(
        "--digest",
        choices=DIGESTS,
        help=f"of PBKDF2, openssl's -md; {DIGESTS[0]} if not given",
    )
    verb.add_argument(
        "--key-bits",
        metavar="N",
        type=_key_bits,
        help="the size of the key that a passphrase gives; the longest if not given",
    )
    verb.add_argument(
        "--padding",
        choices=("pkcs7", "none"),
        help="pkcs7 if not given in ecb, cbc and pcbc, as openssl has it; else none can be",
    )
    verb.add_argument("--provider", choices=("auto", "kernel", "userspace"), help="who computes")
    add_progress_options(verb)
    verb.add_argument(
        "-q", "--quiet", action="store_true", help="do not say that nothing is authenticated"
    )


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        # Which it is is told to nobody: it may be a key, given by mistake.
        raise argparse.ArgumentTypeError("not hexadecimal, two digits for a byte") from None


def _iterations(text: str) -> int:
    return number(text, 1, MOST_ITERATIONS)


def _key_bits(text: str) -> int:
    bits = number(text, 8, 1 << 16)
    if bits % 8:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of bytes; 256 is")
    return bits


class Begun(NamedTuple):
    """A cipher that has its key, the IV, and what the file begins with."""

    cipher: afalg.Cipher
    iv: bytes | None
    head: bytes


def _crypt(direction: Direction, chosen: argparse.Namespace) -> Answer:
    with ExitStack() as opened:
        opened.enter_context(orderly())
        source = opened.enter_context(opened_source(chosen.file))
        known = formats.about(chosen.cipher, chosen.provider)
        padding = _padding(chosen, known)
        # Before anybody types a passphrase: it may be that nothing can be written there.
        target = opened.enter_context(opened_target(chosen.out))
        target.check_apart(source)
        begin = _by_passphrase if asks_for_passphrase(chosen) else _by_key
        begun = begin(direction, chosen, source, known)
        cipher = opened.enter_context(begun.cipher)
        if not chosen.quiet:
            _warn(direction, chosen.cipher)
        start: Callable[..., afalg.Stream] = (
            cipher.encryptor if direction == "encrypt" else cipher.decryptor
        )
        stream = start(iv=begun.iv, padding=padding)
        _through(source, target, begun.head if direction == "encrypt" else b"", stream, chosen)
    return Answer("")


def _through(
    source: Source, target: Target, head: bytes, stream: afalg.Stream, chosen: argparse.Namespace
) -> None:
    """Do the message, and say more of what may have been wrong with it."""
    try:
        with bar(source.name, source.size(), wanted=chosen.progress) as advance:
            target.write(head)
            pump(source, target, stream, advance)
    except MemoryError as error:
        raise RefusedError(
            "there is not enough memory; a mode that cannot be cut (xts) holds all of a file"
        ) from error
    except afalg.InvalidPaddingError as error:
        if not asks_for_passphrase(chosen):
            raise
        raise RefusedError(
            f"{error}: was the passphrase another, or the cipher, or --iterations? openssl enc "
            f"-pbkdf2 without -iter has {OPENSSL_ITERATIONS}"
        ) from error


def _by_passphrase(
    direction: Direction, chosen: argparse.Namespace, source: Source, known: afalg.AlgorithmInfo
) -> Begun:
    """Let a passphrase give the key and the IV, by the salt at the file's head."""
    if chosen.iv is not None:
        raise RefusedError("--iv is for keys: with a passphrase the IV comes from it and the salt")
    salt = _salt(direction, source)
    sizes = (_key_size(chosen, known), known.iv_size or 0)
    with passphrase_of(chosen, source, twice=direction == "encrypt") as passphrase:
        digest, iterations = chosen.digest or DIGESTS[0], chosen.iterations or ITERATIONS
        key, iv = formats.derive(passphrase, salt, digest, iterations, sizes)
    cipher = afalg.Cipher(chosen.cipher, key, provider=chosen.provider)
    return Begun(cipher, iv, formats.MAGIC + salt)


def _by_key(
    direction: Direction, chosen: argparse.Namespace, source: Source, known: afalg.AlgorithmInfo
) -> Begun:
    """Take a key; the IV is the user's, or stands at the file's head."""
    for option in ("iterations", "digest", "key_bits"):
        if getattr(chosen, option) is not None:
            name = option.replace("_", "-")
            raise RefusedError(f"--{name} is for passphrases: a key is taken as it is")
    with key_of(chosen, chosen.cipher, source) as key:
        cipher = afalg.Cipher(chosen.cipher, key, provider=chosen.provider)
    if chosen.iv is not None or cipher.iv_size == 0:
        return Begun(cipher, chosen.iv, b"")
    if direction == "encrypt":
        iv = formats.fresh_iv(cipher.iv_size, known)
    else:
        iv = formats.read_iv(source, cipher.iv_size)
    return Begun(cipher, iv, iv)


def _salt(direction: Direction, source: Source) -> bytes:
    return os.urandom(formats.SALT_SIZE) if direction == "encrypt" else formats.read_salt(source)


def _key_size(chosen: argparse.Namespace, known: afalg.AlgorithmInfo) -> int:
    """Give the bytes of key that a passphrase is to give."""
    bits: int | None = chosen.key_bits
    if bits is not None:
        return bits // 8
    if not known.key_sizes:
        raise RefusedError(f"nobody says which keys {chosen.cipher} takes; give --key-bits")
    if known.key_sizes[-1] == 0:
        raise RefusedError(f"{chosen.cipher} takes no key: it would encrypt nothing")
    return known.key_sizes[-1]


def _padding(chosen: argparse.Namespace, known: afalg.AlgorithmInfo) -> afalg.Padding:
    if chosen.padding is not None:
        return None if chosen.padding == "none" else "pkcs7"
    mode, parenthesis, _ = known.name.partition("(")
    if not parenthesis and known.block_size != 1:  # a driver's name: cbc-aes-aesni
        raise RefusedError(f"{known.name} does not say its mode: say --padding pkcs7 or none")
    return "pkcs7" if mode in PADDED else None


def _warn(direction: Direction, cipher: str) -> None:
    """Say what these ciphers do not do, aloud."""
    what = (
        "whoever can change the file can change what it decrypts to"
        if direction == "encrypt"
        else "nothing tells whether the file is what was encrypted"
    )
    warn(f"{cipher} does not authenticate: {what}. Where that matters use age or gpg")
