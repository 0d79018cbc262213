"""What was found, beside the records on the workers: lines of text or Parquet, in input order."""

from __future__ import annotations

from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from pyspark.sql import functions as f

from dedupe.arrays import pack
from dedupe.backends.spark.read import PLACES, PathOrder
from dedupe.backends.spark.tables import batch_of, joined, numbers_array
from dedupe.errors import InputError
from dedupe.io.annotate import KEYS, annotation_rows, check_key_is_free, splice_members, taken_error
from dedupe.io.parquet_write import ADDED
from dedupe.io.result_rows import RecordLocations, RowChecksum, pair_object
from dedupe.models import Batch, Clustering, Pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    from dedupe.backends.spark.result import Outcome
    from dedupe.config import Settings

VALUE = "position long, value binary"
TAKEN = "file string, line long, reason string"
COUNTED = "rows long, sum binary"
ROW = "_metadata.row_index"
ANNOTATED = (
    "position long, cluster string, size long, canonical boolean, canonical_id string, "
    "score double, reason string, version long"
)
"""The annotation of a record in columns."""


def annotated(records: DataFrame, outcome: Outcome, into: str, names: PathOrder) -> DataFrame:
    """Return every record with its cluster spliced in, as rows of ``VALUE``.

    Raises InputError for a record that has the key already.
    """
    taken = records.select("file", "line", "raw").mapInArrow(partial(taken_rows, into), TAKEN)
    for row in sorted(taken.collect(), key=lambda row: (*names.rank(row.file), row.line)):
        raise InputError(names.shown(row.file), row.line, row.reason)
    both = joined(records.select("position", "raw"), outcome.found, "position")
    return both.mapInArrow(partial(splice, into), VALUE)


def annotations_of(rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the annotation of each row of :attr:`Outcome.found`."""
    count = rows.num_rows
    own, digests = np.arange(count), numbers_array(rows["leader_digest"]).view(np.uint64)
    leads = numbers_array(rows["leader"]) == numbers_array(rows["position"])
    keys = [f"{digest:016x}" for digest in digests.tolist()]
    ids = [name or key for name, key in zip(rows["leader_id"].to_pylist(), keys, strict=True)]
    clustering = Clustering(
        canonical=np.where(leads, own, own + count),
        scores=numbers_array(rows["score"]),
        reasons=rows["reason"].to_pylist(),
        sizes=numbers_array(rows["size"]),
        versions=numbers_array(rows["version"]),
        keys=keys * 2,
        record_ids=ids * 2,
    )
    return annotation_rows(clustering, 0, count)


def annotation_columns(outcome: Outcome) -> DataFrame:
    """Return the annotation of each record in columns, by position."""
    return outcome.found.mapInArrow(column_rows, ANNOTATED)


def column_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``ANNOTATED``; a version that is not stated is null."""
    for rows in incoming:
        told = annotations_of(rows)
        columns = {name: [row.get(name) for row in told] for name in KEYS}
        yield batch_of(ANNOTATED, {"position": rows["position"], **columns})


def taken_rows(into: str, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return records that have the key already, the first of each batch."""
    for rows in incoming:
        batch = batch_of_lines(rows["raw"].to_pylist(), numbers_array(rows["line"]))
        try:
            check_key_is_free(batch, into)
        except InputError as error:
            file = rows["file"][batch.lines.tolist().index(error.line)].as_py()
            told = {"file": [file], "line": [error.line], "reason": [error.reason]}
            yield batch_of(TAKEN, told)


def splice(into: str, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return records with one more member each."""
    for rows in incoming:
        batch = batch_of_lines(rows["raw"].to_pylist(), numbers_array(rows["position"]))
        lines = splice_members(batch, annotations_of(rows), into).split(b"\n")[:-1]
        yield batch_of(VALUE, {"position": rows["position"], "value": lines})


def batch_of_lines(lines: list[bytes], numbered: NDArray[np.int64]) -> Batch:
    """Return lines without endings as a batch."""
    ends = list(accumulate(map(len, lines), initial=0))
    starts, stops = np.array(list(pairwise(ends)), np.int64).reshape(-1, 2).T
    none = np.zeros(len(lines), np.int64)
    spans = {"starts": starts, "ends": stops, "limits": stops, "lines": numbered, "times": none}
    return Batch(
        "", "jsonl", b"", b"".join(lines), texts=(), ids=[], sources=[],
        **spans, days_only=none.astype(bool), url_keys=none, dialect=None, prepared=None,
    )  # fmt: skip


def selected(records: DataFrame, chosen: DataFrame) -> DataFrame:
    """Return the chosen records as rows of ``VALUE``."""
    return joined(records, chosen, "position").select("position", f.col("raw").alias("value"))


def pair_lines(
    records: DataFrame, outcome: Outcome, settings: Settings, names: PathOrder
) -> DataFrame:
    """Return the verified pairs as rows of ``VALUE``, in the order of their records."""
    held = outcome.pairs
    for side in ("left", "right"):
        told = [f.col(name).alias(f"{side}_{name}") for name in ("id", "digest", "file", "line")]
        held = joined(held, records.select(f.col("position").alias(side), *told), side)
    files = records.select("file").distinct().collect()
    several = len({names.shown(row.file) for row in files}) > 1
    fields = [field.name for field in settings.field]
    return held.mapInArrow(partial(pair_values, fields, names, several=several), VALUE)


def pair_values(
    fields: Sequence[str], names: PathOrder, incoming: Iterable[pa.RecordBatch], *, several: bool
) -> Iterator[pa.RecordBatch]:
    """Return pairs as lines of JSON."""
    for rows in incoming:
        count = rows.num_rows
        places, own = PairLocations(rows, names, several=several), np.arange(count)
        parts = np.array(rows["parts"].to_pylist(), float).reshape(count, len(fields))
        pairs = Pairs(
            own, own + count, numbers_array(rows["score"]), parts.T, rows["reason"].to_pylist()
        )
        lines = [orjson.dumps(pair_object(pairs, row, fields, places)) for row in range(count)]
        at = pack(numbers_array(rows["left"]), numbers_array(rows["right"]))
        yield batch_of(VALUE, {"position": at, "value": lines})


class PairLocations(RecordLocations):
    """The ids, files and lines of the records of some pairs: all that are left, then the right."""

    def __init__(self, rows: pa.RecordBatch, names: PathOrder, *, several: bool) -> None:
        self.several = several
        held = [rows[f"{side}_{name}"] for name in ("id", "digest") for side in ("left", "right")]
        ids, digests = held[0].to_pylist() + held[1].to_pylist(), held[2:]
        keys = np.concatenate([numbers_array(own).view(np.uint64) for own in digests]).tolist()
        self._ids = [name or f"{key:016x}" for name, key in zip(ids, keys, strict=True)]
        files = rows["left_file"].to_pylist() + rows["right_file"].to_pylist()
        self._paths = list(map(names.shown, files)) if several else files
        lines = (numbers_array(rows["left_line"]), numbers_array(rows["right_line"]))
        self.lines = np.concatenate(lines)

    def id(self, position: int) -> str:
        """Return the id of a record, given or made from its bytes."""
        return self._ids[position]

    def path(self, position: int) -> str:
        """Return the file of a record."""
        return self._paths[position]


def write(rows: DataFrame, out: str) -> None:
    """Write rows of ``VALUE`` as a folder of text files, which joined by name are in order."""
    in_order = rows.repartitionByRange("position").sortWithinPartitions("position")
    in_order.select(f.col("value").cast("string")).write.text(out)


def read_back(spark: SparkSession, out: str) -> DataFrame:
    """Return the lines that were written, from their files."""
    lines = spark.read.text(out, lineSep="\n")
    return lines.select(f.col("value").cast("binary").alias("value"))


def counted(lines: DataFrame) -> RowChecksum:
    """Return the number and sum of lines."""
    found = RowChecksum()
    for row in lines.mapInArrow(count_rows, COUNTED).toLocalIterator():
        found += RowChecksum(row.rows, int.from_bytes(row["sum"]))
    return found


def count_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return the number and sum of the lines of each batch."""
    for rows in incoming:
        found = RowChecksum.of(rows["value"].to_pylist())
        yield batch_of(
            COUNTED, {"rows": [found.count], "sum": [found.sum.to_bytes(RowChecksum.SIZE)]}
        )


def kept(
    spark: SparkSession, paths: Sequence[str], records: DataFrame, chosen: DataFrame
) -> DataFrame:
    """Return the chosen rows of Parquet files with their ``position``."""
    at = joined(records, chosen, "position").select(
        f.col("position"), f.col("file").alias("_file"), f.col("line").alias("_line")
    )
    table = spark.read.parquet(*paths)
    rows = table.select("*", f.col(PLACES["file"]).alias("_file"), (f.col(ROW) + 1).alias("_line"))
    return joined(rows, at, ["_file", "_line"]).drop("_file", "_line")


def widened(
    spark: SparkSession, paths: Sequence[str], records: DataFrame, outcome: Outcome, into: str
) -> DataFrame:
    """Return all rows of Parquet files with their ``position`` and the result of each in columns.

    Raises InputError where there is such a column already.
    """
    rows = kept(spark, paths, records, outcome.found.select("position"))
    names = [f"{into}_{name}" for name in ADDED]
    for name in names:
        if name in rows.columns:
            raise taken_error(paths[0], None, name)
    found = annotation_columns(outcome).toDF("position", *names)
    return joined(rows, found, "position")


def write_table(rows: DataFrame, out: str) -> None:
    """Write rows as a folder of Parquet files, in the order of ``position``."""
    in_order = rows.repartitionByRange("position").sortWithinPartitions("position")
    in_order.drop("position").write.parquet(out)
