"""The functions that a program calls; :mod:`dedupe` has them all by name."""

from __future__ import annotations

import sys

from dedupe.api.clusters import check, cluster, pairs, unique
from dedupe.api.compare import PairExplanation, explain, signatures, similarity

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


def __getattr__(name: str) -> object:
    """Raise an error for a name that is not here; say why where PyPI's dedupe asks for its own.

    Its ``__init__.py`` begins with ``from dedupe.api import Dedupe``, and finds this package.
    """
    if not hasattr(sys.modules["dedupe"], "DISTRIBUTION"):
        from headline_dedupe import NAMESAKE  # noqa: PLC0415 - seldom needed

        raise ImportError(NAMESAKE)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
