"""A result in sentences: what a driver's developer needs to see the fault once more."""

from collections.abc import Iterable, Iterator

from afalg.verify.cases import Case
from afalg.verify.results import Failure, Result

__all__ = ["about", "failure_lines", "refusals"]


def about(result: Result) -> Iterator[str]:
    """Say which driver it is."""
    driver = result.driver or "unknown"
    opened = "" if result.asked == result.algorithm else ", opened by its own name"
    yield f"{result.algorithm}, driver {driver}{opened}"


def refusals(results: Iterable[Result]) -> Iterator[str]:
    """Say of each driver which keys it does not take, so that nobody takes them for verified."""
    for result in results:
        if bits := ", ".join(map(str, result.refused_key_bits)):
            lost = result.refused_vectors
            unasked = f"; {lost} published vectors were not asked" if lost else ""
            yield f"refused keys: {''.join(about(result))}: {bits} bits{unasked}"


def failure_lines(failure: Failure) -> Iterator[str]:
    """Say what was wrong, how often, in which case, and how to run it again."""
    yield str(failure.difference)
    if failure.figure is not None:
        yield f"published: {failure.figure}"
    case = failure.case
    if case is None:
        return
    yield from _case_lines(case)
    yield f"{_often(failure)}; {failure.failed} of the vectors and messages were wrong"
    if failure.message is not None:
        yield f"found by message {failure.message} of seed {failure.seed}"
    if failure.again is not None:
        yield "again, after `from afalg.verify import Case, check, replay`:"
        yield f"    {failure.again}"


def _case_lines(case: Case) -> Iterator[str]:
    """Say what the smallest case is. Its key and IV are generated or published."""
    yield f"smallest case: {case.direction}, {case.way}, {case.length} bytes{_shape(case)}"
    yield f"key {_hex(case.key)}, iv {_hex(case.iv)}, data {_data(case)}"


def _shape(case: Case) -> str:
    """Say how the message was cut and where it lay."""
    said = ""
    if case.cuts:
        said += f" in pieces of {', '.join(map(str, case.sizes))}"
    if case.way == "in-place" and case.offsets[0]:
        said += f" {case.offsets[0]} bytes into its buffer"
    if case.way == "into":
        source, out = case.offsets
        said += f", input {source} and output {out} bytes into their buffers"
    if case.way == "units":
        said += f", units of {case.unit} from number {case.first_iv}"
    if case.threads > 1:
        said += f", {case.threads} threads"
    return said


def _hex(value: bytes) -> str:
    if not value:
        return "none"
    return value.hex() if any(value) else f"{len(value)} zeros"


def _data(case: Case) -> str:
    if not any(case.message):
        return "zeros"
    return "as published" if isinstance(case.data, bytes) else f"drawn from {case.data!r}"


def _often(failure: Failure) -> str:
    """Say whether it always fails."""
    if failure.after:
        times = f"{failure.failed_tries} of {failure.tries} times"
        return f"alone it passes; after the {failure.after} messages before it it fails {times}"
    if not failure.failed_tries:
        return f"seen once: it passed {failure.tries} times when it was tried again"
    if failure.always:
        return f"it fails always ({failure.tries} of {failure.tries} tries)"
    return f"it fails now and then: {failure.failed_tries} of {failure.tries} tries"
