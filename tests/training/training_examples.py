"""What the decision is fitted on: rows of features, labelled by people or by how they were made."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from synthetic_pairs import exchange, exchanged_pairs, reorder, reordered_pairs

from dedupe.backends.memory import MemoryBackend, scoring_context_of
from dedupe.clustering.pass_planner import candidates_of
from dedupe.config import Settings
from dedupe.io.labels import read_labels
from dedupe.io.reader import read
from dedupe.models import NO_TIME, Corpus, ReadStats
from dedupe.pipeline import load_corpus, open_in_memory
from dedupe.scoring.features import VIEW
from dedupe.scoring.pair_context import RETURNS, PairContext
from dedupe.scoring.score import FEATURES, model_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.scoring.pair_context import ScoringContext

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
class TrainingSet:
    """Feature rows, their labels (1 duplicate, 0 not) and how much each row counts."""

    rows: NDArray[np.float64]
    labels: NDArray[np.int64]
    mass: NDArray[np.float64]

    def __add__(self, other: TrainingSet) -> TrainingSet:
        return TrainingSet(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.mass, other.mass]),
        )


def open_corpus(path: str) -> MemoryBackend:
    """Read and describe a corpus under default settings."""
    settings = Settings()
    batches = read([path], settings, ReadStats(), stdin=sys.stdin.buffer)
    return open_in_memory(load_corpus(batches, len(settings.field)), settings)


def label_pairs(path: str) -> list[tuple[str, str, str]]:
    """The labelled pairs of a file, as two ids and a label."""
    return [(label.a, label.b, label.label) for label in read_labels(path)]


def example_rows(
    backend: MemoryBackend, scoring_context: ScoringContext, pairs: Sequence[tuple[str, str, str]]
) -> NDArray[np.float64]:
    """The feature rows of labelled pairs."""
    positions = {name: position for position, name in enumerate(backend.corpus.ids)}
    left = np.array([positions[a] for a, _, _ in pairs])
    right = np.array([positions[b] for _, b, _ in pairs])
    return model_rows(scoring_context, backend.pair_context(left, right))


def labelled_examples(backend: MemoryBackend, pairs: Sequence[tuple[str, str, str]]) -> TrainingSet:
    """What a corpus teaches: its pairs as they are, and as they look where less is known.

    The variations stand for inputs without dates, without outlets or ledes, and too small to
    count words in.
    """
    labels = np.array([label == "D" for _, _, label in pairs], dtype=np.int64)
    worth = np.array([WORTH[label] for _, _, label in pairs])
    scoring_context = scoring_context_of(backend, np.flatnonzero(backend.content_ids >= 0))
    rows = example_rows(backend, scoring_context, pairs)
    variants = [(rows, 1.0), (example_rows(backend, without_counts(scoring_context), pairs), 0.5)]
    variants += [(undated(rows), 0.2), (blank(rows, ["same_source"]), 0.2)]
    variants += [(blank(undated(rows), ["same_source"]), 0.2)]
    if not np.isnan(rows[:, len(VIEW)]).all():
        variants.append((blank(rows, FEATURES[len(VIEW) : 2 * len(VIEW)]), 0.1))
    whole = [TrainingSet(part, labels, mass * worth) for part, mass in variants]
    return sum(whole[1:], whole[0])


def distant_examples(backend: MemoryBackend) -> TrainingSet:
    """What dates teach about texts: candidates weeks apart tell two stories, however alike.

    Shown without their dates and outlets too, they stand for what an undated input is full of.
    """
    scoring_context = scoring_context_of(backend, np.flatnonzero(backend.content_ids >= 0))
    found = candidates_of(backend, np.flatnonzero(backend.content_ids >= 0))
    _, records = np.unique(backend.content_ids, return_index=True)
    records = records[int(backend.content_ids.min() < 0) :]
    left, right = (records[pair_context] for pair_context in found.left_right())
    hours = backend.hours(left, right)
    far = np.flatnonzero(hours > APART)
    far = far[:: max(1, len(far) // DISTANT)]
    rows = model_rows(scoring_context, backend.pair_context(left[far], right[far]))
    alike = np.nan_to_num(rows[:, [FEATURES.index(name) for name in ("dice", "lede_dice")]], nan=1)
    rows = rows[(alike < SAME).any(axis=1)]
    none = np.zeros(2 * len(rows), dtype=np.int64)
    shown = np.concatenate([rows, blank(undated(rows), ["same_source"])])
    mass = np.repeat([DATED_MASS, UNDATED_MASS], len(rows))
    return TrainingSet(shown, none, mass)


def synthetic_examples(backend: MemoryBackend) -> TrainingSet:
    """What made-up twins teach: exchanged parties or another name tell another story.

    A clause that moved tells the same; of each sort there are equally many.
    """
    headlines = backend.corpus.texts[0]
    sorts = [
        reordered_pairs(headlines, exchange),
        exchanged_pairs(headlines),
        reordered_pairs(headlines, reorder),
    ]
    count = min(TURNED, *map(len, sorts))
    pairs = [pair for sort in sorts for pair in sort[:: max(1, len(sort) // max(1, count))][:count]]
    labels = np.tile(np.repeat([0, 0, 1], count), 2)
    return TrainingSet(bare_rows(pairs), labels, np.full(len(labels), TURNED_MASS))


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
    backend = open_in_memory(corpus, Settings())
    left = np.arange(0, len(texts), 2)
    scoring_context = scoring_context_of(backend, np.arange(len(texts)))
    close = np.ones(len(left)), np.zeros(len(left))
    known = (close[0] * np.nan, close[1] * np.nan), close
    pair_context = backend.content_ids[left], backend.content_ids[left + 1]
    return np.concatenate(
        [model_rows(scoring_context, PairContext(*pair_context, *facts)) for facts in known]
    )


def without_counts(scoring_context: ScoringContext) -> ScoringContext:
    """The evidence as a handful of records would give it: each word once, and nothing returns."""
    columns = []
    for column in scoring_context.columns:
        words = column.vocabulary
        weights = words.weights(np.ones(len(words.hashes), dtype=np.int64), HANDFUL)
        columns.append(replace(column, weights=weights))
    return replace(
        scoring_context,
        columns=tuple(columns),
        recurrence=np.zeros_like(scoring_context.recurrence),
        pair_returns=np.zeros_like(scoring_context.pair_returns),
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
