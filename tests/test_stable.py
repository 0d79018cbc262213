"""``unique`` of its own output changes nothing, byte for byte, whatever the file and settings."""

from __future__ import annotations

import random

import orjson
import pytest
from corpora import CORPORA, lines, shipped, unique
from headlines import corpora, needs_data, records_of
from hypothesis import given, settings
from hypothesis import strategies as st

SETTINGS = {
    "default": {},
    "leader linkage": {"linkage": "leader"},
    "a window": {"window": 86_400},
    "versions apart": {"updates": "split"},
    "a low threshold": {"threshold": 0.2},
    "a high threshold": {"threshold": 0.9},
    "strict numbers": {"numbers": "strict"},
}
DROPPED = {
    "all": (),
    "undated": ("published", "date"),
    "without outlets": ("source",),
    "plain": ("published", "date", "source"),
}
FILES = corpora()
LONG = 10_000
"""Of a larger file a slice of so many records is taken."""


def check_stable(given_lines, **own):
    """Check that a second run changes nothing, and that the order of lines does not matter."""
    once = unique(given_lines, **own)
    assert unique(once, **own) == once
    shuffled = random.Random(6).sample(once, len(once))
    assert unique(shuffled, **own) == shuffled


def without(given_lines, names):
    """Return records without some of their values."""
    if not names:
        return list(given_lines)
    records = map(orjson.loads, given_lines)
    kept = ({name: value for name, value in r.items() if name not in names} for r in records)
    return [orjson.dumps(record) + b"\n" for record in kept]


SWITCHES = st.fixed_dictionaries(
    {
        "linkage": st.sampled_from(("average", "leader")),
        "threshold": st.sampled_from((0.2, 0.5, 0.9)),
        "window": st.sampled_from((None, None, 3600, 86_400)),
        "updates": st.sampled_from(("merge", "split")),
        "numbers": st.sampled_from(("weigh", "strict", "ignore")),
    }
)


@settings(max_examples=60)
@given(CORPORA, SWITCHES)
def test_any_stories(stories, own):
    check_stable(lines(stories).splitlines(keepends=True), **own)


@pytest.mark.parametrize("own", SETTINGS.values(), ids=SETTINGS)
def test_the_shipped_stories(own):
    given_lines = lines(shipped()).splitlines(keepends=True)
    for names in DROPPED.values():
        check_stable(without(given_lines, names), **own)


@needs_data
@pytest.mark.parametrize("path", FILES, ids=[path.name.split(".")[0] for path in FILES])
def test_real_headlines_of_one_stretch_of_time(path):
    given_lines = records_of(path)
    start = max(0, len(given_lines) // 2 - LONG // 2)
    part = given_lines[start : start + LONG]
    half = len(part) // 2
    check_stable(part)
    check_stable(part[:half], linkage="leader")
    check_stable(without(part[half:], DROPPED["plain"]))


@needs_data
@pytest.mark.parametrize("seed", range(24))
def test_random_samples_of_real_headlines(seed: int):
    chance = random.Random(seed)
    given_lines = records_of(chance.choice(FILES))
    count = min(len(given_lines), chance.choice((40, 400, 1500)))
    sample = chance.sample(given_lines, count)
    names = chance.choice(list(DROPPED.values()))
    check_stable(without(sample, names), **chance.choice(list(SETTINGS.values())))


@needs_data
@pytest.mark.parametrize("seed", range(2))
def test_members_that_come_back_into_play_are_compared_with_all(seed: int):
    """Under leader linkage a member that does not match is released, late among few records."""
    stories = next(path for path in FILES if path.name.startswith("uci"))
    sample = random.Random(seed).sample(records_of(stories), 1500)
    check_stable(without(sample, DROPPED["plain"]), linkage="leader")
