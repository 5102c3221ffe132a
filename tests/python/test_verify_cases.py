"""The messages of a verification: the same of the same seed, and all edges among them."""

from collections import Counter
from importlib import resources

import pytest

import afalg
from afalg.verify import MESSAGES, Case, verify
from afalg.verify.cases import WAYS
from afalg.verify.draw import PAGE, case
from afalg.verify.published import FILES, Figure, of, parse
from afalg.verify.rules import Rules
from afalg.verify.targets import plan
from vectors import PYCA, aes_files, other_files, userspace_files
from wrong_ciphers import Call, spoilt

TARGETS = plan(provider="userspace")
RULES = {target.algorithm: target.rules for target in TARGETS if target.rules}
SEEDS = (0, 7, 4_000_000_000)
FURTHER = "further/nist"


def drawn(rules: Rules, seed: int, count: int = MESSAGES) -> list[Case]:
    """Give the messages of a seed."""
    return [case(rules, seed, number) for number in range(count)]


def asked(seed: int, messages: int) -> list[Call]:
    """Give all that a cipher is asked."""
    calls: list[Call] = []

    def remember(call: Call) -> bytes:
        calls.append(call)
        return call.right

    names = ("chacha20", "xts(aes)")
    opener = spoilt(remember)
    list(verify(names, provider="userspace", opener=opener, seed=seed, messages=messages))
    return calls


def test_the_same_seed_gives_the_same_messages_and_another_one_others() -> None:
    first, again, other = asked(7, 20), asked(7, 20), asked(8, 20)
    by_threads = [Counter(calls) for calls in (first, again, other)]
    assert by_threads[0] == by_threads[1] != by_threads[2]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RULES)
def test_every_message_keeps_the_rules_and_every_edge_is_there(name: str, seed: int) -> None:
    rules = RULES[name]
    cases = drawn(rules, seed)
    assert all(map(rules.takes, cases))
    assert {one.way for one in cases} == set(rules.ways)
    lengths = {one.length for one in cases}
    assert {rules.fit(edge) for edge in (0, rules.chunk, 16 * rules.chunk, PAGE)} <= lengths
    assert {rules.fit(16 * PAGE), rules.fit(PAGE + rules.step)} <= lengths
    assert max(lengths) >= rules.border - rules.step
    assert {len(one.key) for one in cases} == set(rules.key_sizes)
    assert Counter(one.direction for one in cases).most_common()[-1][1] > MESSAGES // 3


@pytest.mark.parametrize("name", ["ctr(aes)", "lrw(aes)", "chacha20", "xchacha12"])
def test_counters_carry_within_messages(name: str) -> None:
    rules = RULES[name]
    assert rules.counter is not None
    at, size, order = rules.counter
    widths = [bits for bits in (8, 32, 64, 128) if "chacha" in name or bits >= 32]
    carries = 0
    for one in drawn(rules, 7, 400):
        counter = int.from_bytes(one.iv[at : at + size], order)
        blocks = -(-one.length // rules.chunk)
        carries += any(counter % (1 << bits) + blocks > 1 << bits for bits in widths)
        if "chacha" in name:
            assert counter + blocks <= 1 << 8 * size
    assert carries > 20


def test_buffers_begin_anywhere_and_streams_are_cut_anywhere() -> None:
    cases = drawn(RULES["ctr(aes)"], 7, 400)
    into = {one.offsets for one in cases if one.way == "into"}
    assert {source % 2 for source, _ in into} == {out % 2 for _, out in into} == {0, 1}
    cuts = Counter(cut % 16 for one in cases if one.way == "stream" for cut in one.cuts)
    assert len(cuts) == 16
    many = [len(one.sizes) for one in cases if one.way == "many"]
    assert max(many) > 64
    assert min(many) < 4


def test_a_shorter_message_begins_alike() -> None:
    whole = Case(direction="encrypt", key=b"", length=4099, data="7 any 1").message
    for length in (0, 1, 2, 3, 4, 5, 65, 4098):
        part = Case(direction="encrypt", key=b"", length=length, data="7 any 1").message
        assert part == whole[:length]
    assert len(set(whole[-64:])) > 16


def test_the_pieces_are_the_message_and_have_the_sizes() -> None:
    one = Case(direction="encrypt", key=b"", length=10, data=bytes(range(10)), cuts=(0, 3, 3))
    assert one.sizes == (0, 3, 0, 7)
    assert one.pieces == [b"", bytes(range(3)), b"", bytes(range(3, 10))]


@pytest.mark.parametrize("way", WAYS)
def test_a_case_shows_as_what_makes_it(way: str) -> None:
    of_way = [
        one
        for rules in (RULES["xts(aes)"], RULES["ctr(aes)"])
        for one in drawn(rules, 7)
        if one.way == way
    ]
    for one in of_way:
        assert eval(repr(one)) == one


def figures(name: str) -> list[Figure]:
    """Give the figures of a file."""
    folder = resources.files("afalg.verify") / "figures"
    return list(parse((folder / f"{name}.txt").read_text("ascii")))


def test_the_figures_of_nist_are_in_its_files() -> None:
    published = {
        (vector.algorithm, vector.key, vector.iv, vector.plaintext, vector.ciphertext)
        for file in (*aes_files(), *other_files(), *userspace_files())
        if file.package == PYCA
        for vector in file.vectors()
    }
    shipped = figures(FURTHER)
    assert len(shipped) > 70
    for figure in shipped:
        whole = figure.algorithm, figure.key, figure.iv, figure.plain, figure.cipher
        assert whole in published


@pytest.mark.parametrize("name", FILES)
def test_every_figure_has_a_source_and_comes_out(name: str) -> None:
    found = figures(name)
    assert found
    for figure in found:
        assert figure.source
        with afalg.Cipher(figure.algorithm, figure.key, provider="userspace") as cipher:
            assert cipher.encrypt(figure.plain, iv=figure.iv) == figure.cipher


def test_no_figure_is_there_twice() -> None:
    every = [figure for name in FILES for figure in figures(name)]
    places = Counter((one.algorithm, one.key, one.iv, one.plain) for one in every)
    assert max(places.values()) == 1
    assert len(of("xts(aes)")) == sum(one.algorithm == "xts(aes)" for one in every)


def test_key_sizes_of_a_range_are_its_ends_and_the_usual_ones() -> None:
    assert Rules.keys("cbc(blowfish)", range(4, 57)) == (4, 16, 24, 32, 48, 56)
    assert Rules.keys("xts(aes)", [32, 48, 64]) == (32, 48, 64)
    assert Rules.keys("xts(any)", [31, 32, 33]) == (32,)
