"""Keys to pairs: brute force on small inputs, caps on hot buckets, and the promised recall."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.candidates import HOT, NEIGHBOURS, propose
from dedupe.hashing import mix64
from dedupe.sketch import BANDING
from dedupe.sketch.minhash import Banding, band_keys, signatures

TEXTS = 7
FAMILY = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 4), min_size=width, max_size=width),
        min_size=TEXTS,
        max_size=TEXTS,
    )
)


def found_pairs(families, order):
    arrays = [np.array(family, dtype=np.uint64) for family in families]
    found = propose(arrays, np.array(order, dtype=np.int64))
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    return set(pairs), found


def sharing(families):
    """All pairs of texts that share a key other than 0 within a family."""
    return {
        (one, other)
        for family in families
        for one, other in combinations(range(len(family)), 2)
        if (set(family[one]) & set(family[other])) - {0}
    }


@given(st.lists(FAMILY, min_size=1, max_size=3), st.permutations(range(TEXTS)))
def test_small_buckets_give_all_pairs_that_share_a_key(families, order):
    pairs, found = found_pairs(families, order)
    assert pairs == sharing(families)
    assert found.hot_buckets == 0


def test_families_do_not_meet():
    assert found_pairs([[[1], [0]], [[0], [1]]], [0, 1])[0] == set()


def test_the_fullest_bucket_that_is_not_hot():
    pairs, found = found_pairs([[[5]] * HOT], range(HOT))
    assert len(pairs) == HOT * (HOT - 1) // 2
    assert (found.hot_buckets, found.largest_bucket) == (0, HOT)


def test_in_a_hot_bucket_each_meets_its_next_ones_by_order():
    count = HOT + 30
    order = np.random.default_rng(3).permutation(count)
    pairs, found = found_pairs([[[5]] * count, [[0]] * count], order)
    near = {
        (one, other)
        for one, other in combinations(range(count), 2)
        if abs(order[one] - order[other]) <= NEIGHBOURS
    }
    assert pairs == near
    assert (found.hot_buckets, found.largest_bucket) == (1, count)


def test_no_texts():
    found = propose([np.zeros((0, 3), dtype=np.uint64)], np.zeros(0, dtype=np.int64))
    assert (len(found.left), found.hot_buckets, found.largest_bucket) == (0, 0, 0)


PAIRS = 1500
SHINGLES = 60


def overlapping(shared: int):
    """Hashes of pairs of texts of so many shingles that share some; and the text boundaries."""
    fresh = 2 * SHINGLES - shared
    base = np.arange(PAIRS * fresh, dtype=np.uint64).reshape(PAIRS, fresh)
    drawn = (mix64(base + np.uint64(1)) >> np.uint64(32)).astype(np.uint32)
    texts = np.stack([drawn[:, :SHINGLES], drawn[:, fresh - SHINGLES :]], axis=1)
    return texts.ravel(), np.arange(2 * PAIRS + 1) * SHINGLES


@pytest.mark.parametrize("banding", [BANDING, Banding(32, 4), Banding(9, 13)], ids=str)
@pytest.mark.parametrize("shared", [20, 30, 40, 48])
def test_recall_is_what_the_banding_states(banding: Banding, shared: int):
    hashes, offsets = overlapping(shared)
    keys = band_keys(signatures(hashes, offsets, banding.slots, 1), banding)
    met = (keys[0::2] == keys[1::2]).any(axis=1).mean()
    stated = banding.recall(shared / (2 * SHINGLES - shared))
    # Slots of one seed are shared by all pairs, so pairs are not quite independent draws.
    noise = 6 * np.sqrt(stated * (1 - stated) / PAIRS) + 0.01
    assert abs(met - stated) < noise


def test_the_banding_in_use_finds_nearly_all_pairs_at_seven_tenths():
    assert BANDING.recall(0.7) > 0.98
    assert BANDING.recall(0.0) == 0
    assert BANDING.recall(1.0) == 1
