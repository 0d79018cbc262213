"""Columns of one type from records that declare none, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from commandline import dedupe, visible
from hypothesis import given, settings
from hypothesis import strategies as st
from parquets import SCHEMA, SPARSE, all_rows, in_order, lines, parquet
from readers import read_bytes

from dedupe.config import Settings
from dedupe.errors import InputError
from dedupe.pipeline import run

if TYPE_CHECKING:
    from pathlib import Path

CELLS = b'id,title\na,Old lamp stays lit\nb,"Ferry, tolls"\nc,Old lamp stays lit\n'


@given(st.lists(SPARSE, min_size=1, max_size=12))
def test_json_survives_a_round_trip(stories: list[dict[str, Any]]):
    ordered = [in_order(story, SCHEMA) for story in stories]
    made = all_rows(lines(*ordered))
    back = read_bytes(parquet(made))
    assert [json.loads(line) for batch in back for line in batch.data.splitlines()] == ordered


WORDS = st.sampled_from(["lamp", "toll", "ferry", "storm", "8", "dead", "Pell", "stays", "UPDATE"])
TITLES = st.lists(WORDS, min_size=1, max_size=7).map(" ".join)
DAYS = st.sampled_from(["2026-03-01", "2026-03-01T22:00:00Z", "2026-03-09", None])


@settings(max_examples=30)
@given(st.lists(st.tuples(TITLES, DAYS), min_size=1, max_size=12))
def test_the_same_stories_give_the_same_clusters(drawn: list[tuple[str, str | None]]):
    stories = [{"title": title} | ({"date": day} if day else {}) for title, day in drawn]
    of_lines, of_rows = (
        run(read_bytes(data), Settings()).clustering
        for data in (lines(*stories), parquet(all_rows(lines(*stories))))
    )
    assert list(of_lines) == list(of_rows)
    assert of_lines.scores.tolist() == of_rows.scores.tolist()
    assert list(of_lines.reasons) == list(of_rows.reasons)
    assert list(of_lines.keys) == list(of_rows.keys)


MADE = {
    "strings": (["a", None, "b"], pa.string()),
    "booleans": ([True, False], pa.bool_()),
    "whole numbers": ([1, -(2**63)], pa.int64()),
    "beyond the sign": ([1, 2**64 - 1], pa.uint64()),
    "floats": ([0.5, 1e300], pa.float64()),
    "numbers": ([1, 0.5, -(2**53)], pa.float64()),
    "nothing": ([None, None], pa.null()),
    "empty lists": ([[], []], pa.list_(pa.null())),
    "lists": ([[1], [], [2.5, None]], pa.list_(pa.float64())),
    "objects": ([{"a": 1}, {"b": "x"}, {}], pa.struct({"a": pa.int64(), "b": pa.string()})),
    "lists of objects": ([[{"a": 1}], [{"a": None}]], pa.list_(pa.struct({"a": pa.int64()}))),
    "dates stay text": (["2026-03-01", "2026-03-01T00:00:00Z"], pa.string()),
}


@pytest.mark.parametrize(("values", "kind"), MADE.values(), ids=MADE)
def test_a_column_has_the_type_of_its_values(values: list[Any], kind: pa.DataType):
    made = all_rows(lines(*({"title": "Lamp", "x": value} for value in values)))
    assert made.schema.field("x").type == kind
    assert made.column("x").equals(pa.chunked_array([pa.array(values, kind)]))


CLASHES = {
    "a string and a number": (b'1 "a"', "2: cannot be Parquet: x: a string, where line 1 has a w"),
    "a number and a string": (b'"a" null 1.5', "3: cannot be Parquet: x: a fraction, where line"),
    "a boolean and a number": (b"true 1", "2: cannot be Parquet: x: a whole number, where line 1"),
    "within an object": (b'{"y":1} {"y":[]}', "2: cannot be Parquet: x.y: an array, where line 1"),
    "within an array": (b'[1,"a"]', "1: cannot be Parquet: x[]: a string, where line 1 has a"),
    "more than 64 bits": (b"1 18446744073709551616", "2: cannot be Parquet: x: whole numbers that"),
    "endless": (b"1" + b"0" * 300, "1: cannot be Parquet: x: whole numbers that do not"),
    "64 bits of two kinds": (b"-1 9223372036854775808", "2: cannot be Parquet: x: whole numbers"),
    "no exact fraction": (b"0.5 9007199254740993", "2: cannot be Parquet: x: a whole number that"),
    "an object without members": (b"null {}", "2: cannot be Parquet: x: Parquet cannot hold an ob"),
}  # fmt: skip


@pytest.mark.parametrize(("values", "says"), CLASHES.values(), ids=CLASHES)
def test_what_is_no_column_is_refused_with_its_place(values: bytes, says: str):
    data = b"".join(b'{"title":"Lamp","x":' + value + b"}\n" for value in values.split())
    with pytest.raises(InputError) as caught:
        all_rows(data)
    assert str(caught.value).startswith(f"<stdin>:{says}")


def test_a_clash_of_two_files_names_both(tmp_path: Path):
    (tmp_path / "one.jsonl").write_bytes(b'{"title":"a","n":1}\n')
    (tmp_path / "two.jsonl").write_bytes(b'{"title":"b","n":"2"}\n')
    done = dedupe("unique", "one.jsonl", "two.jsonl", "-o", "out.parquet", folder=tmp_path)
    assert done.err == (
        "dedupe: error: two.jsonl:1: cannot be Parquet: n: a string, where line 1 of one.jsonl has "
        "a whole number; Parquet has one type a column\n"
    )
    assert visible(tmp_path) == {"one.jsonl", "two.jsonl"}


def test_cells_are_strings_and_lines_are_texts():
    assert all_rows(CELLS, "csv").to_pylist()[1:] == [
        {"id": "b", "title": "Ferry, tolls"},
        {"id": "c", "title": "Old lamp stays lit"},
    ]
    assert all_rows(b"id,title\n", "csv").schema.names == ["id", "title"]
    assert all_rows(b"Lamp\r\n\nToll", "lines").to_pylist() == [{"text": "Lamp"}, {"text": "Toll"}]


def test_a_table_with_two_columns_of_one_name_is_refused():
    with pytest.raises(InputError, match="<stdin>:1: cannot be Parquet: id: there are two columns"):
        all_rows(b"id,id,title\n1,2,a\n", "csv")
