"""Which version to keep, by declared policy: one rank for every record, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LAST = np.iinfo(np.int64).max
CENTRAL = "central"


@dataclass(frozen=True, slots=True)
class Qualities:
    """What the policy may ask of each record, as columns in input order.

    ``filled`` counts the texts that are there, one that breaks off for less, ``lengths`` their
    characters; ``digests`` are of the record's bytes.
    """

    sources: Sequence[str]
    times: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    filled: NDArray[np.int64]
    lengths: NDArray[np.int64]
    digests: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Order:
    """The records by a policy, but for how central they are, which only clusters tell.

    ``before`` is each record's place by what decides before that, equal where it does not, and
    ``after`` by the rest; ``central`` tells whether the policy asks for it at all.
    """

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    central: bool

    def rank(self, centrality: NDArray[np.float64]) -> NDArray[np.int64]:
        """Each record's place in the order of preference, 0 the best.

        ``centrality`` is the sum of the scores of the record's accepted pairs, in whole units.
        """
        keys = [self.after, -centrality, self.before] if self.central else [self.after, self.before]
        return order_positions(np.lexsort(keys))


def policy_order(policy: Sequence[str], held: Qualities) -> Order:
    """What of a policy can be told once.

    ``policy`` lists keys, the first that tells two records apart decides; then the digest of the
    record, so that the order of the input does not, and at last the input order for equal bytes.
    """
    cut = policy.index(CENTRAL) if CENTRAL in policy else len(policy)
    first, then = (
        [key_values(key, held) for key in part if key != CENTRAL]
        for part in (policy[:cut], policy[cut:])
    )
    after = np.lexsort([np.arange(len(held.times)), held.digests, *reversed(then)])
    return Order(
        shared_positions(first, len(held.times)), order_positions(after), CENTRAL in policy
    )


def order_positions(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each record stands in an order."""
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order))
    return positions


def shared_positions(keys: Sequence[NDArray[np.generic]], count: int) -> NDArray[np.int64]:
    """Each record's place by some keys, equal for records that they do not tell apart."""
    if not keys:
        return np.zeros(count, dtype=np.int64)
    order = np.lexsort(list(reversed(keys)))
    steps = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    positions = np.empty(count, dtype=np.int64)
    positions[order] = np.concatenate([np.zeros(min(count, 1), dtype=np.int64), np.cumsum(steps)])
    return positions


def key_values(key: str, held: Qualities) -> NDArray[np.generic]:
    """The values of one key, smaller is better."""
    if key.startswith("source:"):
        return source_ranks(key.removeprefix("source:"), held.sources)
    dated = held.times != NO_TIME
    values: dict[str, NDArray[np.generic]] = {
        "not-withdrawn": held.withdrawn,
        "most-complete": -held.filled,
        "longest": -held.lengths,
        "shortest": held.lengths,
        "earliest": np.where(dated, held.times, LAST),
        "latest": np.where(dated, -held.times, LAST),
        "first": np.arange(len(held.times)),
    }
    return values[key]


def source_ranks(wanted: str, sources: Sequence[str]) -> NDArray[np.int64]:
    """Each source's place in a comma-separated list, whatever the case; others come last."""
    positions = {name.strip().casefold(): i for i, name in enumerate(wanted.split(","))}
    return np.array(
        [positions.get(s.strip().casefold(), len(positions)) for s in sources], np.int64
    )
