"""Verifies a machine, and runs again what was found."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import count, takewhile
from time import monotonic

from afalg import AfalgError, Cipher
from afalg.options import Provider
from afalg.verify import draw
from afalg.verify.cases import Case
from afalg.verify.results import Difference, Failure, Result
from afalg.verify.targets import Opener, Target, plan
from afalg.verify.trial import Trial, judge_of

__all__ = ["MESSAGES", "check", "replay", "verify"]

MESSAGES = 72
"""How many messages each driver gets, unless told: all ways, sizes of keys and edges of lengths."""


def verify(
    algorithms: str | Iterable[str] | None = None,
    *,
    provider: Provider = "kernel",
    drivers: bool = True,
    messages: int = MESSAGES,
    seconds: float | None = None,
    seed: int | None = None,
    opener: Opener = Cipher,
    progress: Callable[[int, int], None] | None = None,
    trying: Callable[[str], object] | None = None,
) -> Iterator[Result]:
    """Hold every driver of every algorithm against what was published, and against userspace.

    Args:
        algorithms: names of algorithms or drivers; None: all that this machine may have.
        provider: "kernel"; or "userspace", compared with itself.
        drivers: whether those too that do not serve their algorithm's name, by their own.
        messages: how many each driver gets, drawn from the seed.
        seconds: for how long it gets them, instead of a number.
        seed: the same one gives the same messages; None: any; a ``Failure`` has it.
        opener: what makes a Cipher, to verify what stands in for this machine's.
        progress: called with how many drivers are done, and how many there are.
        trying: called with what is done next, in words, which name a driver that hangs.

    Yields:
        What became of each, by the algorithm's name.

    Raises:
        ValueError: ``messages`` is negative, or ``provider`` is neither of the two.

    """
    chosen = _checked(provider, messages, seed)
    return _results(
        lambda: plan(algorithms, provider=provider, drivers=drivers, opener=opener, trying=trying),
        lambda target: _result(target, provider, chosen, opener, _numbers(messages, seconds)),
        progress or (lambda _done, _total: None),
        trying or (lambda _text: None),
    )


def _checked(provider: Provider, messages: int, seed: int | None) -> int:
    """Refuse what is wrong, and give the seed."""
    if messages < 0:
        raise ValueError(f"messages is {messages}, which must be 0 or more")
    if provider not in {"kernel", "userspace"}:
        raise ValueError(f'provider is {provider!r}, verify takes "kernel" or "userspace"')
    return secrets.randbits(32) if seed is None else seed


def _results(
    planned: Callable[[], list[Target]],
    result: Callable[[Target], Result],
    progress: Callable[[int, int], None],
    trying: Callable[[str], object],
) -> Iterator[Result]:
    targets = planned()
    for done, target in enumerate(targets):
        progress(done, len(targets))
        trying(f"verifying {target.driver or target.asked} ({target.algorithm})")
        yield result(target)
    progress(len(targets), len(targets))


def _numbers(messages: int, seconds: float | None) -> Iterator[int]:
    """Give the numbers of the messages; with a time, as long as that is not over."""
    if seconds is None:
        return iter(range(messages))
    end = monotonic() + seconds
    return takewhile(lambda _: monotonic() < end, count())


def _result(
    target: Target, provider: Provider, seed: int, opener: Opener, numbers: Iterable[int]
) -> Result:
    """Try one driver, if it can be reached."""
    if target.rules is not None:
        trial = Trial(target, target.rules, provider=provider, seed=seed, opener=opener)
        return trial.result(numbers)
    text = target.text or ""
    return Result(
        algorithm=target.algorithm,
        driver=target.driver,
        asked=target.asked,
        status="failed" if target.broken else "unreachable",
        reason=target.reason,
        text=text,
        failure=Failure(difference=Difference(kind="error", error=text)) if target.broken else None,
    )


def check(
    algorithm: str,
    case: Case,
    *,
    driver: str | None = None,
    provider: Provider = "kernel",
    opener: Opener = Cipher,
) -> Difference | None:
    """Run one case once: what a ``Failure`` has as ``again``.

    Args:
        algorithm: the generic name, whose truth is asked.
        case: the message and its way.
        driver: the driver to open by its own name; None: whoever serves the algorithm.
        provider: "kernel" or "userspace".
        opener: what makes a Cipher.

    Returns:
        How the answer was wrong; None: it was right.

    Raises:
        InvalidKeyError: the driver does not take the key.
        AlgorithmNotFoundError, UnavailableError: there is no such driver for this process.

    """
    judge = judge_of(algorithm, driver or algorithm, provider, opener)
    try:
        return judge.difference(case)
    finally:
        judge.close()


def replay(
    algorithm: str,
    *,
    seed: int,
    message: int,
    driver: str | None = None,
    provider: Provider = "kernel",
    opener: Opener = Cipher,
) -> Difference | None:
    """Run the message of a number again, after those that went through the same Cipher before.

    Args and errors are those of ``check``.

    Returns:
        How the last answer was wrong; None: it was right.

    """
    name = driver or algorithm
    (target,) = plan([name], provider=provider, drivers=False, opener=opener)
    if target.rules is None:
        raise AfalgError(target.text)
    judge = judge_of(target.algorithm, name, provider, opener)
    first = message - message % draw.GROUP
    try:
        numbers = range(first, message + 1)
        *_, last = (judge.difference(draw.case(target.rules, seed, n)) for n in numbers)
    finally:
        judge.close()
    return last
