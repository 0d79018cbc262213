"""Golden cases: ``golden/<case>/cmd`` is a line of shell, ``expout`` what it prints.

After a change that is meant, ``python -m pytest tests/test_golden.py --golden`` writes the files
anew; the diff is then for reading. What must hold whatever the figures is tested here besides.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commandline import FIXTURES, Done, shell
from corpora import shipped, told_alike

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/cmd"))


def carry_out(case: Path, folder: Path) -> Done:
    """Run a case among the fixtures that its command names."""
    script = (case / "cmd").read_text()
    for fixture in FIXTURES.iterdir():
        if fixture.name in script:
            shutil.copy(fixture, folder)
    return shell(script, folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_output_is_as_it_was(case: Path, tmp_path: Path, request: pytest.FixtureRequest):
    done = carry_out(case, tmp_path)
    assert done.code == 0, done.err
    if request.config.getoption("golden"):
        (case / "expout").write_bytes(done.out)
    assert done.out.decode() == (case / "expout").read_text(encoding="utf-8")


def records(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (GOLDEN / name / "expout").read_text().splitlines()]


def test_clusters_are_the_stories():
    groups: dict[object, set[str]] = {}
    for record in records("cluster"):
        groups.setdefault(record["dedupe"]["cluster"], set()).add(record["id"])
    assert set(map(frozenset, groups.values())) == told_alike(story["id"] for story in shipped())


def test_every_cluster_has_one_canonical_of_its_own():
    held = {record["id"]: record["dedupe"] for record in records("cluster")}
    for given in held.values():
        led = held[given["canonical_id"]]
        assert led["canonical"]
        assert led["cluster"] == given["cluster"]
    assert sum(given["canonical"] for given in held.values()) == len(
        {given["cluster"] for given in held.values()}
    )


def test_unique_and_duplicates_part_the_stories():
    kept, gone = ([r["id"] for r in records(name)] for name in ("unique", "duplicates"))
    stories = told_alike(story["id"] for story in shipped())
    assert sorted(kept + gone) == sorted(story["id"] for story in shipped())
    assert all(len(group & set(kept)) == 1 for group in stories)


def test_pairs_are_within_a_story_and_join_it():
    pairs = [{record["a"], record["b"]} for record in records("pairs")]
    stories = told_alike(story["id"] for story in shipped())
    assert pairs
    assert all(any(pair <= group for group in stories) for pair in pairs)
    assert set().union(*pairs) == {name for group in stories if len(group) > 1 for name in group}


def test_the_article_gives_its_blocks_in_order():
    blocks = records("split")
    assert [block["block"] for block in blocks] == list(range(1, len(blocks) + 1))
    assert {block["role"] for block in blocks} == {"headline", "lede", "paragraph"}


def test_every_command_has_a_case():
    commands = {(case / "cmd").read_text().split()[1] for case in CASES}
    assert {"cluster", "unique", "pairs", "split"} <= commands
