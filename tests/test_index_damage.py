"""An index that holds values of wrong types: a StoreError tells of it, whatever is asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from corpora import shipped
from indexes import filled

from dedupe.errors import StoreError
from dedupe.index import database, segments
from dedupe.index.index import Index
from dedupe.index.texts import packed

STORY = {"id": "z", "title": "Ferry tolls rise by ten pence in June"}
UNPACKED = "UPDATE texts SET data = x'{}'"
DAMAGES = [
    ("UPDATE meta SET value = NULL", "is damaged: "),
    ("UPDATE meta SET value = x'37'", "is damaged: "),
    ("UPDATE meta SET value = '7' WHERE name = 'settings'", "is damaged: "),
    ("DELETE FROM meta WHERE name = 'settings'", "is damaged: "),
    ("DELETE FROM meta WHERE name = 'epoch'", "is damaged: "),
    ("UPDATE meta SET value = '{\"seed\": -1}' WHERE name = 'settings'", "is damaged: seed: "),
    ("UPDATE facts SET time = x'37'", "is damaged: "),
    ("UPDATE stories SET digest = NULL", "is damaged: "),
    ("UPDATE texts SET data = '7'", "is damaged: "),
    ("UPDATE texts SET data = x'37'", "is damaged: the texts of some stories cannot be unpacked"),
    (UNPACKED.format(packed(1, [])[-1].hex()), "is damaged: the texts of some stories are missing"),
    (UNPACKED.format(packed(1, [None] * 9)[-1].hex()), "is damaged: the texts of some stories are"),
    (UNPACKED.format(packed(1, [[]] * 9)[-1].hex()), "is damaged: "),
    ("DELETE FROM texts WHERE first = (SELECT min(first) FROM texts)", "is damaged: "),
    ("UPDATE stories SET score = 'seven'", "is damaged: "),
    ("UPDATE segments SET first = NULL", "is damaged: "),
    ("UPDATE segments SET last = NULL", "is damaged: "),
    ("UPDATE segments SET bits = NULL", "is damaged: "),
    ("UPDATE segments SET bits = -23", "is damaged: "),
    ("UPDATE segments SET bits = 60", "is damaged: segment 1 has impossible bounds"),
    ("UPDATE segments SET bits = 1 << 40", "is damaged: segment 1 has impossible bounds"),
    ("UPDATE segments SET last = -1", "is damaged: segment 1 has impossible bounds"),
    ("UPDATE parts SET data = NULL", "is damaged: "),
    ("UPDATE parts SET data = 'text'", "is damaged: "),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An index with segments, so small that it holds some of everything."""
    monkeypatch.setattr(segments, "ENOUGH", 4)
    monkeypatch.setattr(database, "ENOUGH", 4)
    filled(tmp_path / "a.index", [[story] for story in shipped()[:9]]).close()
    return str(tmp_path / "a.index")


@pytest.mark.parametrize(("statement", "reason"), DAMAGES)
def test_a_wrong_value_is_told(path: str, statement: str, reason: str):
    with sqlite3.connect(path) as database:
        database.execute(statement)
    database.close()
    with pytest.raises(StoreError) as caught:
        ask_everything(path)
    assert str(caught.value).startswith(f"{path}: {reason}")


def ask_everything(path: str) -> None:
    with Index.open(path) as index:
        index.check()
        index.match([STORY])
        index.stats()
        list(index.export())


def test_a_setting_that_is_no_utf8_is_told(path: str):
    """SQLite quotes the value, braces and all."""
    with sqlite3.connect(path) as database:
        database.execute(
            "UPDATE meta SET value = CAST(CAST(value AS BLOB) || x'ff' AS TEXT) "
            "WHERE name = 'settings'"
        )
    database.close()
    with pytest.raises(StoreError) as caught:
        ask_everything(path)
    reason = "cannot be read or written: Could not decode to UTF-8 column 'value'"
    assert str(caught.value) == f"{path}: {reason}"


def test_a_complaint_of_sqlite_that_is_no_utf8_is_told(path: str):
    """A schema that is damaged is quoted in what SQLite raises."""
    held = bytearray(Path(path).read_bytes())
    name = held.index(b"CREATE TABLE meta")
    held[name - 6 : name] = b"\xff" * 6
    Path(path).write_bytes(held)
    with pytest.raises(StoreError) as caught:
        ask_everything(path)
    assert str(caught.value).startswith(f"{path}: is damaged")
