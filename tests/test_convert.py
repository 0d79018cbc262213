"""Records out in another format than they came in, the table of clusters, and joined urls."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from commandline import dedupe
from hypothesis import given
from hypothesis import strategies as st
from readers import joined, read_bytes

from dedupe.api import cluster
from dedupe.io.convert import write_records
from dedupe.io.ids import same_groups, same_links, split_keys

if TYPE_CHECKING:
    from pathlib import Path

LINES = (
    b'{"id":1,"title":"Lamp, \\"lit\\"","source":{"name":"Wire"},"tags":["a"],"by":null}\n'
    b'{"id":2,"title":"Toll up","paid":true}\n'
)
BLANK = dict.fromkeys(("id", "title", "source.name", "tags", "by", "paid"), "")
TABLE = b'id;title\r\n1;"Lamp; lit"\r\n2;Toll up\r\n'


def out(data: bytes, target: str, chosen: list[bool] | None = None, kind: Any = None) -> bytes:
    batches = read_bytes(data, kind)
    count = sum(map(len, batches))
    wanted = np.ones(count, bool) if chosen is None else np.array(chosen)
    return b"".join(write_records(batches, wanted, target))


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


@pytest.mark.parametrize(("target", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_json_lines_as_a_table(target: str, delimiter: str):
    assert rows(out(LINES, target), delimiter) == [
        {**BLANK, "id": "1", "title": 'Lamp, "lit"', "source.name": "Wire", "tags": '["a"]'},
        {**BLANK, "id": "2", "title": "Toll up", "paid": "true"},
    ]


def test_a_table_as_json_lines():
    assert list(map(json.loads, out(TABLE, "jsonl", kind="csv").splitlines())) == [
        {"id": "1", "title": "Lamp; lit"},
        {"id": "2", "title": "Toll up"},
    ]


def test_plain_lines_as_json_lines():
    assert out(b"Lamp\nToll\n", "jsonl", [False, True]) == b'{"text":"Toll"}\n'


@pytest.mark.parametrize(
    ("data", "target", "kind"), [(LINES, "jsonl", None), (TABLE, "csv", "csv")]
)
def test_the_own_format_keeps_every_byte(data: bytes, target: str, kind: Any):
    assert out(data, target, kind=kind) == data


CELLS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(',"\n;\t'), max_size=6
)
RECORDS = st.lists(st.fixed_dictionaries({"title": CELLS, "a": CELLS}), min_size=1, max_size=5)


@given(RECORDS)
def test_there_and_back(records: list[dict[str, str]]):
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    table = out(lines, "csv", kind="jsonl")
    back = out(table, "jsonl", kind="csv")
    assert list(map(json.loads, back.splitlines())) == records


STORIES = (
    b'{"id":"a","title":"Old lamp at Pell Point stays lit, council says","url":"https://p.example/1"}\n'
    b'{"id":"b","title":"Ferry tolls rise by ten pence","url":"https://p.example/2?utm_source=x"}\n'
    b'{"id":"c","title":"Old lamp at Pell Point stays lit, council says","url":"https://q.example/1"}\n'
    b'{"id":"d","title":"Crossing to cost more from June","url":"http://www.p.example/2/"}\n'
)


CONVERTED = {
    "cluster to CSV": (["cluster", "-o", "out.csv"], ["a", "b", "c", "d"]),
    "unique to CSV": (["unique", "--keep", "first", "-o", "out.csv"], ["a", "b", "d"]),
    "named": (["unique", "--keep", "first", "--to", "csv", "-o", "out.csv"], ["a", "b", "d"]),
}


@pytest.mark.parametrize(("arguments", "ids"), CONVERTED.values(), ids=CONVERTED)
def test_a_file_holds_what_its_name_says(arguments: list[str], ids: list[str], tmp_path: Path):
    assert dedupe(*arguments, folder=tmp_path, stdin=STORIES).code == 0
    found = rows((tmp_path / "out.csv").read_bytes())
    assert [row["id"] for row in found] == ids
    if arguments[0] == "cluster":
        assert [row["dedupe_size"] for row in found] == ["2", "1", "2", "1"]


def test_a_table_to_a_file_of_json_lines(tmp_path: Path):
    (tmp_path / "in.csv").write_bytes(TABLE)
    assert dedupe("cluster", "in.csv", "-o", "out.jsonl", folder=tmp_path).code == 0
    found = list(map(json.loads, (tmp_path / "out.jsonl").read_bytes().splitlines()))
    assert [(each["title"], each["dedupe"]["size"]) for each in found] == [
        ("Lamp; lit", 1),
        ("Toll up", 1),
    ]


def test_pairs_as_a_table(tmp_path: Path):
    assert dedupe("pairs", "-o", "out.csv", folder=tmp_path, stdin=STORIES).code == 0
    [pair] = rows((tmp_path / "out.csv").read_bytes())
    assert (pair["a"], pair["b"], pair["reason"]) == ("a", "c", "exact")


def test_how_many_each_stands_for(tmp_path: Path):
    done = dedupe("unique", "-q", "--count", "--keep", "first", folder=tmp_path, stdin=STORIES)
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [(each["id"], each["dedupe"]) for each in found] == [
        ("a", {"size": 2}), ("b", {"size": 1}), ("d", {"size": 1}),
    ]  # fmt: skip
    assert done.out.replace(b',"dedupe":{"size":2}', b"").startswith(STORIES.splitlines()[0])


def test_the_table_of_clusters(tmp_path: Path):
    done = dedupe(
        "cluster", "-q", "--format", "table", "--keep", "first", folder=tmp_path, stdin=STORIES
    )
    found = rows(done.out)
    assert [(row["cluster"], row["canonical"], row["id"], row["line"]) for row in found] == [
        ("1", "yes", "a", "1"), ("1", "no", "c", "3"),
    ]  # fmt: skip
    assert found[0]["title"] == "Old lamp at Pell Point stays lit, council says"


SAME = [
    {"id": "1", "title": "Mayor to speak on ferries"},
    {"id": "1", "title": "Toll plan withdrawn"},
]


def test_records_of_one_id_are_one_story_where_asked():
    assert cluster(SAME).canonical.tolist() == [0, 1]
    assert len(set(cluster(SAME, same="id").canonical.tolist())) == 1


def test_records_of_one_url_are_one_story_tracking_aside(tmp_path: Path):
    done = dedupe(
        "unique", "-q", "--same", "url", "--keep", "first", folder=tmp_path, stdin=STORIES
    )
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["a", "b"]


def test_the_note_where_it_would_have_mattered(tmp_path: Path):
    lines = b"".join(json.dumps(record).encode() + b"\n" for record in SAME)
    done = dedupe("unique", folder=tmp_path, stdin=lines)
    assert "1 id is on records of different clusters, as 1; --same id joins them" in done.err
    assert "--same id" not in dedupe("unique", "--same", "id", folder=tmp_path, stdin=lines).err


def test_labels_win_over_urls(tmp_path: Path):
    (tmp_path / "labels.csv").write_bytes(b"a,b,label\nb,d,different\n")
    options = ["--same", "url", "--links", "labels.csv", "--keep", "first"]
    done = dedupe("unique", "-q", *options, folder=tmp_path, stdin=STORIES)
    assert [json.loads(line)["id"] for line in done.out.splitlines()] == ["a", "b", "d"]


def test_groups_and_links():
    corpus = joined(read_bytes(STORIES, same=("url",)))
    assert [group.tolist() for group in same_groups(corpus, ["url"])] == [[1, 3]]
    assert same_links(corpus, ["url", "id"]).tolist() == [[1], [3]]
    assert same_links(corpus, ["url"], np.array([False, True, False, False])).tolist() == [[], []]
    assert split_keys(corpus, np.arange(4), "url").keys == 1
    assert split_keys(corpus, np.array([0, 1, 2, 1]), "url").keys == 0


def test_an_index_refuses_a_file_that_would_not_hold_what_its_name_says(tmp_path: Path):
    assert dedupe("index", "create", "i", folder=tmp_path).code == 0
    (tmp_path / "in.jsonl").write_bytes(STORIES)
    done = dedupe("index", "match", "i", "in.jsonl", "-o", "out.csv", folder=tmp_path)
    assert (done.code, "the records are written as jsonl; use the suffix .jsonl" in done.err) == (
        2,
        True,
    )
    assert dedupe("index", "match", "i", "in.jsonl", "-o", "o.jsonl", folder=tmp_path).code == 0
