"""Linux 7.3 on every level of crypto.af_alg_restrict, as root, without capabilities, as nobody.

One boot answers for all. Who may bind what is asserted as it was seen; the package copies no list
of the kernel's, so that what it says is compared with what plain binds were answered.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

LEVELS = {"0": "not-found", "1": "restricted", "2": "no-af-alg"}
"""Each level, and why the kernel does not compute what it refuses there."""
ERRORS = {
    "0": ("AlgorithmNotFoundError", "the kernel has no skcipher"),
    "1": ("AlgorithmRestrictedError", "ask the administrator for level 0"),
    "2": ("UnavailableError", "lift the restriction"),
}
REASONS = {"0": None, "1": None, "2": "no-af-alg"}
USERS = ("root", "nocaps", "nobody")

EVERYBODY_S = {
    *(f"xts({cipher})" for cipher in ("aes", "camellia", "serpent", "twofish")),
    *(f"adiantum({stream},aes)" for stream in ("xchacha12", "xchacha20")),
}
PRIVILEGED = {
    *(f"{mode}(aes)" for mode in ("cbc", "ctr", "ecb")),
    *(f"{mode}(des)" for mode in ("cbc", "ecb")),
    "cbc(des3_ede)",
}
UNRESTRICTED = {"cts(cbc(aes))", "chacha20", "lrw(aes)", "xctr(aes)", "ecb(cipher_null)"}
ABSENT = {"pcbc(aes)", "cfb(aes)", "ofb(aes)", "hctr2(aes)", "cbc(sm4)", "cbc(aria)"}


@dataclass(frozen=True)
class State:
    """What one kind of user found on one level."""

    level: str
    user: str
    found: dict[str, Any]

    @property
    def privileged(self) -> bool:
        """Whether this user has capabilities."""
        return self.user == "root"

    @property
    def algorithms(self) -> dict[str, Any]:
        """Each algorithm of the userspace provider's."""
        found: dict[str, Any] = self.found["algorithms"]
        return found

    def check(self, name: str) -> tuple[str, str]:
        """One check of the doctor's: its status, and all that it says."""
        checks = self.found["doctor"]["checks"]
        check = next(check for check in checks if check["name"] == name)
        return check["status"], f"{check['found']} > {check['advice']}"


@pytest.fixture(scope="module")
def levels(boot: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """Boot, once, and look around on all levels."""
    found: dict[str, dict[str, Any]] = boot("7.3-stock", "levels")
    return found


@pytest.fixture(params=[f"{level}-{user}" for level in LEVELS for user in USERS])
def state(request: pytest.FixtureRequest, levels: dict[str, dict[str, Any]]) -> State:
    """One level and one kind of user."""
    level, _, user = request.param.partition("-")
    return State(level, user, levels[level][user])


def bound(algorithms: dict[str, Any]) -> set[str]:
    """Give what a plain bind was granted."""
    return {name for name, one in algorithms.items() if one["raw"] == "ok"}


def served(algorithms: dict[str, Any], how: str) -> set[str]:
    """Give what the kernel computed."""
    return {name for name, one in algorithms.items() if one[how].get("provider") == "kernel"}


def wrong(algorithms: dict[str, Any]) -> list[str]:
    """Give what did not come out as userspace has it."""
    return [name for name, one in algorithms.items() if one["auto"]["right"] is not True]


def test_the_kernel_lets_through_what_its_level_says(state: State) -> None:
    names = bound(state.algorithms)
    assert len(state.algorithms) > 100
    if state.level == "0":
        assert names > EVERYBODY_S | PRIVILEGED | UNRESTRICTED
        assert not names & ABSENT
    elif state.level == "1":
        assert names == (EVERYBODY_S | PRIVILEGED if state.privileged else EVERYBODY_S)
    else:
        assert names == set()
        assert {one["raw"] for one in state.algorithms.values()} == {"EAFNOSUPPORT"}
        assert not state.found["available"]


def test_every_algorithm_works_for_who_asks_for_whoever_serves(state: State) -> None:
    assert wrong(state.algorithms) == []
    assert served(state.algorithms, "auto") == bound(state.algorithms)
    for name, one in state.algorithms.items():
        reason = None if name in bound(state.algorithms) else LEVELS[state.level]
        assert one["auto"]["reason"] == reason, name


def test_the_kernel_serves_who_asks_for_it_or_an_error_says_why(state: State) -> None:
    assert served(state.algorithms, "kernel") == bound(state.algorithms)
    error, way_out = ERRORS[state.level]
    for name in state.algorithms.keys() - bound(state.algorithms):
        told = state.algorithms[name]["kernel"]
        assert told["error"] == error, name
        assert way_out in told["text"], name
        assert told["reason"] == ("no-af-alg" if state.level == "2" else None)


def test_the_cpu_s_own_ciphers_serve(state: State) -> None:
    for name in bound(state.algorithms) & {"xts(aes)", "cbc(aes)", "ctr(aes)", "ecb(aes)"}:
        assert "-aesni" in state.algorithms[name]["kernel"]["driver"]


def test_a_refusal_is_told_by_one_warning(state: State) -> None:
    ((category, text),) = state.found["warnings"]
    assert category == "ProviderFallbackWarning"
    assert f"({LEVELS[state.level]}): " in text
    assert ERRORS[state.level][1] in text
    assert 'provider="userspace"' in text


def test_an_info_says_who_may_bind_and_why_not(state: State) -> None:
    names = bound(state.algorithms)
    for name, one in state.algorithms.items():
        refused = {"reason": LEVELS[state.level], "providers": ["userspace"], "open_to": None}
        alone = state.level == "1" and name in PRIVILEGED
        open_to = "privileged" if alone else "everyone"
        granted = {"reason": None, "providers": ["kernel", "userspace"], "open_to": open_to}
        assert one["info"] == (granted if name in names else refused), name


def test_the_doctor_s_verdict_is_whether_the_kernel_serves(state: State) -> None:
    doctor, closed = state.found["doctor"], state.level == "2"
    assert (doctor["status"], doctor["ok"]) == ((1, False) if closed else (0, True))
    faults = [check["name"] for check in doctor["checks"] if check["status"] == "fault"]
    assert faults == (["af-alg", "restriction"] if closed else [])
    assert state.check("af-alg")[0] == ("fault" if closed else "ok")
    assert state.check("skcipher")[0] == ("unknown" if closed else "ok")
    who = "CAP_NET_ADMIN and CAP_SYS_ADMIN in the initial" if state.privileged else "an ordinary"
    assert who in state.check("privileges")[1]


def test_the_doctor_has_the_way_out_of_the_level(state: State) -> None:
    status, text = state.check("restriction")
    if state.level == "0":
        assert (status, text) == (
            "ok",
            "crypto.af_alg_restrict is 0: every algorithm is open > None",
        )
    elif state.level == "2":
        assert status == "fault"
        assert "sysctl crypto.af_alg_restrict=1" in text
        assert "crypto.af_alg_restrict is 2" in state.check("af-alg")[1]
    else:
        assert status == "warning"
        assert "sysctl crypto.af_alg_restrict=0" in text
        assert ("is privileged" in text) is state.privileged
        # Who has the capability needs no advice to get it.
        assert ("for the longer list: CAP_NET_ADMIN" in text) is not state.privileged


def test_the_doctor_tells_of_each_algorithm_what_a_cipher_finds(state: State) -> None:
    told = {check["name"]: check for check in state.found["doctor"]["checks"]}
    usual = state.algorithms.keys() & told.keys()
    assert {"cbc(aes)", "xts(aes)", "cts(cbc(aes))", "chacha20"} <= usual
    for name in usual:
        one, check = state.algorithms[name], told[name]
        if one["raw"] == "ok":
            alone = "; for privileged processes alone" * (one["info"]["open_to"] == "privileged")
            assert check["found"] == f"kernel, driver {one['kernel']['driver']}{alone}"
            continue
        why = {
            "0": "not in this kernel",
            "1": "crypto.af_alg_restrict keeps it from this process (see restriction)",
            "2": "there is no AF_ALG (see af-alg)",
        }
        assert check["status"] == "warning"
        assert check["found"].startswith(f"userspace; not the kernel: {why[state.level]}")


@pytest.mark.parametrize("kind", ["aead", "hash", "rng"])
def test_what_is_not_to_be_had_of_other_types_is_no_fault(state: State, kind: str) -> None:
    assert state.check(kind)[0] == ("unknown" if state.level == "2" else "ok")


def test_keys_of_keyrings_go_where_the_kernel_lets_their_cipher_be(state: State) -> None:
    keyed = state.found["keyed"]
    for name in ("xts(aes)", "cbc(aes)", "ctr(aes)", "chacha20"):
        one = keyed[name]
        if state.algorithms[name]["raw"] == "ok":
            assert one == {"gave": True}, name
        else:
            error, text = ERRORS[state.level]
            assert (one["error"], one["reason"]) == (error, REASONS[state.level]), name
            assert text in one["text"], name
    if state.level == "1" and not state.privileged:
        assert keyed["xts(aes)"] == {"gave": True}
        assert keyed["cbc(aes)"]["error"] == "AlgorithmRestrictedError"
        assert "crypto.af_alg_restrict is 1" in keyed["cbc(aes)"]["text"]


def test_encrypted_keys_are_there_and_trusted_ones_told_to_be_absent(state: State) -> None:
    keyed = state.found["keyed"]
    if state.level != "2":
        assert keyed["encrypted"] == {"gave": "kernel"}
    assert keyed["trusted"]["reason"] == "type-missing"
    assert "TPM" in keyed["trusted"]["text"]
