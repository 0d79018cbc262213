"""Read gold data: labelled pairs, or the gold cluster of each record."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import InputError
from dedupe.io.csv_dialect import csv_records
from dedupe.io.field_lookup import values_under
from dedupe.io.fields import as_label
from dedupe.io.ids import find_pairs, position_of, positions_by_name
from dedupe.io.labels import COLUMNS, DUPLICATE, UPDATE, label_rows, read_labels, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.io.labels import Row
    from dedupe.models import Batch, Corpus

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
    told = np.array([label.label for label in labels])
    return GoldPairs(left, right, told == DUPLICATE, told == UPDATE)


def clusters_from_rows(path: str, rows: Iterable[Row], corpus: Corpus) -> GoldClusters:
    """Return the gold clusters of rows of id and cluster; a record of an empty one has no gold."""
    positions = positions_by_name(corpus)
    told: dict[int, tuple[str, int]] = {}
    for line, row in rows:
        name, cluster = (gold_label(path, line, row, key) for key in ("id", "cluster"))
        if not cluster:
            continue
        first, before = told.setdefault(position_of(positions, name, path, line), (cluster, line))
        if first != cluster:
            reason = f"{name!r} is in cluster {cluster!r} here and in {first!r} on line {before}"
            raise InputError(path, line, reason)
    names = [""] * len(corpus)
    for position, (cluster, _) in told.items():
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
