"""The drivers that use the CPU's own instructions, on two CPUs and under several threads."""

from collections.abc import Callable
from typing import Any

import pytest

NAMES = ("cbc(aes)", "ctr(aes)", "xts(aes)")
PAGE = 4096


@pytest.fixture(scope="module")
def tried(boot: Callable[..., Any]) -> dict[str, Any]:
    """Boot, once, and try them all."""
    found: dict[str, Any] = boot("6.1-stock", "accelerated")
    return found


def test_there_are_two_cpus(tried: dict[str, Any]) -> None:
    assert tried["cpus"] == 2


@pytest.mark.parametrize("name", NAMES)
def test_the_cpu_s_own_cipher_serves(tried: dict[str, Any], name: str) -> None:
    assert tried["algorithms"][name]["driver"] == f"{name[:3]}-aes-aesni"


@pytest.mark.parametrize("name", NAMES)
def test_the_messages_end_around_block_page_and_limit(tried: dict[str, Any], name: str) -> None:
    sizes, limit = set(tried["algorithms"][name]["sizes"]), tried["limit"]
    assert limit > PAGE
    assert {16, PAGE, 16 * PAGE, limit} <= sizes
    beside = 16 if name == "cbc(aes)" else 1
    assert {PAGE - beside, PAGE + beside, limit - beside} <= sizes
    assert (max(sizes) > limit) is (name != "xts(aes)")  # which cannot be cut


@pytest.mark.parametrize("whose", ["one for all", "one each"])
@pytest.mark.parametrize("name", NAMES)
def test_threads_get_at_once_what_userspace_computes(
    tried: dict[str, Any], name: str, whose: str
) -> None:
    assert tried["algorithms"][name][whose] == []
