"""What there is to verify: every algorithm, and the drivers that do not serve its name."""

from pathlib import Path
from types import SimpleNamespace
from typing import Self, cast

import pytest

import afalg
from afalg.verify import verify
from afalg.verify.listed import block_ciphers, skciphers
from afalg.verify.targets import Target, plan

STOCK = Path(__file__).parent.parent / "fixtures" / "proc_crypto" / "stock-6.1.txt"
ALGORITHM = "ecb(twofish)"
SERVING, OTHER = "ecb-twofish-avx", "ecb-twofish-3way"
INTERNAL = {"cryptd(__ecb-twofish-avx)", "__ecb-twofish-avx"}


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the kernel list what a stock 6.1 lists."""
    monkeypatch.setattr("afalg.verify.listed.PROC_CRYPTO", STOCK)


class Kernel:
    """Stands for a kernel: opens names, by drivers or by what serves."""

    def __init__(self, refused: dict[str, afalg.AfalgError] | None = None) -> None:
        self.refused = refused or {}
        self.asked: list[str] = []

    def __call__(
        self, algorithm: str, key: bytes, /, *, provider: afalg.Provider | None
    ) -> afalg.Cipher:
        """Give a cipher of userspace's that has the driver's name."""
        self.asked.append(algorithm)
        if algorithm in self.refused:
            raise self.refused[algorithm]
        names = {driver.name: driver.algorithm for driver in skciphers()}
        genuine = afalg.Cipher(names.get(algorithm, algorithm), key, provider="userspace")
        facts = {name: getattr(genuine, name) for name in dir(genuine) if name[0] != "_"}
        driver = SERVING if algorithm == ALGORITHM else algorithm
        double = SimpleNamespace(**facts | {"driver": driver, "provider": provider})
        return cast("afalg.Cipher", Closing(double))


class Closing(SimpleNamespace):
    """A namespace that is left by `with`."""

    def __init__(self, double: SimpleNamespace) -> None:
        super().__init__(**vars(double))

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def drivers_of(kernel: Kernel) -> dict[str | None, Target]:
    """Give what there is of xts(aes)."""
    return {target.driver: target for target in plan([ALGORITHM], opener=kernel)}


@pytest.mark.usefixtures("stock")
def test_the_list_has_every_driver_and_what_is_said_of_it() -> None:
    found = [driver for driver in skciphers() if driver.generic == ALGORITHM]
    assert {driver.name: (driver.internal, driver.asynchronous) for driver in found} == {
        "cryptd(__ecb-twofish-avx)": (True, True),
        "__ecb-twofish-avx": (True, False),
        SERVING: (False, True),
        OTHER: (False, False),
    }
    assert "twofish" in block_ciphers()


def test_a_list_that_cannot_be_read_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afalg.verify.listed.PROC_CRYPTO", STOCK.parent / "missing")
    assert (skciphers(), block_ciphers()) == ([], [])


@pytest.mark.usefixtures("stock")
def test_a_driver_that_does_not_serve_is_opened_by_its_own_name() -> None:
    kernel = Kernel()
    found = drivers_of(kernel)
    assert kernel.asked == [ALGORITHM, OTHER]
    assert {target.algorithm for target in found.values()} == {ALGORITHM}
    reached = {name: target for name, target in found.items() if target.rules}
    assert [*reached] == [SERVING, OTHER]
    assert [target.asked for target in reached.values()] == kernel.asked
    assert [target.reason for target in reached.values()] == [None, None]


@pytest.mark.usefixtures("stock")
def test_such_a_driver_is_verified_as_its_algorithm() -> None:
    found = list(verify(ALGORITHM, opener=Kernel(), messages=9, seed=7))
    results = [one for one in found if one.status != "unreachable"]
    assert [(one.driver, one.status) for one in results] == [
        (SERVING, "passed"),
        (OTHER, "passed"),
    ]
    assert {one.vectors for one in results} == {8}
    assert {one.compared_with for one in results} == {"userspace"}


@pytest.mark.usefixtures("stock")
def test_without_drivers_only_who_serves_is_tried() -> None:
    (target,) = plan([ALGORITHM], drivers=False, opener=Kernel())
    assert target.driver == SERVING


@pytest.mark.usefixtures("stock")
def test_a_driver_may_be_named_and_is_of_its_algorithm(monkeypatch: pytest.MonkeyPatch) -> None:
    info = afalg.AlgorithmInfo(name=OTHER, type="skcipher", key_sizes=(16, 32))
    monkeypatch.setattr("afalg.info", lambda _name: info)
    (target,) = plan([OTHER], opener=Kernel())
    assert (target.algorithm, target.driver) == (ALGORITHM, OTHER)
    assert target.rules is not None
    assert target.rules.key_sizes == (16, 32)


@pytest.mark.usefixtures("stock")
def test_an_internal_driver_is_not_asked_for() -> None:
    kernel = Kernel()
    found = drivers_of(kernel)
    inside = {name for name, target in found.items() if target.reason == "internal"}
    assert inside == INTERNAL
    assert not inside & set(kernel.asked)
    assert {found[name].algorithm for name in inside} == {ALGORITHM}


@pytest.mark.usefixtures("stock")
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (afalg.AlgorithmRestrictedError("kept from this process", "x"), "restricted"),
        (afalg.AlgorithmNotFoundError("gone", "x"), "not-found"),
    ],
)
def test_a_driver_that_is_kept_back_has_the_reason(error: afalg.AfalgError, reason: str) -> None:
    target = drivers_of(Kernel({OTHER: error}))[OTHER]
    assert (target.reason, target.text) == (reason, str(error))


def test_an_asynchronous_driver_that_newer_kernels_do_not_give_is_told_to_be_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = STOCK.read_text().replace("async        : no", "async        : yes")
    path = SimpleNamespace(read_text=lambda *_: text)
    monkeypatch.setattr("afalg.verify.listed.PROC_CRYPTO", path)
    error = afalg.AlgorithmNotFoundError("gone", "x")
    target = drivers_of(Kernel({OTHER: error}))[OTHER]
    assert target.reason == "asynchronous"
    assert target.text == "asynchronous: Linux 7.2 and newer keep AF_ALG from such drivers"


@pytest.mark.usefixtures("stock")
def test_another_driver_than_was_asked_for_is_no_pass() -> None:
    kernel = Kernel()

    def opener(_algorithm: str, key: bytes, /, *, provider: afalg.Provider | None) -> afalg.Cipher:
        return kernel(ALGORITHM, key, provider=provider)

    found = {target.driver: target for target in plan([ALGORITHM], opener=opener)}
    target = found[OTHER]
    assert (target.reason, target.rules) == ("masked", None)
    assert target.text == f"the kernel gave {SERVING} where {OTHER} was asked for"


@pytest.mark.usefixtures("stock")
def test_every_algorithm_is_in_the_plan() -> None:
    found = plan(opener=Kernel())
    names = {target.algorithm for target in found}
    assert {info.name for info in afalg.algorithms("skcipher")} <= names
    assert [target.algorithm for target in found] == sorted(target.algorithm for target in found)


def test_another_type_is_refused() -> None:
    info = afalg.AlgorithmInfo(name="sha256", type="hash")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("afalg.info", lambda _name: info)
        (target,) = plan(["sha256"])
    assert (target.reason, target.rules) == ("refused", None)
    assert target.text == "sha256 is of the type hash; this package computes skciphers alone"
