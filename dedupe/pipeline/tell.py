"""What was settled, in the terms of the output: verified pairs, clusters, scores and reasons."""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING

import numpy as np

from dedupe.columns import Hexes, Names
from dedupe.pipeline.bonds import codes_of
from dedupe.pipeline.judged import Judged
from dedupe.stories import Clustering, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.judged import Settled
    from dedupe.pipeline.outline import Outline

CANONICAL = "canonical"
EXACT = "exact"
LINKED = "linked"


def pairs_of(settled: Settled, outline: Outline) -> Pairs:
    """The pairs: copies with the head of their run, heads with one another, linked ones."""
    copies = np.flatnonzero(settled.heads != np.arange(len(settled.heads)))
    codes = codes_of(copies, settled.heads[copies])
    order = np.argsort(codes)
    parts = np.where(outline.given[:, copies[order]].T, 1.0, -1.0)
    exact = Judged(codes[order], np.ones(len(copies)), parts)
    return as_pairs(exact | settled.accepted | settled.linked, outline)


def as_pairs(judged: Judged, outline: Outline) -> Pairs:
    """Judged pairs with their reasons; one without any similarity is there by links alone."""
    names = [field.name for field in outline.settings.field]
    alike = outline.kinds[judged.left] == outline.kinds[judged.right]
    reasons = [
        (EXACT if same else reason_of(names, row)) if max(row) >= 0 else LINKED
        for same, row in zip(alike.tolist(), judged.parts.tolist(), strict=True)
    ]
    return Pairs(judged.left, judged.right, judged.scores, judged.parts.T, reasons)


def reason_of(names: Sequence[str], parts: Sequence[float]) -> str:
    """A pair's similarities in words, as in ``title 0.96 lede 0.91``.

    >>> reason_of(["title", "lede"], [0.956, -1])
    'title 0.96'
    """
    return intern(" ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0))


def clustering_of(
    ids: Sequence[str], settled: Settled, outline: Outline, pairs: Pairs
) -> Clustering:
    """Each record's canonical with the evidence that joined it; ``ids`` are those given."""
    leaders, heads = settled.leaders, settled.heads
    scores = np.ones(len(outline))
    reasons = [CANONICAL] * len(outline)
    own = np.where(heads == leaders, np.arange(len(heads)), heads)
    wanted = np.minimum(own, leaders) << 32 | np.maximum(own, leaders)
    for known in (pairs, as_pairs(settled.distant, outline)):
        codes = known.left << 32 | known.right
        members = np.flatnonzero((leaders != np.arange(len(leaders))) & np.isin(wanted, codes))
        places = np.searchsorted(codes, wanted[members])
        scores[members] = known.scores[places]
        for record, place in zip(members.tolist(), places.tolist(), strict=True):
            reasons[record] = known.reasons[place]
    sizes = np.bincount(leaders, minlength=len(outline))[leaders]
    keys = Hexes(outline.digests)
    return Clustering(
        canonical=leaders,
        scores=scores,
        reasons=reasons,
        sizes=sizes,
        versions=outline.versions,
        keys=keys,
        record_ids=Names(ids, keys),
        stats=counts(leaders, scores),
    )


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
