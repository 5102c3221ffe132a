"""`afalg verify` in Linux 7.3: what its level lets through passes, all else is named as refused."""

from collections.abc import Callable
from typing import Any

import pytest

from oracles.kernels import OPEN_TO_ADMINS, OPEN_TO_ALL

USERS = ("root", "nocaps", "nobody")
AESNI = {"xts(aes)": {"xts-aes-aesni", "xts-aes-lib"}, "ctr(aes)": {"ctr-aes-lib"}}


@pytest.fixture(scope="module")
def runs(boot: Callable[..., Any]) -> dict[str, Any]:
    """Boot, once, and verify as everybody."""
    found: dict[str, Any] = boot("7.3-stock", "verifying")
    return found


def results(runs: dict[str, Any], run: str, status: str) -> list[dict[str, Any]]:
    """Give the results of a run that ended so."""
    return [one for one in runs[run]["told"]["results"] if one["status"] == status]


@pytest.mark.parametrize("user", USERS)
def test_what_is_let_through_passes(runs: dict[str, Any], user: str) -> None:
    run = f"1-{user}"
    assert results(runs, run, "failed") == []
    passed = results(runs, run, "passed")
    des = {"cbc(des)", "ecb(des)"}
    allowed = OPEN_TO_ADMINS | des if user == "root" else OPEN_TO_ALL
    assert {one["algorithm"] for one in passed} == allowed
    assert {one["compared_with"] for one in passed} == {"userspace"}
    assert {one["messages"] for one in passed} == {72}
    assert runs[run]["status"] == 0


@pytest.mark.parametrize("user", USERS)
def test_what_is_refused_is_named_as_refused(runs: dict[str, Any], user: str) -> None:
    refused = results(runs, f"1-{user}", "unreachable")
    assert {one["reason"] for one in refused} == {"restricted"}
    assert all("ask the administrator for level 0" in one["text"] for one in refused)
    names = {one["asked"] for one in refused}
    assert {"chacha20", "cts(cbc(aes))", "xts-aes-lib"} <= names  # drivers by their own names too
    assert ("cbc(aes)" in names) is (user != "root")


def test_without_af_alg_nothing_is_reached_and_that_is_no_success(runs: dict[str, Any]) -> None:
    told = runs["2-root"]["told"]
    assert runs["2-root"]["status"] == 1
    assert (told["ok"], told["counts"]["passed"], told["counts"]["failed"]) == (False, 0, 0)
    assert {one["reason"] for one in told["results"]} == {"no-af-alg"}


def test_on_the_open_level_every_driver_passes_by_its_own_name(runs: dict[str, Any]) -> None:
    assert results(runs, "0-root", "failed") == []
    passed = results(runs, "0-root", "passed")
    assert len(passed) > 60
    for algorithm, drivers in AESNI.items():
        assert drivers <= {one["asked"] for one in passed if one["algorithm"] == algorithm}
    assert {one["reason"] for one in results(runs, "0-root", "unreachable")} == {"not-found"}
    assert runs["0-root"]["status"] == 0
