"""The truth to judge by: labelled pairs, or the cluster that each record belongs to."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import InputError
from dedupe.pipeline.records import find_pairs, place_of, places_of
from dedupe.reading.delimited import DELIMITERS, split_rows
from dedupe.reading.fields import label, look_up
from dedupe.reading.labels import COLUMNS, DUPLICATE, UPDATE, json_rows, read_labels, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.reading.labels import Row
    from dedupe.stories import Batch, Corpus

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
    rows = list(table_rows(path, text_of(path)))
    if not rows:
        raise InputError(path, None, f"no rows; expected {WANTED}")
    line, first = rows[0]
    if all(name in first for name in COLUMNS):
        return gold_pairs(path, corpus)
    if "id" in first and "cluster" in first:
        return gold_clusters(path, rows, corpus)
    raise InputError(path, line, f"expected {WANTED}; it has {', '.join(first) or 'nothing'}")


def table_rows(path: str, text: str) -> Iterator[Row]:
    """Rows of JSONL, or of CSV under any header."""
    if text.lstrip()[:1] == "{":
        yield from json_rows(path, text)
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for row in filter(None, reader):
            if not header:
                header = [name.strip().lower() for name in row]
            elif len(row) != len(header):
                reason = f"{len(row)} columns, and the header has {len(header)}"
                raise InputError(path, reader.line_num, reason)
            else:
                yield reader.line_num, dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(path, reader.line_num, f"not CSV: {error}") from None


def gold_pairs(path: str, corpus: Corpus) -> GoldPairs:
    """The labelled pairs of a file."""
    labels = read_labels(path)
    left, right = find_pairs(corpus, labels, path)
    told = np.array([label.label for label in labels])
    return GoldPairs(left, right, told == DUPLICATE, told == UPDATE)


def gold_clusters(path: str, rows: Iterable[Row], corpus: Corpus) -> GoldClusters:
    """The gold clusters of rows of id and cluster; an empty cluster is no gold."""
    places = places_of(corpus)
    told: dict[int, tuple[str, int]] = {}
    for line, row in rows:
        name, cluster = (label_of(path, line, row, key) for key in ("id", "cluster"))
        if not cluster:
            continue
        first, before = told.setdefault(place_of(places, name, path, line), (cluster, line))
        if first != cluster:
            reason = f"{name!r} is in cluster {cluster!r} here and in {first!r} on line {before}"
            raise InputError(path, line, reason)
    names = [""] * len(corpus)
    for place, (cluster, _) in told.items():
        names[place] = cluster
    return GoldClusters(numbered(names))


def label_of(path: str, line: int, row: dict[str, Any], key: str) -> str:
    """An id or cluster as a string; raises InputError for what cannot be one."""
    value = row.get(key)
    if value is None and key in row:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise InputError(path, line, f"{key}: expected a string" if key in row else f"no {key}")
    return str(value)


def numbered(names: Iterable[str]) -> NDArray[np.int64]:
    """Number equal names alike, in order of appearance; ``NO_GOLD`` for an empty one."""
    known: dict[str, int] = {"": NO_GOLD}
    return np.array([known.setdefault(name, len(known) - 1) for name in names], dtype=np.int64)


def gold_of_field(corpus: Corpus, name: str) -> GoldClusters:
    """The gold clusters that the records themselves name; raises InputError where none does."""
    groups = numbered(values_of(corpus, name))
    if (groups == NO_GOLD).all():
        path = corpus.batches[0].path if corpus.batches else "the input"
        raise InputError(path, None, f"no record has the gold field {name!r}")
    return GoldClusters(groups)


def found_clusters(corpus: Corpus, key: str) -> NDArray[np.int64]:
    """The clusters that ``dedupe cluster`` wrote under ``key``; raises InputError without them."""
    columns = [batch_values(batch, annotation(batch, key)) for batch in corpus.batches]
    for batch, values in zip(corpus.batches, columns, strict=True):
        if "" in values:
            at = values.index("")
            reason = f"no {annotation(batch, key)}: not the output of dedupe cluster --into {key}"
            raise InputError(batch.path, int(batch.lines[at]), reason)
    return numbered(chain.from_iterable(columns))


def annotation(batch: Batch, key: str) -> str:
    """Where ``dedupe cluster --into KEY`` writes the cluster."""
    return f"{key}.cluster" if batch.format == "jsonl" else f"{key}_cluster"


def values_of(corpus: Corpus, name: str) -> list[str]:
    """A field of all records, read again from their bytes; ``""`` where it is absent."""
    return list(chain.from_iterable(batch_values(batch, name) for batch in corpus.batches))


def batch_values(batch: Batch, name: str) -> list[str]:
    """The same of one batch; a dotted name reaches into objects."""
    if batch.format == "lines":
        raise InputError(batch.path, None, f"plain lines have no field {name!r}")
    if batch.format in ("jsonl", "parquet"):
        spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
        records = [orjson.loads(batch.data[start:end]) for start, end in spans]
    else:
        records = list(delimited_records(batch))
    return [label(value) for value in look_up(records, name)]


def delimited_records(batch: Batch) -> Iterator[dict[str, str]]:
    """The rows of a CSV or TSV batch by column name."""
    delimiter = DELIMITERS[batch.format]
    header = next(split_rows(iter(io.BytesIO(batch.header)), delimiter))
    names = [cell.strip() for cell in header.cells]
    for row in split_rows(iter(io.BytesIO(batch.data)), delimiter):
        yield dict(zip(names, row.cells, strict=True))
