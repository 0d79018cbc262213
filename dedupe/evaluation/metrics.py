"""Compute pairwise, B-cubed and Rand figures of two clusterings, with bootstrap intervals.

Every figure is a sum over gold clusters (or over labelled pairs), so that a bootstrap is a
weighted sum: gold clusters that contribute alike are drawn together, which makes a thousand
replicas of 300,000 records a matter of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import left_of, pack, right_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Shares = NDArray[np.float64]
    Figures = dict[str, Shares]

SEED = 20_240_229
INTERVAL = (2.5, 97.5)
BATCH_CELLS = 1 << 22


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with the ends of its bootstrap interval; None where it is not defined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many records gold cluster ``gold[i]`` and found cluster ``found[i]`` share.

    Clusters are numbered from 0; ``gold_sizes`` and ``found_sizes`` count their records.
    """

    gold: Numbers
    found: Numbers
    counts: Numbers
    gold_sizes: Numbers
    found_sizes: Numbers


def overlap(gold: Numbers, found: Numbers) -> Overlap:
    """Return the overlap of two clusterings given as one label a record, any integers."""
    _, golden = np.unique(gold, return_inverse=True)
    _, grouped = np.unique(found, return_inverse=True)
    cells, counts = np.unique(pack(golden, grouped), return_counts=True)
    return Overlap(
        gold=left_of(cells),
        found=right_of(cells),
        counts=counts,
        gold_sizes=np.bincount(golden),
        found_sizes=np.bincount(grouped),
    )


def pair_count(sizes: Numbers) -> Numbers:
    """Return how many pairs there are within groups of these sizes."""
    return sizes * (sizes - 1) // 2


CLUSTER_SUMS = ("records", "kept", "false", "lost", "precise", "recalled")
"""What each gold cluster adds: its records, the pairs kept together, half of the false pairs of
its records, the pairs taken apart, and its records' B-cubed precision and recall."""


def cluster_sums(shared: Overlap) -> Shares:
    """Return one row a gold cluster, one column a name of ``CLUSTER_SUMS``."""
    golden, count = shared.gold, len(shared.gold_sizes)
    sizes, whole = shared.found_sizes[shared.found], shared.gold_sizes[golden]

    def total(values: NDArray[np.generic]) -> Shares:
        weights = values.astype(np.float64)
        return np.bincount(golden, weights=weights, minlength=count).astype(np.float64)

    kept = total(pair_count(shared.counts))
    columns = (
        shared.gold_sizes.astype(float),
        kept,
        total(shared.counts * (sizes - shared.counts)) / 2,
        pair_count(shared.gold_sizes) - kept,
        total(shared.counts**2 / sizes),
        total(shared.counts**2 / whole),
    )
    return np.stack(columns, axis=1) if count else np.zeros((0, len(columns)))


def ratio(above: Shares, below: Shares) -> Shares:
    """Return a quotient, NaN over nothing."""
    out = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def cluster_figures(sums: Shares) -> Figures:
    """Return figures of rows of summed ``CLUSTER_SUMS``, one value a row."""
    records, kept, false, lost, precise, recalled = sums.T
    return {
        **pair_rates(kept, false, lost),
        "bcubed_precision": ratio(precise, records),
        "bcubed_recall": ratio(recalled, records),
        "bcubed_f1": harmonic(ratio(precise, records), ratio(recalled, records)),
        "ari": adjusted_rand(records, kept, false, lost),
    }


def pair_rates(kept: Shares, false: Shares, lost: Shares) -> Figures:
    """Return precision, recall and F1 from pairs merged rightly, merged wrongly, and missed."""
    return {
        "precision": ratio(kept, kept + false),
        "recall": ratio(kept, kept + lost),
        "f1": ratio(2 * kept, 2 * kept + false + lost),
    }


def harmonic(left: Shares, right: Shares) -> Shares:
    """Return the harmonic mean."""
    return ratio(2 * left * right, left + right)


def adjusted_rand(records: Shares, kept: Shares, false: Shares, lost: Shares) -> Shares:
    """Return the Rand index adjusted for chance (Hubert and Arabie 1985), of counts of pairs.

    1 where the clusterings are the same, also where both are trivial.
    """
    apart = records * (records - 1) / 2 - kept - false - lost
    below = (kept + lost) * (lost + apart) + (kept + false) * (false + apart)
    index = ratio(2 * (kept * apart - lost * false), below)
    return np.where((false == 0) & (lost == 0), 1.0, index)


LABEL_SUMS = ("kept", "false", "lost", "updates", "updates_merged")
"""What each labelled pair adds: a duplicate put together, a non-duplicate put together, a
duplicate left apart, an update, an update put together."""


def label_sums(
    duplicate: NDArray[np.bool_], update: NDArray[np.bool_], together: NDArray[np.bool_]
) -> Shares:
    """Return one row a labelled pair, one column a name of ``LABEL_SUMS``."""
    other = ~duplicate & ~update
    columns = (duplicate & together, other & together, duplicate & ~together)
    return np.stack([*columns, update, update & together], axis=1).astype(float)


def label_figures(sums: Shares) -> Figures:
    """Return figures of rows of summed ``LABEL_SUMS``, one value a row."""
    kept, false, lost, updates, merged = sums.T
    return {**pair_rates(kept, false, lost), "updates_merged": ratio(merged, updates)}


def with_intervals(
    rows: Shares, figures: Callable[[Shares], Figures], replicas: int
) -> dict[str, Figure]:
    """Return the figures of all rows together, with 95 % intervals from a bootstrap over rows.

    The seed is fixed. No interval without replicas, nor for a figure that too few of them define.
    """
    values = {name: float(value[0]) for name, value in figures(rows.sum(axis=0)[None]).items()}
    if not replicas or not len(rows):
        return {name: Figure(is_known(value)) for name, value in values.items()}
    drawn = figures(resampled(rows, replicas))
    return {name: bounded(value, drawn[name]) for name, value in values.items()}


def resampled(rows: Shares, replicas: int) -> Shares:
    """Return the sums of rows drawn with replacement, one row a replica."""
    content_ids, counts = np.unique(rows, axis=0, return_counts=True)
    generator = np.random.default_rng(SEED)
    step = max(1, BATCH_CELLS // len(content_ids))
    parts = [
        generator.multinomial(len(rows), counts / len(rows), min(step, replicas - first))
        @ content_ids
        for first in range(0, replicas, step)
    ]
    return np.concatenate(parts)


def bounded(value: float, drawn: Shares) -> Figure:
    """Return a figure with the interval of its replicas; half of them at least must define it."""
    held = drawn[~np.isnan(drawn)]
    if np.isnan(value) or 2 * len(held) < len(drawn):
        return Figure(is_known(value))
    low, high = np.percentile(held, INTERVAL).tolist()
    return Figure(value, low, high)


def is_known(value: float) -> float | None:
    """Return a value, None for NaN."""
    return None if np.isnan(value) else value
