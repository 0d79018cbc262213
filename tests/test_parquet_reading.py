"""Parquet in: each row is the line of JSON that it would be in a file, and nothing else changes."""

from __future__ import annotations

import gzip
import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from parquets import LAMP, SCHEMA, SPARSE, in_order, parquet
from readers import joined, read_bytes, read_files, records_of

from dedupe.config_values import parse_field
from dedupe.errors import InputError
from dedupe.models import NO_TIME, ReadStats

if TYPE_CHECKING:
    from pathlib import Path

MAGIC, ENCRYPTED = b"PAR1", b"PARE"


def column(values: pa.Array | list[Any], kind: pa.DataType | None = None) -> bytes:
    """A file with a headline and a column ``x``."""
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    return parquet({"title": ["Lamp"] * len(array), "x": array})


def written(data: bytes, **settings: Any) -> list[Any]:
    """What was written of ``x`` in each row; the text between the headline and the last brace."""
    lines = records_of(read_bytes(data, **settings))
    found = [line.removeprefix(b'{"title":"Lamp"').removesuffix(b"}\n").decode() for line in lines]
    return [text.removeprefix(',"x":') for text in found]


def test_a_row_is_a_line_without_its_nulls():
    table = {"id": ["a", None], "title": ["Lamp", "Toll"], "lede": [None, "By ten."]}
    batches = read_bytes(parquet(table))
    assert records_of(batches) == [
        b'{"id":"a","title":"Lamp"}\n',
        b'{"title":"Toll","lede":"By ten."}\n',
    ]
    assert {batch.format for batch in batches} == {"parquet"}


NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
VIENNA = pa.timestamp("us", "Europe/Vienna")
TO_NUMBERS = pa.map_(pa.string(), pa.int8())
WRITTEN = {
    "string": (["caf\xe9 \u4e2d", ""], pa.string(), ['"caf\xe9 \u4e2d"', '""']),
    "large string": (["a"], pa.large_string(), ['"a"']),
    "string view": (["a", None], pa.string_view(), ['"a"', ""]),
    "dictionary": (pa.array(["a", None, "a"]).dictionary_encode(), None, ['"a"', "", '"a"']),
    "whole numbers": ([2**63 - 1, -(2**63)], pa.int64(), [str(2**63 - 1), str(-(2**63))]),
    "unsigned": ([2**64 - 1], pa.uint64(), [str(2**64 - 1)]),
    "small numbers": ([-1, None], pa.int8(), ["-1", ""]),
    "boolean": ([True, False, None], pa.bool_(), ["true", "false", ""]),
    "nothing": ([None], pa.null(), [""]),
    "float": ([0.1, 2.5e9, -0.0, None], pa.float64(), ["0.1", "2500000000.0", "-0.0", ""]),
    "float of 32 bits": ([0.1, 16777216.0], pa.float32(), ["0.1", "16777216.0"]),
    "float of 16 bits": ([0.5], pa.float16(), ["0.5"]),
    "no number": ([math.nan, 1.5], pa.float64(), ["", "1.5"]),
    "no number of 32 bits": ([math.nan, 1.5], pa.float32(), ["", "1.5"]),
    "decimal": ([Decimal("12.50"), None], pa.decimal128(9, 2), ["12.50", ""]),
    "long decimal": ([Decimal("9" * 40)], pa.decimal256(50, 0), ["9" * 40]),
    "date": ([date(2026, 3, 1), None], pa.date32(), ['"2026-03-01"', ""]),
    "date of 64 bits": ([date(1969, 12, 31)], pa.date64(), ['"1969-12-31"']),
    "time of day": ([time(12, 30), time(0, 0, 1)], pa.time32("s"), ['"12:30:00"', '"00:00:01"']),
    "finer time of day": ([time(1, 2, 3, 400)], pa.time64("us"), ['"01:02:03.000400"']),
    "time": ([NOON.replace(tzinfo=None)], pa.timestamp("ms"), ['"2026-03-01T12:30:00"']),
    "time of a zone": ([NOON, None], VIENNA, ['"2026-03-01T12:30:00Z"', ""]),
    "milliseconds": ([NOON.replace(microsecond=120000)], VIENNA, ['"2026-03-01T12:30:00.120Z"']),
    "microseconds": ([NOON.replace(microsecond=7)], VIENNA, ['"2026-03-01T12:30:00.000007Z"']),
    "nanoseconds": (pa.array([1], pa.timestamp("ns")), None, ['"1970-01-01T00:00:00.000000001"']),
    "list": ([["a"], [], None, ["b", None]], None, ['["a"]', "[]", "", '["b",null]']),
    "fixed list": ([[1, 2], None, [3, 4]], pa.list_(pa.int8(), 2), ["[1,2]", "", "[3,4]"]),
    "large list": ([[True]], pa.large_list(pa.bool_()), ["[true]"]),
    "object": ([{"a": 1, "b": None}, None, {}], None, ['{"a":1}', "", "{}"]),
    "map": ([[("k", 1), ("l", None)], None, []], TO_NUMBERS, ['{"k":1}', "", "{}"]),
    "objects in lists": ([[{"t": date(2026, 3, 1)}], None], None, ['[{"t":"2026-03-01"}]', ""]),
    "binary": ([b"\xff\x00", None], pa.binary(), ['"/wA="', ""]),
    "fixed binary": ([b"abc"], pa.binary(3), ['"YWJj"']),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("options", [{}, {"use_dictionary": False, "row_group_size": 1}])
def test_a_value_is_written_as_documented(name: str, options: dict[str, Any]):
    values, kind, expected = WRITTEN[name]
    array = values if kind is None and isinstance(values, pa.Array) else pa.array(values, kind)
    data = parquet({"title": ["Lamp"] * len(array), "x": array}, **options)
    assert written(data) == expected


REFUSED = {
    "duration": (pa.array([1], pa.duration("s")), "in.parquet: x: duration[s] cannot be stored"),
    "map by number": (
        pa.array([[(1, "a")]], pa.map_(pa.int8(), pa.string())),
        "in.parquet: x: a map by int8 cannot be stored in JSON",
    ),
    "duration in a list": (pa.array([[1]], pa.list_(pa.duration("s"))), "in.parquet: x: duration"),
    "infinity": (pa.array([1.0, math.inf]), "in.parquet:2: x: infinity is not a JSON number"),
    "infinity in a list": (pa.array([[1.0], [-math.inf]]), "in.parquet:2: x: infinity"),
    "invalid UTF-8": (
        pa.array([b"", b"b\xff"]).view(pa.string()),
        "in.parquet:2: x: invalid UTF-8 at byte 2",
    ),
    "far future": (pa.array([2**62], pa.timestamp("us")), "in.parquet:1: x: a time out of range"),
    "a key twice": (
        pa.array([[("k", 1), ("k", 2)]], TO_NUMBERS),
        "in.parquet:1: x: a map that has a key twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("values", "says"), REFUSED.values(), ids=REFUSED)
def test_what_json_cannot_hold_is_refused_by_name(values: pa.Array, says: str, tmp_path: Path):
    (tmp_path / "in.parquet").write_bytes(column(values))
    with pytest.raises(InputError) as caught:
        read_files(tmp_path / "in.parquet")
    assert str(caught.value).startswith(f"{tmp_path}/{says}")


def test_a_column_of_one_name_with_another_is_refused():
    table = pa.Table.from_arrays(
        [pa.array(["a"]), pa.array([1]), pa.array([2])], ["title", "x", "x"]
    )
    with pytest.raises(InputError, match="x: there are two columns of this name"):
        read_bytes(parquet(table))


def test_a_bad_row_is_skipped_or_set_aside(tmp_path: Path):
    data = column(pa.array([1.0, math.inf, 2.0]))
    tally = ReadStats()
    [batch] = read_bytes(data, tally=tally, on_error=f"quarantine={tmp_path}/bad")
    assert batch.lines.tolist() == [1, 3]
    assert (tally.met, tally.records, tally.quarantined) == (3, 2, 1)
    assert (tmp_path / "bad").read_bytes() == b'{"title":"Lamp","x":"inf"}\n'


TEXTLESS = {
    "no column": ({"note": ["a"]}, "no text: looked for title, headline, lede, summary"),
    "binary": ({"title": pa.array([b"a"])}, "title: expected a string, got binary"),
}


@pytest.mark.parametrize(("columns", "says"), TEXTLESS.values(), ids=TEXTLESS)
def test_a_file_without_a_text_is_refused_as_a_whole(columns: dict[str, Any], says: str):
    with pytest.raises(InputError) as caught:
        read_bytes(parquet(columns), on_error="skip")
    assert caught.value.line is None
    assert caught.value.reason.startswith(says)


def test_a_text_of_another_type_is_refused():
    with pytest.raises(InputError, match="title: expected a string, got an array"):
        read_bytes(parquet({"title": [[1], [2]]}))


def test_a_number_is_read_as_a_text():
    [batch] = read_bytes(parquet({"title": [1984, 2001]}))
    assert batch.texts[0] == ["1984", "2001"]


def test_fields_ids_dates_and_outlets_are_found_as_in_json():
    table = pa.table(
        {
            "article": [{"head": "Lamp"}, {"head": None}],
            "tags": pa.array([[("lang", "en")], []], pa.map_(pa.string(), pa.string())),
            "text": ["Lamp lit", "Toll up"],
            "id": [7, None],
            "date": pa.array([datetime(1970, 1, 2, tzinfo=UTC), None], pa.timestamp("ns", "UTC")),
            "outlet": pa.array(["ap", "ap"]).dictionary_encode(),
        }
    )
    tally = ReadStats()
    fields = tuple(map(parse_field, ("article.head|text", "tags.lang")))
    [batch] = read_bytes(parquet(table), tally=tally, field=fields)
    assert batch.texts == (["Lamp", "Toll up"], ["en", ""])
    assert batch.ids == ["7", ""]
    assert batch.sources == ["ap", "ap"]
    assert batch.times.tolist() == [86400, NO_TIME]
    assert tally.undated == 0


@given(st.lists(SPARSE, max_size=12), st.integers(1, 5), st.sampled_from([[], ["title", "tags"]]))
def test_rows_are_read_as_the_same_lines_are(
    stories: list[dict[str, Any]], size: int, packed: list[str]
):
    ordered = [in_order(story, SCHEMA) for story in stories]
    table = pa.Table.from_pylist(ordered, SCHEMA)
    data = parquet(table, row_group_size=size, use_dictionary=packed)
    lines = b"".join(orjson.dumps(story) + b"\n" for story in ordered)
    rows, same = joined(read_bytes(data)), joined(read_bytes(lines, "jsonl"))
    assert b"".join(batch.data for batch in rows.batches) == lines
    assert list(map(list, rows.texts)) == list(map(list, same.texts))
    assert (list(rows.ids), rows.times.tolist()) == (list(same.ids), same.times.tolist())
    assert rows.digests.tolist() == same.digests.tolist()
    numbers = [number for batch in rows.batches for number in batch.lines.tolist()]
    assert numbers == list(range(1, len(stories) + 1))


def test_a_file_without_rows_keeps_its_schema():
    [batch] = read_bytes(parquet(SCHEMA.empty_table()))
    assert len(batch) == 0
    assert pa.ipc.read_schema(pa.py_buffer(batch.header)) == SCHEMA


KNOWN = {
    "a.parquet": LAMP,
    "a.PARQUET": LAMP,
    "a.bin": LAMP,
    "a": LAMP,
    "a.jsonl": LAMP,
    "a.parquet.gz": gzip.compress(LAMP),
    "b.gz": gzip.compress(LAMP),
}


@pytest.mark.parametrize("name", KNOWN)
def test_it_is_known_by_its_name_or_its_first_bytes(name: str, tmp_path: Path):
    (tmp_path / name).write_bytes(KNOWN[name])
    [batch] = read_files(tmp_path / name)
    assert (batch.format, batch.texts[0]) == ("parquet", ["Lamp"])


@pytest.mark.parametrize("headline", [b"PAR1\n", b"PAR1 and PARE\n", b"PARE\ttags\n"])
def test_a_headline_that_begins_as_parquet_does_is_a_headline(headline: bytes):
    assert read_bytes(headline)[0].format == "lines"
