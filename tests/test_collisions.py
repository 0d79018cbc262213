"""Values that share a hash: told apart, by a rule that no order and no engine changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from collided import PRINT, WORD, forced
from commandline import dedupe
from hypothesis import given
from hypothesis import strategies as st
from readers import read_bytes
from test_backends import ON_DISK, stories

from dedupe import kernel
from dedupe.backends.auto import run_within_memory
from dedupe.config import Settings
from dedupe.pipeline import run
from dedupe.text.fingerprints import check_texts, resolve_collisions
from dedupe.text.normalize import normalize
from dedupe.text.preprocess import first_seen
from dedupe.text.vocabulary import by_hash, word_hash

if TYPE_CHECKING:
    from pathlib import Path

NONE = np.zeros(0, np.uint64)
VALUES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30)


def settle(values: list[tuple[int, int]]) -> list[int]:
    hashes, checks = np.array(values, np.uint64).T
    return resolve_collisions(hashes.copy(), checks.__getitem__).tolist()


@given(VALUES, st.randoms(use_true_random=False))
def test_a_hash_is_one_where_the_value_is_and_hangs_on_the_values_alone(values, chance):
    found = settle(values)
    told = dict(zip(values, found, strict=True))
    assert [told[value] for value in values] == found
    assert len(set(told.values())) == len(told)
    for value, own in told.items():
        least = min(other for other in told if other[0] == value[0])
        assert (own == value[0]) == (value == least)
    again = values * 2
    chance.shuffle(again)
    assert settle(again) == [told[value] for value in again]


def test_what_shares_no_hash_keeps_its_own():
    hashes = np.array([5, 3, 5, 0, 0], np.uint64)
    assert resolve_collisions(hashes, lambda places: hashes[places]) is hashes
    assert resolve_collisions(NONE, NONE.__getitem__) is NONE


ALIKE = ("a b", [1, 2], [0, 0])
UNLIKE = {
    "letters": ("a c", [1, 2], [0, 0]),
    "words": ("a b", [1, 3], [0, 0]),
    "order": ("a b", [2, 1], [0, 0]),
    "zones": ("a b", [1, 2], [1, 0]),
    "length": ("a b", [1], [0]),
}


@pytest.mark.parametrize("other", UNLIKE.values(), ids=UNLIKE)
def test_texts_are_the_same_in_letters_words_and_zones(other):
    def check(letters, hashes, zones):
        words, tags = np.array(hashes, np.uint64), np.array(zones, np.uint8)
        return check_texts([letters], words, tags, np.zeros(1, int), np.array([len(hashes)]))

    assert check(*ALIKE) == check(*ALIKE)
    assert check(*ALIKE) != check(*other)


def test_the_collisions_of_these_tests_are_real():
    assert len(set(normalize(PRINT, NONE).fingerprints.tolist())) == 1
    assert len(set(word_hash(WORD).tolist())) == 1


@pytest.mark.parametrize("pure", ["0", "1"])
def test_words_are_told_by_their_letters(pure, monkeypatch):
    monkeypatch.setenv(kernel.PURE, pure)
    tokens = normalize([" ".join([*WORD, "mill", *WORD, "mills mill"])], NONE).tokens
    places = first_seen(tokens).tolist()
    spelled = {tokens.codes[tokens.starts[i] : tokens.ends[i]].tobytes() for i in places}
    assert spelled == {word.encode("utf-32-le") for word in (*WORD, "mill", "mills")}


def test_words_of_one_hash_count_as_the_least_of_them():
    for words in (WORD, WORD[::-1]):
        assert by_hash(dict.fromkeys(words, 7) | {"mill": 9}) == {7: min(WORD), 9: "mill"}


REAL = [
    *PRINT,
    f"{PRINT[0]} again",
    *(f"Harbour board hears {word} over tolls" for word in WORD),
    *(f"Odlin {word} 4.3" for word in WORD),
]


@pytest.mark.parametrize("flags", [(), ON_DISK], ids=["memory", "disk"])
@pytest.mark.parametrize("pure", ["0", "1"])
def test_texts_of_one_print_are_no_copies(flags, pure, tmp_path: Path):
    """They hold nothing in common but 64 bits; every order gives the same clusters."""
    rows = [json.dumps({"title": title}).encode() + b"\n" for title in REAL]
    found = [
        dedupe("cluster", *flags, folder=tmp_path, stdin=b"".join(some), DEDUPE_PURE=pure).out
        for some in (rows, rows[::-1])
    ]
    assert sorted(found[0].splitlines()) == sorted(found[1].splitlines())
    told = [json.loads(line)["dedupe"] for line in found[0].splitlines()]
    assert told[0]["cluster"] != told[1]["cluster"]
    assert told[1]["size"] == 1
    assert "exact" not in {row["reason"] for row in told}


STORIES = read_bytes(stories(750))


def answers(result):
    """Which records are together, which version is kept, and how clusters are named."""
    clustering = result.clustering
    names = [clustering.keys[place] for place in np.unique(clustering.canonical).tolist()]
    assert len(set(names)) == len(names)
    return clustering.canonical.tolist(), [*clustering.scores], clustering.reasons


@pytest.mark.parametrize("pure", ["0", "1"])
def test_few_bits_change_no_cluster(pure, monkeypatch, tmp_path: Path):
    monkeypatch.setenv(kernel.PURE, pure)
    expected = answers(run(STORIES, Settings()))
    with forced():
        assert answers(run(STORIES, Settings())) == expected
        with run_within_memory(STORIES, Settings(), 1024, str(tmp_path)) as spilled:
            assert answers(spilled) == expected


def test_keys_that_collide_give_every_engine_the_same(tmp_path: Path):
    """They bring more pairs, and pairs of words that seem to return; but the same ones."""
    with forced(rare_pairs=True):
        held = run(STORIES, Settings())
        with run_within_memory(STORIES, Settings(), 1024, str(tmp_path)) as spilled:
            assert answers(spilled) == answers(held)
            assert spilled.stats["candidate_pairs"] == held.stats["candidate_pairs"]
            assert [*spilled.clustering.keys] == [*held.clustering.keys]
