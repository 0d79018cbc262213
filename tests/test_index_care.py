"""What is done to an index as a whole: stories removed, indexes merged, exported, checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from corpora import shipped, story
from indexes import batch, filled, held

from dedupe.errors import StoreError
from dedupe.index import postings
from dedupe.index.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with Index.create(str(tmp_path / "a.index")) as made:
        yield made


def test_removed_stories_are_gone_and_their_clusters_mended(index: Index):
    stories = list(shipped())
    answers = index.add(stories)
    names = {r["id"]: answer.cluster for r, answer in zip(stories, answers, strict=True)}
    gone = {"lantern-1", "strike-1", "bakery-1"} | {
        answer.canonical_id for answer in answers if answer.canonical_id.startswith("lantern")
    }
    assert index.remove(ids=[*gone, "nobody"]) == len(gone)
    assert index.check() == []
    kept = [record for record in stories if record["id"] not in gone]
    assert {i for _, ids in held(index) for i in ids} == {record["id"] for record in kept}
    now = {told["id"]: group["cluster"] for group in index.export() for told in group["stories"]}
    assert now == {name: cluster for name, cluster in names.items() if name not in gone}
    index.compact()
    assert held(index) == batch(kept)
    (again,) = index.add([kept[0]])
    assert not again.new


def test_removed_by_age_and_added_again(index: Index):
    index.add(shipped())
    dated = [record for record in shipped() if record.get("published", "") >= "2026-03-04"]
    index.remove(before="2026-03-04")
    undated = {record["id"] for record in shipped() if "published" not in record}
    assert {i for _, ids in held(index) for i in ids} == {r["id"] for r in dated} | undated
    index.add(shipped())
    assert index.check() == []
    index.compact()
    assert held(index) == batch(shipped())


def test_merge_takes_all_in(tmp_path: Path):
    stories = shipped()
    with (
        filled(tmp_path / "a.index", [stories[:20]]) as left,
        filled(tmp_path / "b.index", [stories[15:]]) as right,
    ):
        assert left.merge(right) == len(stories) - 20
        assert left.merge(right) == 0
        left.compact()
        assert left.check() == []
        assert held(left) == batch(stories)
        with pytest.raises(StoreError, match="into itself"):
            left.merge(left)


def test_export_holds_all_that_was_told(index: Index):
    record = story(1, "Herring return to Tasker Bay", "They swam past.", "Northern Wire", 1)
    (answer,) = index.add([record])
    (group,) = index.export()
    assert json.loads(json.dumps(group)) == {
        "cluster": answer.cluster,
        "size": 1,
        "canonical_id": "1",
        "stories": [
            {
                "id": "1",
                "title": record["title"],
                "lede": record["lede"],
                "source": "Northern Wire",
                "published": "2026-03-02T09:00:00Z",
                "canonical": True,
                "score": 1.0,
                "reason": "canonical",
            }
        ],
    }


DAMAGES = {
    "UPDATE cluster SET size = size + 1 WHERE number = 1": (
        "1 clusters of another size than they say"
    ),
    "UPDATE cluster SET canonical = 39 WHERE number = 1": (
        "1 clusters whose canonical version is elsewhere"
    ),
    "DELETE FROM prepared WHERE number = 3": "1 stories without prepared texts, or prepared texts",
    "DELETE FROM record WHERE number = 39": "1 stories without prepared texts, or prepared texts",
    "UPDATE record SET outlet = 99 WHERE number = 2": "1 stories of outlets that are not there",
    "UPDATE meta SET value = '7' WHERE name = 'next'": "33 stories beyond the next number",
    'UPDATE record SET texts = \'["Another story altogether",""]\' WHERE number = 4': (
        "the facts of stories 1 to 39 are not what they make"
    ),
    "UPDATE record SET time = 7 WHERE number = 5": (
        "the facts of stories 1 to 39 are not what they make"
    ),
    "UPDATE prepared SET data = (SELECT data FROM prepared WHERE number = 3) WHERE number = 2": (
        "the prepared texts of stories 1 to 39 are not what they make"
    ),
}


@pytest.mark.parametrize("statement", DAMAGES)
def test_check_says_what_does_not_fit(statement: str, index: Index):
    assert len(shipped()) == 39
    index.add(shipped())
    assert index.check() == []
    index.store.database.execute(statement)
    index.store.forget()
    assert any(DAMAGES[statement] in found for found in index.check())


def test_check_says_which_postings_do_not_fit(index: Index):
    index.add(shipped())
    with index.store.writing():
        store = index.store
        (segment,) = store.segments
        entries = postings.read_segment(store.database, segment)
        postings.drop_segment(store.database, segment)
        store.segments = [postings.write_segment(store.database, 1, entries[1:])]
    assert index.check() == ["the postings of stories 1 to 39 are not what they make"]
    with index.store.writing():
        postings.drop_segment(store.database, store.segments[0])
        more = np.sort(np.append(entries, (entries[:1] | postings.NUMBER) - postings.NUMBER + 1))
        store.segments = [postings.write_segment(store.database, 1, more)]
    assert index.check() == ["there are postings that no story makes"]
