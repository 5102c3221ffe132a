"""Tries one driver: runs what was published and what is drawn, and tells what was wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic

import afalg
from afalg import AlgorithmNotFoundError, Cipher, InvalidKeyError, UnavailableError
from afalg.options import Provider
from afalg.verify import draw, published
from afalg.verify.cases import WAYS, Case
from afalg.verify.judge import Judge, Keyed, raised
from afalg.verify.results import Difference, Failure, Result
from afalg.verify.rules import Rules
from afalg.verify.smallest import smallest
from afalg.verify.targets import Opener, Target

__all__ = ["Trial", "judge_of"]

TRIES = 20
"""How often a failing case is run again, to see whether it always fails."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A case that failed: a published one, with what must come out, or a drawn one."""

    case: Case
    difference: Difference
    due: bytes | None = None
    figure: str | None = None
    message: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """By what the simplest is chosen."""
        return WAYS.index(self.case.way), self.case.length


def _userspace() -> frozenset[str]:
    """Give what userspace has."""
    infos = afalg.algorithms("skcipher")
    return frozenset(info.name for info in infos if "userspace" in info.providers)


def judge_of(algorithm: str, asked: str, provider: Provider, opener: Opener) -> Judge:
    """Give who compares with userspace; where that is what is tried, or lacks it, with itself."""
    subject = Keyed(partial(opener, asked, provider=provider))
    is_itself = provider == "userspace" and opener is Cipher
    if is_itself or algorithm not in _userspace():
        return Judge(subject, None)
    return Judge(subject, Keyed(partial(Cipher, algorithm, provider="userspace")))


class Trial:
    """One driver that was reached, and what has come of it so far."""

    def __init__(
        self, target: Target, rules: Rules, *, provider: Provider, seed: int, opener: Opener
    ) -> None:
        self._target, self._rules = target, rules
        self._provider, self._seed = provider, seed
        self._judge = judge_of(target.algorithm, target.asked, provider, opener)
        self._wrong: list[_Wrong] = []
        self._keys: set[int] = set()
        self._refused: set[int] = set()

    def result(self, numbers: Iterable[int]) -> Result:
        """Run what was published, and the messages of these numbers."""
        begun = monotonic()
        try:
            vectors, refused = self._published()
            messages = sum(map(self._drawn, numbers))
            result = Result(
                algorithm=self._target.algorithm,
                driver=self._target.driver,
                asked=self._target.asked,
                status="failed" if self._wrong else "passed",
                key_bits=tuple(8 * size for size in sorted(self._keys)),
                refused_key_bits=tuple(8 * size for size in sorted(self._refused)),
                vectors=vectors,
                refused_vectors=refused,
                messages=messages,
                compared_with="userspace" if self._judge.reference else "itself",
                failure=self._failure() if self._wrong else None,
            )
        finally:
            self._judge.close()
        if not vectors and not messages:
            text = "nothing was published for it, and no message was drawn with a key that it takes"
            result = replace(result, status="unreachable", reason="nothing-run", text=text)
        return replace(result, seconds=round(monotonic() - begun, 3))

    def _published(self) -> tuple[int, int]:
        """Ask what was published, in both directions; give how much was asked, and not."""
        asked: list[bool] = []
        for figure in published.of(self._target.algorithm):
            forth, back = (figure.plain, figure.cipher), (figure.cipher, figure.plain)
            for direction, (given, due) in zip(draw.DIRECTIONS, (forth, back), strict=True):
                case = Case(
                    direction=direction,
                    key=figure.key,
                    iv=figure.iv,
                    length=len(given),
                    data=given,
                )
                asked.append(self._run(case, due=due, figure=figure.source))
        return asked.count(True), asked.count(False)

    def _drawn(self, number: int) -> bool:
        """Run the message of a number, and say whether it could be."""
        return self._run(draw.case(self._rules, self._seed, number), message=number)

    def _run(
        self,
        case: Case,
        *,
        due: bytes | None = None,
        figure: str | None = None,
        message: int | None = None,
    ) -> bool:
        """Run a case and keep it if it was wrong; False: the driver does not take its key."""
        try:
            found = self._difference(case, due)
        except InvalidKeyError:
            self._refused.add(len(case.key))
            return False
        self._keys.add(len(case.key))
        if found is not None:
            self._wrong.append(_Wrong(case, found, due, figure, message))
        return True

    def _difference(self, case: Case, due: bytes | None) -> Difference | None:
        """Run a case; a driver that was reached and is gone now has failed it.

        Raises:
            InvalidKeyError: the driver does not take the key.

        """
        try:
            return self._judge.difference(case, due)
        except (AlgorithmNotFoundError, UnavailableError) as error:
            return raised(error)

    def _again(self, case: Case, due: bytes | None = None) -> Difference | None:
        """Run a case once more; a key that is not taken is no fault."""
        try:
            return self._difference(case, due)
        except InvalidKeyError:
            return None

    def _failure(self) -> Failure:
        """Make the simplest of what was wrong as small as it goes."""
        wrong = min(self._wrong, key=lambda one: one.size)
        told = Failure(
            difference=wrong.difference,
            case=wrong.case,
            failed=len(self._wrong),
            figure=wrong.figure,
            message=wrong.message,
            seed=None if wrong.message is None else self._seed,
            tries=TRIES,
            failed_tries=self._failing(wrong.case, wrong.due),
        )
        if not told.failed_tries:
            return self._after_others(told)
        patience = 1 if told.always else 3 * TRIES
        seen = [wrong.difference]
        small = smallest(wrong.case, self._rules, partial(self._fails, seen, patience))
        if small != wrong.case:
            failing = self._failing(small)
            told = replace(told, case=small, difference=seen[-1], failed_tries=failing)
        return replace(told, again=self._expression("check", repr(small)))

    def _failing(self, case: Case, due: bytes | None = None) -> int:
        """Run a case some times through a new Cipher, and count how often it fails."""
        self._judge.subject.forget()
        return sum(self._again(case, due) is not None for _ in range(TRIES))

    def _fails(self, seen: list[Difference], patience: int, case: Case) -> bool:
        """Whether a case fails as others did, tried as often as it may take; keep how."""
        for _ in range(patience):
            found = self._again(case)
            if found is not None and found.is_like(seen[0]):
                seen.append(found)
                return True
        return False

    def _after_others(self, told: Failure) -> Failure:
        """Run what went through the same Cipher before, and then what failed once."""
        if told.message is None:
            return told
        first = told.message - told.message % draw.GROUP
        cases = [draw.case(self._rules, self._seed, n) for n in range(first, told.message + 1)]
        failing = 0
        for _ in range(TRIES):
            self._judge.subject.forget()
            *_, found = map(self._again, cases)
            failing += found is not None
        numbers = f"seed={self._seed}, message={told.message}"
        again = self._expression("replay", numbers)
        after = len(cases) - 1 if failing else 0
        return replace(told, failed_tries=failing, after=after, again=again)

    def _expression(self, function: str, arguments: str) -> str:
        """Give the call that runs something once more."""
        target = self._target
        if target.asked != target.algorithm:
            arguments += f", driver={target.asked!r}"
        if self._provider != "kernel":
            arguments += f", provider={self._provider!r}"
        return f"{function}({target.algorithm!r}, {arguments})"
