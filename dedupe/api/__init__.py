"""The functions that a program calls; :mod:`dedupe` has them all by name."""

from __future__ import annotations

from dedupe.api.clusters import check, cluster, pairs, unique
from dedupe.api.compare import PairExplanation, explain, similarity
from dedupe.api.minhash import signatures

__all__ = [
    "PairExplanation",
    "check",
    "cluster",
    "explain",
    "pairs",
    "signatures",
    "similarity",
    "unique",
]
