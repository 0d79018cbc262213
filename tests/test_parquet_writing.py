"""Parquet out: the very rows that came in, or columns of one type made from other records."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commandline import FIXTURES, dedupe, environment, finished, shell, visible
from hypothesis import given
from hypothesis import strategies as st
from parquets import SCHEMA, SPARSE, all_rows, chosen_rows, lines, parquet, table_of
from readers import clustering_of, joined
from terminal import Terminal

from dedupe.config import Settings
from dedupe.errors import AccountingError
from dedupe.io import parquet_write
from dedupe.io.annotate import cluster_annotation
from dedupe.io.parquet import ParquetFiles
from dedupe.io.parquet_write import write_table
from dedupe.io.reader import read
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dedupe.models import Format

FAILED = 2
STORIES = b"""\
{"id":"a","title":"Old lighthouse at Pell Point stays lit for fifty years","n":1}
{"id":"b","title":"Ferry tolls rise by ten pence","n":2,"tags":["toll"]}
{"id":"c","title":"UPDATE 1-Old lighthouse at Pell Point stays lit for fifty years"}
"""
CELLS = b'id,title\na,Old lamp stays lit\nb,"Ferry, tolls"\nc,Old lamp stays lit\n'
FOUND = ("cluster", "size", "canonical", "canonical_id", "score", "reason", "version")


@given(st.lists(st.tuples(SPARSE, st.booleans()), min_size=1, max_size=12), st.integers(1, 5))
def test_the_rows_chosen_are_the_very_rows(drawn: list[tuple[dict[str, Any], bool]], size: int):
    stories, chosen = [story for story, _ in drawn], [keep for _, keep in drawn]
    schema = SCHEMA.with_metadata({"made by": "a test"})
    data = parquet(pa.Table.from_pylist(stories, schema), row_group_size=size)
    found, expected = chosen_rows(data, chosen), table_of(data).filter(pa.array(chosen))
    assert found.schema.equals(expected.schema, check_metadata=True)
    assert found.equals(expected)


TYPES = {
    "dictionary": pa.array(["a", "b"]).dictionary_encode(),
    "large string": pa.array(["a", "b"], pa.large_string()),
    "nanoseconds": pa.array([1, 2], pa.timestamp("ns", "Europe/Vienna")),
    "decimal": pa.array(["1.10", "2"]).cast(pa.decimal128(9, 2)),
    "float": pa.array([0.5, 0.1], pa.float32()),
    "binary": pa.array([b"\xff", None]),
    "map": pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int8())),
    "fixed list": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
    "nothing": pa.nulls(2),
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("compression", ["snappy", "zstd", "none"])
def test_types_and_compression_stay(name: str, compression: str):
    required = pa.field("title", pa.string(), nullable=False, metadata={"of": "a column"})
    schema = pa.schema([required, pa.field("x", TYPES[name].type)])
    table = pa.Table.from_arrays([pa.array(["Lamp", "Toll"]), TYPES[name]], schema=schema)
    data = parquet(table, compression=compression)
    found = chosen_rows(data, [False, True])
    assert found.schema.equals(table_of(data).schema, check_metadata=True)
    assert found.schema.field("title").equals(required, check_metadata=True)
    assert found.column("x").to_pylist() == TYPES[name][1:].to_pylist()


def test_codecs_are_those_of_the_input(tmp_path: Path):
    for codec in ("zstd", "none", "gzip"):
        (tmp_path / "in.parquet").write_bytes(parquet({"title": ["a"]}, compression=codec))
        assert dedupe("unique", "in.parquet", "-o", "out.parquet", folder=tmp_path).code == 0
        told = pq.ParquetFile(tmp_path / "out.parquet").metadata.row_group(0).column(0).compression
        assert told == {"none": "UNCOMPRESSED"}.get(codec, codec.upper())


FORMS = {"in.jsonl": STORIES, "in.csv": CELLS, "in.txt": b"Lamp lit\nLamp lit\n", "in.parquet": b""}


@pytest.mark.parametrize("name", FORMS)
def test_cluster_adds_the_columns_that_a_table_gets(name: str, tmp_path: Path):
    data = FORMS[name] or parquet(all_rows(STORIES))
    (tmp_path / name).write_bytes(data)
    assert dedupe("cluster", name, "-o", "out.parquet", folder=tmp_path).code == 0
    found = pq.read_table(tmp_path / "out.parquet")
    own = [key for key in found.schema.names if not key.startswith("dedupe_")]
    assert found.schema.names == [*own, *(f"dedupe_{key}" for key in FOUND)]
    rows = [
        {key: row[f"dedupe_{key}"] for key in FOUND if row[f"dedupe_{key}"] is not None}
        for row in found.to_pylist()
    ]
    if name != "in.csv":
        told = dedupe("cluster", name, folder=tmp_path).out.splitlines()
        assert rows == [json.loads(line)["dedupe"] for line in told]
    assert found.select(own).equals(all_rows(data, None if name == "in.parquet" else KINDS[name]))


KINDS: dict[str, Format] = {"in.jsonl": "jsonl", "in.csv": "csv", "in.txt": "lines"}


def test_what_spark_says_of_all_columns_goes_where_columns_are_added():
    sparks = {"org.apache.spark.sql.parquet.row.metadata": "{}", "other": "stays"}
    data = parquet(pa.table({"title": ["a"]}).replace_schema_metadata(sparks))
    with ParquetFiles() as tables:
        batches = list(
            read([], Settings(), ReadStats(), stdin=io.BytesIO(data), parquet_files=tables)
        )
        added = cluster_annotation(clustering_of(joined(batches), [0]), "dedupe")
        found = table_of(b"".join(write_table(batches, np.ones(1, bool), tables, added)))
    assert found.schema.metadata == {b"other": b"stays"}
    assert chosen_rows(data, [True]).schema.metadata == table_of(data).schema.metadata


def test_a_table_of_pandas_is_read_again_by_pandas(tmp_path: Path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"title": ["Lamp lit", "Toll", "Lamp lit"], "n": [1, 2, 3]})
    frame.to_parquet(tmp_path / "in.parquet")
    dedupe("cluster", "in.parquet", "-o", "c.parquet", folder=tmp_path)
    dedupe("unique", "in.parquet", "-o", "u.parquet", folder=tmp_path)
    assert pandas.read_parquet(tmp_path / "c.parquet")[["title", "n"]].equals(frame)
    kept = [
        json.loads(line)["n"]
        for line in dedupe("unique", "in.parquet", folder=tmp_path).out.splitlines()
    ]
    assert pandas.read_parquet(tmp_path / "u.parquet")["n"].tolist() == kept != [1, 2, 3]


def test_several_files_of_the_same_columns_are_one_table(tmp_path: Path):
    for name, texts in {"a": ["Lamp lit", "Toll"], "b": ["Lamp lit", "Storm"]}.items():
        (tmp_path / f"{name}.parquet").write_bytes(parquet({"title": texts}, row_group_size=1))
    given = ["a.parquet", "b.parquet", "a.parquet"]
    assert dedupe("unique", *given, "-o", "out.parquet", folder=tmp_path).code == 0
    found = pq.read_table(tmp_path / "out.parquet").column("title").to_pylist()
    assert found == ["Lamp lit", "Toll", "Storm"]
    dedupe("unique", "--duplicates", *given, "-o", "out.parquet", folder=tmp_path)
    found = pq.read_table(tmp_path / "out.parquet").column("title").to_pylist()
    assert found == ["Lamp lit", "Lamp lit", "Toll"]


MIXED = {
    "other columns": ("b.parquet", "b.parquet: its columns differ from those of a.parquet"),
    "lines of JSON": ("b.jsonl", "b.jsonl: jsonl cannot go into one table with the parquet of a.p"),
}


@pytest.mark.parametrize(("name", "says"), MIXED.values(), ids=MIXED)
def test_what_is_no_one_table_is_refused(name: str, says: str, tmp_path: Path):
    (tmp_path / "a.parquet").write_bytes(parquet({"title": ["Lamp"]}))
    other = {"title": ["Toll"], "n": [1]}
    (tmp_path / name).write_bytes(parquet(other) if "parquet" in name else lines({"title": "Toll"}))
    done = dedupe("unique", "a.parquet", name, "-o", "out.parquet", folder=tmp_path)
    assert (done.code, done.out) == (FAILED, b"")
    assert says in done.err
    assert dedupe("unique", "a.parquet", name, folder=tmp_path).out.count(b"\n") == 2


REFUSED = {
    "no records": (["unique", "none.jsonl", "-o", "o.parquet"], "has no records; Parquet"),
    "packed twice": (["unique", "--to", "parquet", "-o", "o.gz"], "o.gz: Parquet is compressed"),
    "a report": (["report", "-o", "o.parquet"], "o.parquet: only cluster, unique, pairs and split"),
    "a check": (["check", "-o", "o.parquet"], "o.parquet: only cluster, unique, pairs and split"),
    "a tree": (["cluster", "--format", "tree", "-o", "o.parquet"], "o.parquet: only cluster, uniq"),
    "a tree by name": (["cluster", "--format", "tree", "--to", "parquet"], "--to cannot be used"),
    "another format": (["unique", "--to", "csv", "-o", "o.parquet"], "o.parquet: only cluster, "),
    "stats": (["unique", "--stats", "o.parquet"], "o.parquet: only cluster, unique, pairs and sp"),
    "an index": (["index", "add", "i", "-o", "o.parquet"], "o.parquet: only cluster, unique, pair"),
    "Spark": (["pairs", "--to", "parquet", "--engine", "spark", "in.jsonl", "o"], "writing Parq"),
    "a column that is there": (
        ["cluster", "again.parquet", "-o", "o.parquet"],
        "again.parquet: already has dedupe_score; use --into with another name",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "says"), REFUSED.values(), ids=REFUSED)
def test_where_there_is_no_parquet_to_write(arguments: list[str], says: str, tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    (tmp_path / "none.jsonl").write_bytes(b"")
    (tmp_path / "again.parquet").write_bytes(parquet({"title": ["a"], "dedupe_score": [1.0]}))
    if "index" in arguments:
        dedupe("index", "create", "i", folder=tmp_path)
    before = visible(tmp_path)
    done = dedupe(*arguments, folder=tmp_path, stdin=STORIES)
    assert (done.code, done.out) == (FAILED, b"")
    assert says in done.err
    assert done.err.count("\n") == 1
    assert visible(tmp_path) == before


def test_a_terminal_gets_none(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    with Terminal("unique", "--to", "parquet", "in.jsonl", folder=tmp_path) as terminal:
        assert terminal.end() == FAILED
    assert b"Parquet cannot be written to a terminal; give a file" in terminal.seen


def test_a_pipe_is_no_hindrance(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    done = shell("cat in.jsonl | dedupe unique -q --to parquet | dedupe unique -q", tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out == b"".join(STORIES.splitlines(keepends=True)[1:])


def test_pairs_are_a_table_too(tmp_path: Path):
    (tmp_path / "in.parquet").write_bytes(parquet(all_rows(STORIES)))
    for files in (["in.parquet"], ["in.parquet", "in.parquet"]):
        told = dedupe("pairs", *files, folder=tmp_path).out.splitlines()
        dedupe("pairs", *files, "-o", "out.parquet", folder=tmp_path)
        rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
        for row in rows:
            row["fields"] = {k: v for k, v in row["fields"].items() if v is not None}
        assert rows == [json.loads(line) for line in told] != []


def test_blocks_are_a_table_too(tmp_path: Path):
    page = str(FIXTURES / "article.txt")
    dedupe("split", page, "-o", "out.parquet", folder=tmp_path)
    told = dedupe("split", page, folder=tmp_path).out.splitlines()
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == [
        json.loads(line) for line in told
    ]


@pytest.mark.parametrize("command", ["cluster", "unique", "pairs"])
def test_it_is_accounted_for_as_lines_are(command: str, tmp_path: Path):
    (tmp_path / "in.parquet").write_bytes(parquet(all_rows(STORIES)))
    dedupe(command, "in.parquet", "-o", "o", "--stats", "lines", folder=tmp_path)
    dedupe(command, "in.parquet", "-o", "o.parquet", "--stats", "rows", folder=tmp_path)
    of_lines, of_rows = (json.loads((tmp_path / name).read_bytes()) for name in ("lines", "rows"))
    for same in ("accounts", "rows_checksum", "output", "input"):
        assert of_lines[same] == of_rows[same]
    assert of_rows["output_bytes"] == (tmp_path / "o.parquet").stat().st_size
    assert of_rows["input"]["bytes"] == (tmp_path / "in.parquet").stat().st_size


def test_rows_that_are_lost_are_noticed(monkeypatch: pytest.MonkeyPatch):
    def lossy(batches: Iterator[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
        return ([batch.slice(1)] for batch in batches)

    monkeypatch.setattr(parquet_write, "group_rows", lossy)
    with pytest.raises(AccountingError, match="rows of output: 1 where there should be 2"):
        all_rows(lines({"title": "a"}, {"title": "b"}))


def test_row_groups_are_neither_small_nor_endless(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parquet_write, "ROWS_A_GROUP", 6000)
    data = parquet({"title": [str(n) for n in range(20_000)]}, row_group_size=100)
    with ParquetFiles() as tables:
        batches = list(
            read([], Settings(), ReadStats(), stdin=io.BytesIO(data), parquet_files=tables)
        )
        out = b"".join(write_table(batches, np.ones(20_000, bool), tables))
    told = pq.ParquetFile(io.BytesIO(out)).metadata
    assert table_of(out).column("title").to_pylist() == [str(n) for n in range(20_000)]
    assert all(told.row_group(n).num_rows <= 6000 for n in range(told.num_row_groups))
    assert told.num_row_groups < 8


@pytest.mark.parametrize("command", ["cluster", "unique"])
def test_past_memory_it_is_the_same(command: str, tmp_path: Path):
    (tmp_path / "in.parquet").write_bytes(parquet(all_rows(STORIES), row_group_size=2))
    outs = []
    for more in ([], ["--memory", "1K", "--tmp", "."]):
        done = dedupe(command, *more, "in.parquet", "-o", "out.parquet", folder=tmp_path)
        assert done.code == 0, done.err
        outs.append((tmp_path / "out.parquet").read_bytes())
    assert outs[0] == outs[1]
    assert visible(tmp_path) == {"in.parquet", "out.parquet"}


def test_an_index_takes_parquet(tmp_path: Path):
    (tmp_path / "in.parquet").write_bytes(parquet(all_rows(STORIES)))
    dedupe("index", "create", "i", folder=tmp_path)
    done = dedupe("index", "add", "i", "in.parquet", folder=tmp_path)
    assert done.code == 0, done.err
    assert [json.loads(line)["dedupe"]["new"] for line in done.out.splitlines()] == [True] * 3
    again = (tmp_path / "in.parquet").read_bytes()
    by_pipe = dedupe("index", "match", "i", folder=tmp_path, stdin=again)
    assert (by_pipe.code, by_pipe.out) == (FAILED, b"")
    assert "<stdin>: Parquet cannot be read as a stream" in by_pipe.err
    forced = dedupe("index", "match", "-q", "--from", "parquet", "i", folder=tmp_path, stdin=again)
    assert (forced.code, forced.out.count(b"\n"), forced.err) == (0, 3, "")


def test_a_full_disk_leaves_nothing(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    done = dedupe("unique", "in.jsonl", "--to", "parquet", "-o", "/dev/full", folder=tmp_path)
    assert (done.code, done.err) == (FAILED, "dedupe: error: /dev/full: No space left on device\n")


def test_a_conflict_leaves_the_old_file(tmp_path: Path):
    (tmp_path / "out.parquet").write_bytes(b"old")
    data = lines({"title": "a", "n": 1}, {"title": "b", "n": "x"})
    done = dedupe("unique", "-o", "out.parquet", folder=tmp_path, stdin=data)
    assert done.code == FAILED
    assert (tmp_path / "out.parquet").read_bytes() == b"old"
    assert visible(tmp_path) == {"out.parquet"}


def test_pyarrow_is_loaded_for_parquet_alone(tmp_path: Path):
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    probe = (
        "import sys, dedupe.__main__ as d; d.main(sys.argv[1:]); print('pyarrow' in sys.modules)"
    )
    for output, loaded in (("out.jsonl", b"False\n"), ("out.parquet", b"True\n")):
        command = [sys.executable, "-c", probe, "unique", "-q", "in.jsonl", "-o", output]
        assert finished(command, tmp_path, b"", environment()).out == loaded
