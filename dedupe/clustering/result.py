"""Turn the clustering state into the result: clusters, reasons and pairs."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

import numpy as np

from dedupe.io.string_columns import HexColumn, NameColumn
from dedupe.models import Clustering, Pairs
from dedupe.pairs import pack, pack_ordered
from dedupe.scoring.scored_pairs import ScoredPairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.backends.base import Backend
    from dedupe.clustering.fixed_point import ClusteringState

CANONICAL = "canonical"
EXACT = "exact"
LINKED = "linked"


def to_pairs(state: ClusteringState, backend: Backend) -> Pairs:
    """The pairs: copies with their representative, representatives with one another, links."""
    copies = np.flatnonzero(state.representatives != np.arange(len(state.representatives)))
    pair_keys = pack_ordered(copies, state.representatives[copies])
    order = np.argsort(pair_keys)
    parts = np.where(backend.present[:, copies[order]].T, 1.0, -1.0)
    exact = ScoredPairs(pair_keys[order], np.ones(len(copies)), parts)
    return pairs_from_scored(exact | state.accepted | state.linked, backend)


def pairs_from_scored(scored: ScoredPairs, backend: Backend) -> Pairs:
    """Scored pairs with their reasons; one without any similarity is there by links alone."""
    names = [field.name for field in backend.settings.field]
    alike = backend.content_ids[scored.left] == backend.content_ids[scored.right]
    reasons = [
        (EXACT if same else reason_of(names, row)) if max(row) >= 0 else LINKED
        for same, row in zip(alike.tolist(), scored.parts.tolist(), strict=True)
    ]
    return Pairs(scored.left, scored.right, scored.scores, scored.parts.T, reasons)


def reason_of(names: Sequence[str], parts: Sequence[float]) -> str:
    """A pair's similarities in words, as in ``title 0.96 lede 0.91``.

    >>> reason_of(["title", "lede"], [0.956, -1])
    'title 0.96'
    """
    return intern(" ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0))


def to_clustering(
    ids: Sequence[str], state: ClusteringState, backend: Backend, pairs: Pairs
) -> Clustering:
    """Each record's canonical with the evidence that joined it; ``ids`` are those given."""
    leaders, representatives = state.leaders, state.representatives
    scores = np.ones(len(backend))
    reasons = [CANONICAL] * len(backend)
    own = np.where(representatives == leaders, np.arange(len(representatives)), representatives)
    wanted = pack_ordered(own, leaders)
    for known in (pairs, pairs_from_scored(state.distant, backend)):
        pair_keys = pack(known.left, known.right)
        members = np.flatnonzero((leaders != np.arange(len(leaders))) & np.isin(wanted, pair_keys))
        positions = np.searchsorted(pair_keys, wanted[members])
        scores[members] = known.scores[positions]
        for record, position in zip(members.tolist(), positions.tolist(), strict=True):
            reasons[record] = known.reasons[position]
    sizes = np.bincount(leaders, minlength=len(backend))[leaders]
    keys = HexColumn(backend.digests)
    return Clustering(
        canonical=leaders,
        scores=scores,
        reasons=reasons,
        sizes=sizes,
        versions=backend.versions,
        keys=keys,
        record_ids=NameColumn(ids, keys),
        stats=clustering_counts(leaders, scores),
    )


def clustering_counts(leaders: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, object]:
    """The figures of a clustering: records, clusters, and the largest and weakest of them."""
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
