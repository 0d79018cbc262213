"""Bytes to batches: which records, which columns, and which message for what is none."""

from __future__ import annotations

import io
import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import INPUTS, read_bytes, read_files, records_of

from dedupe.config import Settings
from dedupe.config_values import parse_field
from dedupe.errors import InputError
from dedupe.io.fields import Records, extract_columns, find_placeholders
from dedupe.io.reader import read
from dedupe.io.source import MOST_BYTES, MOST_RECORDS
from dedupe.models import NO_TIME, ReadStats

if TYPE_CHECKING:
    from pathlib import Path

BOM = b"\xef\xbb\xbf"
GOOD = b'{"title":"Lamp"}\n'


def columns(data: bytes, **settings: Any) -> tuple[Any, ...]:
    [batch] = read_bytes(data, **settings)
    return (*batch.texts, batch.ids, batch.sources, batch.times.tolist())


PICKED: dict[str, tuple[dict[str, Any], tuple[str, str, str, str, int]]] = {
    "all": (
        {"title": "T", "lede": "L", "id": "i", "source": "s", "date": "1970-01-02"},
        ("T", "L", "i", "s", 86400),
    ),
    "other names": ({"headline": "T", "abstract": "L", "url": "u"}, ("T", "L", "u", "", NO_TIME)),
    "first name wins": ({"text": "c", "headline": "b", "title": "a"}, ("a", "", "", "", NO_TIME)),
    "null is absent": ({"title": None, "headline": "b"}, ("b", "", "", "", NO_TIME)),
    "empty is absent": ({"title": "", "headline": "b"}, ("b", "", "", "", NO_TIME)),
    "lede alone": ({"lede": "L"}, ("", "L", "", "", NO_TIME)),
    "number as id": ({"title": "T", "id": 7}, ("T", "", "7", "", NO_TIME)),
    "no usable id": ({"title": "T", "id": True, "source": {}}, ("T", "", "", "", NO_TIME)),
    "epoch": ({"title": "T", "time": 5}, ("T", "", "", "", 5)),
    "empty date": ({"title": "T", "date": ""}, ("T", "", "", "", NO_TIME)),
}


@pytest.mark.parametrize(("record", "row"), PICKED.values(), ids=PICKED)
def test_string_columns(record: dict[str, Any], row: tuple[Any, ...]):
    assert columns(json.dumps(record).encode()) == tuple([value] for value in row)


def test_a_column_whose_records_differ_in_names():
    data = b'{"title":"a"}\n{"text":"b","id":2}\n{"headline":"c","lede":"d","id":"3"}\n'
    texts, ledes, ids, _, _ = columns(data)
    assert (texts, ledes, ids) == (["a", "b", "c"], ["", "", "d"], ["", "2", "3"])


PATHS = {
    "into an object": ({"meta": {"title": "deep"}}, "deep"),
    "literal key wins": ({"meta.title": "flat", "meta": {"title": "deep"}}, "flat"),
    "null literal key": ({"meta.title": None, "meta": {"title": "deep"}}, "deep"),
    "ends early": ({"meta": "flat", "title": "other"}, "other"),
    "first is there": ({"meta": {}, "title": "other"}, "other"),
}


@pytest.mark.parametrize(("record", "text"), PATHS.values(), ids=PATHS)
def test_dotted_path(record: dict[str, Any], text: str):
    fields = (parse_field("meta.title|title"),)
    assert columns(json.dumps(record).encode(), field=fields)[0] == [text]


def test_dotted_id_source_and_date():
    data = b'{"title":"T","a":{"id":1,"s":"S","d":"1970-01-01T00:01Z"}}'
    found = columns(data, id_field="x|a.id", source_field="a.s", date_field="a.d")
    assert found[2:] == (["1"], ["S"], [60])


GOOD_INPUTS = sorted((INPUTS / "good").iterdir())


@pytest.mark.parametrize("path", GOOD_INPUTS, ids=lambda path: path.name)
def test_records_are_the_file_without_blank_lines_and_byte_order_mark(path: Path):
    batches = read_files(path)
    header = batches[0].header if batches else b""
    lines = path.read_bytes().removeprefix(BOM).split(b"\n")
    kept = b"\n".join([line for line in lines[:-1] if line.strip()] + lines[-1:])
    assert header + b"".join(records_of(batches)) == kept


LINES = {
    "blank-lines.jsonl": [2, 6],
    "blank-lines.csv": [4],
    "quoted-newlines.csv": [2, 4],
    "headlines.txt": [1, 2, 3, 4, 6],
}


@pytest.mark.parametrize(("name", "lines"), LINES.items(), ids=LINES)
def test_line_numbers_are_those_of_an_editor(name: str, lines: list[int]):
    [batch] = read_files(INPUTS / "good" / name)
    assert batch.lines.tolist() == lines


def test_ends_leave_out_the_line_ending_alone():
    [batch] = read_bytes(b"one\r\ntwo \nthree\r", "lines")
    ends = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    assert [batch.data[start:end] for start, end in ends] == [b"one", b"two ", b"three\r"]


SNIFFED = {
    "object": (b' \n {"title":"a"}\n', "jsonl"),
    "object after a byte order mark": (BOM + GOOD, "jsonl"),
    "words": (b"Lamp\n", "lines"),
    "bracketed headline": (b"[Update] Lamp\n", "lines"),
    "table without a suffix": (b"title,id\nLamp,1\n", "csv"),
    "headline with a comma": (b"Lamp, title and id\nLamp,1\n", "lines"),
}


@pytest.mark.parametrize(("data", "kind"), SNIFFED.values(), ids=SNIFFED)
def test_format_by_first_line(data: bytes, kind: str):
    assert {batch.format for batch in read_bytes(data)} == {kind}


SUFFIXED = {
    "a.jsonl": (GOOD, "jsonl"),
    "a.b.NDJSON": (GOOD, "jsonl"),
    "a.json": (GOOD, "jsonl"),
    "a.csv": (b"title\na\n", "csv"),
    "a.tsv": (b"title\na\n", "tsv"),
    "a.txt": (b'{"a"\n', "lines"),
    "a.log": (GOOD, "jsonl"),
    "a": (b"Lamp\n", "lines"),
}


@pytest.mark.parametrize(("name", "case"), SUFFIXED.items(), ids=SUFFIXED)
def test_format_by_suffix(name: str, case: tuple[bytes, str], tmp_path: Path):
    data, kind = case
    (tmp_path / name).write_bytes(data)
    assert [batch.format for batch in read_files(tmp_path / name)] == [kind]


def test_format_as_asked(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(GOOD)
    paths = [str(tmp_path / "a.txt")]
    [batch] = read(paths, Settings(), ReadStats(), stdin=io.BytesIO(), format="jsonl")
    assert (batch.format, batch.texts[0]) == ("jsonl", ["Lamp"])


def test_tally(tmp_path: Path):
    first = BOM + b'\n{"title":"a","date":"soon"}\n{"title":"b","date":null}\n{bad\n'
    second = b"\n\ntitle here\n"
    (tmp_path / "a.jsonl").write_bytes(first)
    (tmp_path / "b.txt").write_bytes(second)
    tally = ReadStats()
    settings = Settings(on_error="skip")
    read_files(tmp_path / "a.jsonl", tmp_path / "b.txt", tally=tally, settings=settings)
    assert tally.examples["left_out"].startswith(f"{tmp_path / 'a.jsonl'}:4: invalid JSON: ")
    assert tally == ReadStats(
        files=2,
        bytes=len(first + second),
        records=3,
        blank=3,
        skipped=1,
        quarantined=0,
        undated=1,
        met=7,
        checksum=blake2b(first + second, digest_size=16).hexdigest(),
        fields=["title", "date"],
        columns={"title": {"title": 2, "plain lines": 1}},
        examples={
            "undated": f'{tmp_path / "a.jsonl"}:2 "soon"',
            "left_out": tally.examples["left_out"],
        },
    )


def test_files_and_stdin_keep_their_order(tmp_path: Path):
    for name in "ab":
        (tmp_path / name).write_text(f"line of {name}\n")
    paths = [str(tmp_path / "b"), "-", str(tmp_path / "a")]
    batches = list(read(paths, Settings(), ReadStats(), stdin=io.BytesIO(b"line of stdin\n")))
    assert [batch.path for batch in batches] == [paths[0], "<stdin>", paths[2]]
    assert [batch.texts[0] for batch in batches] == [
        ["line of b"],
        ["line of stdin"],
        ["line of a"],
    ]


def test_batches_are_bounded():
    many = read_bytes(GOOD * (MOST_RECORDS + 1))
    assert [len(batch) for batch in many] == [MOST_RECORDS, 1]
    assert many[1].lines.tolist() == [MOST_RECORDS + 1]
    long = b'{"title":"' + b"x" * (MOST_BYTES // 2) + b'"}\n'
    batches = read_bytes(long * 20)
    assert sum(map(len, batches)) == 20
    assert max(len(batch.data) for batch in batches) <= 3 * MOST_BYTES


def test_error_beyond_the_first_batch_has_its_line():
    with pytest.raises(InputError) as caught:
        read_bytes(GOOD * MOST_RECORDS + b"\n" + GOOD + b"{\n")
    assert caught.value.line == MOST_RECORDS + 3


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
objects = st.dictionaries(texts, st.none() | st.integers() | texts, max_size=3)
endings = st.sampled_from([b"\n", b"\r\n"])
blanks = st.lists(st.sampled_from([b"\n", b"\r\n", b"  \n"]), max_size=2).map(b"".join)


@st.composite
def valid_jsonl(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """JSON Lines in any spelling, and its records."""
    data, records = draw(st.sampled_from([b"", BOM])), []
    for other in draw(st.lists(objects, max_size=6)):
        value = {**other, "title": draw(texts)}
        spelled = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=None).encode()
        records.append(draw(st.sampled_from([b"", b" "])) + spelled + draw(endings))
        data += draw(blanks) + records[-1]
    if records and draw(st.booleans()):
        records[-1] = records[-1].rstrip()
        data = data.rstrip()
    return data, records


def is_story(record: bytes) -> bool:
    value = json.loads(record)
    named = ("lede", "summary", "description", "abstract")
    return not any(isinstance(value.get(name), int) for name in named)


@given(valid_jsonl())
def test_any_jsonl_is_its_records(case: tuple[bytes, list[bytes]]):
    data, records = case
    batches = read_bytes(data, "jsonl", on_error="skip")
    kept = [record for record in records if is_story(record)]
    assert records_of(batches) == kept
    titles = [title for batch in batches for title in batch.texts[0]]
    given_titles = [json.loads(record)["title"] for record in kept]
    assert titles == ["" if find_placeholders([title]) else title for title in given_titles]


@given(st.binary(max_size=200), st.sampled_from(["jsonl", "csv", "tsv", "lines"]))
def test_any_bytes_are_read_or_refused(data: bytes, kind: Any):
    tally = ReadStats()
    try:
        batches = read_bytes(data, kind, tally, on_error="skip")
    except InputError:
        return
    assert tally.records == sum(map(len, batches))
    assert tally.bytes == len(data)


NAMES = st.sampled_from(("title", "Headline", "a", "a.b", "lede", "date", "source", "url"))
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(0, 2), st.sampled_from(["text", "", "2025-04-30"])
    ),
    lambda below: st.one_of(st.lists(below, max_size=1), st.dictionaries(NAMES, below, max_size=2)),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=4), min_size=1, max_size=5))
def test_records_together_are_read_as_each_alone(records: list[dict[str, Any]]):
    usual = Settings()
    together = extract_columns(Records([records], usual), usual)
    in_chunks = extract_columns(Records([[record] for record in records], usual), usual)
    assert (in_chunks.texts, in_chunks.ids) == (together.texts, together.ids)
    alone = [extract_columns(Records([[record]], usual), usual) for record in records]
    assert together.refused == {
        position: columns.refused[0] for position, columns in enumerate(alone) if columns.refused
    }
    if not together.refused:
        assert together.times.tolist() == [time for each in alone for time in each.times.tolist()]
        assert together.sources == [source for each in alone for source in each.sources]
        assert together.ids == [name for each in alone for name in each.ids]
        for field, texts in enumerate(together.texts):
            assert texts == [text for each in alone for text in each.texts[field]]
