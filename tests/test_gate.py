"""The gate's rules by themselves: blocks of a cluster, limits, and runs of invented corpora."""

from __future__ import annotations

from itertools import combinations

import pytest
from corpora import CORPORA, run_of, story
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.config import Settings
from dedupe.gate.gate import (
    ClusterGroup,
    accepted_entries,
    exceeded_limits,
    find_duplicates,
    merge_blocks,
    percent,
)
from dedupe.gate.models import BaselineIndex, Entry, Limits

ARREST = "Police arrest two men after museum robbery in Brindle"
HEIST = "Two arrested over Brindle museum heist"
SEEK = "Police seek two men after museum robbery in Brindle"
THRESHOLD = Settings().threshold
POSITIONS = st.integers(0, 9)
TIES = st.lists(st.sets(POSITIONS, min_size=2), max_size=4)


def reachable(start: int, ties: list[set[int]]) -> set[int]:
    """All that hangs together with a position, found the slow way."""
    held = {start}
    for _ in range(10):
        held |= {right for tie in ties for left, right in combinations_both(tie) if left in held}
    return held


def combinations_both(tie: set[int]) -> list[tuple[int, int]]:
    return [pair for a, b in combinations(tie, 2) for pair in ((a, b), (b, a))]


@given(POSITIONS, TIES, st.sets(POSITIONS, max_size=3))
def test_blocks_are_what_hangs_together(canonical: int, ties: list[set[int]], known: set[int]):
    group = ClusterGroup(canonical, list(range(10)), sorted(known))
    blocks = merge_blocks(group, [sorted(tie) for tie in ties])
    expected = {frozenset(reachable(member, [*ties, known])) for member in range(10)}
    assert set(map(frozenset, blocks)) == expected
    assert len(blocks) == len(expected)


@given(POSITIONS, TIES, st.sets(POSITIONS, max_size=3))
def test_the_story_is_kept_in_the_corpus_else_where_most_is_accepted(canonical, ties, known):
    home, *others = merge_blocks(
        ClusterGroup(canonical, list(range(10)), sorted(known)), map(sorted, ties)
    )
    if known:
        assert known <= home
    else:
        largest = [block for block in (home, *others) if len(block) >= len(home)]
        assert {len(block) for block in largest} == {len(home)}
        assert min(home) == min(min(block) for block in largest)


BOOKS = {
    "all": (["ab"], "ab", [[0, 1]], 0),
    "a new member": (["ab"], "abc", [[0, 1]], 0),
    "one is gone": (["ab"], "ac", [], 1),
    "some are gone": (["abc"], "ab", [[0, 1]], 1),
    "none is there": (["ab"], "cd", [], 1),
    "a further copy": (["aa"], "aaa", [[0, 1]], 0),
    "a copy of a member": (["ab"], "abb", [[0, 1]], 0),
    "two entries": (["ab", "cd"], "abcd", [[0, 1], [2, 3]], 0),
    "entries that overlap": (["ab", "ac"], "abc", [[0, 1], [0, 2]], 0),
    "no entry": ([], "aab", [], 0),
}


@pytest.mark.parametrize(("entries", "digests", "ties", "stale"), BOOKS.values(), ids=BOOKS)
def test_an_entry_holds_together_the_records_that_it_names(entries, digests, ties, stale):
    book = BaselineIndex([Entry("x", tuple(entry), "") for entry in entries])
    assert list(book.ties(range(len(digests)), digests)) == ties
    assert len(book.stale()) == stale


def test_an_entry_that_falls_apart_is_stale_by_what_is_lost():
    book = BaselineIndex([Entry("x", tuple("abcd"), "")])
    assert [list(book.ties([0, 1], "ab")), list(book.ties([2, 3], "cd"))] == [[[0, 1]], [[2, 3]]]
    ((accepted, left),) = [(entry.accepted, entry.left) for entry in book.stale()]
    assert (accepted, left) == (3, 2)


@pytest.mark.parametrize(("duplicates", "records"), [(29, 100), (7, 100), (1, 3), (0, 0)])
def test_a_rate_that_is_just_kept(duplicates: int, records: int):
    rate = duplicates / records if records else 0.0
    assert exceeded_limits(Limits(rate=rate), duplicates, records, 2) == ()
    assert exceeded_limits(Limits(rate=float(f"{rate:.12g}")), duplicates, records, 2) == ()
    assert exceeded_limits(Limits(rate=rate), duplicates + 1, max(records, 1), 2)


@pytest.mark.parametrize(
    ("share", "shown"), [(0.005, "0.5%"), (1 / 3, "33.33%"), (1.0, "100%"), (0.0, "0%")]
)
def test_percent(share: float, shown: str):
    assert percent(share) == shown


@given(CORPORA)
def test_what_is_accepted_passes_and_nothing_is_stale(stories):
    result = run_of(stories)
    found = find_duplicates(result)
    passed = find_duplicates(result, accepted=accepted_entries(result))
    assert len(found.found) == result.stats["duplicates"]
    assert (passed.found, passed.stale) == ((), ())
    assert passed.accepted == len(found.found)


@given(CORPORA, st.data())
def test_each_entry_that_is_taken_away_brings_its_duplicates_back(stories, data):
    result = run_of(stories)
    entries = accepted_entries(result)
    kept = data.draw(st.lists(st.sampled_from(entries), unique=True)) if entries else []
    gone = [entry for entry in entries if entry not in kept]
    expected = sum(len(entry.records) - 1 for entry in gone)
    found = find_duplicates(result, accepted=kept)
    assert len(found.found) == expected
    assert {finding.cluster for finding in found.found} == {entry.cluster for entry in gone}


@given(CORPORA)
def test_fingerprints_differ_and_places_are_of_the_records(stories):
    found = find_duplicates(run_of(stories)).found
    assert len({finding.fingerprint for finding in found}) == len(found)
    for finding in found:
        story = stories[finding.duplicate.line - 1]
        assert (finding.duplicate.id, finding.duplicate.text) == (
            story["id"], story["title"] or story["lede"],
        )  # fmt: skip
        assert finding.duplicate.line != finding.original.line


@given(CORPORA)
def test_what_matches_its_original_at_second_hand_names_a_pair(stories):
    result = run_of(stories)
    pairs = set(zip(result.pairs.left.tolist(), result.pairs.right.tolist(), strict=True))
    for finding in find_duplicates(result).found:
        told = finding.duplicate.line - 1
        if finding.through is None:
            assert finding.score >= THRESHOLD
        else:
            assert finding.score < THRESHOLD
            assert tuple(sorted((told, finding.through.line - 1))) in pairs


BAY = "Zellwick Quarries buys Odlin Bay mill"
STRIKE = "Nine days of strike ended late on Tuesday at Odlin Bay."
LIKE_ANOTHER_CLUSTER = [
    story(number, *row, "", None)
    for number, row in enumerate(
        [
            (BAY, ""), (BAY, ""), ("", ""), ("城南水库大坝 buys Odlin Bay mill", ""),
            ("城南水库大坝 calls off strike at Odlin Bay mill", STRIKE), (BAY, STRIKE),
        ]
    )
]  # fmt: skip
"""The fifth record is like the fourth, which average linkage keeps out of the cluster."""


@given(CORPORA)
@example(LIKE_ANOTHER_CLUSTER)
def test_the_later_record_is_the_duplicate_where_an_earlier_one_is_like_it(stories):
    result = run_of(stories)
    canonical = result.clustering.canonical
    pairs = list(zip(result.pairs.left.tolist(), result.pairs.right.tolist(), strict=True))
    for finding in find_duplicates(result).found:
        duplicate, original = finding.duplicate.line - 1, finding.original.line - 1
        if original > duplicate:
            like = [left for left, right in pairs if right == duplicate]
            assert not [left for left in like if canonical[left] == canonical[duplicate]]


def test_copies_of_one_text_are_named_as_copies():
    stories = [{"title": title} for title in (ARREST, HEIST, SEEK, ARREST, HEIST)]
    found = find_duplicates(run_of(stories)).found
    told = {each.duplicate.line: (each.original.line, each.reason == "exact") for each in found}
    assert told[4] == (1, True)
    assert told[5] == (2, True)
    assert all(original < duplicate for duplicate, (original, _) in told.items())


def test_the_earliest_copy_of_the_canonical_version_is_named():
    stories = [
        {"title": ARREST},
        {"title": HEIST},
        {"title": SEEK},
        {"title": ARREST, "source": "A"},
    ]
    result = run_of(stories, prefer=("source:A",))
    assert result.clustering.canonical.tolist() == [3, 3, 3, 3]
    found = find_duplicates(result).found
    assert [(each.duplicate.line, each.original.line) for each in found] == [(2, 1), (3, 1), (4, 1)]


def test_all_is_corpus():
    stories = [{"id": str(n), "title": "Old lamp stays lit", "lede": ""} for n in range(3)]
    result = run_of(stories)
    paths = {batch.path for batch in result.corpus.batches}
    found = find_duplicates(result, corpus=paths)
    assert (found.found, found.corpus, found.records) == ((), 3, 0)
    assert accepted_entries(result, paths) == []
