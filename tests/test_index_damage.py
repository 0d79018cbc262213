"""An index that holds values of wrong types: a StoreError tells of it, whatever is asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from corpora import shipped
from indexes import filled

from dedupe.errors import StoreError
from dedupe.index.index import Index

STORY = {"id": "z", "title": "Ferry tolls rise by ten pence in June"}
DAMAGES = [
    ("UPDATE meta SET value = NULL", "is damaged: "),
    ("UPDATE meta SET value = x'37'", "is damaged: "),
    ("UPDATE meta SET value = '7' WHERE name = 'settings'", "is damaged: "),
    ("DELETE FROM meta WHERE name = 'settings'", "is damaged: "),
    ("DELETE FROM meta WHERE name = 'epoch'", "is damaged: "),
    ("UPDATE meta SET value = '{\"seed\": -1}' WHERE name = 'settings'", "is damaged: seed: "),
    ("UPDATE record SET time = x'37'", "is damaged: "),
    ("UPDATE record SET texts = '7'", "is damaged: "),
    ("UPDATE record SET texts = x'37ff'", "is damaged: "),
    ("UPDATE record SET texts = '[]'", "is damaged: "),
    ("UPDATE record SET digest = 'seven'", "is damaged: "),
    ("UPDATE prepared SET data = x'37'", "is damaged: prepared texts are cut short"),
    (
        "UPDATE prepared SET data = CAST(data || x'37' AS BLOB)",
        "is damaged: prepared texts have another length",
    ),
    ("DELETE FROM prepared", "is damaged: the prepared texts of some records are missing"),
    ("UPDATE facts SET data = x'37'", "is damaged: "),
    ("UPDATE facts SET data = substr(data, 45)", "is damaged: block 0 of the facts"),
    ("UPDATE facts SET written = 'seven'", "is damaged: block 0 of the facts"),
    ("UPDATE segment SET entries = 7000", "is damaged: segment 1 has another number of parts"),
    ("UPDATE segment SET fences = x'37'", "is damaged: "),
    ("UPDATE posting SET data = x'37'", "is damaged: "),
    ("DELETE FROM posting", "is damaged: parts of the postings are missing"),
]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """An index that holds some of everything."""
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
