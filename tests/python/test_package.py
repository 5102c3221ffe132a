"""The package's surface: its names and the exceptions as objects. Needs no AF_ALG."""

import copy
import errno
import importlib
import pickle
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

import afalg
from afalg import errors

ERRORS: dict[str, afalg.AfalgError] = {
    "AfalgError": afalg.AfalgError("text"),
    "UnavailableError": afalg.UnavailableError("text", errno.EAFNOSUPPORT, "no-af-alg"),
    "AlgorithmNotFoundError": afalg.AlgorithmNotFoundError("text", "cbc(ase)"),
    "AlgorithmRestrictedError": afalg.AlgorithmRestrictedError("text", "cbc(aes)"),
    "SelfTestError": afalg.SelfTestError("text"),
    "InvalidInputError": afalg.InvalidInputError("text", 7),
    "InvalidKeyError": afalg.InvalidKeyError("text"),
    "InvalidIVError": afalg.InvalidIVError("text", index=7),
    "InvalidLengthError": afalg.InvalidLengthError("text", 0),
    "MessageTooLongError": afalg.MessageTooLongError("text"),
    "BufferOverlapError": afalg.BufferOverlapError("text"),
    "InvalidPaddingError": afalg.InvalidPaddingError("text"),
    "ClosedError": afalg.ClosedError("text"),
    "StreamStateError": afalg.StreamStateError("text"),
    "KernelError": afalg.KernelError("text", errno.EMFILE, "accept"),
    "KeyringError": afalg.KeyringError("text", errno.EIO, "not-found"),
    "KeyNotFoundError": afalg.KeyNotFoundError("text", errno.ENOKEY, "not-found"),
    "KeyExpiredError": afalg.KeyExpiredError("text", errno.EKEYEXPIRED, "expired"),
    "KeyRevokedError": afalg.KeyRevokedError("text", errno.EKEYREVOKED, "revoked"),
    "KeyPermissionError": afalg.KeyPermissionError("text", errno.EACCES, "not-permitted"),
    "KeyQuotaError": afalg.KeyQuotaError("text", errno.EDQUOT, "quota"),
    "KeyringUnavailableError": afalg.KeyringUnavailableError("text", errno.EPERM, "denied"),
}

BASES = [
    (afalg.UnavailableError, OSError),
    (afalg.AlgorithmNotFoundError, LookupError),
    (afalg.AlgorithmRestrictedError, afalg.AlgorithmNotFoundError),
    (afalg.InvalidInputError, ValueError),
    (afalg.InvalidKeyError, afalg.InvalidInputError),
    (afalg.InvalidIVError, afalg.InvalidInputError),
    (afalg.InvalidLengthError, afalg.InvalidInputError),
    (afalg.MessageTooLongError, afalg.InvalidInputError),
    (afalg.BufferOverlapError, afalg.InvalidInputError),
    (afalg.InvalidPaddingError, ValueError),
    (afalg.ClosedError, ValueError),
    (afalg.StreamStateError, RuntimeError),
    (afalg.KernelError, OSError),
    (afalg.KeyringError, OSError),
    (afalg.KeyNotFoundError, LookupError),
    (afalg.KeyExpiredError, afalg.KeyringError),
    (afalg.KeyRevokedError, afalg.KeyringError),
    (afalg.KeyPermissionError, PermissionError),
    (afalg.KeyQuotaError, afalg.KeyringError),
    (afalg.KeyringUnavailableError, afalg.KeyringError),
]

every_error = pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)


def facts(error: BaseException) -> tuple[object, ...]:
    """All that a copy must keep."""
    system = (error.errno, error.strerror) if isinstance(error, OSError) else ()
    return (type(error), error.args, str(error), vars(error), system)


def test_every_exception_is_tried_here() -> None:
    assert {*ERRORS, "ProviderFallbackWarning"} == set(errors.__all__)


def test_everything_public_is_importable_from_afalg() -> None:
    assert set(errors.__all__) < set(afalg.__all__)
    assert [name for name in afalg.__all__ if not hasattr(afalg, name)] == []


def test_the_version_is_the_distribution_s() -> None:
    assert afalg.__version__ == version("afalg")


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(afalg.__file__).with_name("py.typed").exists()


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_the_import_says_that_this_is_for_linux(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    with pytest.raises(ImportError, match=rf"runs on Linux only, not on {platform}$"):
        importlib.reload(afalg)


@pytest.mark.parametrize(("child", "base"), BASES)
def test_each_exception_can_be_caught_as_its_base(
    child: type[BaseException], base: type[BaseException]
) -> None:
    assert issubclass(child, base)
    assert issubclass(child, afalg.AfalgError)


@every_error
def test_an_exception_shows_its_message_and_its_public_name(error: afalg.AfalgError) -> None:
    assert str(error) == "text"
    assert type(error).__module__ == "afalg"
    assert getattr(afalg, type(error).__name__) is type(error)


@every_error
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_exception_pickles_whole(error: afalg.AfalgError, protocol: int) -> None:
    assert facts(pickle.loads(pickle.dumps(error, protocol))) == facts(error)


@every_error
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_an_exception_copies_whole(
    error: afalg.AfalgError, duplicate: Callable[[afalg.AfalgError], afalg.AfalgError]
) -> None:
    assert facts(duplicate(error)) == facts(error)


def test_a_note_travels_with_a_pickled_exception() -> None:
    error = afalg.KernelError("text", errno.EMFILE, "accept")
    error.add_note("in the fourth thread")
    assert pickle.loads(pickle.dumps(error)).__notes__ == ["in the fourth thread"]


def test_an_unavailable_error_says_errno_and_reason() -> None:
    error = afalg.UnavailableError("text", errno.EAFNOSUPPORT, "no-af-alg")
    assert (error.errno, error.reason) == (errno.EAFNOSUPPORT, "no-af-alg")
    assert error.strerror == "Address family not supported by protocol"
    assert error.args == ("text", errno.EAFNOSUPPORT, "no-af-alg")
    assert error.filename is None


def test_a_kernel_error_says_errno_and_stage() -> None:
    error = afalg.KernelError("text", errno.EMFILE, "accept")
    assert (error.errno, error.stage) == (errno.EMFILE, "accept")
    assert error.strerror == "Too many open files"
    assert error.args == ("text", errno.EMFILE, "accept")


def test_a_missing_algorithm_is_named() -> None:
    assert afalg.AlgorithmNotFoundError("text", "cbc(ase)").algorithm == "cbc(ase)"


def test_an_input_error_has_an_index_in_a_batch_only() -> None:
    assert afalg.InvalidIVError("text").index is None
    assert afalg.InvalidIVError("text", 3).index == 3
    assert afalg.InvalidIVError("text", 3).args == ("text",)


IN_A_SECOND = """
import os, sys
isolated = sys.argv[1] == "isolated"  # has a GIL of its own, from Python 3.12 on
try:
    import _interpreters as interpreters
    second = interpreters.create("isolated" if isolated else "legacy")
except ImportError:  # before Python 3.13
    import _xxsubinterpreters as interpreters
    second = interpreters.create(isolated=isolated)
import afalg
interpreters.run_string(second, r'''
import os
for _ in range(2):
    try:
        import afalg
    except ImportError as error:
        os.write(1, f"{error}\\n".encode())
''')
try:
    afalg.Cipher("", b"")
except afalg.InvalidInputError:
    os.write(1, b"the first goes on")
"""


OURS = "afalg is loaded in another interpreter of this process"
PYTHONS = "module afalg._afalg does not support loading in subinterpreters"


@pytest.mark.parametrize("kind", ["legacy", "isolated"])
def test_a_second_interpreter_is_refused_and_the_first_goes_on(kind: str) -> None:
    command = [sys.executable, "-c", IN_A_SECOND, kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    *refused, first = done.stdout.splitlines()
    says = PYTHONS if kind == "isolated" and sys.version_info >= (3, 12) else OURS
    assert [text.startswith(says) for text in refused] == [True, True]
    assert first == "the first goes on"


AT_THE_END = """
import os
import afalg

class Late:
    def __del__(self, call=afalg.Cipher, error=afalg.AfalgError, write=os.write):
        try:
            call("", b"")
        except error as raised:
            write(1, str(raised).encode())

late = Late()
late.itself = late  # collected when nothing can be imported any more
"""


def test_an_error_is_raised_while_python_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_THE_END], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "is empty" in done.stdout
