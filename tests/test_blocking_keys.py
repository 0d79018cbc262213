"""Shingles, signatures and anchors: datasketch is the oracle of the signatures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.blocking.keys import BANDING, blocking_keys
from dedupe.blocking.minhash import Banding, band_keys, shingles, signatures
from dedupe.blocking.rare_pairs import RARE_PAIRS, pair_hashes, rare_pairs
from dedupe.text.normalize import normalize

NO_OUTLETS = np.zeros(0, dtype=np.uint64)
HASHES = st.lists(st.integers(0, 2**32 - 1), max_size=40)
SEEDS = st.integers(0, 2**32 - 1)


def reference(hashes, slots, seed):
    """The signature by datasketch."""
    sketched = MinHash(num_perm=slots, seed=seed, scheme="affine32", hashfunc=lambda value: value)
    for value in hashes:
        sketched.update(value)
    return sketched.hashvalues.tolist()


@settings(max_examples=50)
@given(st.lists(HASHES, min_size=1, max_size=5), st.integers(1, 160), SEEDS)
def test_signatures_are_those_of_datasketch(texts, slots, seed):
    hashes = np.array([value for text in texts for value in text], dtype=np.uint32)
    offsets = np.cumsum([0, *map(len, texts)])
    expected = [reference(text, slots, seed) for text in texts]
    assert signatures(hashes, offsets, slots, seed).tolist() == expected


def test_the_signature_of_a_headline_is_that_of_datasketch():
    folded = normalize(["Ferry crews call off strike"], NO_OUTLETS)
    hashes, offsets = shingles(folded.tokens.codes, folded.starts, folded.ends, folded.spaceless)
    (signed,) = signatures(hashes, offsets, 128, 1).tolist()
    assert signed == reference(hashes.tolist(), 128, 1)


def shingle_hashes(text):
    """The shingle hashes of one folded text, in order."""
    folded = normalize([text], NO_OUTLETS)
    return shingles(folded.tokens.codes, folded.starts, folded.ends, folded.spaceless)[0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ferry", [" fer", "ferr", "erry", "rry "]),
        ("a", [" a "]),
        ("of", [" of "]),
        ("a b", [" a b", "a b "]),
        ("城南水库", [" 城", "城南", "南水", "水库", "库 "]),
        ("", []),
        ("...", []),
    ],
)
def test_shingles_are_of_four_characters_or_two(text: str, expected: list[str]):
    found = shingle_hashes(text)
    assert len(found) == len(expected)
    assert len(set(found)) == len(set(expected))


@given(st.text("ab ", max_size=12), st.text("ab ", max_size=12))
def test_shingles_are_equal_where_their_characters_are(left, right):
    def spelled(text):
        padded = f" {' '.join(text.split())} "
        return [padded[i : i + 4] for i in range(max(len(padded) - 3, 1))] if text.split() else []

    named = dict(zip(shingle_hashes(left), spelled(left), strict=True))
    others = dict(zip(shingle_hashes(right), spelled(right), strict=True))
    assert set(named) & set(others) == {
        value for value, name in (named | others).items()
        if name in named.values() and name in others.values()
    }  # fmt: skip


@given(st.lists(st.text(max_size=30), min_size=2, max_size=6), SEEDS)
def test_keys_hang_on_their_own_text_alone(texts, seed):
    together = blocking_keys(normalize(texts, NO_OUTLETS), seed)
    alone = [blocking_keys(normalize([text], NO_OUTLETS), seed) for text in texts]
    for whole, single in zip(together, zip(*alone, strict=True), strict=True):
        assert (whole == np.concatenate(single)).all()


def test_an_empty_text_has_no_key():
    bands, rarest = blocking_keys(normalize(["", "...", "Herring"], NO_OUTLETS), 1)
    assert (bands[:2] == 0).all()
    assert (rarest[:2] == 0).all()
    assert (bands[2] != 0).all()


def test_a_band_key_knows_its_band_and_its_slots():
    banding = Banding(2, 2)
    keys = band_keys(np.array([[7, 8, 7, 8], [7, 8, 8, 7], [7, 9, 7, 8]], np.uint32), banding)
    assert keys[0, 0] != keys[0, 1]
    assert keys[0, 0] == keys[1, 0]
    assert keys[0, 1] != keys[1, 1]
    assert (keys[0] == keys[2]).tolist() == [False, True]


def test_the_seed_changes_the_bands_and_not_the_anchors():
    folded = normalize(["Ferry crews at Odlin Bay call off strike"], NO_OUTLETS)
    (bands, rarest), (other_bands, other_rarest) = (
        blocking_keys(folded, 1),
        blocking_keys(folded, 2),
    )
    assert bands.shape == (1, BANDING.bands)
    assert (bands != other_bands).all()
    assert (rarest == other_rarest).all()


def anchor_set(text):
    return set(rare_pairs(normalize([text], NO_OUTLETS))[0].tolist()) - {0}


RAREST_OF = {
    "rare words and no common ones": ("the lanterns of the zellwick", "zellwick lanterns", 2),
    "word order": ("strike ends at odlin bay", "odlin bay strike at ends", 5),
    "endings": ("zellwick lanterns", "zellwick lantern", 2),
    "repeated words": ("zellwick zellwick lanterns", "zellwick lanterns", 2),
}


@pytest.mark.parametrize(("left", "right", "shared"), RAREST_OF.values(), ids=RAREST_OF)
def test_anchors_are_the_rarest_stems(left: str, right: str, shared: int):
    assert len(anchor_set(left) & anchor_set(right)) == shared
    keys = [
        set(blocking_keys(normalize([text], NO_OUTLETS), 1)[1][0].tolist()) - {0}
        for text in (left, right)
    ]
    assert len(keys[0] & keys[1]) == shared * (shared - 1) // 2


def test_a_tag_is_no_anchor():
    assert anchor_set("UPDATE 2-Zellwick lanterns") == anchor_set("Zellwick lanterns")


def test_anchor_keys_name_each_pair_once():
    rows = np.array([[5, 3, 9, 0, 0], [0, 0, 0, 0, 0]], dtype=np.uint64)
    assert rows.shape[1] == RARE_PAIRS
    first, second = pair_hashes(rows)
    assert len(set(first[first > 0].tolist())) == 3
    assert (second == 0).all()
    swapped = pair_hashes(rows[:, [1, 0, 2, 3, 4]])[0]
    assert set(swapped.tolist()) == set(first.tolist())


def test_longer_texts_beside_short_ones_are_sketched_alike():
    texts = ["odlin bay " * n for n in range(1, 9)]
    whole = blocking_keys(normalize(texts, NO_OUTLETS), 1)[0]
    for text, row in zip(texts, whole, strict=True):
        assert (blocking_keys(normalize([text], NO_OUTLETS), 1)[0][0] == row).all()
    assert all((left != right).any() for left, right in pairwise(whole[:2]))
