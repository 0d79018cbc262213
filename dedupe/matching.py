"""Find and score the pairs of the records in play, pass after pass.

A pair's text score never changes, so it is computed once. What recurs is counted anew over the
records in play of each pass, and only ever raises scores, since there are fewer of them. A pass
therefore looks at new candidates in buckets that changed, and at pairs whose text score is near
the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import Number, change_mask, find_in_sorted, first_places, pack, renumber
from dedupe.blocking.look_back import (
    RARE_REACH,
    count_cut,
    group_records,
    look_back,
)
from dedupe.resources import map_slices, release_memory, thread_map
from dedupe.scoring.metadata import (
    RecordMeta,
    Recurrence,
    adjustments,
    count_stems,
    count_titles,
    reach_seconds,
)
from dedupe.scoring.model import log_odds_of, probability
from dedupe.scoring.score import (
    TextScoring,
    score_candidates,
    score_pairs,
    similarities,
)
from dedupe.tokens import Fact

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.contents import Contents

EXHAUSTIVE = 1000
"""So few records in play are all compared with one another."""
RECORDS_AT_ONCE = 1 << 12
"""So many records look back and are scored together."""


@dataclass
class Effort:
    """What matching took, for ``--stats``.

    ``cut_look_backs`` counts how often a record had more candidates in a bucket of rare stems than
    it looks back at.
    """

    passes: int = 0
    candidate_pairs: int = 0
    scored_pairs: int = 0
    largest_bucket: int = 0
    cut_look_backs: int = 0


@dataclass
class Pairs:
    """Pairs of nodes with a text score near the threshold or above, sorted by pair key."""

    keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    log_odds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def add(self, keys: NDArray[np.int64], log_odds: NDArray[np.float64]) -> None:
        """Take in more pairs; what is known already stays."""
        order = np.argsort(keys, kind="stable")
        keys, log_odds = keys[order], log_odds[order]
        fresh = change_mask(keys) & (find_in_sorted(self.keys, keys) < 0)
        keys, log_odds = keys[fresh], log_odds[fresh]
        if not len(self.keys):
            self.keys, self.log_odds = keys, log_odds
            return
        places = np.searchsorted(self.keys, keys)
        self.keys = np.insert(self.keys, places, keys)
        self.log_odds = np.insert(self.log_odds, places, log_odds)


class Matcher:
    """Finds the accepted pairs among nodes.

    A node is a record with a text. Nodes are numbered in order of time, undated ones first, then by
    digest. ``records`` has the record of each.
    """

    def __init__(
        self,
        nodes: NDArray[np.int64],
        contents: Contents,
        meta: RecordMeta,
        settings: Settings,
    ) -> None:
        self.settings = settings
        self.records = nodes
        weights = np.array([field.weight for field in settings.field], np.float64)
        rows = np.ascontiguousarray(contents.rows[:, nodes])
        texts = contents.without_keys().texts
        self.scoring = TextScoring(texts, rows, weights, settings.numbers)
        self.meta = RecordMeta(meta.times[nodes], meta.days_only[nodes], meta.outlets[nodes])
        self.contents = renumber(contents.ids[nodes])
        self.titles = contents.titles[nodes]
        self.rare = group_records(contents.record_keys("rare_keys", nodes))
        self.bands = group_records(contents.record_keys("band_keys", nodes), chains_only=True)
        release_memory()
        self.stems = np.ones((len(self.rare), 3), np.int64)
        self.before = np.zeros(len(nodes), bool)
        self.compared = np.zeros(len(nodes), bool)
        self.pairs = Pairs()
        self.effort = Effort(
            largest_bucket=int(np.diff(self.rare.starts).max(initial=0)),
            cut_look_backs=count_cut(self.rare, self.meta.times, RARE_REACH),
        )
        self.threshold = log_odds_of(settings.threshold)
        self.least = self.threshold - self.scoring.model.most_support
        everything = np.ones(len(nodes), bool)
        self.recurrence = self.count(everything, np.ones(len(self.rare), bool))

    def count(self, in_play: NDArray[np.bool_], changed: NDArray[np.bool_]) -> Recurrence:
        """Count what recurs among the nodes in play; only stems of changed buckets anew."""
        count_stems(self.rare, self.contents, self.meta.times, in_play, changed, self.stems)
        return Recurrence(self.stems, count_titles(self.titles, self.meta.times, in_play))

    def reach(self) -> NDArray[np.int64]:
        """Return how many seconds apart two records of each content are still one story."""
        counts = np.bincount(self.contents)
        firsts = first_places(self.contents, len(counts))
        out = np.zeros(len(firsts), np.int64)
        many = np.flatnonzero(counts > 1)
        nodes = firsts[many]
        needed = self.threshold - self.text_odds(nodes, nodes)
        model = self.scoring.model
        out[many] = reach_seconds(model, self.meta, self.recurrence, self.rare, nodes, needed)
        facts = self.scoring.texts.facts[self.titles[firsts]]
        out[(facts & Fact.GENERIC) > 0] = 0
        return out

    def scores(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the scores of any pairs of nodes under the last counts, 0 to 1."""
        return probability(self.text_odds(left, right) + self.adjust(left, right))

    def text_odds(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the log-odds of any pairs of nodes by their texts alone."""
        return map_slices(self.settings.jobs, partial(score_pairs, self.scoring), left, right)

    def similarities(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the similarity of each field of pairs of nodes, NaN where one lacks it."""
        return map_slices(self.settings.jobs, partial(similarities, self.scoring), left, right)

    def adjust(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what metadata adds to the log-odds of pairs of nodes."""
        return map_slices(self.settings.jobs, self.adjust_some, left, right)

    def adjust_some(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what metadata adds to the log-odds of some pairs of nodes."""
        equal = self.contents[left] == self.contents[right]
        return adjustments(
            self.scoring.model, self.meta, self.recurrence, self.rare, left, right, equal
        )

    def accepted(
        self, in_play: NDArray[np.bool_], progress: Callable[[float], None]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the accepted pairs of the nodes in play, as sorted pair keys and scores."""
        self.effort.passes += 1
        self.recurrence = self.count(in_play, self.rare.touched(in_play != self.before))
        self.find(in_play, progress)
        self.before = in_play.copy()
        return self.pairs_at_threshold(in_play)

    def find(
        self,
        in_play: NDArray[np.bool_],
        progress: Callable[[float], None],
    ) -> None:
        """Score the new candidates, and all pairs of few nodes."""
        count = self.search(in_play, progress)
        left, right = equal_neighbours(self.contents, in_play)
        few = np.flatnonzero(in_play)
        if len(few) <= EXHAUSTIVE and (in_play & ~self.compared).any():
            self.compared = in_play.copy()
            one, other = np.triu_indices(len(few), 1)
            left, right = np.append(left, few[one]), np.append(right, few[other])
        odds = self.text_odds(left, right)
        near = odds >= self.least
        self.pairs.add(pack(left[near], right[near]), odds[near])
        self.effort.candidate_pairs += count + len(left)
        self.effort.scored_pairs = len(self.pairs.keys)

    def search(self, in_play: NDArray[np.bool_], progress: Callable[[float], None]) -> int:
        """Score the new candidates; return how many there were."""
        look = look_back(self.rare, self.bands, in_play, self.before, self.meta.times)
        count = len(in_play)
        cuts = range(0, count, RECORDS_AT_ONCE if kernel.available() else count or 1)
        total, keys, log_odds = 0, [np.zeros(0, np.int64)], [np.zeros(0)]

        def score(start: int) -> tuple[int, NDArray[np.int64], NDArray[np.float64]]:
            found = look.candidates(start, min(start + cuts.step, count))
            scored = score_candidates(self.scoring, found, self.least)
            left, right = (scored[name].astype(np.int64) for name in ("right", "left"))
            return len(found), pack(left, right), scored["log_odds"].copy()

        with thread_map(self.settings.jobs if len(cuts) > 1 else 1) as spread:
            for done, (number, own, odds) in enumerate(spread(score, cuts), 1):
                total += number
                keys.append(own)
                log_odds.append(odds)
                progress(done / len(cuts))
        self.pairs.add(join_and_clear(keys), join_and_clear(log_odds))
        return total

    def pairs_at_threshold(
        self, in_play: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the known pairs of the nodes in play that reach the threshold."""
        left, right = self.pairs.keys >> 32, self.pairs.keys & 0xFFFFFFFF
        own = np.flatnonzero(in_play[left] & in_play[right])
        left, right = left[own], right[own]
        odds = self.pairs.log_odds[own] + self.adjust(left, right)
        passing = odds >= self.threshold
        return self.pairs.keys[own][passing], probability(odds[passing])


def join_and_clear(parts: list[NDArray[Number]]) -> NDArray[Number]:
    """Return the concatenation of arrays, which are given up."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def equal_neighbours(
    contents: NDArray[np.int64], in_play: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of nodes in play of one content that follow each other in time."""
    remaining = np.flatnonzero(in_play)
    order = remaining[np.argsort(contents[remaining], kind="stable")]
    same = contents[order[1:]] == contents[order[:-1]]
    return order[:-1][same], order[1:][same]


def node_order(
    records: NDArray[np.int64], times: NDArray[np.int64], digests: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """Return records in order of time, undated ones first, then by digest."""
    order = records[np.argsort(times[records], kind="stable")]
    own = times[order]
    same = own[1:] == own[:-1]
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    if len(tied):
        some = order[tied]
        order[tied] = some[np.lexsort((some, digests[some], times[some]))]
    return order
