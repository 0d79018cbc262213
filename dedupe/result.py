"""Turn what clustering came to into the result: pairs, clusters and reasons."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import find_in_sorted
from dedupe.io.string_columns import HexColumn, NameColumn
from dedupe.models import Clustering, Pairs
from dedupe.pair_keys import pack_ordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.models import Corpus
    from dedupe.pipeline import ClusteringState
    from dedupe.preprocess import Contents

CANONICAL = "canonical"
EXACT = "exact"
LINKED = "linked"


def field_similarities(
    state: ClusteringState, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the similarity of each field of pairs of records, -1 where one lacks it.

    The shape is (pairs, fields).
    """
    nodes = state.node_of[left], state.node_of[right]
    out = np.full((len(left), len(state.matcher.settings.field)), -1.0)
    known = np.flatnonzero((nodes[0] >= 0) & (nodes[1] >= 0))
    parts = state.matcher.similarities(nodes[0][known], nodes[1][known])
    out[known] = np.nan_to_num(parts, nan=-1.0)
    return out


def to_pairs(state: ClusteringState, settings: Settings) -> Pairs:
    """Return the verified pairs of records: copies with their representative, and accepted ones.

    A pair that a label and the model both accept has the score of the model.
    """
    copies = np.flatnonzero(state.representatives != np.arange(len(state.representatives)))
    records = state.matcher.records
    left = np.concatenate([copies, records[state.accepted.left]])
    right = np.concatenate([state.representatives[copies], records[state.accepted.right]])
    scores = np.concatenate([np.ones(len(copies)), state.accepted.scores])
    keys = pack_ordered(left, right)
    order = np.lexsort((scores, keys))
    keys, firsts = np.unique(keys[order], return_index=True)
    return as_pairs(state, settings, keys, scores[order][firsts])


def as_pairs(
    state: ClusteringState,
    settings: Settings,
    keys: NDArray[np.int64],
    scores: NDArray[np.float64],
) -> Pairs:
    """Return pairs of records with their field similarities and reasons.

    A pair is there by a label alone if the model gave it no score.
    """
    left, right = keys >> 32, keys & 0xFFFFFFFF
    parts = field_similarities(state, left, right)
    names = [field.name for field in settings.field]
    contents = np.full(len(state.node_of), -1)
    contents[state.matcher.records] = state.matcher.contents
    equal = (contents[left] == contents[right]) & (contents[left] >= 0)
    linked = linked_records(state, left, right) & (scores >= 1)
    reasons = [
        EXACT if same else LINKED if by_label else reason_of(names, row)
        for by_label, same, row in zip(linked.tolist(), equal.tolist(), parts.tolist(), strict=True)
    ]
    return Pairs(left, right, scores, parts.T, reasons)


def linked_records(
    state: ClusteringState, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether labels hold records together."""
    groups = state.constraints.groups
    return np.asarray(groups[left] == groups[right])


def reason_of(names: Sequence[str], parts: Sequence[float]) -> str:
    """Return a pair's similarities in words, as in ``title 0.96 lede 0.91``.

    >>> reason_of(["title", "lede"], [0.956, -1])
    'title 0.96'
    """
    return intern(" ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0))


def to_clustering(
    corpus: Corpus, contents: Contents, state: ClusteringState, pairs: Pairs
) -> Clustering:
    """Return each record's canonical record with the evidence that joined it."""
    leaders = state.leaders
    members = np.flatnonzero(leaders != np.arange(len(leaders)))
    own = np.where(
        state.representatives[members] == leaders[members], members, state.representatives[members]
    )
    wanted = pack_ordered(own, leaders[members])
    found = find_in_sorted(pack_ordered(pairs.left, pairs.right), wanted)
    scores, reasons = np.ones(len(leaders)), [CANONICAL] * len(leaders)
    far = np.flatnonzero(found < 0)
    keys, inverse = np.unique(wanted[far], return_inverse=True)
    distant = distant_pairs(state, keys)
    for record, at in zip(members.tolist(), found.tolist(), strict=True):
        if at >= 0:
            scores[record], reasons[record] = pairs.scores[at], pairs.reasons[at]
    for place, at in zip(far.tolist(), inverse.tolist(), strict=True):
        record = int(members[place])
        scores[record], reasons[record] = distant.scores[at], distant.reasons[at]
    keys_column = HexColumn(corpus.digests)
    return Clustering(
        canonical=leaders,
        scores=scores,
        reasons=reasons,
        sizes=np.bincount(leaders, minlength=len(leaders))[leaders],
        versions=contents.versions,
        keys=keys_column,
        record_ids=NameColumn(corpus.ids, keys_column),
        stats=clustering_counts(leaders, scores),
    )


def distant_pairs(state: ClusteringState, keys: NDArray[np.int64]) -> Pairs:
    """Return the pairs of records and canonical ones that joined by others, with their scores."""
    left, right = keys >> 32, keys & 0xFFFFFFFF
    nodes = state.node_of[left], state.node_of[right]
    scores = np.ones(len(keys))
    known = np.flatnonzero((nodes[0] >= 0) & (nodes[1] >= 0) & ~linked_records(state, left, right))
    scores[known] = state.matcher.scores(nodes[0][known], nodes[1][known])
    return as_pairs(state, state.matcher.settings, keys, scores)


def clustering_counts(leaders: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, object]:
    """Return the figures of a clustering: records, clusters, the largest and the weakest."""
    sizes = np.bincount(leaders, minlength=len(leaders))
    members = leaders != np.arange(len(leaders))
    return {
        "records": len(leaders),
        "unique": int((sizes > 0).sum()),
        "duplicates": int(members.sum()),
        "clusters": int((sizes > 1).sum()),
        "largest_cluster": int(sizes.max(initial=0)),
        "weakest_link": round(float(scores[members].min(initial=1.0)), 4),
    }
