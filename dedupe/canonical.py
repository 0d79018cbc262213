"""Which version to keep, by declared policy: one rank for every record, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Qualities:
    """What the policy may ask of each record, as columns in input order.

    ``filled`` counts the fields that are there, ``lengths`` their characters; ``centrality`` is
    the sum of the scores of the record's accepted pairs, in whole units; ``digests`` are of the
    record's bytes.
    """

    sources: Sequence[str]
    times: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    filled: NDArray[np.int64]
    lengths: NDArray[np.int64]
    centrality: NDArray[np.float64]
    digests: NDArray[np.uint64]


def rank(policy: Sequence[str], held: Qualities) -> NDArray[np.int64]:
    """Each record's place in the order of preference, 0 the best.

    ``policy`` lists keys, the first that tells two records apart decides; then the digest of the
    record, so that the order of the input does not, and at last the input order for equal bytes.
    """
    keys = [key_values(key, held) for key in policy]
    order = np.lexsort([np.arange(len(held.times)), held.digests, *reversed(keys)])
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places


def key_values(key: str, held: Qualities) -> NDArray[np.generic]:
    """The values of one key, smaller is better."""
    if key.startswith("source:"):
        return source_ranks(key.removeprefix("source:"), held.sources)
    dated = held.times != NO_TIME
    values: dict[str, NDArray[np.generic]] = {
        "not-withdrawn": held.withdrawn,
        "most-complete": -held.filled,
        "central": -held.centrality,
        "longest": -held.lengths,
        "shortest": held.lengths,
        "earliest": np.where(dated, held.times, LAST),
        "latest": np.where(dated, -held.times, LAST),
        "first": np.arange(len(held.times)),
    }
    return values[key]


def source_ranks(wanted: str, sources: Sequence[str]) -> NDArray[np.int64]:
    """Each source's place in a comma-separated list, whatever the case; others come last."""
    places = {name.strip().casefold(): i for i, name in enumerate(wanted.split(","))}
    return np.array([places.get(s.strip().casefold(), len(places)) for s in sources], np.int64)
