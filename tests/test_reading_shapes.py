"""JSON in any layout, feeds, and files that hold no records as text."""

from __future__ import annotations

import json
import pickle
import sqlite3
import zipfile
from typing import TYPE_CHECKING

import pytest
from readers import INPUTS, read_bytes, read_files, records_of

from dedupe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

A, B = b'{"title": "Lamp lit", "n": 1.10}', b'{"title":"Toll up"}'
BOTH = [A + b"\n", B + b"\n"]
READ = {
    "array": b"[" + A + b"," + B + b"]",
    "array in lines": b"[\n  " + A + b",\n  " + B + b"\n]\n",
    "lines that end in commas": A + b",\n" + B + b",\n",
    "objects after one another": A + B,
    "objects on a line": A + b" " + B + b"\n",
    "an array a page": b"[" + A + b"]\n[" + B + b"]\n",
    "articles": b'{"status":"ok","totalResults":2,"articles":[' + A + b"," + B + b"]}",
    "items": b'{"version":"1.1","title":"Feed","items":[' + A + b"," + B + b"]}",
    "results in an object": b'{"response":{"status":"ok","results":[' + A + b"," + B + b"]}}",
    "stories": b'{"stories": [' + A + b", " + B + b"]}",
    "entries": b'{\n "feed": {"title": "x"},\n "entries": [' + A + b", " + B + b"]\n}\n",
    "data": b'{"data":[' + A + b"," + B + b'],"meta":{"found":2}}',
    "hits": b'{"took":1,"hits":{"total":2,"hits":[{"_id":"a","_source":'
    + A + b'},{"_id":"b","_source":' + B + b"}]}}",
    "pages of an answer": b'{"articles":[' + A + b']}\n{"articles":[' + B + b"]}\n",
}  # fmt: skip


@pytest.mark.parametrize("data", READ.values(), ids=READ)
def test_each_record_keeps_its_bytes(data: bytes):
    batches = read_bytes(data, "jsonl")
    assert records_of(batches) == BOTH


def test_an_object_in_lines_becomes_a_line():
    data = json.dumps([json.loads(A), {"title": "Toll  up\n", "a": [1, {}]}], indent=2).encode()
    records = records_of(read_bytes(data, "jsonl"))
    assert [json.loads(record) for record in records] == json.loads(data)
    assert all(record.count(b"\n") == 1 for record in records)


def test_the_lines_are_those_of_the_file():
    [batch] = read_bytes(b'[\n  {\n    "title": "a"\n  },\n  {\n    "title": "b"\n  }\n]\n')
    assert batch.lines.tolist() == [2, 5]


def test_a_record_with_an_array_of_its_own_is_one_record():
    data = b'{"title":"Lamp","items":[{"type":"photo"}]}\n'
    assert records_of(read_bytes(data)) == [data]


@pytest.mark.parametrize("name", ["array.json", "array-on-a-line.json", "two-objects.jsonl"])
def test_fixtures(name: str):
    batches = read_files(INPUTS / "shapes" / name)
    assert batches[0].texts[0][0] == "a"


CURES = {
    "by url": (b'{"https://a.example/1": {"title": "Lamp"}}', "'to_entries[]|{url:.key}+.value'"),
    "texts": (b'["Lamp lit", "Toll up"]', "jq -c '.[]|{title:.}'"),
    "arrays": (b'[["Lamp lit", 1]]', "jq -r '.[]|@csv'"),
    "an unusual key": (b'{"page": 1, "my stories": [{"title": "a"}]}', "jq -c '.\"my stories\"[]'"),
    "columns": (b'{"title": {"0": "Lamp"}, "id": {"0": 1}}', "map_values(.[$i])"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "cure"), CURES.values(), ids=CURES)
def test_another_layout_is_answered_with_its_cure(data: bytes, cure: str):
    with pytest.raises(InputError) as caught:
        read_bytes(data)
    assert cure in str(caught.value)


BROKEN = {
    "cut": b'[{"title":"a"},\n{"title":',
    "no comma": b'[{"title":"a"} {"title":"b"}]',
    "a word": b'[{"title":"a"},\nnope]',
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_refused(data: bytes):
    with pytest.raises(InputError, match=r"JSON|not an object"):
        read_bytes(data, "jsonl")


def database(path: Path) -> None:
    with sqlite3.connect(path) as held:
        held.execute("CREATE TABLE stories (title TEXT)")
        held.execute("INSERT INTO stories VALUES ('Lamp')")


def archive(path: Path, name: str = "in.jsonl") -> None:
    with zipfile.ZipFile(path, "w") as held:
        held.writestr(name, '{"title":"Lamp"}\n')


KINDS = {
    "news.db": (database, "an SQLite database; ", "sqlite3 -json "),
    "news.zip": (archive, "a zip archive; ", "unzip -p "),
    "news.xlsx": (lambda path: archive(path, "xl/workbook.xml"), "an Excel", "--convert-to csv"),
    "news.pkl": (lambda path: path.write_bytes(pickle.dumps(["a"])), "a Python pickle", "pickle"),
    "news.bin": (lambda path: path.write_bytes(bytes(range(256)) * 9), "binary data", "give JSON"),
    "news.html": (lambda path: path.write_bytes(b"<!DOCTYPE html><p>a"), "an HTML page", "split"),
    "mac.txt": (lambda path: path.write_bytes(b"Lamp out\rToll up\r"), "carriage return", "tr "),
    "news.txt": (database, "an SQLite database; ", "SELECT * FROM stories"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), KINDS.items(), ids=KINDS)
def test_what_is_no_text_is_named(name: str, case, tmp_path: Path):
    make, kind, cure = case
    make(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_files(tmp_path / name)
    assert kind in str(caught.value)
    assert cure in str(caught.value)


RSS = b"""<?xml version="1.0"?>
<rss version="2.0"><channel><title>Pell Courier</title>
<item><title>Lamp stays &amp; shines</title><link>https://p.example/1</link><guid>g1</guid>
<pubDate>Fri, 01 May 2026 10:00:00 GMT</pubDate><description>It is lit.</description></item>
<item><title>Toll up</title><link>https://p.example/2</link></item>
</channel></rss>
"""
ATOM = b"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Marrow Times</title>
<entry><title>Seal found</title><id>s1</id><link href="https://m.example/s"/>
<updated>2026-05-01T11:00:00Z</updated></entry></feed>
"""


def test_feeds(tmp_path: Path):
    pytest.importorskip("feedparser")
    (tmp_path / "a.rss").write_bytes(RSS)
    (tmp_path / "b.xml").write_bytes(ATOM)
    one, two = read_files(tmp_path / "a.rss", tmp_path / "b.xml")
    assert one.texts[0] == ["Lamp stays & shines", "Toll up"]
    assert (one.ids, one.sources) == (["g1", "https://p.example/2"], ["Pell Courier"] * 2)
    assert (one.format, one.lines.tolist()) == ("jsonl", [3, 5])
    assert (two.texts[0], two.sources, two.ids) == (["Seal found"], ["Marrow Times"], ["s1"])
    assert two.times.tolist() == [one.times[0] + 3600]


def test_a_broken_feed_is_refused():
    pytest.importorskip("feedparser")
    with pytest.raises(InputError, match="corrupt feed"):
        read_bytes(RSS[:200])


def test_a_feed_without_the_extra_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "feedparser", None)
    with pytest.raises(InputError, match=r"pip install 'feedparser>="):
        read_bytes(RSS)


LAMP, TOLLS = "Old lamp at Pell Point stays lit", "Ferry tolls rise by ten pence"
PELL, WIRE = "Pell Courier", "Northern Wire"
HOSTS = ["pell.example", "wire.example"]
TEN = 1777629600
EXPORTS = {
    "newsapi.json": ([PELL, WIRE], TEN),
    "guardian.json": (["g.example"] * 2, TEN),
    "nyt.json": (["The Pell Times"] * 2, TEN),
    "gdelt.json": (HOSTS, TEN),
    "reddit.json": (HOSTS, TEN),
    "algolia.json": (HOSTS, TEN),
    "wordpress.json": (["pell.example"] * 2, TEN),
    "elasticsearch.json": ([PELL, WIRE], TEN),
    "mongoexport.json": (HOSTS, TEN),
    "jsonfeed.json": (["pell.example"] * 2, TEN),
    "mediacloud.csv": ([PELL, WIRE], TEN),
    "excel-german.csv": (["Pell Kurier", "Nordwind"], TEN),
    "excel-unicode.txt": ([PELL, WIRE], TEN),
    "kaggle.csv": ([PELL, WIRE], TEN - 36000),
    "mysql-dump.tsv": (["", ""], TEN),
    "scrapy.json": (HOSTS, TEN),
}


@pytest.mark.parametrize(("name", "case"), EXPORTS.items(), ids=EXPORTS)
def test_exports_are_read_as_they_are(name: str, case: tuple[list[str], int]):
    outlets, first = case
    [batch] = read_files(INPUTS / "exports" / name)
    assert batch.texts[0] == [LAMP, TOLLS]
    assert batch.sources == outlets
    assert batch.times[0] == first
    assert all(json.loads(record) for record in records_of([batch]) if batch.format == "jsonl")
