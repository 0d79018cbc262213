"""Rank the versions of a story by declared policy: the best one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import order_positions
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LAST = np.iinfo(np.int64).max
CENTRAL = "central"
DATED = "dated"
"""The key that a window adds; it is none of the settings'."""


@dataclass(frozen=True, slots=True)
class Qualities:
    """What the policy may ask of each record, as columns in input order.

    ``completeness`` is higher for more texts, for whole ones, and for ones without markup.
    ``lengths`` are in characters; ``digests`` are of the record's bytes.
    """

    sources: Sequence[str]
    times: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    completeness: NDArray[np.integer]
    lengths: NDArray[np.integer]
    digests: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class CanonicalOrder:
    """A canonical policy over records: a list of keys, the first that differs decides.

    What no key decides the digest does, so that the order of the input does not matter, and at
    last the order of the input, for equal bytes.
    """

    policy: tuple[str, ...]
    qualities: Qualities

    def ranks(
        self, records: NDArray[np.int64], centrality: NDArray[np.float64] | None = None
    ) -> NDArray[np.int64]:
        """Return the place of some records in the order of preference, 0 the best.

        ``centrality`` is the sum of the scores of each record's accepted pairs, for the key
        ``central``.
        """
        keys = [self.values(key, records, centrality) for key in self.policy]
        ties = (self.qualities.digests[records], records)
        return order_positions(np.lexsort([*reversed(ties), *reversed(keys)]))

    def values(
        self, key: str, records: NDArray[np.int64], centrality: NDArray[np.float64] | None
    ) -> NDArray[np.generic]:
        """Return the values of one key; smaller is better."""
        held = self.qualities
        times = held.times[records]
        if key.startswith("source:"):
            return source_ranks(key.removeprefix("source:"), held.sources, records)
        if key == CENTRAL:
            return np.zeros(len(records)) if centrality is None else -centrality
        if key in ("earliest", "latest"):
            return np.where(times == NO_TIME, LAST, times if key == "earliest" else -times)
        values: dict[str, NDArray[np.generic]] = {
            DATED: times == NO_TIME,
            "not-withdrawn": held.withdrawn[records],
            "most-complete": -held.completeness[records],
            "longest": -held.lengths[records],
            "shortest": held.lengths[records],
            "first": records,
        }
        return values[key]


def source_ranks(
    wanted: str, sources: Sequence[str], records: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the place of records' outlets in a comma-separated list; others come last."""
    positions = {name.strip().casefold(): i for i, name in enumerate(wanted.split(","))}
    last = len(positions)
    own = (sources[record].strip().casefold() for record in records.tolist())
    return np.array([positions.get(source, last) for source in own], np.int64)
