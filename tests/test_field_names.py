"""The names under which texts, dates, outlets and ids are found, and what is said of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from commandline import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from readers import read_bytes, read_files

from dedupe.config import Settings
from dedupe.config_values import parse_field
from dedupe.errors import InputError
from dedupe.field_names import DATES as DATE_NAMES
from dedupe.field_names import HEADLINES as TITLE_NAMES
from dedupe.field_names import IDS as ID_NAMES
from dedupe.field_names import LEDES as LEDE_NAMES
from dedupe.field_names import SOURCES, plain_name
from dedupe.io.fields import LONGEST_PLACEHOLDER, PLACEHOLDER, find_placeholders
from dedupe.io.read_notes import column_shares, columns_line, reading_notes
from dedupe.models import NO_TIME, ReadStats

DAY = "2026-05-01"
SECONDS = 1777593600


def encoded(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def notes(*records: dict[str, Any], **settings: Any) -> list[str]:
    stats = ReadStats()
    read_bytes(encoded(*records), "jsonl", stats, **settings)
    return list(reading_notes(Settings(**settings), stats))


TITLES = [
    {"title": "Lamp"}, {"Title": "Lamp"}, {"HEADLINE": "Lamp"}, {"headline": {"main": "Lamp"}},
    {"title": {"rendered": "Lamp"}}, {"name": "Lamp"}, {"heading": "Lamp"}, {"Subject": "Lamp"},
    {"webTitle": "Lamp"}, {"web_title": "Lamp"}, {"text": "Lamp"},
    {"title": "", "headline": "Lamp"},
]  # fmt: skip
LEDES = [
    "lede", "summary", "Description", "abstract", "snippet", "teaser", "standfirst", "dek",
    "content", "body",
]  # fmt: skip
DATES = [
    "published", "publishedAt", "published_at", "pubDate", "pub_date", "Pub Date", "date",
    "Date", "datetime", "time", "timestamp", "created", "created_at", "created_utc", "updated",
    "seendate", "firstPublished", "isoDate", "webPublicationDate", "date_published", "publish_date",
]  # fmt: skip
OUTLETS = [
    {"source": "Wire"}, {"Source": "Wire"}, {"source": {"id": None, "name": "Wire"}},
    {"outlet": "Wire"}, {"publisher": "Wire"}, {"domain": "Wire"}, {"site": "Wire"},
    {"feed": "Wire"}, {"author": {"feed": "Wire"}}, {"url": "https://www.wire.example/a"},
]  # fmt: skip
IDS = [{"id": "i"}, {"ID": "i"}, {"guid": "i"}, {"url": "i"}, {"link": "i"}]


@pytest.mark.parametrize("record", TITLES, ids=str)
def test_titles(record: dict[str, Any]):
    [batch] = read_bytes(encoded(record))
    assert batch.texts[0] == ["Lamp"]


@pytest.mark.parametrize("name", LEDES)
def test_ledes(name: str):
    [batch] = read_bytes(encoded({"title": "Lamp", name: "It stays lit."}))
    assert batch.texts[1] == ["It stays lit."]


@pytest.mark.parametrize("name", ["content", "body"])
def test_of_a_whole_article_only_the_beginning_is_compared(name: str):
    [batch] = read_bytes(encoded({"title": "Lamp", name: "x" * 600}))
    assert batch.texts[1] == ["x" * 512]


@pytest.mark.parametrize("name", DATES)
def test_dates(name: str):
    [batch] = read_bytes(encoded({"title": "Lamp", name: DAY}))
    assert batch.times.tolist() == [SECONDS]


def test_a_date_in_parts_as_feedparser_has_it():
    [batch] = read_bytes(encoded({"title": "a", "published_parsed": [2026, 5, 1, 0, 0, 9, 4, 121]}))
    assert batch.times.tolist() == [SECONDS + 9]


def test_the_second_name_is_asked_where_the_first_has_no_date():
    [batch] = read_bytes(encoded({"title": "a", "published": "soon", "date": DAY}))
    assert batch.times.tolist() == [SECONDS]


@pytest.mark.parametrize("record", OUTLETS, ids=str)
def test_outlets(record: dict[str, Any]):
    [batch] = read_bytes(encoded({"title": "Lamp", **record}))
    assert batch.sources[0].lower().removesuffix(".example") == "wire"


@pytest.mark.parametrize("record", IDS, ids=str)
def test_ids(record: dict[str, Any]):
    [batch] = read_bytes(encoded({"title": "Lamp", **record}))
    assert batch.ids == ["i"]


FLAGS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[list[str], list[str], list[int]]]] = {
    "field": (
        {"title": "Toll", "kicker": "Lamp"},
        {"field": (parse_field("kicker"),)},
        (["Lamp"], [""], [NO_TIME]),
    ),
    "date": (
        {"title": "Lamp", "date": "1970-01-01", "seen": DAY},
        {"date_field": "seen"},
        (["Lamp"], [""], [SECONDS]),
    ),
    "outlet": (
        {"title": "Lamp", "source": "Wire", "paper": "Post", "url": "https://x.example"},
        {"source_field": "paper"},
        (["Lamp"], ["Post"], [NO_TIME]),
    ),
}


@pytest.mark.parametrize(("record", "given", "expected"), FLAGS.values(), ids=FLAGS)
def test_a_flag_wins(record: dict[str, Any], given: dict[str, Any], expected: tuple[Any, ...]):
    [batch] = read_bytes(encoded(record), **given)
    assert (batch.texts[0], batch.sources, batch.times.tolist()) == expected


MISSING = {
    "date": ({"date_field": "publishd"}, "no record has publishd (--date-field); did you mean pu"),
    "date, the cure": ({"date_field": "publishd"}, "published (--date-field published)?"),
    "no date": ({"date_field": "title"}, "no record has a date in title (--date-field); --date-fo"),
    "outlet": ({"source_field": "papr"}, "did you mean paper (--source-field paper)?"),
    "id": ({"id_field": "nothing-like-it"}, "the records have title, published, paper"),
    "text": ({"field": (parse_field("titel"),)}, "did you mean title (--field title)?"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "says"), MISSING.values(), ids=MISSING)
def test_a_named_field_that_no_record_has_is_an_error(given: dict[str, Any], says: str):
    with pytest.raises(InputError) as caught:
        read_bytes(encoded({"title": "a", "published": DAY, "paper": "b"}), **given)
    assert says in str(caught.value)


def test_a_named_field_that_few_records_have_is_a_warning():
    records = [{"title": f"a{n}"} for n in range(30)]
    told = notes(*records, {"title": "b", "paper": "Post"}, source_field="paper")
    assert "--source-field paper: only 1 of 31 records have it" in told


USING = {
    "all": (
        [{"title": "a", "published": DAY, "source": {"name": "b"}}],
        "using title, published (100%), source.name (100%)",
    ),
    "shares": (
        [{"title": "a", "date": DAY, "source": "b"}, {"title": "c", "source": "d"}],
        "using title, date (50%), source (100%)",
    ),
    "no outlet": (
        [{"title": "a", "date": DAY, "newspaper": "Post"}],
        "newspaper looks like an outlet (--source-field newspaper)",
    ),
    "no date": (
        [{"title": "a", "source": "b", "crawled": "2026-05-01T10:00:00Z"}],
        "crawled looks like a date (--date-field crawled)",
    ),
    "German": (
        [{"Überschrift": "a", "Vorspann": "b", "Datum": DAY, "Quelle": "Post"}],
        "using Überschrift, Vorspann (100%), Datum (100%), Quelle (100%)",
    ),
    "French": (
        [{"Titre": "a", "Chapô": "b", "Date": DAY, "Source": "Post"}],
        "using Titre, Chapô (100%), Date (100%), Source (100%)",
    ),
    "Spanish": (
        [{"Titular": "a", "Entradilla": "b", "Fecha": DAY, "Fuente": "Post"}],
        "using Titular, Entradilla (100%), Fecha (100%), Fuente (100%)",
    ),
    "Portuguese": (
        [{"Título": "a", "Data": DAY, "Fonte": "Post"}],
        "Data looks like a date (--date-field Data)",
    ),
    "a lede beside a named field": (
        [{"kicker": "a", "description": "b"}],
        "description is not compared (add --field description)",
    ),
    "neither": ([{"title": "a"}], "using title; without dates and outlets the words alone decide"),
    "a date without marks": (
        [{"title": "a", "등록": "20260501"}, {"title": "b", "등록": "20260502"}],
        "등록 looks like a date (--date-field 등록)",
    ),
    "host": ([{"title": "a", "url": "https://a.example/x"}], "host of the url (100%)"),
}


@pytest.mark.parametrize(("records", "says"), USING.values(), ids=USING)
def test_the_line_of_columns(records: list[dict[str, Any]], says: str):
    field = (parse_field("kicker"),) if "kicker" in records[0] else Settings().field
    assert says in notes(*records, field=field)[0]


@pytest.mark.parametrize("fields", [("title",), ("kicker", "description")], ids=str)
def test_no_lede_is_missed_where_none_is_there_or_it_is_named(fields: tuple[str, ...]):
    record = {"title": "a"} if len(fields) == 1 else {"kicker": "a", "description": "b"}
    told = notes(record, field=tuple(map(parse_field, fields)))
    assert "not compared" not in told[0]


TABLES = {
    "a name nearby": ("Title;Note", ("Titl",), "did you mean Title (--field Title)?"),
    "a first text column": ("Nr;Aufmacher;Datum", (), "name it: --field Aufmacher"),
    "nothing but roles": ("id;date;source", (), "the header has id, date, source"),
}


@pytest.mark.parametrize(("header", "fields", "says"), TABLES.values(), ids=TABLES)
def test_a_table_without_a_known_text_column(header: str, fields: tuple[str, ...], says: str):
    given = {"field": tuple(map(parse_field, fields))} if fields else {}
    with pytest.raises(InputError) as caught:
        read_bytes(f"{header}\n1;b;c\n".encode(), "csv", **given)
    assert says in str(caught.value)


def test_plain_lines_have_no_columns_to_speak_of():
    stats = ReadStats()
    read_bytes(b"Lamp stays lit\n", "lines", stats)
    assert columns_line(Settings(), stats) == ""


def test_plain_lines_beside_columns_are_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"Lamp stays lit\nTolls rise\nHerring return\n")
    (tmp_path / "b.jsonl").write_bytes(encoded({"title": "Lamp out"}))
    stats = ReadStats()
    read_files(tmp_path / "a.txt", tmp_path / "b.jsonl", tally=stats)
    assert columns_line(Settings(), stats).startswith("using plain lines (75%), title (25%); ")


def test_shares_for_the_stats():
    stats = ReadStats()
    read_bytes(encoded({"title": "a", "date": DAY}, {"headline": "b"}), tally=stats)
    shares = column_shares(Settings(), stats)
    assert shares["title"] == {"title": 0.5, "headline": 0.5}
    assert shares["date"] == {"date": 0.5}
    assert shares["source"] == {}


def test_records_without_text_are_kept_and_counted():
    told = notes({"title": "a"}, {"title": None}, {"title": ""}, {"note": "b"})
    assert "<stdin>:2: no title; kept as a record of its own (3 records)" in told


def test_unread_dates_come_with_an_example_and_its_place():
    told = notes({"title": "a", "date": DAY}, {"title": "b", "date": "3/4/2026"})
    assert told[1] == (
        '1 date cannot be read, as <stdin>:2 "3/4/2026"; name their format: --date-format '
        "'%d/%m/%Y', or '%m/%d/%Y'"
    )


PLACEHOLDERS = [
    "[Removed]", "Account Suspended", "Page not found", "404 Not Found", "Just a moment...",
    "Access Denied", "403 Forbidden", "502 Bad Gateway", "Attention Required! | Cloudflare",
    "Are you a robot?", "Page Not Found - Pell Courier", "Untitled", "Seite nicht gefunden",
    "503 Service Unavailable", "Error 404", "This page does not exist", "Index of /news",
]  # fmt: skip
HEADLINES = [
    "Removed statue returns to Pell", "Account suspended after threats, court hears",
    "Page turns on ferry tolls", "Access denied to lake for third summer", "Just a moment of calm",
]  # fmt: skip


@pytest.mark.parametrize("title", PLACEHOLDERS)
def test_placeholders_of_crawlers_are_no_text(title: str):
    records = [{"title": title, "id": "1"}, {"title": title, "id": "2"}, {"title": "Lamp"}]
    [batch] = read_bytes(encoded(*records))
    assert batch.texts[0] == ["", "", "Lamp"]
    assert any(f"placeholders of failed downloads: {title} (2)" in note for note in notes(*records))


@given(
    st.from_regex(PLACEHOLDER, fullmatch=True).filter(
        lambda title: len(title) <= LONGEST_PLACEHOLDER
    )
)
def test_every_placeholder_passes_the_test_of_its_beginning(title: str):
    expected = [0] if PLACEHOLDER.fullmatch(title.casefold()) else []
    assert find_placeholders([title]) == expected


@pytest.mark.parametrize("title", HEADLINES)
def test_headlines_that_begin_like_placeholders_are_texts(title: str):
    [batch] = read_bytes(encoded({"title": title}))
    assert batch.texts[0] == [title]


def test_the_table_in_the_docs_names_them_all():
    table = (PROJECT / "docs" / "inputs.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip(): cells[2]
        for line in table.splitlines()
        if len(cells := line.split("|")) > 3
    }
    known = {
        "headline": TITLE_NAMES,
        "lede": LEDE_NAMES,
        "date": DATE_NAMES,
        "outlet": SOURCES,
        "id": ID_NAMES,
    }
    for what, names in known.items():
        told = [
            name.strip().split(" ")[0]
            for name in rows[what].split("(")[0].split(", else")[0].split(",")
        ]
        assert list(map(plain_name, told)) == list(map(plain_name, names))
