"""Postings against the obvious: a sorted list of pairs."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels import agree, needs_kernel

from dedupe.blocking.lsh import MAX_BUCKET, NEIGHBOURS
from dedupe.index import cache as holding_room
from dedupe.index import lookup, memtable, postings, schema, search, segments
from dedupe.index.cache import SegmentCache
from dedupe.index.memtable import ENOUGH, Memtable
from dedupe.index.postings import (
    GROUP,
    MOST_SHORT,
    Segment,
    Spans,
    all_of,
    bits_for,
    buckets_of,
    key_spans,
    merge_postings_in_parts,
    pack_postings,
    rows_of,
    unpack_postings,
)
from dedupe.index.segments import FANOUT

KEYS = st.one_of(
    st.sampled_from((0, 1, 2**31, 2**32 - 1)), st.integers(0, 40), st.integers(0, 2**32 - 1)
)
POSTINGS = st.lists(st.tuples(KEYS, st.integers(0, 999)), max_size=60)
FIRST = 7


def arrays(pairs):
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return table[:, 0].astype(np.uint32), table[:, 1]


def database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(schema.TABLES)
    return made


@given(st.lists(KEYS, max_size=30))
def test_keys_are_numbered_as_numpy_numbers_them(keys):
    given = np.array(keys, np.uint32)
    for left, right in zip(
        lookup.numbered(given), np.unique(given, return_inverse=True), strict=True
    ):
        assert left.tolist() == right.tolist()


@given(POSTINGS)
def test_what_is_packed_comes_out_sorted(pairs):
    keys, places = arrays(pairs)
    bits = bits_for(1000)
    packed = list(pack_postings(keys, places, bits))
    assert [part for part, _ in packed] == list(range((1 << bits) // GROUP))
    held = unpack_postings([data for _, data in packed])
    assert list(zip(*map(np.ndarray.tolist, all_of(held, bits)), strict=True)) == sorted(pairs)


@pytest.mark.parametrize("few", [1, 10**9], ids=["part by part", "all parts"])
@given(POSTINGS, st.lists(KEYS, max_size=10, unique=True))
def test_a_segment_and_the_tail_find_what_a_scan_finds(few, pairs, wanted):
    keys, seqs = arrays(pairs)
    seqs = seqs + FIRST
    asked = np.array(sorted(wanted), np.uint32)
    expected = sorted(
        (number, int(seq))
        for number, key in enumerate(asked.tolist())
        for other, seq in zip(keys.tolist(), seqs.tolist(), strict=True)
        if key == other
    )
    made = database()
    segments.write_segment(made, FIRST, FIRST + 999, (keys, seqs))
    (segment,) = segments.read_segments(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "FEW", few)
        patch.setattr(segments, "AT_ONCE", 3)
        owners, rows, gone = search.find_postings(made, [segment], asked)
    assert not gone.any()
    assert sorted(zip(owners.tolist(), rows.tolist(), strict=True)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memtable, "FEW", 2 if few == 1 else 4096)
        held = Memtable(FIRST)
        for cut in (slice(0, 1), slice(1, 3), slice(3, None)):
            held.add(keys[cut], seqs[cut], FIRST + 1000)
    owners, rows = held.find(asked)
    assert sorted(zip(owners.tolist(), rows.tolist(), strict=True)) == expected
    assert sorted(zip(*map(np.ndarray.tolist, held.postings()), strict=True)) == sorted(
        zip(keys.tolist(), seqs.tolist(), strict=True)
    )


@needs_kernel
@given(POSTINGS, st.lists(KEYS, max_size=10, unique=True), st.integers(1, 9))
def test_keys_are_found_as_numpy_finds_them(pairs, wanted, most):
    keys, places = arrays([*pairs, *[(7, place) for place in range(12)]])
    bits = bits_for(1000)
    parts = unpack_postings([data for _, data in pack_postings(keys, places, bits)])
    asked = np.array(sorted({*wanted, 7}), np.uint32)
    segment = Segment(1, FIRST, FIRST + 999, bits)
    every, numbers = np.full(len(asked), bits), np.arange(len(asked))

    def told():
        firsts, sizes = key_spans(parts, segment.part_of(asked), asked, every)
        found = Spans(firsts, sizes, numbers, every, numbers + FIRST)
        return firsts[sizes > 0], sizes, *rows_of(parts, found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings, "MOST", most)
        patch.setattr(postings, "LIMITS", np.array([most, NEIGHBOURS]))
        assert agree(told)


@needs_kernel
@given(st.lists(POSTINGS, min_size=1, max_size=4), st.sampled_from((1, 2, 4)))
def test_segments_merge_as_numpy_merges_them(held, shares):
    sources, first = [], FIRST
    for pairs, span in zip(held, (1000, 16, 200, 1000), strict=False):
        keys, places = arrays([(key, place % span) for key, place in pairs])
        segment = Segment(len(sources), first, first + span - 1, bits_for(span))
        sources.append((segment, [data for _, data in pack_postings(keys, places, segment.bits)]))
        first += span
    into = Segment(9, FIRST, first - 1, bits_for(first - FIRST))

    def told():
        parts = []
        for share in range(shares):
            some = [
                (each, blobs[share * len(blobs) // shares : (share + 1) * len(blobs) // shares])
                for each, blobs in sources
            ]
            parts += merge_postings_in_parts(some, into, share, shares)
        return parts

    assert agree(told)
    keys, places = all_of(unpack_postings([data for _, data in told()]), into.bits)
    expected = [
        (key, each.first - FIRST + place % (each.last - each.first + 1))
        for (each, _), pairs in zip(sources, held, strict=False)
        for key, place in pairs
    ]
    assert sorted(zip(keys.tolist(), places.tolist(), strict=True)) == sorted(expected)


def test_a_part_of_very_many_entries_is_merged():
    count = MOST_SHORT + 1
    source = [data for _, data in pack_postings(np.zeros(count, np.uint32), np.arange(count), 17)]
    segment = Segment(1, 0, (1 << 17) - 1, 17)
    (_, data), *_ = merge_postings_in_parts([(segment, source)], Segment(2, 0, 2 * count, 18), 0, 1)
    keys, places = all_of(unpack_postings([data]), 18)
    assert not keys.any()
    assert places.tolist() == list(range(count))


@needs_kernel
def test_a_part_that_lies_is_refused():
    (_, data), *_ = pack_postings(np.zeros(3, np.uint32), np.arange(3), 4)
    none = np.zeros(1, np.int64)
    for blob in (data + b"\0\0\0\0", data[:4]):
        with pytest.raises(ValueError, match="out of bounds"):
            key_spans(unpack_postings([blob]), none, np.zeros(1, np.uint32), none + 4)


@given(st.lists(st.lists(KEYS, min_size=1, max_size=5, unique=True), max_size=12), st.data())
def test_what_is_held_of_segments_changes_no_find(asked, data):
    made, holding, first = database(), SegmentCache(), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holding_room, "MOST_BYTES", data.draw(st.sampled_from((0, 400, 1 << 20))))
        patch.setattr(holding_room, "WORDS", 2)
        patch.setattr(search, "AT_ONCE", 2)
        for wanted in asked:
            if data.draw(st.booleans()):
                span = data.draw(st.sampled_from((5, 30, 50)))
                pairs = data.draw(st.lists(st.tuples(KEYS, st.integers(0, span - 1)), max_size=30))
                keys, places = arrays(pairs)
                segments.write_segment(made, first, first + span - 1, (keys, places + first))
                first += span
            elif first and data.draw(st.booleans()):
                segments.merge(made, segments.read_segments(made)[-2:])
            there = segments.read_segments(made)
            sought = np.array(sorted(wanted), np.uint32)
            owners, rows, gone = search.find_postings(made, there, sought, holding)
            ours = sorted(zip(owners.tolist(), rows.tolist(), strict=True))
            owners, rows, expected = search.find_postings(made, there, sought)
            assert ours == sorted(zip(owners.tolist(), rows.tolist(), strict=True))
            assert gone.tolist() == expected.tolist()
            assert all(each in there for each in holding.segments)
            assert sorted([*holding.segments, *holding.others], key=there.index) == there


def test_a_segment_is_held_when_it_is_asked_for_often_enough():
    made, holding = database(), SegmentCache()
    segments.write_segment(made, 0, 999, (np.arange(1000, dtype=np.uint32), np.arange(1000)))
    there, key = segments.read_segments(made), np.zeros(1, np.uint32)
    asked = there[0].parts // holding_room.WORTH
    for _ in range(asked - 1):
        search.find_postings(made, there, key, holding)
    assert not holding.segments
    search.find_postings(made, there, key, holding)
    assert holding.segments == there


def test_no_more_segments_are_held_than_there_is_room_for(monkeypatch):
    made, holding = database(), SegmentCache()
    keys, places = np.repeat(np.arange(500, dtype=np.uint32) << 22, 2), np.arange(1000)
    for first, span in ((0, 1000), (1000, 100), (1100, 300)):
        segments.write_segment(made, first, first + span - 1, (keys[:span], places[:span] + first))
    there = segments.read_segments(made)
    monkeypatch.setattr(holding_room, "MOST_BYTES", 6000)
    monkeypatch.setattr(holding_room, "WORDS", 1)
    search.find_postings(made, there, np.unique(keys), holding)
    assert [each.first for each in holding.segments] == [1000, 1100]
    assert holding.parts.data.nbytes <= 6000


def test_a_part_of_another_length_is_refused():
    (_, data), *_ = pack_postings(np.zeros(3, np.uint32), np.arange(3), 4)
    with pytest.raises(ValueError, match="another length"):
        buckets_of(unpack_postings([data + b"\0\0\0\0"]))
    with pytest.raises(ValueError, match="cut short"):
        buckets_of(unpack_postings([data[:4]]))


def test_a_part_of_very_many_entries_is_packed_and_found():
    count = MOST_SHORT + 1
    packed = list(pack_postings(np.zeros(count, np.uint32), np.arange(count), 17, 0, 1 << 15))
    held = unpack_postings([data for _, data in packed])
    keys, places = all_of(held, 17)
    assert not keys.any()
    assert places.tolist() == list(range(count))


@pytest.mark.parametrize("count", [1, MAX_BUCKET, MAX_BUCKET + 1, 1000])
def test_of_many_rows_a_sample_and_the_last_are_found(count: int):
    rows = np.arange(count)
    held = search.gather_hits(
        [(np.ones(count, np.int64), rows[::-1].copy())], np.zeros(2, np.int64)
    )
    assert held.totals.tolist() == [0, count]
    assert held.starts[1] == 0
    near = held.rows[held.near].tolist()
    assert near == list(range(count) if count <= MAX_BUCKET else range(count - NEIGHBOURS, count))
    assert min(count, MAX_BUCKET) <= len(held.rows) <= MAX_BUCKET + NEIGHBOURS
    gaps = np.diff(held.rows)
    assert (gaps > 0).all()
    assert gaps.max(initial=1) <= -(-count // MAX_BUCKET) + 1


def test_of_a_key_that_a_segment_is_full_of_some_rows_are_read():
    made = database()
    count = 10 * postings.MOST
    segments.write_segment(made, 0, count - 1, (np.full(count, 7, np.uint32), np.arange(count)))
    (segment,) = segments.read_segments(made)
    owners, rows, gone = search.find_postings(made, [segment], np.array([3, 7], np.uint32))
    assert (owners == 1).all()
    assert (len(rows), gone.tolist()) == (postings.MOST, [0, count - postings.MOST])
    assert rows[-NEIGHBOURS:].tolist() == list(range(count - NEIGHBOURS, count))
    assert rows[0] == 0
    assert (np.diff(rows) > 0).all()
    assert np.diff(rows).max() < 100
    held = search.gather_hits([(owners, rows)], gone)
    assert held.totals.tolist() == [0, count]


def test_segments_merge_in_tiers():
    made = database()
    rng = np.random.default_rng(1)
    written = []
    for number in range(FANOUT * FANOUT + 1):
        seqs = np.arange(number * ENOUGH, (number + 1) * ENOUGH)
        keys = rng.integers(0, 1 << 32, ENOUGH, dtype=np.uint32)
        written += list(zip(keys.tolist(), seqs.tolist(), strict=True))
        segments.write_segment(made, int(seqs[0]), int(seqs[-1]), (keys, seqs))
        segments.tidy(made)
        assert len(segments.read_segments(made)) <= 2 * FANOUT
    held = segments.read_segments(made)
    assert [segment.last - segment.first + 1 for segment in held] == [FANOUT**2 * ENOUGH, ENOUGH]
    keys, seqs = zip(*(segments.postings_of(made, segment) for segment in held), strict=True)
    pairs = zip(np.concatenate(keys).tolist(), np.concatenate(seqs).tolist(), strict=True)
    assert sorted(pairs) == sorted(written)
