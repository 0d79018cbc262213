"""The public benchmark reads the corpora as they are published, and knows them by their titles."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import public_sets
import pytest
import quality

if TYPE_CHECKING:
    from pathlib import Path

ROW = "{}\t{}\thttps://pell.example/{}\tPell Courier\tb\tstory\tpell.example\t1394470370698\n"
TITLES = ('Ferry "tolls" rise in June', "UPDATE 1-Ferry tolls rise in June", "Lamp out")
SGML = """<!DOCTYPE lewis SYSTEM "lewis.dtd">
<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN" OLDID="5544" NEWID="1">
<DATE>26-FEB-1987 15:01:01.79</DATE>
<TEXT>&#2;
<TITLE>ODLIN FERRY &lt;ODF&gt; RAISES
PROFIT FORECAST</TITLE>
<DATELINE>    PELL POINT, Feb 26 - </DATELINE><BODY>Odlin Ferry Co &lt;ODF> said
it expects more.
 Reuter
&#3;</BODY></TEXT>
</REUTERS>
<REUTERS TOPICS="NO" LEWISSPLIT="TRAIN" OLDID="5545" NEWID="2">
<DATE>31-MAR-1987 605:12:19.12</DATE>
<TEXT TYPE="BRIEF">&#2;
<TITLE>TOLLS RISE</TITLE>
The council agreed.
</TEXT>
</REUTERS>
<REUTERS TOPICS="NO" LEWISSPLIT="TEST" OLDID="5546" NEWID="3">
<DATE> 2-MAR-1987 08:22:57.75</DATE>
<TEXT TYPE="UNPROC">&#2;
no title stands here
</TEXT>
</REUTERS>
"""


def news_aggregator() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        rows = [ROW.format(at, title, at) for at, title in enumerate(TITLES, 1)]
        late = ROW.format(public_sets.UCI_ROWS + 1, "Too late", "x")
        archive.writestr("newsCorpora.csv", "".join([*rows, late]))
        archive.writestr("__MACOSX/._newsCorpora.csv", b"\x00")
    return file.getvalue()


def reuters() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in (("reut2-000.sgm", SGML.encode("latin-1")), ("README.txt", b"no SGML")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


def test_rows_of_the_news_aggregator_are_records():
    records = list(public_sets.read_uci(news_aggregator()))
    assert [record["title"] for record in records] == list(TITLES)
    assert records[0] == {
        "id": "1", "title": TITLES[0], "source": "Pell Courier",
        "published": "2014-03-10T16:52:50Z", "url": "https://pell.example/1",
    }  # fmt: skip


def test_titled_articles_of_reuters_are_records():
    assert list(public_sets.read_reuters(reuters())) == [
        {
            "id": "1", "title": "ODLIN FERRY <ODF> RAISES PROFIT FORECAST",
            "lede": "Odlin Ferry Co <ODF> said it expects more.", "source": "Reuters",
            "published": "1987-02-26T15:01:01Z",
        },
        {
            "id": "2", "title": "TOLLS RISE", "lede": "The council agreed.", "source": "Reuters",
            "published": None,
        },
    ]  # fmt: skip


@pytest.fixture
def small(tmp_path: Path, monkeypatch) -> Path:
    """A news aggregator of three rows, and labels for it."""
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "uci.csv").write_text("a,b,label\n1,2,D\n1,3,N\n")
    monkeypatch.setattr(public_sets, "LABELS", tmp_path / "labels")
    (tmp_path / "news-aggregator.zip").write_bytes(news_aggregator())
    (tmp_path / "out").mkdir()
    return tmp_path


def test_a_set_is_made_and_scored(small: Path, capsys):
    public_sets.make_set("uci", small / "out", small)
    assert "NOT quite the texts" in capsys.readouterr().out
    with gzip.open(small / "out" / "uci.jsonl.gz") as file:
        assert [json.loads(line)["title"] for line in file] == list(TITLES)
    (found,) = quality.labelled_corpora(small / "out").values()
    outcome = quality.judge(*found, (), 1)
    assert (outcome.figures.precision, outcome.figures.recall) == (1, 1)


def test_the_texts_that_were_labelled_are_known_by_their_titles(small: Path, capsys, monkeypatch):
    records = {record["id"]: record for record in public_sets.read_uci(news_aggregator())}
    titles = public_sets.titles_digest(records, {"1", "2", "3"})
    known = replace(public_sets.SETS["uci"], titles=titles)
    monkeypatch.setitem(public_sets.SETS, "uci", known)
    public_sets.make_set("uci", small / "out", small)
    assert "3 of them labelled, the texts that were labelled" in capsys.readouterr().out


def test_another_file_is_refused(small: Path, monkeypatch):
    other = replace(public_sets.SETS["uci"], sha256="0" * 64)
    monkeypatch.setitem(public_sets.SETS, "uci", other)
    with pytest.raises(SystemExit, match="SHA-256 is"):
        public_sets.make_set("uci", small / "out", small)


def test_a_labelled_record_that_is_missing_is_an_error(small: Path):
    (small / "labels" / "uci.csv").write_text("a,b,label\n1,77,D\n")
    with pytest.raises(SystemExit, match="1 labelled records are not in it"):
        public_sets.make_set("uci", small / "out", small)


def test_where_nothing_answers_it_says_what_to_do(small: Path, monkeypatch):
    nowhere = replace(public_sets.SETS["uci"], addresses=((small / "absent.zip").as_uri(),))
    monkeypatch.setitem(public_sets.SETS, "uci", nowhere)
    with pytest.raises(SystemExit, match="give that by --from"):
        public_sets.make_set("uci", small / "out", None)


def test_a_file_is_fetched_from_the_first_address_that_answers(small: Path, monkeypatch):
    addresses = ((small / "absent.zip").as_uri(), (small / "news-aggregator.zip").as_uri())
    own = replace(public_sets.SETS["uci"], addresses=addresses)
    monkeypatch.setitem(public_sets.SETS, "uci", own)
    assert public_sets.fetched(own, None) == news_aggregator()


@pytest.mark.parametrize("name", public_sets.SETS)
def test_labels_are_ids_and_nothing_else(name: str):
    with (public_sets.LABELS / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 500
    assert all(row["a"].isdigit() and row["b"].isdigit() for row in rows)
    assert {row["label"] for row in rows} == {"D", "U", "N"}
