"""What an open index keeps in memory changes no answer, whoever else writes and when it is full."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from corpora import CORPORA, shipped
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.index import match, memtable, record_cache, schema, stats, text_cache, word_columns
from dedupe.index.cache import ROOM, GrowingArray, gc_paused
from dedupe.index.index import Index
from dedupe.index.record_cache import RecordCache
from dedupe.models import NO_TIME
from dedupe.text.normalize import normalize

LED = """
SELECT f.seq, coalesce(c.canonical, f.seq), coalesce(f.time, ?), f.head
FROM facts f LEFT JOIN clusters c ON c.number = f.cluster
"""
NO_MARKS = np.zeros(0, np.uint64)
FEW = settings(max_examples=15)


def cold(path: str, parts) -> list[object]:
    """The answers of an index that is opened anew for each part."""
    told: list[object] = []
    for part in parts:
        with Index.open(path) as index:
            told += index.match(part) + index.add(part)
    return told


def warm(paths: list[Index], parts) -> list[object]:
    """The same where some open indexes of one file take turns."""
    told: list[object] = []
    for number, part in enumerate(parts):
        told += paths[number % len(paths)].match(part) + paths[number % len(paths)].add(part)
    return told


@FEW
@given(
    CORPORA,
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from(({}, {"window": "2d"}, {"updates": "split"}, {"numbers": "ignore"})),
    st.sampled_from((0, 1 << 30)),
    st.booleans(),
)
def test_what_is_kept_from_call_to_call_changes_no_answer(
    stories, size, turns, told, most, in_bulk
):
    parts = [stories[i : i + size] for i in range(0, len(stories), size)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_cache, "MOST_BYTES", most)
        patch.setattr(record_cache, "WORTH", 2)
        left, right = str(Path(folder, "one.index")), str(Path(folder, "other.index"))
        for path in (left, right):
            Index.create(path, **told).close()
        expected = cold(left, parts)
        for module, name, value in (
            (word_columns, "FEW", 1 << 20),
            (match, "CHUNK", 1),
            (memtable, "FEW", 40),
        ):
            patch.setattr(module, name, value if in_bulk else getattr(module, name))
        several = [Index.open(right) for _ in range(turns)]
        assert warm(several, parts) == expected
        with Index.open(left) as index:
            assert list(several[0].export()) == list(index.export())
        for index in several:
            index.close()


def test_a_failed_call_leaves_nothing_in_memory(tmp_path: Path, monkeypatch):
    stories = shipped()
    with Index.create(str(tmp_path / "a.index")) as index:
        index.add(stories[:6])
        with monkeypatch.context() as patch:
            patch.setattr(index.store, "keep_postings", interrupt)
            with pytest.raises(KeyboardInterrupt):
                index.add(stories[6:])
        told = index.add(stories[6:])
        assert index.check() == []
        found = list(index.export())
    with Index.create(str(tmp_path / "b.index")) as index:
        index.add(stories[:6])
        assert index.add(stories[6:]) == told
        assert list(index.export()) == found


def test_asking_leaves_no_newcomer_in_memory(tmp_path: Path):
    with Index.create(str(tmp_path / "a.index")) as index:
        index.add(shipped())
        held = len(index.store.memory)
        for record in shipped():
            index.match([record | {"id": "new"}])
        sizes = {len(field.table) for field in index.store.memory.fields}
        assert sizes == {len(index.store.memory)} == {held}


def facts_file(count: int) -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(schema.TABLES)
    rows = [(seq, seq, None if seq % 3 else seq * 7, seq * 11) for seq in range(1, count + 1)]
    made.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", rows)
    return made


@pytest.mark.parametrize("most", [1, 2, 512])
@given(data=st.data())
def test_pages_tell_what_the_rows_tell(most: int, data):
    count = 40
    made, held = facts_file(count), RecordCache()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("BITS", 3), ("SIZE", 8), ("LOW", 7), ("MOST", most), ("WORTH", 4)):
            patch.setattr(record_cache, name, value)
        for _ in range(6):
            asked = np.array(data.draw(st.lists(st.integers(1, count), max_size=12)), np.int64)
            facts = held.facts(made, asked)
            expected = {row[0]: row[1:] for row in made.execute(LED, (NO_TIME,))}
            got = zip(
                facts.leaders.tolist(), facts.times.tolist(), facts.headlines.tolist(), strict=True
            )
            assert list(got) == [expected[seq] for seq in asked.tolist()]
            if data.draw(st.booleans()):
                new = np.arange(count + 1, count + 1 + data.draw(st.integers(1, 12)))
                rows = [(seq, seq, seq * 7, seq * 11) for seq in new.tolist()]
                made.executemany("INSERT INTO facts VALUES (?, ?, ?, ?)", rows)
                held.write(new, np.array([[seq, seq * 7, seq * 11] for seq in new.tolist()]))
                count += len(new)
            if data.draw(st.booleans()):
                gone = data.draw(
                    st.lists(st.integers(2, count), min_size=1, max_size=20, unique=True)
                )
                made.executemany(
                    "INSERT OR REPLACE INTO clusters SELECT number, 0, 1, 1 FROM clusters"
                    " WHERE canonical = ?1 UNION SELECT ?1, 0, 1, 1",
                    [(seq,) for seq in gone],
                )
                held.move(np.array(gone), np.ones(len(gone), np.int64))


def test_a_row_that_is_not_there_is_told(monkeypatch):
    made = facts_file(9)
    with pytest.raises(ValueError, match="missing"):
        RecordCache().facts(made, np.array([3, 12]))
    monkeypatch.setattr(record_cache, "WORTH", 1)
    with pytest.raises(ValueError, match="missing"):
        RecordCache().facts(made, np.array([3, 12]))


def test_a_growing_array_keeps_its_rows():
    grown = GrowingArray(np.int64, 2)
    rows = np.arange(6 * ROOM).reshape(-1, 2)
    for start in range(0, len(rows), 100):
        grown.extend(rows[start : start + 100])
    assert np.array_equal(grown.held, rows)
    grown.cut(5)
    grown.extend(rows[:1])
    assert grown.held.tolist() == [*rows[:5].tolist(), rows[0].tolist()]
    assert len(grown) == 6
    assert grown.bytes >= grown.held.nbytes


def interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


WORDS = st.sampled_from(("ab", "bc", "cd", "de", "ef", "fg", "gh", "7", "8", "Ärger"))
TEXTS = st.lists(st.lists(WORDS).map(" ".join))


@given(st.lists(TEXTS, max_size=6))
def test_words_have_the_same_numbers_however_they_are_kept(parts):
    told = []
    for least in (1, 3, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(stats, "LEAST_LATE", least)
            held = stats.WordStats(1)
            told.append([held.numbers(normalize(part, NO_MARKS)).tolist() for part in parts])
    assert told[0] == told[1] == told[2]
    words: dict[str, int] = {}
    for part, numbers in zip(parts, told[0], strict=True):
        spelled = " ".join(part).split()
        first = [words.setdefault(word, n) for word, n in zip(spelled, numbers, strict=True)]
        assert first == numbers
    assert len(set(words.values())) == len(words)


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_rests_for_a_call_and_is_as_before(*, on: bool):
    was = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        assert not gc_paused()(gc.isenabled)()
        assert gc.isenabled() == on
        with pytest.raises(ZeroDivisionError):
            gc_paused()(divmod)(1, 0)
        assert gc.isenabled() == on
    finally:
        (gc.enable if was else gc.disable)()
