"""What the decision is fitted on: rows of features, labelled by people or by how they were made."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.judge.twins import exchange, renamed, reorder, turned
from dedupe.pipeline.case import Case, evidence_among, open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.proposing import candidates_among
from dedupe.reading import read
from dedupe.reading.labels import read_labels
from dedupe.settings import Settings
from dedupe.stories import NO_TIME, Corpus, Tally
from dedupe.verify import FEATURES, RETURNS, VIEW, Ends, pair_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.verify import Evidence

WORTH = {"D": 1.0, "N": 1.0, "U": 0.1}
"""How much a label counts; an update is told apart from its story, but not at any price."""
APART = 14 * 24
SAME = 0.95
DISTANT = 1500
DATED_MASS = 0.05
UNDATED_MASS = 0.3
HANDFUL = 40
TURNED = 300
TURNED_MASS = 0.1


@dataclass(frozen=True, slots=True)
class Lesson:
    """Feature rows, their labels (1 duplicate, 0 not) and how much each row counts."""

    rows: NDArray[np.float64]
    labels: NDArray[np.int64]
    mass: NDArray[np.float64]

    def __add__(self, other: Lesson) -> Lesson:
        return Lesson(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.mass, other.mass]),
        )


def open_corpus(path: str) -> Case:
    """Read and describe a corpus under default settings."""
    settings = Settings()
    batches = read([path], settings, Tally(), stdin=sys.stdin.buffer)
    corpus = gather(batches, len(settings.field))
    description = describe(corpus, settings.seed, settings.jobs, lambda _: None)
    return open_case(corpus, description, settings)


def told_pairs(path: str) -> list[tuple[str, str, str]]:
    """The labelled pairs of a file, as two ids and a label."""
    return [(label.a, label.b, label.label) for label in read_labels(path)]


def rows_of(
    case: Case, evidence: Evidence, pairs: Sequence[tuple[str, str, str]]
) -> NDArray[np.float64]:
    """The feature rows of labelled pairs."""
    places = {name: place for place, name in enumerate(case.corpus.ids)}
    left = np.array([places[a] for a, _, _ in pairs])
    right = np.array([places[b] for _, b, _ in pairs])
    return pair_rows(evidence, case.ends(left, right))


def lesson_of(case: Case, pairs: Sequence[tuple[str, str, str]]) -> Lesson:
    """What a corpus teaches: its pairs as they are, and as they look where less is known.

    The variations stand for inputs without dates, without outlets or ledes, and too small to
    count words in.
    """
    labels = np.array([label == "D" for _, _, label in pairs], dtype=np.int64)
    worth = np.array([WORTH[label] for _, _, label in pairs])
    evidence = evidence_among(case, np.flatnonzero(case.kinds >= 0))
    rows = rows_of(case, evidence, pairs)
    variants = [(rows, 1.0), (rows_of(case, without_counts(evidence), pairs), 0.5)]
    variants += [(undated(rows), 0.2), (blank(rows, ["same_source"]), 0.2)]
    variants += [(blank(undated(rows), ["same_source"]), 0.2)]
    if not np.isnan(rows[:, len(VIEW)]).all():
        variants.append((blank(rows, FEATURES[len(VIEW) : 2 * len(VIEW)]), 0.1))
    whole = [Lesson(part, labels, mass * worth) for part, mass in variants]
    return sum(whole[1:], whole[0])


def distant_lesson(case: Case) -> Lesson:
    """What dates teach about texts: candidates weeks apart tell two stories, however alike.

    Shown without their dates and outlets too, they stand for what an undated input is full of.
    """
    evidence = evidence_among(case, np.flatnonzero(case.kinds >= 0))
    found = candidates_among(case, np.flatnonzero(case.kinds >= 0))
    _, records = np.unique(case.kinds, return_index=True)
    records = records[int(case.kinds.min() < 0) :]
    left, right = (records[ends] for ends in found.ends())
    hours = case.hours(left, right)
    far = np.flatnonzero(hours > APART)
    far = far[:: max(1, len(far) // DISTANT)]
    rows = pair_rows(evidence, case.ends(left[far], right[far]))
    alike = np.nan_to_num(rows[:, [FEATURES.index(name) for name in ("dice", "lede_dice")]], nan=1)
    rows = rows[(alike < SAME).any(axis=1)]
    none = np.zeros(2 * len(rows), dtype=np.int64)
    shown = np.concatenate([rows, blank(undated(rows), ["same_source"])])
    mass = np.repeat([DATED_MASS, UNDATED_MASS], len(rows))
    return Lesson(shown, none, mass)


def made_up_lesson(case: Case) -> Lesson:
    """What made-up twins teach: exchanged parties or another name tell another story.

    A clause that moved tells the same; of each sort there are equally many.
    """
    headlines = case.corpus.texts[0]
    sorts = [turned(headlines, exchange), renamed(headlines), turned(headlines, reorder)]
    count = min(TURNED, *map(len, sorts))
    pairs = [pair for sort in sorts for pair in sort[:: max(1, len(sort) // max(1, count))][:count]]
    labels = np.tile(np.repeat([0, 0, 1], count), 2)
    return Lesson(bare_rows(pairs), labels, np.full(len(labels), TURNED_MASS))


def bare_rows(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """The feature rows of pairs of headlines, as the only ones there are.

    First with nothing known, then as of two outlets within the hour.
    """
    texts = [text for pair in pairs for text in pair]
    none = [""] * len(texts)
    corpus = Corpus(
        batches=(),
        texts=(texts, none),
        ids=none,
        sources=none,
        times=np.full(len(texts), NO_TIME),
        digests=np.arange(len(texts), dtype=np.uint64),
    )
    settings = Settings()
    described = describe(corpus, settings.seed, settings.jobs, lambda _: None)
    case = open_case(corpus, described, settings)
    left = np.arange(0, len(texts), 2)
    evidence = evidence_among(case, np.arange(len(texts)))
    close = np.ones(len(left)), np.zeros(len(left))
    known = (close[0] * np.nan, close[1] * np.nan), close
    ends = case.kinds[left], case.kinds[left + 1]
    return np.concatenate([pair_rows(evidence, Ends(*ends, *facts)) for facts in known])


def without_counts(evidence: Evidence) -> Evidence:
    """The evidence as a handful of records would give it: each word once, and nothing returns."""
    columns = []
    for column in evidence.columns:
        words = column.vocabulary
        weights = words.weights(np.ones(len(words.hashes), dtype=np.int64), HANDFUL)
        columns.append(replace(column, weights=weights))
    return replace(
        evidence,
        columns=tuple(columns),
        recurrence=np.zeros_like(evidence.recurrence),
        meetings=np.zeros_like(evidence.meetings),
    )


def blank(rows: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """The rows with some features missing."""
    out = rows.copy()
    out[:, [FEATURES.index(name) for name in names]] = np.nan
    return out


def undated(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rows as a corpus without dates gives them: no gaps, and nothing returns."""
    out = blank(rows, ["gap"])
    out[:, [FEATURES.index(name) for name in RETURNS]] *= 0
    return out
