"""Parquet on many machines: read and written as on one, by Spark's own means."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commandline import dedupe
from test_spark import REAL, STORIES, done, spark  # noqa: F401 - a fixture

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STORED = {
    "title": [f"{title} {'again' * (i % 2)}" for i, title in enumerate(sorted(REAL * 4))],
    "published": [
        NOON + timedelta(hours=i, microseconds=i % 3 * 5000) for i in range(len(REAL) * 4)
    ],
}
ODD = {
    "naive": pa.timestamp("ms"), "day": pa.date32(), "share": pa.float32(),
    "price": pa.decimal128(9, 2), "tags": pa.list_(pa.string()), "u": pa.uint64(),
    "who": pa.struct({"name": pa.string(), "age": pa.int8()}), "raw": pa.binary(),
    "map": pa.map_(pa.string(), pa.int64()),
}  # fmt: skip
VALUES = {
    "naive": NOON.replace(tzinfo=None), "day": date(2026, 3, 1), "share": 1 / 7,
    "price": Decimal("3.10"), "tags": ["a", None], "u": 2**64 - 1,
    "who": {"name": "x", "age": None}, "raw": b"\xff", "map": [("k", 1)],
}  # fmt: skip
BY_NUMBER = pa.map_(pa.int32(), pa.int32())


def store(path: Path, rows: slice, group: int) -> None:
    """Some of the stories with odd columns, of which every other value is null."""
    held = {name: pa.array(column[rows]) for name, column in STORED.items()}
    count = len(held["title"])
    odd = {name: pa.array(([VALUES[name], None] * count)[:count], ODD[name]) for name in ODD}
    pq.write_table(pa.table(held | odd), path, row_group_size=group)


def test_parquet_is_read_and_written_as_in_memory(
    spark: SparkSession,  # noqa: F811 - the fixture
    tmp_path: Path,
):
    """In row groups of any size, beside JSON Lines; all rows with their columns and values."""
    from dedupe.backends.spark import Job, run_files  # noqa: PLC0415 - an extra
    from dedupe.backends.spark.tables import Stage  # noqa: PLC0415 - the same

    spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
    half = len(STORED["title"]) // 2
    store(tmp_path / "b.parquet", slice(0, half), 3)
    store(tmp_path / "a.parquet", slice(half, None), 1000)
    (tmp_path / "c.jsonl").write_bytes(STORIES[: STORIES.index(b"\n", 3000) + 1])
    paths = [str(tmp_path / name) for name in ("b.parquet", "a.parquet", "c.jsonl")]
    found = done(spark, tmp_path, ["cluster", "pairs"], paths, parts=5)
    for command in ("cluster", "pairs"):
        assert found[command] == dedupe(command, *paths, folder=tmp_path).out
    for command in ("cluster", "unique"):
        out = str(tmp_path / f"{command}.parquet")
        job = Job(command, tuple(paths[:2]), out, stores=True)
        _, rows = run_files(Stage(spark, str(tmp_path / "again")), job, Settings(), ReadStats())
        flags = ("-o", "local.parquet", "--stats", "stats.json")
        assert dedupe(command, *flags, *paths[:2], folder=tmp_path).code == 0
        expected = pq.read_table(tmp_path / "local.parquet").to_pylist()
        parts = sorted(Path(out).glob("part-*"))
        assert [row for part in parts for row in pq.read_table(part).to_pylist()] == expected
        stats = json.loads((tmp_path / "stats.json").read_bytes())
        assert rows.checksum == stats["rows_checksum"]


def test_rows_of_parquet_that_cannot_be_lines_are_told(
    spark: SparkSession,  # noqa: F811 - the fixture
    tmp_path: Path,
):
    from dedupe.backends.spark.read import stage_lines  # noqa: PLC0415 - an extra
    from dedupe.backends.spark.tables import Stage  # noqa: PLC0415 - the same

    stage = Stage(spark, str(tmp_path / "staging"))
    numbers = [0.5] * 8 + [float("inf")]
    table = pa.table({"title": ["x"] * 9, "n": numbers})
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    paths = [str(tmp_path / "in.parquet")]
    with pytest.raises(InputError, match=r"in\.parquet:9: n: infinity is not a JSON number"):
        stage_lines(stage, paths, Settings(), ReadStats())
    tally = ReadStats()
    assert stage_lines(stage, paths, Settings(on_error="skip"), tally).count() == 8
    assert (tally.records, tally.skipped, tally.met) == (8, 1, 9)
    pq.write_table(pa.table({"title": ["x"], "t": pa.array([[(1, 2)]], BY_NUMBER)}), paths[0])
    with pytest.raises(InputError, match="t: a map by int"):
        stage_lines(stage, paths, Settings(), ReadStats())
