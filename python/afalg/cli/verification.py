"""What `afalg verify` does, and how it is shown: as a table, JSON or JUnit's XML."""

import argparse
import os
import platform
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import fill

from afalg import AfalgError
from afalg.atomic import replacing
from afalg.cli.colour import Colour, painted
from afalg.cli.output import (
    INTERRUPTED,
    UNPRINTED,
    Answer,
    RefusedError,
    complain,
    escaped,
    one_line,
    tell,
    to_json,
)
from afalg.cli.progress import bar
from afalg.files import write_all
from afalg.verify import Result, to_junit, verify
from afalg.verify.words import about, failure_lines, refusals

__all__ = ["verified"]

WIDTH = 100
COLOURS: dict[str, Colour] = {"passed": "green", "failed": "red", "unreachable": "yellow"}
WHOSE = {"kernel": "the kernel", "userspace": "userspace"}
WORDS = {"passed": "passed", "failed": "failed", "unreachable": "not reached"}
HEADS = ("algorithm", "driver", "key bits", "vectors", "messages")
COUNTS = HEADS.index("vectors")
"""From here on columns have numbers."""


@dataclass(slots=True)
class _Outcome:
    """What has come of it so far."""

    chosen: argparse.Namespace
    seed: int
    results: list[Result] = field(default_factory=list[Result])
    cut_short: str | None = None

    def verify(self) -> None:
        """Verify, with a bar. Ctrl-C leaves what there is by then.

        Raises:
            KeyboardInterrupt: there is nothing yet.

        """
        chosen, total = self.chosen, 0
        try:
            with bar("verify", None, wanted=chosen.progress, unit="items") as advance:

                def progress(done: int, of: int) -> None:
                    nonlocal total
                    total = of
                    advance(done, of)

                def trying(text: str) -> None:
                    advance(label=text.partition(" ")[2])
                    if chosen.verbose:
                        tell(text)

                for result in verify(
                    chosen.algorithms or None,
                    provider=chosen.provider,
                    drivers=chosen.drivers,
                    messages=chosen.messages,
                    seconds=chosen.time,
                    seed=self.seed,
                    progress=progress,
                    trying=trying,
                ):
                    self.results.append(result)
        except KeyboardInterrupt:
            if not self.results:
                raise
            self.cut_short = f"cut short by Ctrl-C: {len(self.results)} of {total} drivers are here"

    @property
    def status(self) -> int:
        """0 only where something was reached, all of it passed and all that was named is in it."""
        if self.cut_short:
            return INTERRUPTED
        reached = {result.asked for result in self.results if result.status == "passed"}
        failed = any(result.status == "failed" for result in self.results)
        return 0 if reached and not failed and reached.issuperset(self.chosen.algorithms) else 1


def verified(chosen: argparse.Namespace) -> Answer:
    """Do what the command line says."""
    seed = secrets.randbits(32) if chosen.seed is None else chosen.seed
    outcome = _Outcome(chosen, seed)
    written = True
    if chosen.junit is None:
        outcome.verify()
    else:
        written = _verify_into(chosen.junit, outcome)
    if outcome.cut_short:
        complain(outcome.cut_short)
    text = _facts(outcome) if chosen.json else _report(outcome)
    return Answer(text, outcome.status if written or outcome.cut_short else UNPRINTED)


def _verify_into(junit: str, outcome: _Outcome) -> bool:
    """Verify, and write JUnit's XML; say whether that was possible in the end."""
    try:
        with replacing(junit) as file:  # which is tried before anything is verified
            outcome.verify()
            who, seed, cut = outcome.chosen.provider, outcome.seed, outcome.cut_short
            xml = to_junit(outcome.results, provider=who, seed=seed, cut_short=cut)
            write_all(file, xml.encode())
    except AfalgError:
        raise  # some are OSErrors, and none is the file's
    except OSError as error:
        text = f"cannot write {junit}: {os.strerror(error.errno or 0)}"
        if not outcome.results:
            raise RefusedError(f"{text}; nothing was verified") from error
        complain(text)
        return False
    return True


def _facts(outcome: _Outcome) -> str:
    """Give one JSON object: what was verified, how much of each, and the results."""
    results = outcome.results
    return to_json(
        {
            "ok": outcome.status == 0,
            "complete": outcome.cut_short is None,
            "kernel": platform.release(),
            "provider": outcome.chosen.provider,
            "seed": outcome.seed,
            "counts": _counts(results),
            "refused_keys": {
                result.asked: result.refused_key_bits
                for result in results
                if result.refused_key_bits
            },
            "results": [result.facts() for result in results],
        }
    )


def _counts(results: Sequence[Result]) -> dict[str, int]:
    counts = Counter(str(result.status) for result in results)
    return {status: counts[status] for status in COLOURS}


def _report(outcome: _Outcome) -> str:
    """Give the table of what was reached, then what failed, what was not reached, and the sum."""
    results, chosen = outcome.results, outcome.chosen
    amount = f"{chosen.messages} messages" if chosen.time is None else f"{chosen.time:g} s"
    who = f"Linux {platform.release()}, ciphers of {WHOSE[chosen.provider]}"
    parts = [f"{who}: what was published, and {amount} for each driver; --seed {outcome.seed}"]
    reached = [result for result in results if result.status != "unreachable"]
    parts += [_table(reached)] if reached else []
    parts += [_failed(result) for result in reached if result.status == "failed"]
    missed = [result for result in results if result.status == "unreachable"]
    parts += [_missed(missed)] if missed else []
    refused = [_filled(one_line(line), "") for line in refusals(results)]
    parts += ["\n".join(refused)] if refused else []
    return "\n\n".join([*parts, _sum(outcome)])


def _table(results: Sequence[Result]) -> str:
    """Give a line for each driver that was reached."""
    rows = [HEADS, *map(_cells, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    outcomes = ["", *(result.status for result in results)]
    lines: list[str] = []
    for row, outcome in zip(rows, outcomes, strict=True):
        padded = [
            cell.ljust(width) if column < COUNTS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        shown = painted(outcome, COLOURS[outcome], sys.stdout) if outcome else ""
        lines.append("  ".join([*padded, shown]).rstrip())
    return "\n".join(lines)


def _cells(result: Result) -> tuple[str, ...]:
    bits = ", ".join(map(str, result.key_bits))
    if result.refused_key_bits:
        bits += f" (not {', '.join(map(str, result.refused_key_bits))})"
    messages = str(result.messages) + " itself" * (result.compared_with == "itself")
    driver = escaped(result.driver or "unknown")
    return escaped(result.algorithm), driver, bits, str(result.vectors), messages


def _failed(result: Result) -> str:
    """Say what failed."""
    title = painted("FAILED", "red", sys.stdout)
    lines = failure_lines(result.failure) if result.failure else ()
    head = one_line("".join(about(result)))
    return "\n".join([f"{title}: {head}", *(f"  {one_line(line)}" for line in lines)])


def _missed(results: Sequence[Result]) -> str:
    """Say what was not reached: by reason, which is told once, in the first one's words."""
    paragraphs: list[str] = []
    for reason in dict.fromkeys(result.reason for result in results):
        alike = [result for result in results if result.reason == reason]
        names = " ".join(escaped(result.asked) for result in alike)
        text = f"not reached, {reason} ({len(alike)}): {one_line(alike[0].text or '')}"
        paragraphs.append(_filled(text, ""))
        if len(alike) > 1:
            paragraphs.append(_filled(names, "  "))
    return "\n".join(paragraphs)


def _filled(text: str, first: str) -> str:
    """Give a text in lines that a narrow terminal shows; names stay whole."""
    return fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sum(outcome: _Outcome) -> str:
    """Give the counts in one line."""
    results = outcome.results
    counts = _counts(results)
    took = sum(result.seconds for result in results)
    said = [f"{counts[status]} {word}" for status, word in WORDS.items()]
    if refusing := sum(bool(result.refused_key_bits) for result in results):
        said.append(f"{refusing} with refused keys")
    cut = f"; {outcome.cut_short}" if outcome.cut_short else ""
    return f"{', '.join(said)}, in {took:.0f} s{cut}"
