"""Makes a failing case as small as it goes.

Each move tries simpler cases in an order of its own and keeps the first that still fails;
moves are repeated until none helps. The same driver and case give the same outcome, unless
the driver fails now and then.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from afalg.verify.cases import WAYS, Case
from afalg.verify.rules import Rules

__all__ = ["smallest"]

Fails = Callable[[Case], bool]

MOST_RUNS = 2000
MOST_BYTES = 256 << 20
"""How much may be tried, so that a driver which fails at megabytes only ends too."""
PLAIN_WAYS = WAYS[: WAYS.index("many")]
"""Ways that take any other's message as it is."""


def smallest(case: Case, rules: Rules, fails: Fails) -> Case:
    """Give the smallest case, of those that are tried, for which `fails` says so."""
    search = _Search(rules, fails)
    moves = (
        _simpler_ways,
        _the_other_direction,
        search.shorter,
        _fewer_cuts,
        _plainer_offsets,
        _fewer_threads,
        _smaller_units,
        _plainer_data,
        _plainer_ivs,
        search.plainer_keys,
    )
    while True:
        before = case
        for move in moves:
            case = search.first(move(case)) or case
        if case == before:
            return case


class _Search:
    """What was tried, and how much more may be."""

    def __init__(self, rules: Rules, fails: Fails) -> None:
        self._rules, self._fails = rules, fails
        self._known: dict[Case, bool] = {}
        self._bytes = 0

    def does_fail(self, case: Case) -> bool:
        """Try a case that keeps the rules, once; beyond the budget none fails."""
        if not self._rules.takes(case):
            return False
        if case not in self._known:
            self._bytes += case.length
            if len(self._known) >= MOST_RUNS or self._bytes > MOST_BYTES:
                return False
            self._known[case] = self._fails(case)
        return self._known[case]

    def first(self, cases: Iterable[Case]) -> Case | None:
        """Give the first one that fails."""
        return next(filter(self.does_fail, cases), None)

    def shorter(self, case: Case) -> Iterator[Case]:
        """Give the shortest that fails: of a ladder of lengths, then between two rungs."""
        step = case.unit if case.way == "units" else self._rules.step
        rungs = self._ladder(case, step)
        low, length = -step, case.length
        for rung in rungs:
            if self.does_fail(_of_length(case, rung)):
                length = rung
                break
            low = rung
        while length - low > step:
            middle = (low + length) // 2 // step * step
            middle = middle if middle > low else low + step
            if self.does_fail(_of_length(case, middle)):
                length = middle
            else:
                low = middle
        if length < case.length:
            yield _of_length(case, length)

    def _ladder(self, case: Case, step: int) -> list[int]:
        """Give lengths below a case's: none, a step, a block, and doubled from there on."""
        fit = self._rules.fit
        doubled = [self._rules.chunk << power for power in range(24)]
        found = {fit(length) for length in (0, 1, step, *doubled)}
        if case.way == "units":
            found = {step << power for power in range(24)}
        return sorted(length for length in found if length < case.length)

    def plainer_keys(self, case: Case) -> Iterator[Case]:
        """Give zeros, and 0, 1, 2, ...: of each size that is not longer."""
        if not _is_plain(case.key):
            for size in sorted({*self._rules.key_sizes, len(case.key)}):
                if size <= len(case.key):
                    yield replace(case, key=bytes(size))
                    yield replace(case, key=bytes(range(size)))


def _is_plain(key: bytes) -> bool:
    return key in (bytes(len(key)), bytes(range(len(key))))


def _of_length(case: Case, length: int) -> Case:
    return replace(case, length=length, cuts=tuple(cut for cut in case.cuts if cut <= length))


def _simpler_ways(case: Case) -> Iterator[Case]:
    for way in PLAIN_WAYS[: WAYS.index(case.way)]:
        cuts = case.cuts if way.startswith("stream") else ()
        offsets = case.offsets if way in {"in-place", "into"} else (0, 0)
        yield replace(case, way=way, cuts=cuts, offsets=offsets, threads=1, unit=0, first_iv=0)


def _the_other_direction(case: Case) -> Iterator[Case]:
    if case.direction == "decrypt":
        yield replace(case, direction="encrypt")


def _fewer_cuts(case: Case) -> Iterator[Case]:
    cuts = case.cuts
    if len(cuts) > 1:
        yield from (replace(case, cuts=(cut,)) for cut in cuts)
        yield replace(case, cuts=cuts[: len(cuts) // 2])
        yield replace(case, cuts=cuts[len(cuts) // 2 :])
        yield from (replace(case, cuts=cuts[:at] + cuts[at + 1 :]) for at in range(len(cuts)))
    elif cuts:
        yield from (replace(case, cuts=(cut,)) for cut in (0, 1, 8, 16, 64) if cut < cuts[0])


def _plainer_offsets(case: Case) -> Iterator[Case]:
    source, out = case.offsets
    for offsets in ((0, 0), (0, 1), (1, 0), (0, out), (source, 0), (1, 1), (1, out), (source, 1)):
        if sum(offsets) < source + out:
            yield replace(case, offsets=offsets)


def _fewer_threads(case: Case) -> Iterator[Case]:
    least = 2 if case.way in {"threads", "concurrent"} else 1
    if case.threads > least:
        yield replace(case, threads=least)


def _smaller_units(case: Case) -> Iterator[Case]:
    if case.way == "units":
        count = case.length // case.unit
        for unit in (8, 16, 32, 64, 128, 512, 1024):
            if unit < case.unit:
                yield replace(case, unit=unit, length=unit * count)
        if case.first_iv:
            yield from (replace(case, first_iv=first) for first in (0, 1) if first < case.first_iv)


def _plainer_data(case: Case) -> Iterator[Case]:
    if case.data and any(case.message):
        yield replace(case, data="")


def _plainer_ivs(case: Case) -> Iterator[Case]:
    size = len(case.iv)
    last = bytes(size - 1) + b"\1" if size else b""
    simple = [bytes(size), last, b"\1" + bytes(size - 1) if size else b"", b"\xff" * size]
    for iv in simple[: simple.index(case.iv)] if case.iv in simple else simple:
        yield replace(case, iv=iv)
