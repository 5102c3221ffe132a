"""`afalg.verify`: what is wrong is caught, and its smallest case is the smallest."""

import json
import pickle
import threading
from itertools import count

import pytest

import afalg
from afalg.verify import MESSAGES, Case, Failure, Result, check, replay, verify
from wrong_ciphers import Call, Spoil, flipped, spoilt

SEED = 7


def result(algorithm: str, spoil: Spoil, messages: int = MESSAGES) -> Result:
    """Verify one algorithm with a fault put into it."""
    (found,) = verify(
        algorithm, provider="userspace", seed=SEED, messages=messages, opener=spoilt(spoil)
    )
    return found


def caught(algorithm: str, spoil: Spoil, messages: int = MESSAGES) -> tuple[Failure, Case]:
    """Verify what has to fail, and give how it did."""
    found = result(algorithm, spoil, messages)
    assert found.status == "failed"
    assert found.failure is not None
    assert found.failure.case is not None
    return found.failure, found.failure.case


@pytest.mark.anywhere
def test_userspace_agrees_with_what_was_published_and_with_itself() -> None:
    found = list(verify(provider="userspace", seed=SEED, messages=18))
    assert len(found) > 100
    assert {one.status for one in found} == {"passed"}
    assert {one.compared_with for one in found} == {"itself"}
    assert {one.messages for one in found} == {18}
    assert sum(one.vectors for one in found) > 600


def test_what_has_no_fault_passes() -> None:
    found = result("cbc(aes)", lambda call: call.right)
    assert (found.status, found.compared_with, found.failure) == ("passed", "userspace", None)
    assert found.key_bits == (128, 192, 256)
    assert (found.messages, found.vectors) == (MESSAGES, 30)


def test_a_wrong_byte_in_every_answer_shrinks_to_one_byte_of_zeros() -> None:
    failure, case = caught("ctr(aes)", lambda call: flipped(call.right))
    assert case == Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=1)
    assert failure.always
    assert failure.figure is not None
    difference = failure.difference
    assert (difference.kind, difference.offset, difference.count) == ("bytes", 0, 1)
    assert int(difference.got, 16) ^ int(difference.expected, 16) == 0x10


def test_a_bit_that_flips_now_and_then_is_caught_and_told_to_be_so() -> None:
    numbers = count()
    spoil: Spoil = lambda call: flipped(call.right) if next(numbers) % 7 == 3 else call.right  # noqa: E731
    failure, case = caught("ctr(aes)", spoil)
    assert case == Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=1)
    assert not failure.always
    assert (failure.tries, failure.failed_tries) in {(20, 2), (20, 3)}


def test_a_fault_at_one_length_alone_is_found_there() -> None:
    failure, case = caught(
        "ctr(aes)", lambda call: flipped(call.right, 99) if len(call.right) == 4097 else call.right
    )
    assert case == Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=4097)
    assert (failure.difference.offset, failure.difference.length) == (99, 4097)
    assert failure.message is not None
    assert failure.seed == SEED


@pytest.mark.parametrize("least", [65, 1000, 65536])
def test_a_fault_from_a_length_on_is_found_at_that_length(least: int) -> None:
    _, case = caught(
        "ctr(aes)", lambda call: flipped(call.right) if len(call.right) >= least else call.right
    )
    assert case == Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=least)


def test_a_fault_with_unaligned_buffers_alone_needs_one_byte_off() -> None:
    _, case = caught(
        "ctr(aes)", lambda call: flipped(call.right) if call.way == "unaligned" else call.right
    )
    assert case.way in {"in-place", "into"}
    assert (case.length, sum(case.offsets)) == (1, 1)


def test_an_iv_that_is_ignored_shows_with_the_simplest_other_than_zeros() -> None:
    def ignorant(call: Call) -> bytes:
        with afalg.Cipher("cbc(aes)", call.key, provider="userspace") as cipher:
            run = cipher.encrypt if call.direction == "encrypt" else cipher.decrypt
            return run(call.data, iv=bytes(16)) if call.way == "one-shot" else call.right

    _, case = caught("cbc(aes)", ignorant)
    iv = bytes(15) + b"\1"
    assert case == Case(direction="encrypt", key=bytes(16), iv=iv, length=16)


def test_a_fault_in_streams_alone_needs_two_pieces() -> None:
    _, case = caught(
        "ctr(aes)", lambda call: flipped(call.right) if call.updates > 1 else call.right
    )
    assert (case.way, case.length, len(case.cuts)) == ("stream", 16, 1)  # it holds back less


@pytest.mark.parametrize("way", ["many", "units", "threads"])
def test_a_fault_in_one_way_alone_is_found_there(way: str) -> None:
    algorithm = "cbc(aes)"
    _, case = caught(algorithm, lambda call: flipped(call.right) if call.way == way else call.right)
    assert (case.way, case.direction, case.length) == (way, "encrypt", 16)
    assert (len(case.cuts), case.first_iv) == (0, 0)
    assert case.threads == (2 if way == "threads" else 1)


def test_a_fault_under_several_threads_is_found_though_one_passes() -> None:
    def spoil(call: Call) -> bytes:
        alone = threading.current_thread() is threading.main_thread()
        return call.right if alone else flipped(call.right)

    _, case = caught("ctr(aes)", spoil)
    assert (case.way, case.threads, case.length) == ("concurrent", 2, 1)


def test_a_fault_of_one_size_of_key_or_one_direction_keeps_it() -> None:
    failure, case = caught(
        "xts(aes)",
        lambda call: (
            flipped(call.right)
            if len(call.key) == 48 and call.direction == "decrypt"
            else call.right
        ),
    )
    assert failure.always
    assert case == Case(direction="decrypt", key=bytes(48), iv=bytes(16), length=16)


def test_a_fault_of_some_messages_alone_keeps_the_message() -> None:
    failure, case = caught(
        "ecb(aes)", lambda call: flipped(call.right) if 0x41 in call.data else call.right
    )
    assert failure.always
    assert 0x41 in case.message
    assert case.key == bytes(16)


def test_an_error_is_a_failure_and_its_smallest_case_is_the_least_that_raises_it() -> None:
    def spoil(call: Call) -> bytes:
        if len(call.data) >= 65:
            raise afalg.KernelError("the kernel failed", 5, "recvmsg")
        return call.right

    failure, case = caught("ctr(aes)", spoil)
    assert case == Case(direction="encrypt", key=bytes(16), iv=bytes(16), length=65)
    assert failure.difference.kind == "error"
    assert str(failure.difference) == "KernelError: the kernel failed"


def test_a_fault_that_needs_what_went_before_is_replayed_with_it() -> None:
    def spoil(call: Call) -> bytes:
        return flipped(call.right) if call.number >= 5 and call.into else call.right

    opener = spoilt(spoil)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("afalg.verify.trial.TRIES", 1)
        (found,) = verify("ctr(aes)", provider="userspace", seed=SEED, opener=opener)
    failure = found.failure
    assert failure is not None
    assert failure.after > 0
    assert failure.again is not None
    assert failure.again.startswith("replay('ctr(aes)', seed=7, message=")
    assert failure.message is not None
    number = failure.message
    again = replay("ctr(aes)", seed=SEED, message=number, provider="userspace", opener=opener)
    assert again is not None
    assert failure.case is not None
    assert check("ctr(aes)", failure.case, provider="userspace", opener=opener) is None


def test_bytes_beside_the_output_are_guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    def outside(self: "object", data: memoryview, out: memoryview, *, iv: bytes) -> int:
        whole = out.obj
        assert isinstance(whole, bytearray)
        out[:] = self.genuine.encrypt(data, iv=iv)  # type: ignore[attr-defined]
        whole[-1] ^= 1
        return len(data)

    monkeypatch.setattr("wrong_ciphers.WrongCipher.encrypt_into", outside)
    failure, case = caught("ctr(aes)", lambda call: call.right)
    assert failure.difference.kind == "outside"
    assert (case.length, case.way) == (0, "in-place")
    assert str(failure.difference) == "it writes outside of its output of 0 bytes, 1 bytes"


def test_the_expression_runs_the_case_again() -> None:
    spoil: Spoil = lambda call: flipped(call.right) if len(call.right) == 4097 else call.right  # noqa: E731
    failure, case = caught("ctr(aes)", spoil)
    assert failure.again is not None
    assert eval(failure.again) is None
    again = check("ctr(aes)", case, provider="userspace", opener=spoilt(spoil))
    assert again == failure.difference
    assert eval(repr(case)) == case


def test_a_driver_that_opens_with_a_wrong_answer_has_failed() -> None:
    def opener(_algorithm: str, _key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        raise afalg.SelfTestError(f"{provider}: wrong bytes for a published message")

    (found,) = verify("ctr(aes)", provider="userspace", opener=opener)
    assert (found.status, found.reason) == ("failed", "self-test")
    assert found.failure is not None
    assert found.failure.case is None
    assert "wrong bytes" in str(found.failure.difference)


AT_KEY_TIME = [
    afalg.KernelError("setkey failed", 5, "setkey"),
    afalg.SelfTestError("wrong bytes for a published message"),
    afalg.UnavailableError("denied", 1, "denied"),
    afalg.AlgorithmNotFoundError("it was unloaded", "cbc(aes)"),
]


@pytest.mark.parametrize("error", AT_KEY_TIME, ids=lambda error: type(error).__name__)
def test_an_error_at_a_later_size_of_key_fails_that_driver_and_the_others_go_on(
    error: afalg.AfalgError,
) -> None:
    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if (algorithm, len(key)) == ("cbc(aes)", 32):
            raise error
        return afalg.Cipher(algorithm, key, provider=provider)

    names = ["cbc(aes)", "ctr(aes)"]
    broken, whole = verify(names, provider="userspace", seed=SEED, opener=opener)
    assert (broken.status, whole.status) == ("failed", "passed")
    assert broken.failure is not None
    assert str(broken.failure.difference) == f"{type(error).__name__}: {error}"
    assert broken.failure.always
    assert broken.failure.case is not None
    assert len(broken.failure.case.key) == 32
    assert broken.failure.failed < broken.messages  # other sizes are right


@pytest.mark.parametrize("error", AT_KEY_TIME, ids=lambda error: type(error).__name__)
def test_an_error_when_a_driver_is_opened_once_more_is_its_own(error: afalg.AfalgError) -> None:
    numbers = count()

    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if next(numbers) % 7 == 3:
            raise error
        return afalg.Cipher(algorithm, key, provider=provider)

    (found,) = verify("ctr(aes)", provider="userspace", seed=SEED, opener=opener)
    assert found.status == "failed"
    assert found.failure is not None
    assert found.failure.difference.error.startswith(type(error).__name__)
    assert not found.failure.always


def test_a_key_that_is_refused_once_it_has_failed_ends_nothing() -> None:
    opened: list[bytes] = []

    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if key in opened[1:]:
            raise afalg.InvalidKeyError("not that one again")
        opened.append(key)
        return spoilt(lambda call: flipped(call.right))(algorithm, key, provider=provider)

    (found,) = verify("ctr(aes)", provider="userspace", seed=SEED, opener=opener)
    assert found.status == "failed"
    assert found.failure is not None
    assert found.failure.failed_tries == 0


def test_an_error_at_key_time_is_what_check_and_replay_give() -> None:
    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if len(key) == 32:
            raise afalg.KernelError("setkey failed", 5, "setkey")
        return afalg.Cipher(algorithm, key, provider=provider)

    case = Case(direction="encrypt", key=bytes(32), iv=bytes(16), length=16)
    found = check("cbc(aes)", case, provider="userspace", opener=opener)
    assert str(found) == "KernelError: setkey failed"
    again = replay("cbc(aes)", seed=SEED, message=17, provider="userspace", opener=opener)
    assert again == found
    with pytest.raises(afalg.AlgorithmNotFoundError):
        check("cbc(no-such)", case, provider="userspace")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (afalg.UnavailableError("denied", 1, "denied"), "denied"),
        (afalg.AlgorithmRestrictedError("restricted", "ctr(aes)"), "restricted"),
        (afalg.AlgorithmNotFoundError("missing", "ctr(aes)"), "not-found"),
        (afalg.KernelError("no files", 24, "bind"), "kernel-error"),
        (afalg.InvalidInputError("no such name"), "refused"),
    ],
)
def test_what_is_not_reached_has_the_reason(error: afalg.AfalgError, reason: str) -> None:
    def opener(_algorithm: str, _key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        assert provider == "userspace"
        raise error

    (found,) = verify("ctr(aes)", provider="userspace", opener=opener)
    assert (found.status, found.reason, found.text) == ("unreachable", reason, str(error))
    assert (found.vectors, found.messages) == (0, 0)


def test_a_size_of_key_that_a_driver_does_not_take_is_told_and_no_failure() -> None:
    def opener(algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        if len(key) != 32:
            raise afalg.InvalidKeyError("this hardware has one size")
        return afalg.Cipher(algorithm, key, provider=provider)

    (found,) = verify("cbc(aes)", provider="userspace", seed=SEED, opener=opener)
    assert found.status == "passed"
    assert (found.key_bits, found.refused_key_bits) == ((256,), (128, 192))
    assert 0 < found.messages < MESSAGES


def test_nothing_that_was_run_is_no_pass() -> None:
    (found,) = verify("pcbc(aes)", provider="userspace", messages=0)
    assert (found.status, found.reason) == ("unreachable", "nothing-run")


@pytest.mark.parametrize(
    ("fault", "kind", "way"),
    [("stream", "bytes", "stream"), ("one-shot", "round-trip", "one-shot")],
)
def test_what_userspace_does_not_have_is_compared_with_itself(
    fault: str, kind: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("afalg.verify.trial._userspace", frozenset)

    def spoil(call: Call) -> bytes:
        wrong = call.way == fault and call.direction == "encrypt"
        return flipped(call.right) if wrong else call.right

    found = result("pcbc(aes)", spoil)
    assert found.compared_with == "itself"
    assert found.failure is not None
    assert found.failure.case is not None
    assert (found.failure.difference.kind, found.failure.case.way) == (kind, way)
    assert result("pcbc(aes)", lambda call: call.right).status == "passed"


def test_messages_go_on_for_the_time_that_was_given() -> None:
    (found,) = verify("ctr(aes)", provider="userspace", seconds=0.2, seed=SEED)
    assert found.messages > 1
    assert found.seconds >= 0.2


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    names = ["ctr(aes)", "cbc(aes)"]
    list(verify(names, provider="userspace", messages=1, progress=lambda *at: told.append(at)))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_a_wrong_argument_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="messages is -1, which must be 0 or more"):
        verify(messages=-1)
    with pytest.raises(ValueError, match="provider is 'auto', verify takes"):
        verify(provider="auto")


def test_results_pickle_and_go_into_json() -> None:
    found = result("ctr(aes)", lambda call: flipped(call.right))
    assert pickle.loads(pickle.dumps(found)) == found
    facts = json.loads(json.dumps(found.facts()))
    assert facts["failure"]["case"]["key"] == "00" * 16
    assert facts["failure"]["difference"]["kind"] == "bytes"
    assert "reason" not in facts
