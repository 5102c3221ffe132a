"""Says whether a driver's answer is right."""

from collections.abc import Callable

from afalg import AfalgError, Cipher
from afalg.verify.cases import Case
from afalg.verify.results import Difference
from afalg.verify.ways import Output, parts, perform

__all__ = ["Judge", "Keyed"]

SHOWN = 16
"""Bytes of a wrong answer that are shown."""


class Keyed:
    """The Cipher of the last key, kept as long as the key stays the same."""

    def __init__(self, make: Callable[[bytes], Cipher]) -> None:
        self._make = make
        self._held: tuple[bytes, Cipher] | None = None

    def of(self, key: bytes) -> Cipher:
        """Give the Cipher of a key."""
        if self._held is None or self._held[0] != key:
            self.forget()
            self._held = key, self._make(key)
        return self._held[1]

    def forget(self) -> None:
        """Close it, so that the next one begins anew."""
        if self._held is not None:
            self._held[1].close()
            self._held = None


class Judge:
    """Compares a subject with another provider; without one, with itself."""

    def __init__(self, subject: Keyed, reference: Keyed | None) -> None:
        self.subject = subject
        self.reference = reference
        self._due: tuple[Case, bytes] | None = None

    def close(self) -> None:
        """Close what is open."""
        self.subject.forget()
        if self.reference is not None:
            self.reference.forget()

    def difference(self, case: Case, due: bytes | None = None) -> Difference | None:
        """Run a case, and say how its answer was wrong; None: it was right.

        Raises:
            InvalidKeyError: the subject does not take the key.

        """
        cipher = self.subject.of(case.key)
        try:
            if due is None and self.reference is None and case.way == "one-shot":
                return _round_trip(cipher, case)
            due = self._expected(case) if due is None else due
            outputs = perform(cipher, case)
        except AfalgError as error:
            return Difference(kind="error", error=f"{type(error).__name__}: {error}")
        return next(filter(None, (_between(output, due) for output in outputs)), None)

    def _expected(self, case: Case) -> bytes:
        """Compute what must come out: by single calls, for a subject that is retried but once."""
        if self._due is None or self._due[0] != case or self.reference is None:
            cipher = (self.reference or self.subject).of(case.key)
            run = cipher.encrypt if case.direction == "encrypt" else cipher.decrypt
            self._due = case, b"".join(run(data, iv=iv) for data, iv in parts(case))
        return self._due[1]


def _round_trip(cipher: Cipher, case: Case) -> Difference | None:
    """Do a message and undo it."""
    there, back = cipher.encrypt, cipher.decrypt
    if case.direction == "decrypt":
        there, back = back, there
    data = case.message
    return _between(Output(back(there(data, iv=case.iv), iv=case.iv)), data, "round-trip")


def _between(output: Output, due: bytes, kind: str = "bytes") -> Difference | None:
    got = output.data
    if got == due:
        wide = output.outside
        return Difference(kind="outside", count=wide, length=len(due)) if wide else None
    wrong = [at for at, (one, other) in enumerate(zip(got, due, strict=False)) if one != other]
    offset = wrong[0] if wrong else min(len(got), len(due))
    return Difference(
        kind="round-trip" if kind == "round-trip" else "bytes",
        offset=offset,
        count=len(wrong) + abs(len(got) - len(due)),
        length=len(due),
        got=got[offset : offset + SHOWN].hex(),
        expected=due[offset : offset + SHOWN].hex(),
    )
