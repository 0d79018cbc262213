"""What was settled, in the terms of the output: verified pairs, clusters, scores and reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.bonds import codes_of
from dedupe.pipeline.judged import Judged
from dedupe.stories import Clustering, Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description
    from dedupe.pipeline.judged import Settled
    from dedupe.settings import Settings
    from dedupe.stories import Corpus

CANONICAL = "canonical"
EXACT = "exact"
LINKED = "linked"


def pairs_of(settled: Settled, description: Description, settings: Settings) -> Pairs:
    """The pairs: copies with the head of their run, heads with one another, linked ones."""
    copies = np.flatnonzero(settled.heads != np.arange(len(settled.heads)))
    codes = codes_of(copies, settled.heads[copies])
    order = np.argsort(codes)
    rows = [view.rows[copies[order]] for view in description.views]
    filled = [view.prints[own] > 0 for view, own in zip(description.views, rows, strict=True)]
    parts = np.where(np.stack(filled, axis=1), 1.0, -1.0)
    exact = Judged(codes[order], np.ones(len(copies)), parts)
    return as_pairs(exact | settled.accepted | settled.linked, description, settings)


def as_pairs(judged: Judged, description: Description, settings: Settings) -> Pairs:
    """Judged pairs with their reasons; one without any similarity is there by links alone."""
    names = [field.name for field in settings.field]
    alike = description.kinds[judged.left] == description.kinds[judged.right]
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
    return " ".join(f"{n} {p:.2f}" for n, p in zip(names, parts, strict=True) if p >= 0)


def clustering_of(
    corpus: Corpus, settled: Settled, description: Description, settings: Settings, pairs: Pairs
) -> Clustering:
    """Each record's canonical with the evidence that joined it."""
    leaders, heads = settled.leaders, settled.heads
    scores = np.ones(len(corpus))
    reasons = [CANONICAL] * len(corpus)
    own = np.where(heads == leaders, np.arange(len(heads)), heads)
    wanted = np.minimum(own, leaders) << 32 | np.maximum(own, leaders)
    for known in (pairs, as_pairs(settled.distant, description, settings)):
        codes = known.left << 32 | known.right
        members = np.flatnonzero((leaders != np.arange(len(leaders))) & np.isin(wanted, codes))
        places = np.searchsorted(codes, wanted[members])
        scores[members] = known.scores[places]
        for record, place in zip(members.tolist(), places.tolist(), strict=True):
            reasons[record] = known.reasons[place]
    sizes = np.bincount(leaders, minlength=len(corpus))[leaders]
    hexes = [f"{digest:016x}" for digest in corpus.digests.tolist()]
    return Clustering(
        canonical=leaders,
        scores=scores,
        reasons=reasons,
        sizes=sizes,
        versions=description.versions,
        keys=hexes,
        record_ids=[given or own_key for given, own_key in zip(corpus.ids, hexes, strict=True)],
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
