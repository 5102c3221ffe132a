"""Who computes: what was asked for, what serves, and what is said where they differ."""

import json
import os
import subprocess
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import afalg
import children
from gate import skip_or_fail
from oracles import ORACLES, Oracle
from oracles.cases import cases, iv_of, key_of, message
from surroundings import filtered

Word: TypeAlias = Any  # one that may be against the signature

NAMES = ("cbc(aes)", "xts(aes)", "chacha20", "cbc(aes)")
REFUSALS = [
    ("EAFNOSUPPORT", "no-af-alg", "af_alg is missing or blacklisted"),
    ("EPERM", "denied", "seccomp profile"),
    ("EACCES", "denied", "seccomp profile"),
    ("EINVAL", "denied", "seccomp profile"),
]


def chosen(*asked: str, under: Sequence[str] = (), **environment: str) -> dict[str, Any]:
    """Choose in a process of its own: a warning is given once in each."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    told: dict[str, Any] = json.loads(
        children.run("choosing", *asked, under=["env", *settings, *under])
    )
    return told


# auto


@pytest.mark.parametrize(("errno", "reason", "cause"), REFUSALS)
def test_who_is_refused_computes_in_userspace_and_is_told_once(
    errno: str, reason: str, cause: str
) -> None:
    told = chosen(*NAMES, under=filtered(errno))
    for one in told["chosen"]:
        assert (one["provider"], one["reason"]) == ("userspace", reason)
        assert (one["right"], one["leaked"]) == (True, 0)
    ((text, category, file),) = told["warnings"]
    assert category == "ProviderFallbackWarning"
    assert file.endswith("choosing.py"), "the caller's line is shown"
    for part in ("cbc(aes)", f"({reason})", errno, cause, 'provider="userspace"', "doctor"):
        assert part in text


def test_who_was_refused_is_not_asked_again_at_once(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-etrace=socket", "-o", str(trace)]
    chosen(*NAMES, *NAMES, under=[*strace, *filtered("EPERM")])
    assert trace.read_text().count("AF_ALG") == len({*NAMES})


def test_a_warning_that_is_an_error_is_raised_each_time_and_leaks_nothing() -> None:
    told = chosen(*NAMES, under=filtered("EPERM"), PYTHONWARNINGS="error")
    for one in told["chosen"]:
        assert (one["error"], one["leaked"]) == ("ProviderFallbackWarning", 0)
        assert one["name"] in one["text"]
    assert told["warnings"] == []


NESTED = """
import warnings, afalg

def show(*_arguments, **_options):
    print(afalg.Cipher("xts(aes)", bytes(range(64)), provider="auto").reason)

warnings.simplefilter("always")
warnings.showwarning = show
print(afalg.Cipher("cbc(aes)", bytes(16), provider="auto").reason)
"""


def test_who_is_shown_a_warning_may_make_a_cipher() -> None:
    command = [*filtered("EPERM"), *children.python(NESTED)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout.split() == ["denied", "denied"]


def test_every_choice_is_logged() -> None:
    told = chosen("cbc(aes)", "pcbc(aes)", under=filtered("EPERM"))
    lines = [line for line in told["logged"] if "as asked" not in line]
    assert len(lines) == len(told["logged"]) - 2 == 2
    for line, name in zip(lines, ("cbc(aes)", "pcbc(aes)"), strict=True):
        assert line.startswith(f"DEBUG afalg {name} by userspace, driver userspace-aes")
        assert line.endswith(", in the kernel's place: denied")


@pytest.mark.parametrize(
    "logging",
    [
        "sys.modules['logging'] = None",
        "sys.modules['logging'] = types.ModuleType('logging')",
        "import logging; logging.getLogger('afalg').isEnabledFor = lambda level: 1 / 0",
    ],
)
def test_a_log_that_cannot_be_written_keeps_nobody_from_a_cipher(logging: str) -> None:
    program = f"import afalg, sys, types; {logging}; print(afalg.Cipher('cbc(aes)', bytes(16)))"
    command = ["env", "AFALG_PROVIDER=userspace", *children.python(program)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<afalg.Cipher cbc(aes): userspace")


def test_what_nobody_has_is_told_by_both() -> None:
    program = "import afalg; afalg.Cipher('cbc(ase)', bytes(16))"
    command = [*filtered("EPERM"), "env", "AFALG_PROVIDER=auto", *children.python(program)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("afalg.UnavailableError: this process may not use AF_ALG")
    assert last.endswith("; userspace has no skcipher cbc(ase); did you mean cbc(aes)?")


def test_a_wrong_key_is_an_error_and_no_reason_to_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, size in (("cbc(aes)", 15), ("xts(aes)", 33), ("chacha20", 0)):
            with pytest.raises(afalg.InvalidKeyError):
                afalg.Cipher(name, bytes(size))


@pytest.mark.kernel
def test_the_kernel_computes_where_it_serves() -> None:
    told = chosen(*NAMES)
    assert told["warnings"] == []
    for one in told["chosen"]:
        assert one == {"name": one["name"], "provider": "kernel", "reason": None} | {
            "right": True,
            "leaked": 0,
        }
    lines = [line for line in told["logged"] if "as asked" not in line]
    assert [line.partition(", driver ")[0] for line in lines] == [
        f"DEBUG afalg {name} by kernel" for name in NAMES
    ]
    assert all(line.endswith(", gave a published answer") for line in lines)


@pytest.mark.kernel
@pytest.mark.limits
@pytest.mark.filterwarnings("ignore::afalg.ProviderFallbackWarning")
def test_every_name_of_userspace_works_and_says_why_if_the_kernel_lacks_it() -> None:
    names = [one for one in afalg.algorithms("skcipher") if "userspace" in one.providers]
    assert len(names) > 100
    for one in names:
        assert one.key_sizes
        assert one.iv_size is not None
        key, iv, data = bytes(range(max(one.key_sizes))), bytes(one.iv_size), message(96)
        with afalg.Cipher(one.name, key) as cipher:
            due = afalg.encrypt(one.name, key, data, iv=iv, provider="userspace")
            assert cipher.encrypt(data, iv=iv) == due, one.name
            found = afalg.info(one.name)
            assert (cipher.provider, cipher.reason) == (found.providers[0], found.reason)
            assert cipher.max_message is None


# Messages beyond one request


def longer(oracle: Oracle) -> int:
    """Give a length that the kernel does not take."""
    with afalg.Cipher(oracle.name, key_of(oracle), provider="kernel") as cipher:
        assert cipher.max_message is not None
        return cipher.max_message + oracle.block_size


@pytest.mark.limits
@pytest.mark.filterwarnings("ignore::afalg.ProviderFallbackWarning")
@pytest.mark.parametrize(
    ("provider", "oracle"), cases(lambda oracle: oracle.one_request, of="kernel")
)
def test_a_message_longer_than_the_kernel_takes_is_computed_in_userspace(
    provider: afalg.Provider, oracle: Oracle
) -> None:
    key, iv, data = key_of(oracle), iv_of(oracle), message(longer(oracle))
    cipher = afalg.Cipher(oracle.name, key)
    assert (cipher.provider, cipher.reason, cipher.max_message) == (provider, None, None)
    due = afalg.encrypt(oracle.name, key, data, iv=iv, provider="userspace")
    assert cipher.encrypt(data, iv=iv) == due
    out = bytearray(data)
    assert cipher.decrypt_into(due, out, iv=iv) == len(data)
    assert out == data
    stream, result = cipher.encryptor(iv=iv), bytearray()
    for start in range(0, len(data), 100_001):
        result += stream.update(data[start : start + 100_001])
    assert result + stream.finalize() == due


@pytest.mark.kernel
@pytest.mark.limits
def test_the_length_is_said_to_be_why_once() -> None:
    size = longer(ORACLES["xts(aes)"])
    told = chosen(f"xts(aes)={size}", "xts(aes)=64", f"essiv(cbc(aes),sha256)={size}")
    for one in told["chosen"]:
        assert (one["provider"], one["reason"], one["right"]) == ("kernel", None, True)
    ((text, category, _),) = told["warnings"]
    assert category == "ProviderFallbackWarning"
    assert f"{size} bytes of xts(aes) in the kernel's place (too-long)" in text
    assert sum("(too-long)" in line for line in told["logged"]) == 4, "two messages, two streams"


@pytest.mark.kernel
@pytest.mark.limits
def test_a_refused_message_leaves_cipher_and_stream_usable() -> None:
    children.run("refused_message")


@pytest.mark.kernel
def test_who_has_less_than_at_the_beginning_goes_on_in_userspace() -> None:
    if os.geteuid() != 0:
        skip_or_fail("only root has more to begin with")
    children.run("less_than_then")


# Known answers


@pytest.fixture
def lie(tmp_path: Path) -> str:
    """Build a driver's lie."""
    source = Path(children.__file__).parent / "lying_recvmsg.c"
    library = str(tmp_path / "lying.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, str(source)], check=True)
    return library


@pytest.mark.kernel
def test_a_driver_with_a_wrong_answer_is_not_trusted(lie: str) -> None:
    told = chosen(*NAMES, LD_PRELOAD=lie)
    for one in told["chosen"]:
        assert (one["provider"], one["reason"]) == ("userspace", "self-test")
        assert (one["right"], one["leaked"]) == (True, 0)
    ((text, _, _),) = told["warnings"]
    assert "(self-test): the kernel's cbc(aes) (driver " in text
    assert "gives wrong bytes for a published message and is not used" in text


@pytest.mark.kernel
def test_a_driver_with_a_wrong_answer_is_an_error_where_it_was_asked_for(lie: str) -> None:
    told = chosen(*NAMES, LD_PRELOAD=lie, AFALG_PROVIDER="kernel")
    for one in told["chosen"]:
        assert (one["error"], one["leaked"]) == ("SelfTestError", 0)
        assert "unload or replace the driver" in one["text"]


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("liar", "name"), [("ctr(aes)", "rfc3686(ctr(aes))"), ("cbc(aes)", "cts(cbc(aes))")]
)
def test_a_driver_that_carries_another_s_messages_is_asked_too(
    lie: str, liar: str, name: str
) -> None:
    told = chosen(name, f"{name}=5000000", liar, LD_PRELOAD=lie, LIES_ABOUT=liar)
    *carried, one = told["chosen"]
    assert [(two["provider"], two["right"]) for two in carried] == [("kernel", True)] * 2
    assert (one["provider"], one["reason"]) == ("userspace", "self-test")
    reasons = [text.partition("(")[2] for text, _, _ in told["warnings"]]
    assert len(reasons) == 2


@pytest.mark.kernel
@pytest.mark.parametrize("call", ["bind", "setsockopt", "accept4"])
@pytest.mark.parametrize("errno", ["EPERM", "EACCES"])
def test_a_policy_may_refuse_any_step(tmp_path: Path, call: str, errno: str) -> None:
    strace = ["strace", "-f", "--seccomp-bpf", "-o", str(tmp_path / "trace"), f"-etrace={call}"]
    told = chosen("cbc(aes)", under=[*strace, f"-einject={call}:error={errno}"])
    ((text, _, _),) = told["warnings"]
    stage = {"setsockopt": "setkey", "accept4": "accept"}.get(call, call)
    assert f"(denied): this process may not use AF_ALG ({stage} answered {errno}" in text
    assert told["chosen"][0]["reason"] == "denied"


@pytest.mark.kernel
def test_what_has_no_published_answer_is_said_to_be_untried() -> None:
    told = chosen("ctr(des3_ede)", AFALG_PROVIDER="kernel")
    (line,) = [line for line in told["logged"] if "by kernel" in line]
    assert line.endswith(", untried: no answer was published for it")


# kernel, userspace


@pytest.mark.parametrize("errno", ["EPERM", "EAFNOSUPPORT"])
def test_who_asks_for_the_kernel_gets_it_or_an_error(errno: str) -> None:
    told = chosen(*NAMES, under=filtered(errno), AFALG_PROVIDER="kernel")
    for one in told["chosen"]:
        assert (one["error"], one["leaked"]) == ("UnavailableError", 0)
    assert told["warnings"] == []


def test_who_asks_for_userspace_asks_nobody_else(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = ["strace", "-f", "-etrace=socket", "-o", str(trace)]
    told = chosen(*NAMES, under=strace, AFALG_PROVIDER="userspace")
    for one in told["chosen"]:
        assert (one["provider"], one["reason"], one["right"]) == ("userspace", None, True)
    assert told["warnings"] == []
    assert all("as asked" in line for line in told["logged"])
    assert "AF_ALG" not in trace.read_text()


# Words


@pytest.mark.parametrize("word", ["openssl", "Kernel", "", " auto"])
def test_another_word_for_a_provider_is_told_the_right_ones(word: Word) -> None:
    text = f'^provider is "{word}", it must be "auto", "kernel" or "userspace"$'
    for call in (
        lambda: afalg.Cipher("cbc(aes)", bytes(16), provider=word),
        lambda: afalg.encrypt("cbc(aes)", bytes(16), b"", iv=bytes(16), provider=word),
    ):
        with pytest.raises(afalg.InvalidInputError, match=text):
            call()


def test_a_word_in_the_environment_is_read_each_time_and_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, provider: afalg.Provider
) -> None:
    monkeypatch.setenv("AFALG_PROVIDER", "openssl")
    with pytest.raises(afalg.InvalidInputError, match=r'^AFALG_PROVIDER is "openssl", it must'):
        afalg.Cipher("cbc(aes)", bytes(16))
    assert afalg.Cipher("cbc(aes)", bytes(16), provider=provider).provider == provider
    monkeypatch.setenv("AFALG_PROVIDER", provider)
    cipher = afalg.Cipher("cbc(aes)", bytes(16))
    assert (cipher.provider, cipher.reason) == (provider, None)
