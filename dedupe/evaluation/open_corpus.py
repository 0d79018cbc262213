"""Open a corpus for evaluation: everything of a run in memory, and what became of its pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import find_in_sorted, pack, pack_ordered
from dedupe.blocking.look_back import find_candidates
from dedupe.clustering.constraints import NO_GROUPS
from dedupe.load import load_corpus
from dedupe.matching import EXHAUSTIVE, Matcher, equal_neighbours, node_order
from dedupe.pipeline import (
    canonical_order,
    cluster_until_stable,
    corpus_constraints,
    group_copies,
    record_meta,
)
from dedupe.preprocess import preprocess
from dedupe.scoring.metadata import OUTLET, gap_hours, metadata_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.clustering.canonical import CanonicalOrder
    from dedupe.clustering.constraints import Constraints
    from dedupe.config import Settings
    from dedupe.contents import Contents
    from dedupe.models import Batch, Corpus
    from dedupe.result import ClusteringState

    Progress = Callable[[str, float], None]
    Numbers = NDArray[np.int64]


class TracedMatcher(Matcher):
    """A matcher that remembers every candidate pair, and what was known of a watched pair.

    ``candidates`` are sorted pair keys of nodes. ``watched_row`` holds the metadata of the pair of
    key ``watched`` in the pass that accepted it.
    """

    candidates: Numbers = NO_GROUPS
    watched: int = -1
    watched_row: NDArray[np.float64] | None = None

    def find(self, in_play: NDArray[np.bool_], progress: Callable[[float], None]) -> None:
        """Score the new candidates as a run does, and remember them."""
        super().find(in_play, progress)
        found = find_candidates(self.rare, self.bands, in_play, self.before, self.meta.times)
        records = np.repeat(np.arange(len(in_play)), np.diff(found.starts))
        keys = [self.candidates, pack(found.partners.astype(np.int64), records)]
        keys.append(pack(*equal_neighbours(self.contents, in_play)))
        few = np.flatnonzero(in_play)
        if len(few) <= EXHAUSTIVE:
            left, right = np.triu_indices(len(few), 1)
            keys.append(pack(few[left], few[right]))
        self.candidates = np.unique(np.concatenate(keys))

    def pairs_at_threshold(self, in_play: NDArray[np.bool_]) -> tuple[Numbers, NDArray[np.float64]]:
        """Accept pairs as a run does, and note what is known of the watched one."""
        keys, scores = super().pairs_at_threshold(in_play)
        if self.watched_row is None and self.watched in keys:
            self.watched_row = self.metadata_row(self.watched >> 32, self.watched & 0xFFFFFFFF)
        return keys, scores

    def metadata_row(self, left: int, right: int) -> NDArray[np.float64]:
        """Return what is known of a pair of nodes under the last counts."""
        ends = np.array([left]), np.array([right])
        (row,) = metadata_rows(self.meta, self.recurrence, self.rare, *ends)
        if self.contents[left] == self.contents[right]:
            row[OUTLET] = np.nan
        return np.asarray(row)


@dataclass(frozen=True)
class OpenCorpus:
    """A corpus whose texts are prepared and whose exact copies are grouped.

    ``node_of`` has the node of each record, -1 for one without text; ``representatives`` the node
    that stands for each node.
    """

    corpus: Corpus
    contents: Contents
    settings: Settings
    matcher: TracedMatcher
    constraints: Constraints
    order: CanonicalOrder
    node_of: Numbers
    representatives: Numbers

    def cluster(self, progress: Progress) -> ClusteringState:
        """Cluster as a run with these settings does."""
        parts = self.matcher, self.representatives, self.constraints, self.order
        return cluster_until_stable(self.corpus, *parts, partial(progress, "matching"))

    def representative_keys(self, left: Numbers, right: Numbers) -> Numbers:
        """Return the pair keys of the nodes that stand for records; -1 where one has no text."""
        nodes = self.node_of[left], self.node_of[right]
        known = (nodes[0] >= 0) & (nodes[1] >= 0)
        keys = np.full(len(left), -1)
        ends = (self.representatives[own[known]] for own in nodes)
        keys[known] = pack_ordered(*ends)
        return keys

    def scores(self, left: Numbers, right: Numbers) -> NDArray[np.float64]:
        """Return the scores of pairs of records under the last counts; 0 without text."""
        nodes = self.node_of[left], self.node_of[right]
        known = np.flatnonzero((nodes[0] >= 0) & (nodes[1] >= 0))
        scores = np.zeros(len(left))
        scores[known] = self.matcher.scores(nodes[0][known], nodes[1][known])
        return scores

    def scores_within_limits(self, left: Numbers, right: Numbers) -> NDArray[np.float64]:
        """Return the scores of pairs of records in the first pass of a run.

        A pair that a run would not compare has a score too. It is 0 for records further apart than
        the window, and for two versions where these are split. Labels do not count.
        """
        matcher = self.matcher
        in_play = self.representatives == np.arange(len(self.representatives))
        matcher.recurrence = matcher.count(in_play, np.ones(len(matcher.rare), bool))
        records = np.arange(len(self.corpus))
        limits = replace(self.constraints, groups=records, apart=NO_GROUPS)
        allowed = limits.permitted(left, right, self.corpus.times)
        return np.where(allowed, self.scores(left, right), 0.0)

    def hours(self, left: int, right: int) -> float | None:
        """Return the hours between two records; None where a date is missing."""
        meta = record_meta(self.corpus)
        hours = float(gap_hours(meta, np.array([left]), np.array([right]))[0])
        return None if np.isnan(hours) else hours


def open_corpus(batches: Iterable[Batch], settings: Settings, progress: Progress) -> OpenCorpus:
    """Read and prepare a corpus; ``progress`` gets a stage and its share done."""
    return prepare_corpus(load_corpus(batches, len(settings.field)), settings, progress)


def prepare_corpus(corpus: Corpus, settings: Settings, progress: Progress) -> OpenCorpus:
    """Prepare a corpus as far as exact copies; raises what reading label files raises."""
    contents = preprocess(corpus, settings.seed, settings.jobs, partial(progress, "preparing"))
    constraints = corpus_constraints(corpus, contents, settings)
    order = canonical_order(corpus, contents, settings)
    nodes = node_order(np.flatnonzero(contents.ids >= 0), corpus.times, corpus.digests)
    matcher = TracedMatcher(nodes, contents, record_meta(corpus), settings)
    node_of = np.full(len(corpus), -1)
    node_of[nodes] = np.arange(len(nodes))
    copies = group_copies(matcher, constraints, order)
    return OpenCorpus(corpus, contents, settings, matcher, constraints, order, node_of, copies)


def accepted_keys(state: ClusteringState) -> Numbers:
    """Return the sorted pair keys of nodes that a run accepted."""
    return np.unique(pack_ordered(state.accepted.left, state.accepted.right))


def contains(keys: Numbers, wanted: Numbers) -> NDArray[np.bool_]:
    """Return which wanted keys are among sorted ones."""
    return np.asarray(find_in_sorted(keys, wanted) >= 0)


def location_of(corpus: Corpus, record: int) -> tuple[str, int]:
    """Return the file and line of a record; an empty path for a text that came from no file."""
    for batch in corpus.batches:
        if record < len(batch):
            return batch.path, int(batch.lines[record])
        record -= len(batch)
    return "", 0
