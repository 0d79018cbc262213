"""Words: stems, spellings, groups and what each is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text.tokenize import tokenize
from dedupe.text.vocabulary import (
    MAX_BITS,
    SCALE,
    Mapping64,
    blended_weights,
    learn_vocabulary,
    standard_forms,
    static_weights,
    stem,
    word_hash,
)

ALIKE = [
    ("rising", "rises"), ("rise", "rises"), ("banks", "bank"), ("afghanistan", "afghan"),
    ("acquired", "acquires"), ("talks", "talking"), ("governments", "government"),
]  # fmt: skip
APART = [("press", "pres"), ("gas", "ga"), ("die", "dy"), ("see", "se"), ("wing", "w")]


@pytest.mark.parametrize(("left", "right"), ALIKE)
def test_words_of_one_stem(left: str, right: str):
    assert stem(left) == stem(right)


@pytest.mark.parametrize(("left", "right"), APART)
def test_words_of_two_stems(left: str, right: str):
    assert stem(left) != stem(right)


@given(st.text("abceginsd", max_size=12))
def test_a_stem_begins_its_word(word):
    assert word.startswith(stem(word))
    assert bool(stem(word)) == bool(word)


@given(st.lists(st.text("abcxyz中5", min_size=1, max_size=8), min_size=1, max_size=5))
def test_a_word_has_the_hash_of_its_token(words):
    tokens = [tokenize([word]) for word in words]
    single = [t for t in tokens if len(t.hashes) == 1]
    kept = [word for word, t in zip(words, tokens, strict=True) if len(t.hashes) == 1]
    assert word_hash(words).shape == (len(words),)
    if kept:
        assert word_hash(kept).tolist() == [int(t.hashes[0]) for t in single]


@pytest.mark.parametrize(
    ("spelling", "word"),
    [
        ("mln", "million"),
        ("pct", "%"),
        ("sept", "september"),
        ("3rd", "3rd"),
        ("million", "million"),
    ],
)
def test_spellings_stand_for_a_word(spelling: str, word: str):
    assert (
        standard_forms(word_hash([spelling])).tolist() == standard_forms(word_hash([word])).tolist()
    )


def test_unknown_words_stand_for_themselves():
    assert standard_forms(word_hash(["zellwick"])).tolist() == word_hash(["zellwick"]).tolist()


def weights(words, counts=None, texts=0):
    hashes = standard_forms(word_hash(words))
    given_counts = np.zeros(len(words), dtype=np.int64) if counts is None else np.array(counts)
    return blended_weights(hashes, given_counts, texts)


def test_rare_words_are_worth_more_than_common_ones():
    said, rare = static_weights(standard_forms(word_hash(["the", "zellwick"])))
    assert said < rare == MAX_BITS * SCALE


def test_without_a_corpus_the_shipped_table_decides():
    words = ["the", "bank", "zellwick"]
    assert weights(words).tolist() == static_weights(standard_forms(word_hash(words))).tolist()


@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**6), min_size=2, max_size=6))
def test_the_more_texts_hold_a_word_the_less_it_is_worth(texts, counts):
    ordered = sorted(min(count, texts) for count in counts)
    found = weights(["zellwick"] * len(ordered), ordered, texts)
    assert found.dtype == np.int64
    assert (np.diff(found) <= 0).all()
    assert (found >= 0).all()
    assert (found <= MAX_BITS * SCALE).all()


def test_a_corpus_makes_a_rare_word_common():
    assert weights(["zellwick"], [10**6], 10**6)[0] < SCALE


def vocabulary(*words):
    return learn_vocabulary(dict(zip(word_hash(words).tolist(), words, strict=True)))


def ids(known, *words):
    return known.ids(word_hash(words)).tolist()


def test_a_vocabulary_knows_what_a_word_is():
    known = vocabulary(
        "banks", "bank", "41", "million", "rises", "falls", "buy", "acquires", "odlin"
    )
    stems = {word: int(known.stems[ids(known, word)[0]]) for word in ("banks", "bank", "41")}
    assert stems["banks"] == stems["bank"] >= 0
    assert stems["41"] == -1
    assert known.numbers[ids(known, "41", "banks")].tolist() == [True, False]
    up, down = known.sides[ids(known, "rises", "falls")].tolist()
    assert up ^ 1 == down
    buys = known.concepts[ids(known, "buy", "acquires")].tolist()
    assert buys[0] == buys[1] >= 0
    assert known.concepts[ids(known, "odlin")].tolist() == [-1]
    assert known.sides[ids(known, "odlin")].tolist() == [-1]


def test_spellings_share_a_number():
    known = vocabulary("million", "mln", "pct")
    assert ids(known, "million") == ids(known, "mln") != ids(known, "pct")


@pytest.mark.parametrize("spelling", ["mln", "m"])
def test_what_is_known_of_a_word_does_not_hang_on_how_it_was_spelled(spelling: str):
    one, both = vocabulary(spelling), vocabulary("million", spelling)
    assert one.hashes.tolist() == both.hashes.tolist()
    assert one.stems.tolist() == both.stems.tolist()


def test_the_first_value_of_a_table_stands():
    table = Mapping64.of(["odlin", "odlin", "bay"], [1, 2, 3])
    assert table.get(word_hash(["bay", "odlin", "quay"]), -1).tolist() == [3, 1, -1]
