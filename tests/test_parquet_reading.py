"""Parquet in: each row is the line of JSON that it would be in a file, and nothing else changes."""

from __future__ import annotations

import base64
import gzip
import io
import math
import sys
import tempfile
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commandline import dedupe
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import encryption
from readers import joined, read_bytes, read_files, records_of

from dedupe.errors import InputError
from dedupe.parsers import parse_field
from dedupe.reading import read
from dedupe.reading.pages import MalformedError, groups_of
from dedupe.settings import Settings
from dedupe.stories import NO_TIME, Tally
from dedupe.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAGIC, ENCRYPTED = b"PAR1", b"PARE"


def parquet(table: pa.Table | dict[str, Any], **options: Any) -> bytes:
    """A table as the bytes of a file."""
    out = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), out, **options)
    return out.getvalue()


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
    "duration": (pa.array([1], pa.duration("s")), "in.parquet: x: duration[s] has no place in JS"),
    "map by number": (
        pa.array([[(1, "a")]], pa.map_(pa.int8(), pa.string())),
        "in.parquet: x: a map by int8 has no place in JSON",
    ),
    "duration in a list": (pa.array([[1]], pa.list_(pa.duration("s"))), "in.parquet: x: duration"),
    "infinity": (pa.array([1.0, math.inf]), "in.parquet:2: x: infinity is no JSON number"),
    "infinity in a list": (pa.array([[1.0], [-math.inf]]), "in.parquet:2: x: infinity"),
    "invalid UTF-8": (
        pa.array([b"", b"b\xff"]).view(pa.string()),
        "in.parquet:2: x: invalid UTF-8 at byte 2",
    ),
    "far future": (pa.array([2**62], pa.timestamp("us")), "in.parquet:1: x: a time that is out of"),
    "a key twice": (
        pa.array([[("k", 1), ("k", 2)]], TO_NUMBERS),
        "in.parquet:1: x: a map that names a key twice",
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
    tally = Tally()
    [batch] = read_bytes(data, tally=tally, on_error=f"quarantine={tmp_path}/bad")
    assert batch.lines.tolist() == [1, 3]
    assert (tally.met, tally.records, tally.quarantined) == (3, 2, 1)
    assert (tmp_path / "bad").read_bytes() == b'{"title":"Lamp","x":"inf"}\n'


TEXTLESS = {
    "no column": ({"note": ["a"]}, "no text: looked for title, headline, text, lede, summary"),
    "binary": ({"title": pa.array([b"a"])}, "title: expected a string, got binary"),
}


@pytest.mark.parametrize(("columns", "says"), TEXTLESS.values(), ids=TEXTLESS)
def test_a_file_without_a_text_is_refused_as_a_whole(columns: dict[str, Any], says: str):
    with pytest.raises(InputError) as caught:
        read_bytes(parquet(columns), on_error="skip")
    assert caught.value.line is None
    assert caught.value.reason.startswith(says)


def test_a_text_of_another_type_is_refused_by_row():
    with pytest.raises(InputError, match="<stdin>:1: title: expected a string, got a number"):
        read_bytes(parquet({"title": [1, 2]}))


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
    tally = Tally()
    fields = tuple(map(parse_field, ("article.head|text", "tags.lang")))
    [batch] = read_bytes(parquet(table), tally=tally, field=fields)
    assert batch.texts == (["Lamp", "Toll up"], ["en", ""])
    assert batch.ids == ["7", ""]
    assert batch.sources == ["ap", "ap"]
    assert batch.times.tolist() == [86400, NO_TIME]
    assert tally.undated == 0


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
SPARSE = st.fixed_dictionaries(
    {"title": TEXTS},
    optional={
        "id": TEXTS,
        "lede": TEXTS,
        "n": st.integers(-(2**63), 2**63 - 1),
        "x": st.floats(allow_nan=False, allow_infinity=False),
        "ok": st.booleans(),
        "tags": st.lists(TEXTS, max_size=3),
        "more": st.fixed_dictionaries({"a": TEXTS}, optional={"b": st.integers(0, 9)}),
    },
)
SCHEMA = pa.schema(
    {
        "id": pa.string(),
        "title": pa.string(),
        "lede": pa.string(),
        "n": pa.int64(),
        "x": pa.float64(),
        "ok": pa.bool_(),
        "tags": pa.list_(pa.string()),
        "more": pa.struct({"a": pa.string(), "b": pa.int64()}),
    }
)


def in_order(story: dict[str, Any], fields: pa.Schema | pa.StructType) -> dict[str, Any]:
    """A story with its members in the order of columns."""
    held = {field.name: (story[field.name], field.type) for field in fields if field.name in story}
    nested = pa.types.is_struct
    return {name: in_order(v, kind) if nested(kind) else v for name, (v, kind) in held.items()}


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


LAMP = parquet({"title": ["Lamp"]})
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


BAD = {
    "empty": (b"", "not Parquet data, though it is said to be"),
    "text": (b'{"title":"a"}\n', "not Parquet data, though it is said to be"),
    "four bytes": (MAGIC, "corrupt Parquet data"),
    "cut": (LAMP[:-1], "truncated Parquet data"),
    "half": (LAMP[: len(LAMP) // 2], "truncated Parquet data"),
    "footer that is too long": (LAMP[:-8] + b"\xff\xff\xff\x7f" + MAGIC, "corrupt Parquet data"),
    "footer of something else": (LAMP[:-99] + b"\xff" * 91 + LAMP[-8:], "corrupt Parquet data"),
    "pages of something else": (MAGIC + b"\xff" * 60 + LAMP[64:], "corrupt Parquet data"),
    "encrypted": (ENCRYPTED + LAMP[4:-4] + ENCRYPTED, "encrypted Parquet data"),
    "encrypted at its end": (LAMP[:-4] + ENCRYPTED, "encrypted Parquet data"),
}


@pytest.mark.parametrize(("data", "says"), BAD.values(), ids=BAD)
def test_what_is_damaged_is_refused(data: bytes, says: str):
    with pytest.raises(InputError) as caught:
        read_bytes(data, "parquet", on_error="skip")
    assert str(caught.value).startswith(f"<stdin>: {says}")
    assert "\n" not in str(caught.value)


def test_an_unknown_codec_is_told(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise pa.ArrowNotImplementedError("Support for codec 'lzo' not built")

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(
        InputError, match=r"of a kind that cannot be read \(Support for codec 'lzo'"
    ):
        read_bytes(LAMP)


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"<stdin>: Parquet needs .*'headline-dedupe\[parquet\]'"):
        read_bytes(LAMP)


def test_a_file_that_changes_between_two_readings_is_told(tmp_path: Path):
    path = tmp_path / "a.parquet"
    path.write_bytes(LAMP)
    with Tables() as tables:
        tables.hold("a", str(path), [])
        assert tables.again("a").name == str(path)
        path.write_bytes(LAMP + b"more")
        with pytest.raises(InputError, match="a: has changed while it was read"):
            tables.again("a")


LONG = "x y " * 50_000
MANY = 4000


def repeated(count: int) -> pa.Array:
    """One long text, many times, in no more room than once."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array([LONG]))


BOMBS = {
    "a page": {"title": ["x" * (70 << 20)]},
    "one text many times": {"title": repeated(MANY)},
    "one text many times in lists": {
        "title": ["Lamp"] * 10,
        "x": pa.ListArray.from_arrays(
            pa.array(range(0, MANY + 1, MANY // 10), pa.int32()), repeated(MANY)
        ),
    },
    "an endless list": {
        "title": ["Lamp"],
        "x": pa.ListArray.from_arrays(
            pa.array([0, 70 << 20], pa.int32()), np.zeros(70 << 20, "i1")
        ),
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_unpacks_to_too_much_is_refused_before_it_fills_memory(name: str):
    data = parquet(BOMBS[name], compression="zstd", dictionary_pagesize_limit=1 << 30)
    assert len(data) < 1 << 17
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(InputError, match="decompresses to more than 200 times its size"):
        read_bytes(data, on_error="skip")
    assert pa.default_memory_pool().max_memory() - before < 1 << 28


def test_pages_are_told_as_they_are():
    """What is read here of a footer and its pages is what pyarrow reads of them."""
    table = pa.table(
        {"title": [str(n % 99) for n in range(5000)], "x": [[1.5] * (n % 3) for n in range(5000)]}
    )
    for options in (
        {},
        {"use_dictionary": False},
        {"data_page_version": "2.0"},
        {"compression": "zstd"},
    ):
        data = parquet(
            table, row_group_size=2000, data_page_size=500, write_page_index=True, **options
        )
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            found = groups_of(file)
        told = pq.ParquetFile(io.BytesIO(data)).metadata
        assert [group.rows for group in found] == [2000, 2000, 1000]
        for number, group in enumerate(found):
            for i, pages in enumerate(group.columns):
                column = told.row_group(number).column(i)
                assert pages.values == column.num_values
                assert 0.5 < pages.size / column.total_uncompressed_size < 1


@given(st.binary(max_size=60), st.integers(0, 400))
def test_pages_of_anything_are_told_or_refused(junk: bytes, at: int):
    data = bytearray(LAMP)
    data[at : at + len(junk)] = junk
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        with suppress(MalformedError):
            groups_of(file)


def rewritten(data: bytes, fields: Callable[[bytes], bytes]) -> bytes:
    """A file with another footer."""
    length = int.from_bytes(data[-8:-4], "little")
    footer = fields(data[-8 - length : -8])
    return data[: -8 - length] + footer + len(footer).to_bytes(4, "little") + MAGIC


FOOTERS = {
    "no end": (lambda footer: footer[:-1], "cut short"),
    "a list of more than there is": (
        lambda _: b"\x49\xfc\xff\xff\xff\x7f\0",
        "more values than bytes",
    ),
    "a type that there is not": (lambda _: b"\x4f\0", "a type that there is not"),
    "an endless number": (lambda _: b"\x46" + b"\xff" * 20, "a number without an end"),
    "nesting": (lambda _: b"\x4c" * 99, "nested too deep"),
    "row groups that are numbers": (lambda _: b"\x49\x15\x02\0", "a list that is none"),
}


@pytest.mark.parametrize("name", FOOTERS)
def test_a_footer_that_is_none_is_refused(name: str):
    fields, says = FOOTERS[name]
    with pytest.raises(InputError, match=f"corrupt Parquet data .{says}"):
        read_bytes(rewritten(LAMP, fields))


def test_a_page_that_claims_too_much_is_refused():
    """Its own header, and not the footer, says that it unpacks to a GB."""
    data = parquet({"title": ["Lamp"]}, use_dictionary=False)
    head, liar = b"\x15\x00\x15\x1c\x15", b"\x15\x00\x15\x80\x80\x80\x80\x08\x15"
    assert data.count(head) == 1
    with pytest.raises(InputError, match="decompresses to more than 200 times its size"):
        read_bytes(data.replace(head, liar))


def test_encrypted_columns_are_told(tmp_path: Path):
    told = encryption.EncryptionConfiguration(
        footer_key="k", column_keys={"k": ["title"]}, plaintext_footer=True
    )
    access = encryption.KmsConnectionConfig(custom_kms_conf={"k": "0123456789012345"})
    factory = encryption.CryptoFactory(Kms)
    keys = factory.file_encryption_properties(access, told)
    pq.write_table(pa.table({"title": ["a"]}), tmp_path / "a.parquet", encryption_properties=keys)
    with pytest.raises(InputError, match=r"a\.parquet: encrypted Parquet data, which cannot"):
        read_files(tmp_path / "a.parquet")


class Kms(encryption.KmsClient):
    """Keys that everybody knows."""

    def __init__(self, config: encryption.KmsConnectionConfig) -> None:
        encryption.KmsClient.__init__(self)
        self.keys = config.custom_kms_conf

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(self.keys[master_key_identifier].encode() + key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)[len(self.keys[master_key_identifier]) :]


def test_a_pipe_that_cannot_be_copied_is_told(tmp_path: Path):
    done = dedupe("unique", "--tmp", "no", folder=tmp_path, stdin=LAMP)
    told = "dedupe: error: <stdin>: cannot be copied to no: No such file or directory\n"
    assert (done.code, done.out, done.err) == (2, b"", told)


def test_it_is_no_page(tmp_path: Path):
    (tmp_path / "a").write_bytes(LAMP)
    done = dedupe("split", "a", folder=tmp_path)
    assert (done.code, done.err) == (2, "dedupe: error: a: Parquet, not a page of text\n")


def test_a_long_row_is_refused_as_a_long_line_is():
    data = parquet({"title": ["Lamp", "x" * 300]})
    with pytest.raises(InputError, match="<stdin>:2: longer than 200 bytes; --max-line allows"):
        read_bytes(data, max_line=200, on_error="skip")
    assert len(read_bytes(data, max_line=400)[0]) == 2


def test_a_file_that_has_other_rows_than_it_says_is_refused(monkeypatch: pytest.MonkeyPatch):
    whole = pq.ParquetFile.iter_batches

    def lossy(self: pq.ParquetFile, *given: Any, **more: Any) -> Any:
        return (batch.slice(1) for batch in whole(self, *given, **more))

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lossy)
    with pytest.raises(InputError, match=r"corrupt Parquet data \(1 rows, where it says 2"):
        read_bytes(parquet({"title": ["a", "b"]}))


def test_rows_come_little_by_little():
    """Of fifty MiB in one row group no more is held at once than a few."""
    data = parquet({"title": [f"{n} " * 300 for n in range(30_000)]}, row_group_size=1 << 20)
    before = pa.total_allocated_bytes()
    most = 0
    for batch in read([], Settings(), Tally(), stdin=io.BytesIO(data)):
        assert len(batch.data) < 4 << 20
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < 16 << 20
