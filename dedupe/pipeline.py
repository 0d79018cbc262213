"""Run the steps in order: load, preprocess, group, cluster, result.

:func:`cluster_until_stable` is the heart: pass after pass the records in play are matched and
clustered, until a pass accepts no pair. All that is learned from the corpus is learned from the
records in play, so a second run over the kept records finds nothing either.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import unpack
from dedupe.clustering.canonical import DATED, NEVER, CanonicalOrder, Qualities, exact_groups
from dedupe.clustering.constraints import Constraints, build_constraints
from dedupe.clustering.groups import (
    AcceptedPairs,
    Grouping,
    cluster_nodes,
    join_pairs,
    label_groups,
    linked_pairs,
)
from dedupe.io.labels import read_links
from dedupe.load import load_corpus
from dedupe.matching import Matcher, node_order
from dedupe.preprocess import prepare_ahead, preprocess
from dedupe.resources import release_memory
from dedupe.result import ClusteringState, as_state, to_clustering, to_pairs
from dedupe.scoring.metadata import RecordMeta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.contents import Contents
    from dedupe.models import Batch, Clustering, Corpus, Pairs

    Load = Callable[[Iterable[Batch], Settings], Corpus]

MOST_RELEASES = 3
"""How often a member that does not match its leader may be put back in play."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found, and how: ``stats`` holds counts, timings and limits that were reached."""

    corpus: Corpus
    clustering: Clustering
    pairs: Pairs
    stats: dict[str, object]


def load_in_memory(batches: Iterable[Batch], settings: Settings) -> Corpus:
    """Return the columns of all records, held in memory."""
    return load_corpus(batches, len(settings.field))


def run(
    batches: Iterable[Batch],
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
    load: Load = load_in_memory,
) -> Result:
    """Find near-duplicates among all records; ``progress`` gets a stage and its share done.

    ``load`` says where the columns of the records are kept.
    """
    clock = Clock()
    corpus = load(prepare_ahead(batches, settings), settings)
    clock.stop("reading")
    contents = preprocess(corpus, settings.seed, settings.jobs, partial(progress, "preparing"))
    clock.stop("preparing")
    matcher = build_matcher(corpus, contents, settings)
    contents = contents.without_keys()  # nothing else holds the keys, so this frees them
    return match(corpus, contents, matcher, progress, clock)


def run_prepared(
    corpus: Corpus,
    contents: Contents,
    settings: Settings,
    progress: Callable[[str, float], None],
    clock: Clock,
) -> Result:
    """Find near-duplicates among the records of a corpus whose texts are prepared."""
    matcher = build_matcher(corpus, contents, settings)
    return match(corpus, contents.without_keys(), matcher, progress, clock)


def match(
    corpus: Corpus,
    contents: Contents,
    matcher: Matcher,
    progress: Callable[[str, float], None],
    clock: Clock,
) -> Result:
    """Cluster the records of a matcher, and return the result by record."""
    release_memory()
    state = cluster_corpus(corpus, contents, matcher, partial(progress, "matching"))
    clock.stop("matching")
    pairs = to_pairs(state, matcher.settings)
    clustering = to_clustering(corpus, contents, state, pairs)
    clock.stop("result")
    stats = {**clustering.stats, "pairs": len(pairs), **state.effort, "seconds": clock.seconds}
    return Result(corpus, clustering, pairs, stats)


def build_matcher(corpus: Corpus, contents: Contents, settings: Settings) -> Matcher:
    """Return what finds the accepted pairs of a corpus whose texts are prepared."""
    records = np.flatnonzero(contents.ids >= 0)
    nodes = node_order(records, corpus.times, corpus.digests)
    release_memory()
    return Matcher(nodes, contents, record_meta(corpus), settings)


def cluster_corpus(
    corpus: Corpus, contents: Contents, matcher: Matcher, progress: Callable[[float], None]
) -> ClusteringState:
    """Cluster the records of a matcher, whose keys the contents need not have any more."""
    constraints = corpus_constraints(corpus, contents, matcher.settings)
    order = canonical_order(corpus, contents, matcher.settings)
    representatives = group_copies(matcher, constraints, order)
    release_memory()
    return cluster_until_stable(corpus, matcher, representatives, constraints, order, progress)


def cluster_until_stable(
    corpus: Corpus,
    matcher: Matcher,
    representatives: NDArray[np.int64],
    constraints: Constraints,
    order: CanonicalOrder,
    progress: Callable[[float], None],
) -> ClusteringState:
    """Match and cluster the nodes in play until a pass accepts no pair."""
    grouping = build_grouping(matcher, representatives, constraints, order)
    accepted = linked_pairs(grouping.groups)
    leaders = representatives.copy()
    rank = partial(rank_nodes, matcher, order)
    released = np.zeros(len(leaders), np.int64)
    while True:
        in_play = leaders == np.arange(len(leaders))
        keys, scores = matcher.accepted(in_play, progress)
        release_memory()
        fresh = permitted_pairs(matcher, constraints, AcceptedPairs(*unpack(keys), scores))
        if not len(fresh) and matcher.effort.passes > 1:
            break
        joined = join_pairs(accepted, fresh) if matcher.effort.passes == 1 else fresh
        accepted = join_pairs(accepted, fresh)
        if not len(joined):
            break
        before = leaders
        leaders = cluster_nodes(grouping, leaders, joined, rank, matcher.scores)
        release_memory()
        if not grouping.average:
            leaders = release_misfits(matcher, constraints, grouping, leaders, released)
        if (leaders == before).all():  # pairs of pinned records stay pairs of leaders
            break
    return as_state(corpus, matcher, representatives, leaders, accepted, constraints)


def release_misfits(
    matcher: Matcher,
    constraints: Constraints,
    grouping: Grouping,
    leaders: NDArray[np.int64],
    released: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the leaders after members that do not match theirs were put back in play.

    A leader that follows another in a later pass takes its members along. ``released`` counts how
    often each was put back; after ``MOST_RELEASES`` times it stays, so that passes come to an end.
    """
    nodes = np.flatnonzero(leaders != np.arange(len(leaders)))
    labels = constraints.groups[matcher.records]
    single = np.bincount(labels, minlength=1)[labels] == 1
    nodes = nodes[single[nodes] & (released[nodes] < MOST_RELEASES)]
    own_leaders = leaders[nodes]
    pairs = AcceptedPairs(nodes, own_leaders, matcher.scores(nodes, own_leaders))
    fit = permission(matcher, constraints, pairs)
    if matcher.settings.linkage == "leader":
        copies = matcher.contents[nodes] == matcher.contents[own_leaders]
        fit &= copies | (pairs.scores >= grouping.threshold)
    out = leaders.copy()
    out[nodes[~fit]] = nodes[~fit]
    released[nodes[~fit]] += 1
    return out


def record_meta(corpus: Corpus) -> RecordMeta:
    """Return what is known of records beside their texts."""
    return RecordMeta(corpus.times, corpus.days_only, corpus.outlets)


def canonical_order(corpus: Corpus, contents: Contents, settings: Settings) -> CanonicalOrder:
    """Return the whole canonical policy: never a withdrawn version, then the settings' keys.

    With a window dated records come before undated ones: an undated record is within every window,
    and as the canonical one it would join records that are further apart.
    """
    completeness = 2 * contents.whole + contents.plain
    qualities = Qualities(
        corpus.sources, corpus.times, contents.withdrawn, completeness, contents.lengths,
        corpus.digests,
    )  # fmt: skip
    dated = () if settings.window is None else (DATED,)
    return CanonicalOrder(("not-withdrawn", *dated, *settings.prefer, *settings.keep), qualities)


def corpus_constraints(corpus: Corpus, contents: Contents, settings: Settings) -> Constraints:
    """Return what labels and settings demand of the records of a corpus.

    Raises what :func:`dedupe.io.labels.read_links` raises.
    """
    links = read_links(corpus, settings)
    versions = contents.versions if settings.updates == "split" else None
    return build_constraints(len(corpus), links.must, links.cannot, versions, settings.window)


def group_copies(
    matcher: Matcher, constraints: Constraints, order: CanonicalOrder
) -> NDArray[np.int64]:
    """Return the node that stands for each node: the best of its exact copies within reach.

    Records that labels keep apart from others stand for themselves.
    """
    contents, reach = matcher.contents, matcher.reach()
    if constraints.window is not None:
        reach = np.minimum(reach, constraints.window)
    pinned = np.flatnonzero(constraints.pinned(matcher.records))
    contents = contents.copy()
    contents[pinned] = len(reach) + np.arange(len(pinned))
    reach = np.append(reach, np.full(len(pinned), NEVER))
    counts = np.bincount(contents, minlength=len(reach))
    some = np.flatnonzero(counts[contents] > 1)
    ranks = np.arange(len(contents))
    ranks[some] = order.ranks(matcher.records[some])
    meta = matcher.meta
    return exact_groups(contents, meta.times, meta.days_only, reach, ranks)


def build_grouping(
    matcher: Matcher,
    representatives: NDArray[np.int64],
    constraints: Constraints,
    order: CanonicalOrder,
) -> Grouping:
    """Return how the nodes are to be clustered."""
    records, settings = matcher.records, matcher.settings
    own = constraints.groups[records]
    groups = label_groups(own, representatives)
    some = np.flatnonzero(np.bincount(groups, minlength=len(groups))[groups] > 1)
    if len(some):
        best = some[np.lexsort((order.ranks(records[some]), groups[some]))]
        _, firsts, inverse = np.unique(groups[best], return_index=True, return_inverse=True)
        groups[best] = best[firsts][inverse]
    ends = np.stack(unpack(constraints.apart))
    position = np.full(int(constraints.groups.max(initial=-1)) + 1, -1)
    position[own] = groups
    apart = position[ends]
    return Grouping(
        groups=groups,
        sizes=np.bincount(representatives, minlength=len(records)),
        pinned=constraints.pinned(records),
        apart=apart[:, (apart >= 0).all(axis=0)],
        threshold=settings.threshold,
        average=settings.linkage == "average" and settings.window is None,
    )


def permitted_pairs(
    matcher: Matcher, constraints: Constraints, pairs: AcceptedPairs
) -> AcceptedPairs:
    """Return the pairs that constraints allow."""
    return pairs.where(permission(matcher, constraints, pairs))


def permission(
    matcher: Matcher, constraints: Constraints, pairs: AcceptedPairs
) -> NDArray[np.bool_]:
    """Return whether constraints allow each pair."""
    left, right = matcher.records[pairs.left], matcher.records[pairs.right]
    times = np.zeros(0, np.int64)
    if constraints.window is not None:
        times = np.full(int(matcher.records.max(initial=-1)) + 1, np.iinfo(np.int64).min)
        times[matcher.records] = matcher.meta.times
    return constraints.permitted(left, right, times)


def rank_nodes(
    matcher: Matcher,
    order: CanonicalOrder,
    nodes: NDArray[np.int64],
    centrality: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Rank nodes by the canonical policy."""
    return order.ranks(matcher.records[nodes], centrality)


class Clock:
    """The seconds that each stage took, one stage after another."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def stop(self, stage: str) -> None:
        """Note the end of a stage; the next begins."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now
