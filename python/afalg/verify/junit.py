"""Results as JUnit's XML, which every CI reads.

There is no standard. This keeps to what Ant's schema and Jenkins' have in common, the order
of elements too.
"""

import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from afalg import __version__
from afalg.options import Provider
from afalg.verify.results import Result
from afalg.verify.words import about, failure_lines, refusals

__all__ = ["to_junit"]

UNWRITABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


def to_junit(
    results: Iterable[Result],
    *,
    provider: Provider = "kernel",
    seed: int | None = None,
    cut_short: str | None = None,
) -> str:
    """Give a document with one suite, the kernel, and a test for each driver.

    What was not reached is skipped, with the reason; refused keys are in the suite's output.

    Args:
        results: what ``verify`` has given.
        provider: who was verified.
        seed: what the messages were drawn from, as a property of the suite.
        cut_short: why there are no more results, as the error of a test of its own.

    """
    found = list(results)
    name = f"Linux {platform.release()}" if provider == "kernel" else f"afalg {__version__}"
    count = {
        "tests": len(found) + (cut_short is not None),
        "failures": sum(result.status == "failed" for result in found),
        "errors": int(cut_short is not None),
        "skipped": sum(result.status == "unreachable" for result in found),
    }
    facts = {word: str(number) for word, number in count.items()}
    facts["time"] = f"{sum(result.seconds for result in found):.3f}"
    root = ET.Element("testsuites")
    suite = ET.SubElement(root, "testsuite", {"name": name, **_where_and_when(), **facts})
    _add_properties(suite, {"provider": provider} | ({} if seed is None else {"seed": str(seed)}))
    for result in found:
        _add_test(suite, result)
    if cut_short is not None:
        _add_error(suite, cut_short)
    ET.SubElement(suite, "system-out").text = _clean("\n".join(refusals(found))) or None
    ET.SubElement(suite, "system-err")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_test(suite: ET.Element, result: Result) -> None:
    """Add a test: its class is the algorithm, its name the driver."""
    name = result.driver or result.asked
    facts = {"classname": result.algorithm, "name": name, "time": f"{result.seconds:.3f}"}
    test = ET.SubElement(suite, "testcase", {word: _clean(fact) for word, fact in facts.items()})
    if result.status == "unreachable":
        text = f"{result.reason}: {result.text}"
        ET.SubElement(test, "skipped", {"message": _clean(text)})
    elif result.failure is not None:
        message = _clean(str(result.failure.difference))
        failure = ET.SubElement(test, "failure", {"message": message, "type": "afalg.verify"})
        failure.text = _clean("\n".join([*about(result), *failure_lines(result.failure)]))


def _where_and_when() -> dict[str, str]:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    where = {"id": "0", "package": "afalg.verify", "hostname": platform.node() or "localhost"}
    return where | {"timestamp": moment}


def _add_properties(suite: ET.Element, facts: dict[str, str]) -> None:
    """Add what was verified, and what by."""
    properties = ET.SubElement(suite, "properties")
    known = {"afalg": __version__, "machine": platform.machine()}
    for word, value in (facts | known).items():
        ET.SubElement(properties, "property", {"name": word, "value": value})


def _add_error(suite: ET.Element, text: str) -> None:
    """Add a test that could not be run: what is not there."""
    facts = {"classname": "afalg.verify", "name": "all", "time": "0.000"}
    test = ET.SubElement(suite, "testcase", facts)
    ET.SubElement(test, "error", {"message": _clean(text), "type": "afalg.verify"})


def _clean(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
