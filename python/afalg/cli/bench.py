"""`afalg bench`: the table that `cryptsetup benchmark` prints, for both providers."""

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import ceil
from textwrap import fill
from timeit import Timer

import afalg
from afalg.cli.colour import painted
from afalg.cli.output import AddVerb, Answer, RefusedError, escaped, to_json
from afalg.cli.progress import bar
from afalg.cli.words import number, seconds

__all__ = ["add_to"]

USUAL = (
    *("cbc(aes):128", "cbc(aes):256", "ctr(aes):128", "ctr(aes):256"),
    *("xts(aes):256", "xts(aes):512", "chacha20:256", "adiantum(xchacha12,aes):256"),
    *("cbc(serpent):256", "xts(serpent):512", "cbc(twofish):256", "xts(twofish):512"),
)
PROVIDERS: tuple[afalg.Provider, ...] = ("kernel", "userspace")
SIZE = 64 << 10
LARGEST = 1 << 30
SECONDS = 0.2
MIB = 1 << 20
WIDTH = 100
BENCH = f"""\
Time ciphers in the kernel and in userspace, and print MiB a second, as `cryptsetup benchmark`
does: messages of {SIZE >> 10} KiB, into a buffer that is there, one thread. What is encrypted is
decrypted again and must be what it was, and both providers must agree. Where one does not serve,
its columns have the reason.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """An algorithm and the size of its key; None: the usual sizes."""

    algorithm: str
    bits: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """What one provider did with an algorithm and a key."""

    algorithm: str
    key_bits: int
    provider: str
    driver: str | None = None
    encryption: float | None = None
    decryption: float | None = None
    reason: str | None = None


def add_to(add_verb: AddVerb) -> None:
    """Add the verb."""
    verb = add_verb(
        "bench",
        help="time ciphers in the kernel and in userspace, as `cryptsetup benchmark` does",
        description=BENCH,
        epilog="The exit status is 0, or 1 where nothing could be timed or a result is wrong, 2 "
        "where the command line is wrong, 3 where the table could not be printed, 130 after "
        "Ctrl-C.",
    )
    verb.add_argument(
        "algorithms",
        nargs="*",
        metavar="ALGORITHM[:BITS]",
        type=_asked,
        default=list(map(_asked, USUAL)),
        help="a skcipher as /proc/crypto spells it, and its key in bits (of xts that is both "
        "keys): 'xts(aes):512'. Without BITS the shortest key and the longest. Default: "
        "aes in the usual modes, chacha20, adiantum, serpent, twofish",
    )
    verb.add_argument(
        "--provider", choices=PROVIDERS, help="time this one alone; both if not given"
    )
    verb.add_argument(
        "--size",
        metavar="BYTES",
        type=partial(number, least=1, most=LARGEST),
        default=SIZE,
        help=f"of a message; {SIZE} if not given",
    )
    verb.add_argument(
        "--time",
        metavar="SECONDS",
        type=seconds,
        default=SECONDS,
        help=f"at least, for each figure; {SECONDS} if not given",
    )
    verb.add_argument("--json", action="store_true", help="print JSON, an object")
    verb.set_defaults(act=_bench)


def _asked(text: str) -> Asked:
    name, _, bits = text.partition(":")
    if ":" not in text:
        return Asked(text, None)
    if re.fullmatch(r"[0-9]{1,5}", bits) and int(bits) % 8 == 0:
        return Asked(name, int(bits))
    raise argparse.ArgumentTypeError(f"{bits!r} is no number of bits such as 256")


def _bench(chosen: argparse.Namespace) -> Answer:
    providers = [chosen.provider] if chosen.provider else PROVIDERS
    refusals: dict[str, str] = {}
    asked: Sequence[Asked] = chosen.algorithms
    todo = [(one.algorithm, bits) for one in asked for bits in _key_bits(one)]
    rows: list[Row] = []
    with bar("bench", len(todo), unit="items") as advance:
        for done, (algorithm, bits) in enumerate(todo, 1):
            rows += _rows(algorithm, bits, chosen, providers, refusals)
            advance(done)
    status = 0 if any(row.reason is None for row in rows) else 1
    if chosen.json:
        return Answer(_to_json(rows, chosen.size), status)
    return Answer(_table(rows, providers, chosen, refusals), status)


def _key_bits(asked: Asked) -> list[int]:
    """Give the sizes of keys to time."""
    info = afalg.info(asked.algorithm)
    if info.type != "skcipher":
        raise RefusedError(f"{asked.algorithm} is of the type {info.type}, which this cannot time")
    if asked.bits is not None or not info.key_sizes:
        return [asked.bits or 0]
    longest = info.key_sizes[-1]
    # Of ciphers that take any size the shortest key says nothing.
    shortest = longest if isinstance(info.key_sizes, range) else info.key_sizes[0]
    return sorted({8 * shortest, 8 * longest})


def _rows(
    algorithm: str,
    bits: int,
    chosen: argparse.Namespace,
    providers: Sequence[afalg.Provider],
    refusals: dict[str, str],
) -> Iterator[Row]:
    """Time an algorithm with a key; what was refused goes to `refusals`, by its reason."""
    key, data = os.urandom(bits // 8), os.urandom(chosen.size)
    results: set[bytes] = set()
    for provider in providers:
        try:
            with afalg.Cipher(algorithm, key, provider=provider) as cipher:
                result, encryption, decryption = _timed(cipher, data, chosen.time)
                driver = cipher.driver
        except afalg.AfalgError as error:
            reason = _reason(error)
            if reason is None:
                raise
            refusals.setdefault(reason, str(error))
            yield Row(algorithm, bits, provider, reason=reason)
        else:
            results.add(result)
            yield Row(algorithm, bits, provider, driver, encryption, decryption)
    if len(results) > 1:
        raise RefusedError(f"kernel and userspace differ in what {algorithm} makes of a message")


def _reason(error: afalg.AfalgError) -> str | None:
    """Give a stable code of what is no fault of the command line."""
    match error:
        case afalg.UnavailableError():
            return error.reason
        case afalg.AlgorithmRestrictedError():
            return "restricted"
        case afalg.AlgorithmNotFoundError():
            return "not-found"
        case afalg.SelfTestError():
            return "self-test"
        case afalg.MessageTooLongError():
            return "too-long"
        case afalg.InvalidLengthError():
            return "length"  # --size is no whole number of its blocks
        case _:
            return None


def _timed(cipher: afalg.Cipher, data: bytes, seconds: float) -> tuple[bytes, float, float]:
    """Give what becomes of a message, and the MiB a second there and back."""
    there, back, iv = bytearray(len(data)), bytearray(len(data)), bytes(cipher.iv_size)
    encryption = _pace(lambda: cipher.encrypt_into(data, there, iv=iv), seconds)
    decryption = _pace(lambda: cipher.decrypt_into(there, back, iv=iv), seconds)
    if bytes(back) != data:
        raise RefusedError(f"{cipher.algorithm} by {cipher.driver} does not decrypt to what it was")
    mib = len(data) / MIB
    return bytes(there), mib * encryption, mib * decryption


def _pace(work: Callable[[], object], seconds: float) -> float:
    """Give how many times a second it can be done, from a run of so many seconds."""
    timer, times = Timer(work), 1
    while (taken := timer.timeit(times)) < seconds:
        times = max(2 * times, ceil(1.1 * times * seconds / max(taken, 1e-9)))
    return times / taken


def _to_json(rows: Sequence[Row], size: int) -> str:
    """Give the rows as JSON; what is not known is left out."""
    known = [{name: fact for name, fact in asdict(row).items() if fact is not None} for row in rows]
    about = {"kernel": platform.release(), "size": size, "unit": "MiB/s", "rows": known}
    return to_json(about)


def _table(
    rows: Sequence[Row],
    providers: Sequence[str],
    chosen: argparse.Namespace,
    refusals: dict[str, str],
) -> str:
    """Give a line for each algorithm and key, the providers side by side."""
    width = max(len("algorithm"), *(len(row.algorithm) for row in rows))
    lines = [
        f"Linux {platform.release()}, messages of {chosen.size} bytes, MiB/s",
        "",
        "".join([f"{'':{width}}{'':6}", *(f"{name:>24}" for name in providers)]).rstrip(),
        painted(
            f"{'algorithm':{width}}{'key':>6}"
            + f"{'encryption':>12}{'decryption':>12}" * len(providers),
            "bold",
            sys.stdout,
        ),
    ]
    for at in range(0, len(rows), len(providers)):
        row = rows[at]
        cells = map(_cells, rows[at : at + len(providers)])
        lines.append(f"{escaped(row.algorithm):{width}}{row.key_bits:>5}b" + "".join(cells))
    lines += [""] * bool(refusals) + [
        fill(f"{code}: {text}", WIDTH, subsequent_indent="  ") for code, text in refusals.items()
    ]
    return "\n".join(lines)


def _cells(row: Row) -> str:
    if row.encryption is None or row.decryption is None:
        return f"{row.reason:>24}"
    return f"{row.encryption:>12.1f}{row.decryption:>12.1f}"
