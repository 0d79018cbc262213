"""What was settled, in the terms of the output: verified pairs, clusters, scores and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import Clustering, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description
    from dedupe.pipeline.settle import Settled
    from dedupe.settings import Settings
    from dedupe.stories import Corpus

CANONICAL = "canonical"
EXACT = "exact"


def pairs_of(settled: Settled, description: Description, settings: Settings) -> Pairs:
    """The verified pairs: copies with the head of their run, and heads with one another."""
    copies = np.flatnonzero(settled.heads != np.arange(len(settled.heads)))
    heads = settled.heads[copies]
    accepted = settled.accepted
    left = np.concatenate([np.minimum(copies, heads), np.minimum(accepted.left, accepted.right)])
    right = np.concatenate([np.maximum(copies, heads), np.maximum(accepted.left, accepted.right)])
    filled = np.stack([view.prints[view.rows[copies]] > 0 for view in description.views], axis=1)
    parts = np.concatenate([np.where(filled, 1.0, -1.0), accepted.parts])
    scores = np.concatenate([np.ones(len(copies)), accepted.scores])
    order = np.lexsort((right, left))
    names = [field.name for field in settings.field]
    alike = description.kinds[left] == description.kinds[right]
    reasons = [
        EXACT if same else reason_of(names, row)
        for same, row in zip(alike[order].tolist(), parts[order].tolist(), strict=True)
    ]
    return Pairs(left[order], right[order], scores[order], parts[order].T, reasons)


def reason_of(names: Sequence[str], parts: Sequence[float]) -> str:
    """A pair's similarities in words, as in ``title 0.96 lede 0.91``.

    >>> reason_of(["title", "lede"], [0.956, -1])
    'title 0.96'
    """
    return " ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0)


def clustering_of(corpus: Corpus, settled: Settled, pairs: Pairs) -> Clustering:
    """Each record's canonical with the evidence that joined it."""
    count = len(corpus)
    scores = np.ones(count)
    reasons = [CANONICAL] * count
    places = pair_places(pairs, settled.heads, settled.leaders)
    for record in np.flatnonzero(settled.leaders != np.arange(count)).tolist():
        scores[record] = pairs.scores[places[record]]
        reasons[record] = pairs.reasons[places[record]]
    sizes = np.bincount(settled.leaders, minlength=count)[settled.leaders]
    hexes = [f"{digest:016x}" for digest in corpus.digests.tolist()]
    return Clustering(
        canonical=settled.leaders,
        scores=scores,
        reasons=reasons,
        sizes=sizes,
        keys=hexes,
        record_ids=[given or own for given, own in zip(corpus.ids, hexes, strict=True)],
        stats=counts(settled.leaders, scores),
    )


def pair_places(
    pairs: Pairs, heads: NDArray[np.int64], leaders: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each record the pair that joins it: with its leader, or its head's with the leader."""
    codes = pairs.left << 32 | pairs.right
    own = np.where(heads == leaders, np.arange(len(heads)), heads)
    wanted = np.minimum(own, leaders) << 32 | np.maximum(own, leaders)
    order = np.argsort(codes, kind="stable")
    return order[np.minimum(np.searchsorted(codes[order], wanted), max(len(order) - 1, 0))] if len(
        order
    ) else np.zeros(len(heads), dtype=np.int64)


def counts(leaders: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, object]:
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
