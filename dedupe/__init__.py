"""Find the same story told twice: near-duplicate headlines in, clusters out.

>>> from dedupe import cluster
>>> groups = cluster(["Ferry tolls rise in June", "UPDATE 1-Ferry tolls rise in June", "Lamp out"])
>>> [group.members for group in groups]
[(0, 1), (2,)]

Names are loaded when they are first used: importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as checkers know it; importing typing would cost more than all else here
if TYPE_CHECKING:
    from dedupe.api import (
        PairExplanation,
        check,
        cluster,
        explain,
        pairs,
        signatures,
        similarity,
        unique,
    )
    from dedupe.config import Settings
    from dedupe.config_values import Field
    from dedupe.errors import DedupeError, InputError, OutputError, SettingsError, StoreError
    from dedupe.gate.models import Finding, Findings
    from dedupe.index.answers import Answer
    from dedupe.index.index import Index
    from dedupe.models import Cluster, Clustering, Pair, Pairs

    __version__: str

__all__ = [
    "Answer",
    "Cluster",
    "Clustering",
    "DedupeError",
    "Field",
    "Finding",
    "Findings",
    "Index",
    "InputError",
    "OutputError",
    "Pair",
    "PairExplanation",
    "Pairs",
    "Settings",
    "SettingsError",
    "StoreError",
    "__version__",
    "check",
    "cluster",
    "explain",
    "pairs",
    "signatures",
    "similarity",
    "unique",
]

DISTRIBUTION = "headline-dedupe"
"""The name to install; a package ``dedupe`` without it is the other project of that name."""

MODULES = {
    **dict.fromkeys(
        (
            "PairExplanation",
            "check",
            "cluster",
            "explain",
            "pairs",
            "signatures",
            "similarity",
            "unique",
        ),
        "api",
    ),
    "Finding": "gate.models",
    "Findings": "gate.models",
    "Pair": "models",
    "Pairs": "models",
    "DedupeError": "errors",
    "InputError": "errors",
    "OutputError": "errors",
    "SettingsError": "errors",
    "Field": "config_values",
    "StoreError": "errors",
    "Answer": "index",
    "Index": "index",
    "Settings": "config",
    "Cluster": "models",
    "Clustering": "models",
}


def __getattr__(name: str) -> object:
    if name == "__version__":
        found: object = installed_version()
    elif name in MODULES:
        found = getattr(importlib.import_module(f"dedupe.{MODULES[name]}"), name)
    else:
        raise AttributeError(
            f"module 'dedupe' of {DISTRIBUTION} has no attribute {name!r}; "
            "the project named dedupe on PyPI is another one"
        )
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__


def installed_version() -> str:
    """Return the version of the installed distribution, ``unknown`` in a bare folder."""
    from importlib import metadata  # noqa: PLC0415 - slow to load, seldom needed

    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return "unknown"
