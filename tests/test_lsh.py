"""Keys to pairs: brute force on small inputs, caps on hot buckets, and the promised recall.

The kernel is held against numpy bit for bit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import agree, bits, needs_kernel

from dedupe import kernel
from dedupe.blocking import lsh
from dedupe.blocking.keys import BANDING
from dedupe.blocking.lsh import (
    MAX_BUCKET,
    NEIGHBOURS,
    BlockingTable,
    candidate_pairs,
    keys_of_oversized,
    rows_with_keys,
)
from dedupe.blocking.minhash import Banding, band_keys, signatures
from dedupe.hashing import mix64

TEXTS = 7
FAMILY = st.integers(1, 3).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 4), min_size=width, max_size=width),
        min_size=TEXTS,
        max_size=TEXTS,
    )
)


def found_pairs(families, order):
    names = np.argsort(order)
    arrays = [BlockingTable(np.array(family, dtype=np.uint64), names, names) for family in families]
    found = candidate_pairs(arrays)
    pairs = list(zip(*(ends.tolist() for ends in found.left_right()), strict=True))
    assert len(set(pairs)) == len(pairs)
    return set(pairs), found


def sharing(families):
    """All pairs of texts that share a key other than 0 within a family."""
    return {
        (left, right)
        for family in families
        for left, right in combinations(range(len(family)), 2)
        if (set(family[left]) & set(family[right])) - {0}
    }


@given(st.lists(FAMILY, min_size=1, max_size=3), st.permutations(range(TEXTS)))
def test_small_buckets_give_all_pairs_that_share_a_key(families, order):
    pairs, found = found_pairs(families, order)
    assert pairs == sharing(families)
    assert found.oversized_buckets == 0


def test_families_do_not_meet():
    assert found_pairs([[[1], [0]], [[0], [1]]], [0, 1])[0] == set()


def test_the_fullest_bucket_that_is_not_hot():
    pairs, found = found_pairs([[[5]] * MAX_BUCKET], range(MAX_BUCKET))
    assert len(pairs) == MAX_BUCKET * (MAX_BUCKET - 1) // 2
    assert (found.oversized_buckets, found.largest_bucket) == (0, MAX_BUCKET)


def test_in_a_hot_bucket_each_meets_its_next_ones_by_order():
    count = MAX_BUCKET + 30
    order = np.random.default_rng(3).permutation(count)
    pairs, found = found_pairs([[[5]] * count, [[0]] * count], order)
    near = {
        (left, right)
        for left, right in combinations(range(count), 2)
        if abs(order[left] - order[right]) <= NEIGHBOURS
    }
    assert pairs == near
    assert (found.oversized_buckets, found.largest_bucket) == (1, count)


def test_no_texts():
    nobody = np.zeros(0, dtype=np.int64)
    found = candidate_pairs([BlockingTable(np.zeros((0, 3), dtype=np.uint64), nobody, nobody)])
    assert (found.count, found.oversized_buckets, found.largest_bucket) == (0, 0, 0)


@pytest.mark.parametrize(("keys", "largest"), [([[0, 0]], 0), ([[7, 0], [8, 9]], 1)])
def test_keys_that_nobody_shares(keys, largest):
    pairs, found = found_pairs([keys], range(len(keys)))
    assert (pairs, found.oversized_buckets, found.largest_bucket) == (set(), 0, largest)


@st.composite
def crowds(draw):
    """Families of up to some hundred texts and eight columns, in which keys meet often."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    texts, rows = draw(st.integers(0, 400)), draw(st.integers(1, 300))
    names = generator.permutation(2**31 - 1 - np.arange(texts))
    families = []
    for width in draw(st.lists(st.integers(1, 8), min_size=1, max_size=3)):
        keys = generator.integers(0, draw(st.sampled_from((2, 9, 300))), (rows, width))
        spread = mix64(keys.astype(np.uint64)) if draw(st.booleans()) else keys.astype(np.uint64)
        laid = np.asfortranarray(spread) if draw(st.booleans()) else spread
        families.append(BlockingTable(laid, generator.integers(0, rows, texts), names))
    return families


@needs_kernel
@given(crowds(), st.integers(0, 3))
def test_the_kernel_pairs_as_numpy_does(crowd, jobs):
    assert agree(lambda: candidate_pairs(crowd, jobs))


def template(count):
    """Texts whose every key is one of few, as of a template that differs in a number."""
    keys = np.arange(count, dtype=np.uint64)[:, None] % np.array([1, 2, 50], dtype=np.uint64)
    return [BlockingTable(mix64(keys + np.uint64(1)), np.arange(count), np.arange(count))] * 3


def test_threads_and_sorting_early_change_nothing(monkeypatch):
    found = candidate_pairs(template(1000))
    monkeypatch.setattr(lsh, "ROWS_PER_PART", 10)
    assert all(bits(candidate_pairs(template(1000), jobs)) == bits(found) for jobs in (0, 1, 5))


def test_the_parts_of_a_family_are_all_of_it():
    family, *_ = template(500)
    parts = [replace(family, part=part, parts=3) for part in range(3)]
    found = [lsh.pair_table(0, part) for part in parts]
    assert min(len(part.pairs) for part in found) > 0
    whole, all_of_it = (lsh.join_tables(part) for part in (found, [lsh.pair_table(0, family)]))
    assert whole.pairs.tolist() == all_of_it.pairs.tolist()
    assert sorted(whole.bucket_keys.tolist()) == sorted(all_of_it.bucket_keys.tolist())


def sound_grouping():
    """Sound arguments of ``group_keys``, by name: three texts of which two share a key."""
    return {
        "keys": np.array([[5, 0], [6, 5], [7, 8]], dtype=np.uint64),
        "rows": np.arange(3),
        "names": np.arange(3),
        "part": np.array([0, 1], dtype=np.uint64),
        "members": np.zeros(2, dtype=np.uint32),
        "sizes": np.zeros(1, dtype=np.uint32),
        "shared": np.zeros(1, dtype=np.uint64),
    }


BOUNDS = "out of bounds or order"


@needs_kernel
def test_sound_keys_are_grouped():
    given = sound_grouping()
    assert kernel.group_keys(*given.values()) == 1
    assert (given["members"].tolist(), given["sizes"].tolist()) == ([0, 1], [2])
    assert given["shared"].tolist() == [5]


@needs_kernel
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("keys", np.zeros(3, dtype=np.uint64), "keys: not a matrix of 3 rows"),
        ("keys", np.array(5, dtype=np.uint64), "keys: not a matrix"),
        ("rows", np.array([0, 1, 3]), BOUNDS),
        ("rows", np.array([0, -1, 2]), BOUNDS),
        ("names", np.array([0, 1, -1]), BOUNDS),
        ("names", np.array([0, 1, 2**31]), BOUNDS),
        ("names", np.arange(2), "names: a wrong number of items"),
        ("part", np.array([0], dtype=np.uint64), BOUNDS),
        ("part", np.array([0, 0], dtype=np.uint64), BOUNDS),
        ("part", np.array([1, 1], dtype=np.uint64), BOUNDS),
        ("part", np.array([0, 2**32], dtype=np.uint64), BOUNDS),
        ("members", np.zeros(1, dtype=np.uint32), BOUNDS),
        ("sizes", np.zeros(0, dtype=np.uint32), BOUNDS),
        ("shared", np.zeros(0, dtype=np.uint64), BOUNDS),
    ],
)
def test_keys_that_lie_are_refused(name, value, reason):
    with pytest.raises(ValueError, match=reason):
        kernel.group_keys(*(sound_grouping() | {name: value}).values())


@needs_kernel
@pytest.mark.parametrize(("members", "sizes", "room"), [(3, [2, 2], 9), (3, [3], 2), (2, [3], 9)])
def test_buckets_that_lie_are_refused(members, sizes, room):
    ids, counts = np.arange(members, dtype=np.uint32), np.array(sizes, dtype=np.uint32)
    with pytest.raises(ValueError, match=BOUNDS):
        kernel.pair_members(ids, counts, np.zeros(room, dtype=np.int64))


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


@given(crowds())
def test_the_keys_of_hot_buckets_are_told_family_by_family(families):
    assert candidate_pairs(families).oversized_keys.tolist() == [
        [number, key]
        for number, family in enumerate(families)
        for key, many in sorted(
            Counter(key for row in family.rows for key in family.keys[row].tolist() if key).items()
        )
        if many > MAX_BUCKET
    ]


@given(crowds())
def test_hot_buckets_that_meet_again_bring_what_they_brought(families):
    found = candidate_pairs(families)
    again = candidate_pairs(
        [
            rows_with_keys(f, keys_of_oversized(found.oversized_keys, i))
            for i, f in enumerate(families)
        ]
    )
    assert again.oversized_keys.tolist() == found.oversized_keys.tolist()
    assert again.largest_bucket == (found.largest_bucket if found.oversized_buckets else 0)
    assert set(again.pair_keys().tolist()) <= set(found.pair_keys().tolist())
    cold = candidate_pairs(
        [without(f, keys_of_oversized(found.oversized_keys, i)) for i, f in enumerate(families)]
    )
    assert not cold.oversized_buckets
    assert set(cold.pair_keys().tolist()) | set(again.pair_keys().tolist()) == set(
        found.pair_keys().tolist()
    )


def without(family, hot):
    return replace(family, keys=np.where(np.isin(family.keys, hot), np.uint64(0), family.keys))


@given(st.lists(st.lists(st.integers(0, 9), max_size=5), max_size=9), st.integers(1, 12))
def test_parts_are_heaped_up_to_a_size(parts, least):
    heaps = list(lsh.rebatch([np.array(part, np.int64) for part in parts], least))
    assert [value for heap in heaps for value in heap.tolist()] == [*chain(*parts)]
    assert all(len(heap) >= least for heap in heaps[:-1])
    assert all(len(heap) > 0 for heap in heaps)
