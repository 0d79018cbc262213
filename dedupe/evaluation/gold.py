"""Read gold data, and compute the figures of a clustering against it.

Gold data are labelled pairs, or the gold cluster of each record. The figures are pairwise, B-cubed
and Rand, with bootstrap intervals. Every figure is a sum over gold clusters (or over labelled
pairs), so that a bootstrap is a weighted sum: gold clusters that contribute alike are drawn
together, which makes a thousand replicas of 300,000 records a matter of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.arrays import left_of, pack, right_of
from dedupe.errors import InputError
from dedupe.io.csv_dialect import csv_records
from dedupe.io.field_lookup import values_under
from dedupe.io.fields import as_label
from dedupe.io.ids import find_pairs, position_of, positions_by_name
from dedupe.io.labels import COLUMNS, DUPLICATE, UPDATE, label_rows, read_labels, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.io.labels import Row
    from dedupe.models import Batch, Corpus

    Numbers = NDArray[np.int64]
    Shares = NDArray[np.float64]
    Figures = dict[str, Shares]

NO_GOLD = -1
WANTED = "labelled pairs (a, b, label) or gold clusters (id, cluster)"


@dataclass(frozen=True, slots=True)
class GoldPairs:
    """Labelled pairs as columns: positions of both records, whether duplicate, whether update."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    duplicate: NDArray[np.bool_]
    update: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.left)


@dataclass(frozen=True, slots=True)
class GoldClusters:
    """The number of each record's gold cluster, ``NO_GOLD`` for a record that has none."""

    groups: NDArray[np.int64]


Gold = GoldPairs | GoldClusters


def read_gold(path: str, corpus: Corpus) -> Gold:
    """Read labelled pairs or gold clusters, told apart by their first row.

    Raises InputError for a file that is neither, a row that cannot be read, an id that no record
    or more than one has, and an id that is put into two clusters.
    """
    rows = list(label_rows(path, read_text(path), columns=()))
    if not rows:
        raise InputError(path, None, f"no rows; expected {WANTED}")
    line, first = rows[0]
    if all(name in first for name in COLUMNS):
        return pairs_from_labels(path, corpus)
    if "id" in first and "cluster" in first:
        return clusters_from_rows(path, rows, corpus)
    raise InputError(path, line, f"expected {WANTED}; it has {', '.join(first) or 'nothing'}")


def pairs_from_labels(path: str, corpus: Corpus) -> GoldPairs:
    """Return the labelled pairs of a file."""
    labels = read_labels(path)
    left, right = find_pairs(corpus, labels, path)
    kinds = np.array([label.label for label in labels])
    return GoldPairs(left, right, kinds == DUPLICATE, kinds == UPDATE)


def clusters_from_rows(path: str, rows: Iterable[Row], corpus: Corpus) -> GoldClusters:
    """Return the gold clusters of rows of id and cluster; a record of an empty one has no gold."""
    positions = positions_by_name(corpus)
    cluster_of: dict[int, tuple[str, int]] = {}
    for line, row in rows:
        name, cluster = (gold_label(path, line, row, key) for key in ("id", "cluster"))
        if not cluster:
            continue
        first, before = cluster_of.setdefault(
            position_of(positions, name, path, line), (cluster, line)
        )
        if first != cluster:
            reason = f"{name!r} is in cluster {cluster!r} here and in {first!r} on line {before}"
            raise InputError(path, line, reason)
    names = [""] * len(corpus)
    for position, (cluster, _) in cluster_of.items():
        names[position] = cluster
    return GoldClusters(number_names(names))


def gold_label(path: str, line: int, row: dict[str, Any], key: str) -> str:
    """Return an id or cluster as a string; raises InputError for what cannot be one."""
    value = row.get(key)
    if value is None and key in row:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InputError(path, line, f"{key}: expected a string" if key in row else f"no {key}")
    return str(value)


def number_names(names: Iterable[str]) -> NDArray[np.int64]:
    """Return a number for each name, equal for equal names; ``NO_GOLD`` for an empty one."""
    known: dict[str, int] = {"": NO_GOLD}
    return np.array([known.setdefault(name, len(known) - 1) for name in names], dtype=np.int64)


def gold_from_field(corpus: Corpus, name: str) -> GoldClusters:
    """Return the gold clusters that records name themselves; raises InputError where none does."""
    groups = number_names(field_values(corpus, name))
    if (groups == NO_GOLD).all():
        path = corpus.batches[0].path if corpus.batches else "the input"
        raise InputError(path, None, f"no record has the gold field {name!r}")
    return GoldClusters(groups)


def clusters_in_output(corpus: Corpus, key: str) -> NDArray[np.int64]:
    """Return the clusters that ``dedupe cluster`` wrote under ``key``; else raises InputError."""
    columns = [batch_values(batch, annotation_of(batch, key)) for batch in corpus.batches]
    for batch, values in zip(corpus.batches, columns, strict=True):
        if "" in values:
            at = values.index("")
            reason = (
                f"no {annotation_of(batch, key)}: not the output of dedupe cluster --into {key}"
            )
            raise InputError(batch.path, int(batch.lines[at]), reason)
    return number_names(chain.from_iterable(columns))


def annotation_of(batch: Batch, key: str) -> str:
    """Return where ``dedupe cluster --into KEY`` writes the cluster."""
    return f"{key}.cluster" if batch.format == "jsonl" else f"{key}_cluster"


def field_values(corpus: Corpus, name: str) -> list[str]:
    """Return a field of all records, read again from their bytes; ``""`` where it is absent."""
    return list(chain.from_iterable(batch_values(batch, name) for batch in corpus.batches))


def batch_values(batch: Batch, name: str) -> list[str]:
    """Return a field of one batch; a dotted name reaches into objects."""
    if batch.format == "lines":
        raise InputError(batch.path, None, f"plain lines have no field {name!r}")
    if batch.format in ("jsonl", "parquet"):
        spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
        records = [orjson.loads(batch.data[start:end]) for start, end in spans]
    else:
        records = list(csv_records(batch))
    return [as_label(value) for value in values_under(records, name)]


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


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Shares:
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
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(value) or 2 * len(defined) < len(drawn):
        return Figure(is_known(value))
    low, high = np.percentile(defined, INTERVAL).tolist()
    return Figure(value, low, high)


def is_known(value: float) -> float | None:
    """Return a value, None for NaN."""
    return None if np.isnan(value) else value
