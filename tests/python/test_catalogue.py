"""What the machine offers: `algorithms` and `info`."""

import copy
import itertools
import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import get_args

import pytest

import afalg
from afalg import AlgorithmInfo, AlgType
from surroundings import HIDDEN, mounts

PROC_CRYPTO = Path("/proc/crypto")
TYPES: tuple[AlgType, ...] = ("skcipher", "aead", "hash", "rng")
ALWAYS = "xts(aes)"
USUAL = ["xts(aes)", "cbc(aes)", "ctr(aes)", "ecb(aes)", "cts(cbc(aes))", "chacha20", "lrw(aes)"]
SKCIPHERS = [
    *USUAL,
    "rfc3686(ctr(aes))",
    "adiantum(xchacha12,aes)",
    "essiv(cbc(aes),sha256)",
    "cbc(des3_ede)",
    "ecb(serpent)",
    "ecb(cipher_null)",
]
OTHERS = [
    ("gcm(aes)", "aead", {"iv_size": 12, "max_tag_size": 16}),
    ("sha256", "hash", {"digest_size": 32, "block_size": 64}),
    ("hmac(sha512)", "hash", {"digest_size": 64}),
    ("stdrng", "rng", {"seed_size": 0}),
]
CBC = AlgorithmInfo(
    name="cbc(aes)",
    type="skcipher",
    providers=("kernel",),
    key_sizes=(16, 24, 32),
    max_message=None,
)


def records() -> list[dict[str, str]]:
    """Read /proc/crypto by other means."""
    return [
        {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        for lines in (record.splitlines() for record in PROC_CRYPTO.read_text().split("\n\n"))
        if lines
    ]


def asked(name: str) -> AlgorithmInfo:
    """Ask for an algorithm; skip where this kernel does not have it, or not for us."""
    try:
        return afalg.info(name)
    except afalg.AlgorithmNotFoundError as error:
        if name == ALWAYS:
            raise
        pytest.skip(str(error))


def test_the_types_are_af_alg_s() -> None:
    assert tuple(itertools.chain.from_iterable(map(get_args, get_args(AlgType)))) == TYPES


def test_the_list_is_in_order_and_has_the_usual_names() -> None:
    everything = afalg.algorithms()
    keys = [(TYPES.index(info.type), info.name) for info in everything]
    assert keys == sorted(set(keys))
    assert {info.name for info in everything} >= set(USUAL) - {"ecb(serpent)"}
    for kind in TYPES:
        assert afalg.algorithms(kind) == [info for info in everything if info.type == kind]


def test_the_list_has_asked_nobody() -> None:
    for info in afalg.algorithms():
        assert (info.reason, info.open_to, info.max_message) == (None, None, None)


@pytest.mark.skipif(not os.access(PROC_CRYPTO, os.R_OK), reason="no /proc/crypto")
def test_the_list_has_what_the_kernel_lists() -> None:
    listed = {
        record["name"]
        for record in records()
        if record["type"] in {"skcipher", "lskcipher"}
        and (record["internal"], record.get("async"), record["selftest"]) == ("no", "no", "passed")
        and "arc4" not in record["name"]
    }
    assert {info.name for info in afalg.algorithms("skcipher") if info.providers} >= listed


def test_listing_loads_nothing() -> None:
    program = "import afalg; afalg.algorithms()"
    state = Path("/proc/modules"), PROC_CRYPTO
    before = [path.read_text() for path in state if path.exists()]
    subprocess.run([sys.executable, "-c", program], check=True)
    assert [path.read_text() for path in state if path.exists()] == before


def test_an_unknown_type_is_refused() -> None:
    text = r'^type is "cipher", it must be "skcipher", "aead", "hash", "rng" or None$'
    with pytest.raises(afalg.InvalidInputError, match=text):
        afalg.algorithms("cipher")  # type: ignore[arg-type]


def test_what_this_package_refuses_is_not_offered() -> None:
    assert not [info for info in afalg.algorithms() if "arc4" in info.name]
    with pytest.raises(afalg.InvalidInputError, match="RC4"):
        afalg.info("ecb(arc4)")


def test_an_info_is_plain_data() -> None:
    copies = pickle.loads(pickle.dumps(CBC)), copy.deepcopy(CBC), replace(CBC)
    for duplicate in (*copies, eval(repr(CBC))):
        assert duplicate == CBC
        assert hash(duplicate) == hash(CBC)
    assert replace(CBC, priority=1) != CBC
    with pytest.raises(FrozenInstanceError):
        CBC.name = "xts(aes)"  # type: ignore[misc]


def test_an_info_shows_what_is_known() -> None:
    assert repr(CBC) == (
        "AlgorithmInfo(name='cbc(aes)', type='skcipher', providers=('kernel',), "
        "key_sizes=(16, 24, 32))"
    )


def test_every_attribute_is_documented() -> None:
    text = AlgorithmInfo.__doc__ or ""
    assert [
        field.name for field in fields(AlgorithmInfo) if f"    {field.name}: " not in text
    ] == []


@pytest.mark.kernel
@pytest.mark.limits
@pytest.mark.parametrize("name", SKCIPHERS)
def test_an_info_agrees_with_a_cipher(name: str) -> None:
    info = asked(name)
    assert info.key_sizes is not None
    assert (info.name, info.type, info.providers[0]) == (name, "skcipher", "kernel")
    assert info.open_to in {"everyone", "privileged"}
    assert info.reason is None
    for size in {min(info.key_sizes), max(info.key_sizes)}:
        with afalg.Cipher(name, bytes(range(size)), provider="kernel") as cipher:
            assert (info.driver, info.max_message) == (cipher.driver, cipher.max_message)
            assert (info.block_size, info.chunk_size, info.iv_size) == (
                cipher.block_size,
                cipher.chunk_size,
                cipher.iv_size,
            )
    with pytest.raises(afalg.InvalidKeyError):
        afalg.Cipher(name, bytes(max(info.key_sizes) + 1), provider="kernel")
    assert (info.max_message is not None) == (info.continuation == "one-request")


@pytest.mark.kernel
@pytest.mark.parametrize("name", SKCIPHERS)
def test_an_info_says_what_proc_crypto_says(name: str) -> None:
    info = asked(name)
    (record,) = [record for record in records() if record["driver"] == info.driver]
    assert record["name"] == name
    assert record["type"] in {"skcipher", "lskcipher"}
    assert (record["module"], record["priority"]) == (info.module, str(info.priority))
    assert record["selftest"] == info.self_test == "passed"
    rivals = [
        other
        for other in records()
        if (other["name"], other["internal"], other["selftest"]) == (name, "no", "passed")
    ]
    if "yes" not in {other.get("async") for other in rivals}:
        assert info.priority == max(int(other["priority"]) for other in rivals)


@pytest.mark.kernel
@pytest.mark.parametrize(("name", "kind", "sizes"), OTHERS)
def test_other_types_are_known_too(name: str, kind: AlgType, sizes: dict[str, int]) -> None:
    info = asked(name)
    assert (info.type, info.providers, info.self_test) == (kind, ("kernel",), "passed")
    assert {size: getattr(info, size) for size in sizes} == sizes
    assert (info.key_sizes, info.continuation, info.max_message) == (None, None, None)
    assert info in [replace(one, open_to=info.open_to) for one in afalg.algorithms(kind)]


@pytest.mark.kernel
def test_a_template_that_nobody_has_bound_is_found() -> None:
    info = asked("ctr(serpent)")
    assert info.driver
    assert "ctr(serpent)" in {one.name for one in afalg.algorithms("skcipher") if one.providers}


@pytest.mark.kernel
def test_a_driver_can_be_asked_for_by_its_name() -> None:
    generic = asked("xts(aes)")
    assert generic.driver is not None
    info = asked(generic.driver)
    assert info == replace(generic, name=generic.driver, providers=("kernel",), constant_time=None)


@pytest.mark.kernel
def test_what_nobody_has_is_not_found() -> None:
    with pytest.raises(afalg.AlgorithmNotFoundError, match=r"did you mean cbc\(aes\)\?"):
        afalg.info("cbc(ase)")
    with pytest.raises(afalg.AlgorithmNotFoundError, match=r"hmac\(nothing\)"):
        afalg.info("hmac(nothing)")


@pytest.mark.kernel
@mounts
def test_sizes_are_known_where_proc_crypto_is_hidden() -> None:
    program = f"import afalg; print(afalg.algorithms()); print(afalg.info({ALWAYS!r}))"
    command = [*HIDDEN, sys.executable, "-c", program]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    listed, info = done.stdout.splitlines()
    hidden = AlgorithmInfo(
        name=ALWAYS,
        type="skcipher",
        providers=("kernel", "userspace"),
        open_to="everyone",
        block_size=16,
        chunk_size=16,
        iv_size=16,
        key_sizes=(32, 48, 64),
        continuation="one-request",
        max_message=afalg.info(ALWAYS).max_message,
        constant_time=True,
    )
    assert info == repr(hidden)
    assert repr(replace(hidden, providers=("userspace",), open_to=None, max_message=None)) in listed
