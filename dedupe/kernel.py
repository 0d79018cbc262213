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
        adjust_pairs,
        connect,
        count_stems,
        features,
        find_candidates,
        group_keys,
        lead,
        log_odds,
        map_arrays,
        mapping_trouble,
        mark_changed,
        number_pairs,
        prepare,
        release_pages,
        score,
        score_candidates,
        shared_minima,
        similarities,
        trim_heap,
        widen,
    )
except ImportError:
    _BUILT = False
else:
    _BUILT = True

__all__ = [
    "adjust_pairs",
    "available",
    "connect",
    "count_stems",
    "features",
    "find_candidates",
    "group_keys",
    "lead",
    "log_odds",
    "map_arrays",
    "mapping_trouble",
    "mark_changed",
    "number_pairs",
    "prepare",
    "release_pages",
    "score",
    "score_candidates",
    "shared_minima",
    "similarities",
    "trim_heap",
    "widen",
]

PURE = "DEDUPE_PURE"


def available() -> bool:
    """Whether the kernel was built and ``DEDUPE_PURE=1`` does not forbid it."""
    return _BUILT and os.environ.get(PURE, "0") in ("", "0")
