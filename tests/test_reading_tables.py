"""Tables as exporters write them, and text in other encodings than UTF-8."""

from __future__ import annotations

from typing import Any

import pytest
from readers import read_bytes, records_of

from dedupe.config import Settings
from dedupe.config_values import parse_field
from dedupe.errors import InputError
from dedupe.io.encodings import likely_encoding
from dedupe.io.read_notes import reading_notes
from dedupe.models import ReadStats

READ: dict[str, tuple[bytes, dict[str, Any], list[str]]] = {
    "semicolons": (b"date;title\n2026-05-01;Lamp, lit\n", {}, ["Lamp, lit"]),
    "tabs in .csv": (b"id\ttitle\n1\tLamp, lit\n", {}, ["Lamp, lit"]),
    "bars": (b"id|title\n1|Lamp\n", {}, ["Lamp"]),
    "bars, as asked": (b"id|title,x\n1|Lamp\n", {"delimiter": "|", "field": "title,x"}, ["Lamp"]),
    "named by Excel": (b"sep=;\nid;title\n1;Lamp\n", {}, ["Lamp"]),
    "quoted semicolons": (b'id;title\n1;"Lamp; lit"\n', {}, ["Lamp; lit"]),
    "commas in a header of semicolons": (b'id;title;"a,b"\n1;Lamp;x\n', {}, ["Lamp"]),
    "delimiters at the end": (b"id;title;\n1;Lamp;\n2;Toll;\n", {}, ["Lamp", "Toll"]),
    "delimiters at the end of rows": (b"id,title\n1,Lamp,,\n2,Toll\n", {}, ["Lamp", "Toll"]),
    "repeated header": (b"id,title\n1,Lamp\nid,title\n2,Toll\n", {}, ["Lamp", "Toll"]),
    "backslashes": (b'id,title\n1,"Say \\"lamp\\", 2"\n', {"csv_escape": True}, ['Say "lamp", 2']),
    "no header": (b"1,Lamp\n2,Toll\n", {"no_header": True, "field": "2"}, ["Lamp", "Toll"]),
    "no header, guessed": (
        b"7,2026-05-01,Lamp at Pell stays lit\n8,2026-05-02,Ferry tolls rise in June\n",
        {"no_header": True},
        ["Lamp at Pell stays lit", "Ferry tolls rise in June"],
    ),
    "header in capitals": (b"DATE,TITLE\n2026-05-01,Lamp\n", {}, ["Lamp"]),
    "byte order mark": (b"\xef\xbb\xbftitle;id\nLamp;1\n", {}, ["Lamp"]),
}  # fmt: skip


def settings_of(given: dict[str, Any]) -> dict[str, Any]:
    field = given.pop("field", None)
    return {**given, **({"field": (parse_field(field),)} if field else {})}


@pytest.mark.parametrize(("data", "given", "titles"), READ.values(), ids=READ)
def test_read(data: bytes, given: dict[str, Any], titles: list[str]):
    batches = read_bytes(data, "csv", **settings_of(dict(given)))
    assert [title for batch in batches for title in batch.texts[0]] == titles


@pytest.mark.parametrize(
    "data", [b"title;date\nLamp;2026-05-01\n", b"id\ttitle\n1\tLamp\n", b"id,Title\n1,Lamp\n"]
)
def test_a_table_on_standard_input_is_known_by_its_header(data: bytes):
    [batch] = read_bytes(data)
    assert (batch.format, batch.texts[0]) == ("csv", ["Lamp"])


@pytest.mark.parametrize(
    "data", [b"Storm, title race and more\nLamp\n", b"title\nLamp\n", b"Lamp, lit\nToll, up\n"]
)
def test_plain_lines_are_no_table(data: bytes):
    assert {batch.format for batch in read_bytes(data)} == {"lines"}


def test_rows_of_any_delimiter_keep_their_bytes():
    batches = read_bytes(b"id;title;\r\n1;Lamp;\r\n", "csv")
    assert records_of(batches) == [b"1;Lamp;\r\n"]


def test_repeated_headers_are_counted():
    stats = ReadStats()
    read_bytes(b"id,title\n1,Lamp\nid,title\nid,title\n2,Toll\n", "csv", stats)
    assert (stats.records, stats.repeated_headers, stats.met) == (2, 2, 4)
    assert "2 rows that repeat the header left out" in list(reading_notes(Settings(), stats))


REFUSED = {
    "no header": (b"3,Storm hits Pell pier,Waves of nine metres.\n", "--no-header reads it"),
    "backslashes": (b'id,title\n1,"Say \\"lamp, twice\\""\n', r"--csv-escape reads \" as a quote"),
    "wide row": (b"id,title\n1,Lamp,lit\n", "3 columns, where the header has 2"),
}


@pytest.mark.parametrize(("data", "cure"), REFUSED.values(), ids=REFUSED)
def test_a_message_names_the_option(data: bytes, cure: str):
    with pytest.raises(InputError) as caught:
        read_bytes(data, "csv")
    assert cure in str(caught.value)


ENCODED = {
    "cp1252": "title\nCafé at Pell closes after fire\nMüller wins 2:1 – again\n",
    "cp949": "title\n펠 부두 등대 불 계속 켠다\n",
    "gb18030": "title\n北京市长谈新地铁线路\n",
    "cp1251": "title\nВ Пелле открыли новый маяк\n",
    "cp932": "title\nペルの灯台は点灯を続ける\n",
    "cp1256": "title\nالمنارة القديمة تبقى مضاءة في الميناء\n",
}


@pytest.mark.parametrize(("encoding", "text"), ENCODED.items(), ids=ENCODED)
def test_the_likely_encoding_is_named_and_then_read(encoding: str, text: str):
    data = text.encode(encoding)
    with pytest.raises(InputError) as caught:
        read_bytes(data, "csv")
    found = likely_encoding(data)
    assert found
    assert f"--encoding {found[0]}, or iconv -f {found[1]} -t UTF-8" in str(caught.value)
    titles = [t for batch in read_bytes(data, "csv", encoding=found[0]) for t in batch.texts[0]]
    assert titles == text.splitlines()[1:]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str):
    [batch] = read_bytes("title,id\nCafé,1\n".encode(encoding), "csv")
    assert batch.texts[0] == ["Café"]
    assert records_of([batch]) == ["Café,1\n".encode()]


def test_utf16_without_a_mark_names_the_option():
    data = "title,id\nLamp,1\n".encode("utf-16-le")
    with pytest.raises(InputError, match="--encoding utf-16-le reads it"):
        read_bytes(data)
    [batch] = read_bytes(data, "csv", encoding="utf-16-le")
    assert batch.texts[0] == ["Lamp"]
    for encoding in ("utf-16", "UTF_32"):
        with pytest.raises(InputError, match=r"no byte order mark of utf-.*-le and utf-.*-be"):
            read_bytes(data, "csv", encoding=encoding)


def test_a_byte_that_the_encoding_lacks_is_refused():
    with pytest.raises(InputError, match="not cp1252; --encoding may name another one"):
        read_bytes(b"title\nLamp\x81\n", "csv", encoding="cp1252")
