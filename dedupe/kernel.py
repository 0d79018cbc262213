"""The compiled kernel, if it was built: the same results as the numpy code, faster.

``pip install`` builds it from ``dedupe/_kernel`` with any C compiler and does without it where
there is none. Each function of it has a numpy twin beside the place that calls it, which asks
:func:`available` first. All take C-contiguous arrays of exactly the types named in
``_native.pyi``, write their results into the arrays they are given, let other threads run, and
raise ValueError for an array of a wrong type or size or that points outside of another.
"""

from __future__ import annotations

import os

try:
    from dedupe._native import (
        aligned_features,
        band_keys,
        count_spans,
        count_words,
        find_core,
        find_hashes,
        find_postings,
        find_sorted,
        first_seen,
        frame,
        group_keys,
        log_odds,
        merge_postings,
        normalized_length,
        pair_members,
        prefilter_log_odds,
        rare_pair_keys,
        returning,
        score_features,
        take_postings,
        tokenize,
        upper_bound_log_odds,
        widen,
    )
except ImportError:
    _BUILT = False
else:
    _BUILT = True

__all__ = [
    "aligned_features",
    "available",
    "band_keys",
    "count_spans",
    "count_words",
    "find_core",
    "find_hashes",
    "find_postings",
    "find_sorted",
    "first_seen",
    "frame",
    "group_keys",
    "log_odds",
    "merge_postings",
    "normalized_length",
    "pair_members",
    "prefilter_log_odds",
    "rare_pair_keys",
    "returning",
    "score_features",
    "take_postings",
    "tokenize",
    "upper_bound_log_odds",
    "widen",
]

PURE = "DEDUPE_PURE"


def available() -> bool:
    """Whether the kernel was built and ``DEDUPE_PURE=1`` does not forbid it."""
    return _BUILT and os.environ.get(PURE, "0") in ("", "0")
