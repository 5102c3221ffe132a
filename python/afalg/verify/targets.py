"""Finds what there is to verify: each algorithm, and each driver of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import afalg
from afalg import AfalgError, AlgorithmInfo, Cipher
from afalg.options import Provider
from afalg.verify.listed import Driver, block_ciphers, skciphers
from afalg.verify.rules import Rules

__all__ = ["Opener", "Target", "plan"]

WITHOUT_NAME = ("ecb", "cbc", "ctr")
"""Modes that are tried over a block cipher which is loaded and nobody else knows."""


class Opener(Protocol):
    """What makes a Cipher: ``afalg.Cipher``, or what stands in for it."""

    def __call__(self, algorithm: str, key: bytes, /, *, provider: Provider | None) -> Cipher:
        """Make it, or raise what ``afalg.Cipher`` raises."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """One driver of one algorithm, and whether it can be reached.

    Attributes:
        algorithm: the generic name.
        driver: the implementation; None where it is not known.
        asked: the name that it is opened by.
        rules: what it takes; None where it could not be opened.
        reason: why it cannot be reached, as a stable code; None: it can.
        text: the same as a sentence.
        broken: whether it is there, and failed when it was opened.

    """

    algorithm: str
    driver: str | None
    asked: str
    rules: Rules | None = None
    reason: str | None = None
    text: str | None = None
    broken: bool = False


def plan(
    algorithms: str | Iterable[str] | None = None,
    *,
    provider: Provider = "kernel",
    drivers: bool = True,
    opener: Opener = Cipher,
    trying: Callable[[str], object] | None = None,
) -> list[Target]:
    """Bind every algorithm, so that the kernel makes and lists it, and give its drivers.

    Args:
        algorithms: names of algorithms or drivers; None: all that this machine may have.
        provider: "kernel" or "userspace".
        drivers: whether those too that do not serve their algorithm's name now, by their own.
        opener: what makes a Cipher.
        trying: called with what is done next, in words.

    """
    told: Callable[[str], object] = trying or _nobody
    table = {info.name: info for info in afalg.algorithms("skcipher")}
    if algorithms is None:
        has = [name for name, info in table.items() if "userspace" in info.providers]
        names = has if provider == "userspace" else [*table, *_further(table)]
    else:
        names = [algorithms] if isinstance(algorithms, str) else list(dict.fromkeys(algorithms))
    found: list[Target] = []
    for name in names:
        told(f"opening {name}")
        found.append(_opened(name, provider, opener, table))
    if provider == "userspace" or not drivers:
        return found
    known = {target.driver for target in found} | set(names)
    wanted = None if algorithms is None else known
    for driver in skciphers():
        if driver.name not in known and (wanted is None or driver.generic in wanted):
            told(f"opening {driver.name}")
            found.append(_by_name(driver, provider, opener, table))
    return sorted(found, key=lambda target: target.algorithm)  # it keeps who serves in front


def _nobody(_text: str, /) -> None:
    """Tell nobody."""


def _further(table: dict[str, AlgorithmInfo]) -> Iterator[str]:
    """Give modes of loaded block ciphers that no name of the table has in it."""
    for cipher in block_ciphers():
        if not any(cipher in name for name in table):
            yield from (f"{mode}({cipher})" for mode in WITHOUT_NAME)


def _opened(
    name: str, provider: Provider, opener: Opener, table: dict[str, AlgorithmInfo]
) -> Target:
    """Open an algorithm by a name."""
    try:
        info = table.get(name) or afalg.info(name)
        if info.type != "skcipher":
            text = f"{name} is of the type {info.type}; this package computes skciphers alone"
            return Target(name, info.driver, name, reason="refused", text=text)
        return _tried(name, None, info.key_sizes or (), provider, opener)
    except AfalgError as error:
        return _unreached(Target(name, None, name), error)


def _by_name(
    driver: Driver, provider: Provider, opener: Opener, table: dict[str, AlgorithmInfo]
) -> Target:
    """Open a driver that does not serve its algorithm's name, by its own."""
    target = Target(driver.generic, driver.name, driver.name)
    if driver.internal:
        text = "for other drivers alone: the kernel gives it to nobody outside"
        return _without(target, "internal", text)
    try:
        info = table.get(driver.algorithm) or afalg.info(driver.algorithm)
        return _tried(driver.name, driver, info.key_sizes or (), provider, opener)
    except afalg.AlgorithmRestrictedError as error:
        return _unreached(target, error)
    except afalg.AlgorithmNotFoundError as error:
        if driver.asynchronous:
            text = "asynchronous: Linux 7.2 and newer keep AF_ALG from such drivers"
            return _without(target, "asynchronous", text)
        return _unreached(target, error)
    except AfalgError as error:
        return _unreached(target, error)


def _tried(
    name: str,
    driver: Driver | None,
    key_sizes: Sequence[int] | range,
    provider: Provider,
    opener: Opener,
) -> Target:
    """Open a name with the first key that it takes.

    Raises:
        AfalgError: it cannot be opened.

    """
    with _cipher(name, key_sizes, provider, opener) as cipher:
        algorithm = driver.algorithm if driver else _generic(name, provider)
        rules = Rules(
            algorithm=algorithm,
            key_sizes=Rules.keys(algorithm, key_sizes),
            iv_size=cipher.iv_size,
            block=cipher.block_size,
            chunk=cipher.chunk_size,
            limit=cipher.max_message,
        )
        if driver and cipher.driver != driver.name:
            text = f"the kernel gave {cipher.driver} where {driver.name} was asked for"
            return Target(algorithm, driver.name, name, reason="masked", text=text)
        return Target(algorithm, cipher.driver, name, rules)


def _cipher(
    name: str, key_sizes: Sequence[int] | range, provider: Provider, opener: Opener
) -> Cipher:
    """Make a Cipher; hardware may take but one size of key."""
    *others, last = list(key_sizes) or [0]
    for size in others:
        try:
            return opener(name, bytes(range(size)), provider=provider)
        except afalg.InvalidKeyError:
            continue
    return opener(name, bytes(range(last)), provider=provider)


def _generic(name: str, provider: Provider) -> str:
    """Give the algorithm that a name is of: its own, unless a driver is called so."""
    if provider == "userspace":
        return name
    listed = skciphers()
    if any(driver.algorithm == name for driver in listed):
        return name
    return next((driver.algorithm for driver in listed if driver.name == name), name)


def _unreached(target: Target, error: AfalgError) -> Target:
    """Say why something could not be opened; a driver that answers wrongly was reached."""
    match error:
        case afalg.SelfTestError():
            return Target(*_names(target), reason="self-test", text=str(error), broken=True)
        case afalg.UnavailableError():
            return _without(target, error.reason, str(error))
        case afalg.AlgorithmRestrictedError():
            return _without(target, "restricted", str(error))
        case afalg.AlgorithmNotFoundError():
            return _without(target, "not-found", str(error))
        case afalg.KernelError():
            broken = error.stage not in {"socket", "bind"}
            return Target(*_names(target), reason="kernel-error", text=str(error), broken=broken)
        case _:
            return _without(target, "refused", str(error))


def _without(target: Target, reason: str, text: str) -> Target:
    return Target(*_names(target), reason=reason, text=text)


def _names(target: Target) -> tuple[str, str | None, str]:
    return target.algorithm, target.driver, target.asked
