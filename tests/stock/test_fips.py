"""FIPS mode: a stock Linux 6.1 that was booted with fips=1."""

from collections.abc import Callable
from typing import Any

import pytest

APPROVED = {f"{mode}(aes)" for mode in ("cbc", "ctr", "ecb", "xts")}
NOT_APPROVED = {"chacha20", "lrw(aes)", "cbc(des3_ede)", "adiantum(xchacha12,aes)", "xts(serpent)"}


@pytest.fixture(scope="module")
def found(boot: Callable[..., Any]) -> dict[str, Any]:
    """Boot, once, and look around."""
    looked: dict[str, Any] = boot("6.1-stock", "look", "--append", "fips=1")
    return looked


def check(found: dict[str, Any], name: str) -> tuple[str, str]:
    """Give a check of the doctor's: its status, and all that it says."""
    told = next(check for check in found["doctor"]["checks"] if check["name"] == name)
    return told["status"], f"{told['found']} > {told['advice']}"


def test_the_doctor_says_so_and_that_the_kernel_serves(found: dict[str, Any]) -> None:
    status, text = check(found, "fips")
    assert (status, found["doctor"]["status"], found["doctor"]["ok"]) == ("warning", 0, True)
    assert "FIPS mode is on" in text
    assert "boot without fips=1" in text
    for name in ("chacha20", "lrw(aes)", "cbc(des3_ede)"):
        status, text = check(found, name)
        assert status == "warning"
        assert "userspace; not the kernel: not approved in FIPS mode (see fips)" in text


def test_what_is_approved_is_the_kernel_s(found: dict[str, Any]) -> None:
    for name in APPROVED:
        one = found["algorithms"][name]
        assert one["auto"] == {"provider": "kernel", "reason": None, "right": True}, name
        assert one["info"]["providers"] == ["kernel", "userspace"], name
        assert "-aesni" in one["kernel"]["driver"], name


def test_what_is_not_approved_is_computed_in_userspace(found: dict[str, Any]) -> None:
    for name in NOT_APPROVED:
        one = found["algorithms"][name]
        assert one["raw"] == "ENOENT", name
        assert one["auto"] == {"provider": "userspace", "reason": "not-found", "right": True}, name
        assert one["info"]["reason"] == "not-found", name
        assert one["kernel"]["error"] == "AlgorithmNotFoundError", name
        assert "FIPS mode is on" in one["kernel"]["text"], name


def test_every_algorithm_works_and_is_computed_by_whom_the_kernel_lets(
    found: dict[str, Any],
) -> None:
    assert len(found["algorithms"]) > 100
    for name, one in found["algorithms"].items():
        served = one["raw"] == "ok"
        who = {"provider": "kernel" if served else "userspace"}
        assert one["auto"] == who | {"reason": None if served else "not-found", "right": True}, name


def test_one_warning_says_why(found: dict[str, Any]) -> None:
    ((category, text),) = found["warnings"]
    assert category == "ProviderFallbackWarning"
    assert "(not-found)" in text
    assert "FIPS mode is on" in text
    assert "boot without fips=1" in text


def test_6_1_says_since_when_keys_of_keyrings_are_taken(found: dict[str, Any]) -> None:
    for name in ("xts(aes)", "cbc(aes)"):
        one = found["keyed"][name]
        assert (one["error"], one["reason"]) == ("KeyringUnavailableError", "too-old")
        assert "(Linux 6.1.0-" in one["text"]
        assert "since Linux 6.2" in one["text"]
