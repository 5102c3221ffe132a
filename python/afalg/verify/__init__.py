"""The whole machine against the truth: every cipher, every driver that can be reached.

    >>> from afalg.verify import verify
    >>> for result in verify(["cbc(aes)", "xts(aes)"], seed=7):
    ...     print(result.algorithm, result.driver, result.status, result.failure)

Published vectors first, then messages that userspace computes too. A failure has the
smallest case that was found, and the call that runs it again. `afalg verify` prints the
same as a table, and as JUnit's XML.
"""

from afalg.verify.cases import Case
from afalg.verify.junit import to_junit
from afalg.verify.results import Difference, Failure, Result, Status
from afalg.verify.run import MESSAGES, check, replay, verify
from afalg.verify.targets import Opener

__all__ = [
    "MESSAGES",
    "Case",
    "Difference",
    "Failure",
    "Opener",
    "Result",
    "Status",
    "check",
    "replay",
    "to_junit",
    "verify",
]
