"""What the tests of whole runs share: invented corpora, runs of them and their partitions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from commandline import FIXTURES
from hypothesis import strategies as st
from readers import read_bytes

from dedupe.config import Settings
from dedupe.pipeline import Result, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Story = dict[str, str]

WHO = ("Zellwick Quarries", "Mayor Anselm Droste", "城南水库大坝")
DOES = ("buys", "sells", "calls off strike at")
WHAT = ("Odlin Bay mill", "41 million crown dam", "63 mln crown dam")
BEFORE = ("", "", "", "UPDATE 2-", "RPT-", "BREAKING: ", "WITHDRAWN: ")
AFTER = ("", "", "", " - Reuters", " | Evening Ledger", "...", " after all", " on Monday")
WHOLE = ("", "Morning Briefing", "Morning Briefing", "Watch", "!!!", "Q2 2026")
LEDES = ("", "", "The vote was close.", "Nine days of strike ended late on Tuesday at Odlin Bay.")
SOURCES = ("", "Evening Ledger", "Northern Wire", "Tidewater Post")
DAY_ONE = datetime(2026, 3, 2, 8, tzinfo=UTC)

TITLES = st.one_of(
    st.builds(
        "{1}{0[0]} {0[1]} {0[2]}{2}".format,
        st.tuples(*map(st.sampled_from, (WHO, DOES, WHAT))),
        st.sampled_from(BEFORE),
        st.sampled_from(AFTER),
    ),
    st.sampled_from(WHOLE),
)
HOURS = st.one_of(st.none(), st.integers(0, 12), st.integers(0, 24 * 40))
STORY = st.tuples(TITLES, st.sampled_from(LEDES), st.sampled_from(SOURCES), HOURS)


def story(number: int, title: str, lede: str, source: str, hours: int | None) -> Story:
    """One record; without ``hours`` it has no date."""
    made = {"id": str(number), "title": title, "lede": lede, "source": source}
    return made if hours is None else made | {"date": str(DAY_ONE + timedelta(hours=hours))}


CORPORA = st.lists(STORY, min_size=1, max_size=14).map(
    lambda rows: [story(number, *row) for number, row in enumerate(rows)]
)


def lines(stories: Iterable[Story]) -> bytes:
    """Records as JSONL."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in stories)


def run_of(stories: Sequence[Story], **settings: Any) -> Result:
    """Run over records read as one batch."""
    return run(read_bytes(lines(stories)), Settings(**settings))


def partition(result: Result) -> set[frozenset[str]]:
    """The clusters as sets of ids."""
    ids = result.corpus.ids
    return {frozenset(ids[i] for i in cluster.members) for cluster in result.clustering}


def canonical_of(stories: Sequence[Story], result: Result) -> list[Story]:
    """The records that ``unique`` would keep."""
    leaders = result.clustering.canonical
    return [stories[i] for i in np.flatnonzero(leaders == np.arange(len(leaders))).tolist()]


@cache
def shipped() -> tuple[Story, ...]:
    """The stories of ``fixtures/stories.jsonl``."""
    text = (FIXTURES / "stories.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def unique(lines_in: Sequence[bytes], **settings: Any) -> list[bytes]:
    """Return the lines that ``unique`` keeps, byte for byte."""
    own = {name: value for name, value in settings.items() if name == "field"}
    result = run(read_bytes(b"".join(lines_in), **own), Settings(**settings))
    leaders = result.clustering.canonical
    return [lines_in[i] for i in np.flatnonzero(leaders == np.arange(len(leaders))).tolist()]


def told_alike(ids: Iterable[str]) -> set[frozenset[str]]:
    """The true clusters: an id is the name of its story, a dash and a number."""
    groups: dict[str, set[str]] = {}
    for name in ids:
        groups.setdefault(name.rpartition("-")[0], set()).add(name)
    return {frozenset(group) for group in groups.values()}
