"""A parser of command lines that repeats nothing which may be a secret."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

__all__ = ["Grammar"]

SECRETS = ("-K", "-k", "-p", "--key", "--pass", "--passphrase", "--password")
HINT = "; a key or passphrase is never part of the command line: --key-file, --passphrase-file"


class Grammar(argparse.ArgumentParser):
    """argparse's, but what it does not know it does not print.

    A habit of openssl's options would have keys in the journal. Nor does it guess which
    option was meant.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - argparse's
        """Take argparse's arguments."""
        super().__init__(allow_abbrev=False, **options)

    def parse_args(  # type: ignore[override] # argparse's other forms are not used here
        self, args: Sequence[str] | None = None, namespace: None = None
    ) -> argparse.Namespace:
        """Parse all of it, or end."""
        known, unknown = self.parse_known_args(args, namespace)
        if unknown:
            self.error(_unknown(unknown))
        return known

    def error(self, message: str) -> NoReturn:
        """End with status 2; of a flag with something stuck to it, without that."""
        what, stuck, _ = message.partition(": ignored explicit argument ")
        super().error(f"{what}: it takes no value" if stuck else message)


def _unknown(words: Sequence[str]) -> str:
    """Name the options that there are not, and count what else is too much."""
    options = [word.partition("=")[0] if word.startswith("--") else word[:2] for word in words]
    names = [name for name in dict.fromkeys(options) if name.startswith("-")]
    others = sum(not name.startswith("-") for name in options)
    said = [f"no such option: {', '.join(names)}"] * bool(names)
    said += [f"words too many: {others}"] * bool(others)
    return "; ".join(said) + HINT * any(name in SECRETS for name in names)
