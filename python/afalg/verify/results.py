"""What a verification gives: plain data, which compares and pickles."""

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, cast

from afalg.verify.cases import Case

__all__ = ["Difference", "Failure", "Result", "Status"]

# As in options.py, for stubtest.
Status: TypeAlias = Literal["passed"] | Literal["failed"] | Literal["unreachable"]  # noqa: PYI030


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How an answer was wrong.

    Attributes:
        kind: "bytes": others than must be; "round-trip": what was done and undone is not what
            it was; "outside": bytes beside the output were changed; "error": there was no
            output, but an exception.
        offset: the first byte that is wrong, from the beginning of the output.
        count: how many are wrong.
        length: of the output, in bytes.
        got: up to 16 bytes from there, as hexadecimal digits.
        expected: what they must be.
        error: the exception: its class and text.

    """

    kind: Literal["bytes", "round-trip", "outside", "error"]
    offset: int | None = None
    count: int | None = None
    length: int | None = None
    got: str = ""
    expected: str = ""
    error: str = ""

    def is_like(self, other: "Difference") -> bool:
        """Whether it is the same kind of fault: wrong bytes, or the same exception."""
        if self.kind == "error":
            return other.kind == "error" and _class(self.error) == _class(other.error)
        return self.kind == other.kind or {self.kind, other.kind} == {"bytes", "round-trip"}

    def __str__(self) -> str:
        """Say it in one sentence."""
        if self.kind == "error":
            return self.error
        if self.kind == "outside":
            return f"it writes outside of its output of {self.length} bytes, {self.count} bytes"
        there = "done and undone, " * (self.kind == "round-trip")
        return (
            f"{there}byte {self.offset} of {self.length} is {self.got[:2] or 'missing'}, must be "
            f"{self.expected[:2] or 'none'} ({self.count} wrong; from there {self.got}, must be "
            f"{self.expected})"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What went wrong, in the smallest case that was found.

    Keys, IVs and messages in it are generated or published: they protect nothing, and are
    shown, which this package does nowhere else.

    Attributes:
        difference: how the answer was wrong.
        case: the smallest case; None where the driver could not even be opened.
        after: how many messages have to go before it through the same Cipher; alone it passes.
        tries: how often it was run to see whether it always fails.
        failed_tries: how often it failed: fewer than ``tries`` means now and then.
        failed: how many of the published vectors and messages were wrong.
        figure: the source of a published vector that came out wrong, if one did.
        message: the number of a message that was wrong, to be run again by ``replay``.
        seed: what messages were drawn from.
        again: a Python expression that runs the smallest case once more.

    """

    difference: Difference
    case: Case | None = None
    after: int = 0
    tries: int = 1
    failed_tries: int = 1
    failed: int = 1
    figure: str | None = None
    message: int | None = None
    seed: int | None = None
    again: str | None = None

    @property
    def always(self) -> bool:
        """Whether the case failed each time."""
        return self.failed_tries == self.tries


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one driver of one algorithm.

    Attributes:
        algorithm: the generic name, "cbc(aes)".
        driver: the implementation, "cbc-aes-aesni"; None where it is not known.
        status: "passed", "failed" or "unreachable".
        asked: the name that it was opened by: the algorithm's, or the driver's own.
        key_bits: the sizes of keys that were tried.
        refused_key_bits: those that the driver does not take.
        vectors: how many published vectors were asked, in both directions each.
        refused_vectors: how many were not, for the driver does not take their keys.
        messages: how many messages were run.
        compared_with: "userspace"; "itself" where userspace does not have the algorithm, or
            is what is verified: one call against all other ways, and there and back.
        reason: why it was not reached, as a stable code: those of ``Cipher.reason``, and
            "internal", "asynchronous", "masked", "refused", "kernel-error".
        text: the same as a sentence, with the way out.
        failure: the smallest failing case.
        seconds: how long it took.

    """

    algorithm: str
    driver: str | None
    status: Status
    asked: str
    key_bits: tuple[int, ...] = ()
    refused_key_bits: tuple[int, ...] = ()
    vectors: int = 0
    refused_vectors: int = 0
    messages: int = 0
    compared_with: Literal["userspace", "itself"] | None = None
    reason: str | None = None
    text: str | None = None
    failure: Failure | None = None
    seconds: float = 0.0

    def facts(self) -> dict[str, object]:
        """Give what json.dumps takes; what is not known is left out, bytes are hexadecimal."""
        return _plain(asdict(self))


def _class(error: str) -> str:
    """Give the exception's class."""
    return error.partition(":")[0]


def _plain(facts: dict[str, object]) -> dict[str, object]:
    """Give what JSON has."""
    plain: dict[str, object] = {}
    for name, fact in facts.items():
        match fact:
            case None:
                pass
            case dict():
                plain[name] = _plain(cast("dict[str, object]", fact))
            case bytes():
                plain[name] = fact.hex()
            case _:
                plain[name] = fact
    return plain
