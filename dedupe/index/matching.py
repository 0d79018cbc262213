"""Match newcomers with an index: the core's matcher over them and the records beside them.

A node is a newcomer, or a record in play that may match one.
What recurs is counted over all records in play that the newcomers share a bucket with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges, find_in_sorted, pack, unique_sorted
from dedupe.contents import Contents, leading_texts, textless_contents
from dedupe.index.facts import DAY_ONLY, WITHDRAWN
from dedupe.index.neighbours import (
    LANE,
    count_buckets,
    find_neighbours,
    find_positions,
    lane_numbers,
    look_up,
    make_buckets,
    number_distinct,
)
from dedupe.index.newcomers import ODD, title_codes
from dedupe.index.postings import BAND, NUMBER, RARE, TITLE
from dedupe.matching import EXHAUSTIVE, Effort, Matcher, Pairs, equal_neighbours, node_order
from dedupe.models import Corpus
from dedupe.packed_texts import join_texts, unpack_texts
from dedupe.scoring.metadata import RecordMeta, Recurrence, count_stems, count_titles
from dedupe.scoring.model import log_odds_of
from dedupe.scoring.score import TextScoring

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.index.neighbours import Hits, Neighbours
    from dedupe.index.newcomers import Newcomers
    from dedupe.index.store import Store


class IndexMatcher(Matcher):
    """Finds the accepted pairs of newcomers with one another and with records of an index.

    ``corpus`` and ``columns`` are those of the ``held`` records of the index, then of the
    newcomers: the positions that ``records`` of the core's matcher refer to. ``held`` has their
    numbers.
    """

    def __init__(self, store: Store, new: Newcomers, *, alone: bool) -> None:
        lanes = np.arange(len(new)).astype(np.uint64) * np.uint64(alone)
        beside = find_neighbours(store, new, lanes)
        self.store, self.settings = store, store.settings
        self.near = beside.near
        self.held = (beside.near & NUMBER).astype(np.int64)
        self.facts = np.concatenate([store.facts.of(self.held), new.facts])
        self.lanes = np.concatenate([beside.near >> LANE, lanes])
        self.corpus = as_corpus(store, self.facts)
        self.records = node_order(
            np.flatnonzero(self.facts["content"]), self.corpus.times, self.corpus.digests
        )
        facts = self.facts[self.records]
        self.node_of = np.full(len(self.facts), -1)
        self.node_of[self.records] = np.arange(len(self.records))
        self.new = self.records >= len(self.held)
        self.effort, self.pairs = Effort(), Pairs()
        self.before = ~self.new  # so that no two records of the index are a new pair
        self.compared = np.zeros(len(self.records), bool)
        self.meta = RecordMeta(
            facts["time"].copy(), self.corpus.days_only[self.records], facts["outlet"] - 1
        )
        self._set_texts(new)
        self._set_contents(facts)
        self.threshold = log_odds_of(self.settings.threshold)
        self.least = self.threshold - self.scoring.model.most_support
        self._set_buckets(beside)
        self._title_hashes = laned(facts["title"], self.lanes[self.records])
        self._outer_titles = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        self._known_titles = unique_sorted(self._title_hashes[self.new])
        title = beside.kinds[beside.hits.buckets] == TITLE
        self.note_titles(self._known_titles, beside.lanes, beside.hits.where(title))
        everything = np.ones(len(self.records), bool)
        self._in_play = ~everything
        self.recurrence = self.count(everything, np.ones(len(self.rare), bool))

    def _set_texts(self, new: Newcomers) -> None:
        """Read the prepared texts of the records of the index, behind those of newcomers."""
        texts, rows = new.contents.texts, new.contents.rows
        if len(self.held):
            numbers, place = number_distinct(self.near & NUMBER)
            held, own = unpack_texts(self.store.prepared(numbers.tolist()), len(rows))
            own[own >= 0] += len(texts)
            rows = np.concatenate([own[:, place], rows], axis=1)
            texts = join_texts([texts, held])
        weights = np.array([field.weight for field in self.settings.field])
        rows = np.ascontiguousarray(rows[:, self.records])
        self.scoring = TextScoring(texts, rows, weights, self.settings.numbers)

    def _set_contents(self, facts: NDArray[np.void]) -> None:
        """Number the contents: those that no newcomer has are each its own."""
        hashes = laned(facts["content"], self.lanes[self.records])
        distinct, numbers = np.unique(hashes, return_inverse=True)
        shared = np.zeros(len(distinct), bool)
        shared[numbers[self.new]] = True
        own = np.where(shared[numbers], numbers, len(hashes) + np.arange(len(hashes)))
        self.contents = np.unique(own, return_inverse=True)[1]
        self._content_hashes = hashes

    def _set_buckets(self, beside: Neighbours) -> None:
        """Make the buckets of nodes, and those of all records that are counted.

        Both of rare stems are numbered alike. ``outer`` records are counted but no nodes.
        """
        kinds, hits, nodes = beside.kinds, beside.hits, len(self.records)
        held = lane_numbers(beside.lanes, hits)
        place = find_positions(beside.near, held)
        inside = place >= 0
        buckets = np.concatenate([beside.of, hits.buckets[inside]])
        members = self.node_of[np.append(len(self.held) + beside.owners, place[inside])]
        band = kinds == BAND
        own = band[buckets]
        number = np.cumsum(band) - 1
        self.bands = make_buckets(number[buckets[own]], members[own], int(band.sum()), nodes)
        sizes = np.bincount(beside.of, minlength=len(kinds))
        sizes += np.bincount(hits.buckets, minlength=len(kinds))
        rare = (kinds == RARE) & (sizes > 1)
        number, count = np.cumsum(rare) - 1, int(rare.sum())
        own = rare[buckets]
        buckets, members = number[buckets[own]], members[own]
        self.rare = make_buckets(buckets, members, count, nodes)
        outside = ~inside & rare[hits.buckets]
        outer, places = number_distinct(held[outside])
        facts = self.store.facts.of((outer & NUMBER).astype(np.int64))
        self._outer = len(outer)
        self._times = np.concatenate([self.meta.times, facts["time"]])
        contents = np.concatenate([self._content_hashes, laned(facts["content"], outer >> LANE)])
        self._counted_contents = np.unique(contents, return_inverse=True)[1]
        buckets = np.append(buckets, number[hits.buckets[outside]])
        members = np.append(members, nodes + places)
        self._counted = count_buckets(buckets, members, self._times[members], count)
        self.stems = np.ones((len(self.rare), 3), np.int64)

    @property
    def titles(self) -> NDArray[np.int64]:  # type: ignore[override]  # the core sets it once
        """The leading text of each node, 0 for one that was not read."""
        return np.maximum(leading_texts(self.scoring.rows), 0)

    def learn_titles(self, nodes: NDArray[np.int64]) -> None:
        """Look up and count all records in play that have the headlines of some nodes."""
        hashes, first = np.unique(self._title_hashes[nodes], return_index=True)
        fresh = find_in_sorted(self._known_titles, hashes) < 0
        self._known_titles = unique_sorted(np.append(self._known_titles, hashes))
        nodes, known = nodes[first[fresh]], len(self._outer_titles[0])
        if not len(nodes):
            return
        lanes = self.lanes[self.records[nodes]]
        titles = self.facts["title"][self.records[nodes]]
        codes = unique_sorted(lanes << LANE | title_codes(titles))
        self.note_titles(hashes[fresh], codes >> LANE, look_up(self.store, codes))
        if len(self._outer_titles[0]) > known:
            self.recurrence = Recurrence(self.stems, self.title_counts(self._in_play))

    def note_titles(
        self, wanted: NDArray[np.uint64], lanes: NDArray[np.uint64], hits: Hits
    ) -> None:
        """Take in the records in play that have some headlines and are no nodes.

        ``wanted`` are sorted hashes of headlines with their lanes, ``lanes`` those of the buckets.
        """
        facts = self.store.facts.of(hits.numbers)
        own = laned(facts["title"], lanes[hits.buckets])
        outside = find_in_sorted(self.near, lane_numbers(lanes, hits)) < 0
        outside &= find_in_sorted(wanted, own) >= 0
        self._outer_titles = (
            np.concatenate([self._outer_titles[0], own[outside]]),
            np.concatenate([self._outer_titles[1], facts["time"][outside]]),
        )

    def count(self, in_play: NDArray[np.bool_], changed: NDArray[np.bool_]) -> Recurrence:
        """Count what recurs among the nodes in play and all others of the index."""
        if np.array_equal(in_play, self._in_play):
            return self.recurrence
        self._in_play = in_play.copy()
        counted = np.concatenate([in_play, np.ones(self._outer, bool)])
        count_stems(
            self._counted, self._counted_contents, self._times, counted, changed, self.stems
        )
        return Recurrence(self.stems, self.title_counts(in_play))

    def title_counts(self, in_play: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Count the days and weeks of the headline of each node."""
        hashes, times = self._outer_titles
        _, titles = np.unique(np.concatenate([self._title_hashes, hashes]), return_inverse=True)
        times = np.concatenate([self.meta.times, times])
        in_play = np.concatenate([in_play, np.ones(len(hashes), bool)])
        return count_titles(titles, times, in_play)[: len(self.records)]

    def find(self, in_play: NDArray[np.bool_], progress: Callable[[float], None]) -> None:
        """Score the new candidates, among which is a newcomer each, and all pairs of few nodes."""
        count = self.search(in_play, progress)
        left, right = self.further_pairs(in_play)
        odds = self.text_odds(left, right)
        near = odds >= self.least
        self.pairs.add(pack(left[near], right[near]), odds[near])
        self.effort.candidate_pairs += count + len(left)
        self.effort.scored_pairs = len(self.pairs.keys)
        ends = np.zeros(len(self.records), bool)
        for own in (self.pairs.keys >> 32, self.pairs.keys & 0xFFFFFFFF):
            ends[own] = True
        self.learn_titles(np.flatnonzero(ends))

    def further_pairs(
        self, in_play: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of equal texts, and all of few nodes, among which a newcomer is."""
        left, right = equal_neighbours(self.contents, in_play)
        few = np.flatnonzero(in_play)
        lanes = self.lanes[self.records[few]]
        most = int(np.bincount(lanes.astype(np.int64)).max(initial=0))
        if most <= EXHAUSTIVE and (in_play & ~self.compared).any() and self.is_whole():
            self.compared = in_play.copy()
            one, other = lane_pairs(few, lanes, self.new)
            low, high = np.minimum(one, other), np.maximum(one, other)
            left, right = np.append(left, low[low < high]), np.append(right, high[low < high])
        chosen = self.new[left] | self.new[right]
        return left[chosen], right[chosen]

    def is_whole(self) -> bool:
        """Return whether all records in play are nodes."""
        return self.store.facts.leads <= EXHAUSTIVE


def lane_pairs(
    nodes: NDArray[np.int64], lanes: NDArray[np.uint64], new: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return each new node with all nodes of its lane."""
    order = np.argsort(lanes, kind="stable")
    nodes, lanes = nodes[order], lanes[order]
    own = np.flatnonzero(new[nodes])
    low = np.searchsorted(lanes, lanes[own])
    sizes = np.searchsorted(lanes, lanes[own], "right") - low
    return np.repeat(nodes[own], sizes), nodes[concat_ranges(low, sizes)]


def laned(hashes: NDArray[np.uint64], lanes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return hashes that are equal in one lane only."""
    return hashes ^ (lanes * ODD)


def as_corpus(store: Store, facts: NDArray[np.void]) -> Corpus:
    """Return the columns of records that clustering needs, from their facts."""
    return Corpus(
        batches=(),
        texts=(),
        ids=[""] * len(facts),
        sources=store.outlet_column(facts["outlet"]),
        times=facts["time"].copy(),
        days_only=(facts["flags"] & DAY_ONLY) > 0,
        digests=facts["digest"].copy(),
    )


def as_contents(matcher: IndexMatcher) -> Contents:
    """Return the contents that clustering needs, of a matcher's records."""
    return contents_of_facts(matcher.facts)


def contents_of_facts(facts: NDArray[np.void]) -> Contents:
    """Return the contents that clustering needs, without the texts."""
    return textless_contents(
        facts["version"].astype(np.uint8),
        facts["length"].astype(np.int32),
        np.zeros(len(facts), np.int8),
        facts["completeness"].astype(np.int8),
        (facts["flags"] & WITHDRAWN) > 0,
    )
