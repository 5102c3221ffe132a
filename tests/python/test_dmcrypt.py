"""Names of disk ciphers are read as dm-crypt reads them, or refused with a reason."""

import pytest

import afalg
from afalg.dmcrypt import disk_cipher

READ = {
    "aes-xts-plain64": ("xts(aes)", "plain64", 64),
    "aes-xts-plain": ("xts(aes)", "plain64", 32),
    "aes-cbc-plain": ("cbc(aes)", "plain64", 32),
    "serpent-xts-plain64be": ("xts(serpent)", "plain64be", 64),
    "aes-lrw-benbi": ("lrw(aes)", "benbi", 64),
    "aes-cbc-essiv:sha256": ("essiv(cbc(aes),sha256)", "plain64", 64),
    "aes-cbc-essiv:blake2b-256": ("essiv(cbc(aes),blake2b-256)", "plain64", 64),
    "des3_ede-cbc-plain64": ("cbc(des3_ede)", "plain64", 64),
    "xchacha12,aes-adiantum-plain64": ("adiantum(xchacha12,aes)", "plain64", 64),
    "aes-hctr2-plain64": ("hctr2(aes)", "plain64", 64),
    "capi:xts(aes)-plain64": ("xts(aes)", "plain64", 64),
    "capi:adiantum(xchacha20,aes)-plain64be": ("adiantum(xchacha20,aes)", "plain64be", 64),
    "capi:cbc(aes)-essiv:sha256": ("essiv(cbc(aes),sha256)", "plain64", 64),
    "capi:essiv(cbc(aes),sha256)-plain64": ("essiv(cbc(aes),sha256)", "plain64", 64),
    "xts(aes)": ("xts(aes)", "plain64", 64),
    "xts-aes-aesni(x)": ("xts-aes-aesni(x)", "plain64", 64),
}


@pytest.mark.parametrize("name", READ)
def test_a_name_is_read(name: str) -> None:
    algorithm, iv, bits = READ[name]
    assert disk_cipher(name) == (algorithm, iv, 1 << bits)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("", "no disk cipher as dm-crypt spells them, CIPHER-MODE-IV: aes-xts-plain64"),
        ("aes-256-xts!", "no disk cipher"),
        ("AES-XTS-PLAIN64", "no disk cipher"),
        ("aes-xts-plain64\n", "no disk cipher"),
        ("aes:64-cbc-lmk", "no disk cipher"),
        ("aes", "'aes' is short for aes-cbc-plain: write it out"),
        ("aes-plain", "short for aes-cbc-plain"),
        ("aes-256-xts", "has the IVs xts, which nobody has; this package writes plain, plain64"),
        ("aes-xts-null", "the IVs null, the same IV for every sector"),
        ("aes-cbc-elephant", "the IVs elephant, BitLocker's"),
        ("aes-cbc-essiv", "names no hash for its essiv: essiv:sha256"),
        ("aes-cbc-essiv:", "no disk cipher"),
        ("aes-cbc-essiv:sha256)", "names no hash"),
        ("aes-xts-plain64:sha256", "has an option, plain64 takes none: leave out :sha256"),
        ("aes-adiantum-plain64", "adiantum is of two ciphers, 'aes' is one: xchacha12,aes-adi"),
        ("capi:xts(aes)", "no disk cipher"),
        ("capi:aes-xts-plain64", "no disk cipher"),
    ],
)
def test_what_is_no_name_is_told(name: str, text: str) -> None:
    with pytest.raises(afalg.InvalidInputError) as caught:
        disk_cipher(name)
    assert text in str(caught.value)
