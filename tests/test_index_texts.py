"""Texts come out of their blocks as they went in, however they came and whatever has gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.index import row_queries, schema, texts

ROWS = st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), min_size=1, max_size=30)


def database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(schema.TABLES)
    return made


def note(made: sqlite3.Connection, count: int) -> None:
    """So many stories that have facts."""
    made.executemany("INSERT INTO facts (seq) VALUES (?)", ((seq,) for seq in range(1, count + 1)))


@given(ROWS, st.data())
def test_texts_are_read_as_they_were_kept(rows, data):
    count = len(rows)
    cuts = sorted({0, count, *data.draw(st.sets(st.integers(0, count), max_size=6))})
    gone = data.draw(st.sets(st.integers(1, count), max_size=count - 1))
    left = [seq for seq in range(1, count + 1) if seq not in gone]
    asked = data.draw(st.lists(st.sampled_from(left), max_size=8))
    most = data.draw(st.sampled_from((0, 512)))
    with closing(database()) as made, pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "ENOUGH", 2 * texts.TOGETHER)
        patch.setattr(row_queries, "MOST_LISTED", most)
        patch.setattr(texts, "MANY", data.draw(st.sampled_from((0, 512))))
        note(made, count)
        for start, stop in pairwise(cuts):
            texts.write_texts(made, start + 1, rows[start:stop])
        if gone:
            texts.delete_texts(made, np.array(sorted(gone)))
        if data.draw(st.booleans()):
            texts.repack(made, 1, count)
        expected = [rows[seq - 1] for seq in asked]
        assert texts.read_texts(made, np.array(asked, np.int64)) == expected
        assert texts.read_texts(made, np.array(left)) == [rows[seq - 1] for seq in left]


def test_stories_that_came_alone_are_packed_together():
    rows = [[f"Ferry tolls rise by {pence} pence in June", ""] for pence in range(20)]
    with closing(database()) as made:
        for seq, row in enumerate(rows, 1):
            texts.write_texts(made, seq, [row])
        texts.repack(made, 1, 20)
        (blocks,) = made.execute("SELECT count(*) FROM texts").fetchone()
    assert blocks == -(-20 // texts.TOGETHER)


@pytest.mark.parametrize("many", [0, 512])
@pytest.mark.parametrize("asked", [[1, 2], [1, 400], [3], [999], [1, 999]])
def test_what_is_missing_is_told(asked: list[int], many: int, monkeypatch):
    monkeypatch.setattr(texts, "MANY", many)
    with closing(database()) as made:
        note(made, 400)
        texts.write_texts(made, 1, [["A", ""], None])
        with pytest.raises(ValueError, match="missing"):
            texts.read_texts(made, np.array(asked))
