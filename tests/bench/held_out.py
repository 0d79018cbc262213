"""Models that have not seen the labelled pairs which they are asked about, fold by fold."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import orjson
from scoring import LABELLED

from dedupe import pipeline
from dedupe.judge.fit import (
    Lesson,
    distant_lesson,
    export,
    lesson_of,
    open_corpus,
    read_labels,
    train,
)
from dedupe.reading import read
from dedupe.settings import Settings
from dedupe.stories import Tally
from dedupe.verify import model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

OWN = Path(__file__).with_name("labels")

Answers = dict[str, list[tuple[bool, bool]]]
"""By corpus: of each held-out pair that says yes or no, what it says and what we said."""


@dataclass(frozen=True, slots=True)
class Taught:
    """The labelled pairs of one file, what they teach, and the fold of each pair."""

    corpus: str
    given: bool
    pairs: list[tuple[str, str, str]]
    lesson: Lesson
    folds: NDArray[np.int64]

    def without(self, fold: int) -> Lesson:
        """What the pairs of other folds teach, each in all its variants."""
        variants = len(self.lesson.rows) // len(self.pairs)
        seen = np.tile(self.folds != fold, variants)
        lesson = self.lesson
        return Lesson(lesson.rows[seen], lesson.labels[seen], lesson.mass[seen])

    def asked(self, fold: int) -> NDArray[np.int64]:
        """The pairs of a fold that say yes or no."""
        told = np.array([label != "U" for _, _, label in self.pairs])
        return np.flatnonzero((self.folds == fold) & told)


def answers(data: Path, folds: int) -> tuple[Answers, Answers]:
    """The held-out answers of the decision alone, and of clusterings of the whole corpora."""
    cases = {name: open_corpus(str(stories(data, name))) for name in LABELLED}
    distant = [distant_lesson(case) for case in cases.values()]
    random = np.random.default_rng(0)
    taught = [
        Taught(name, given, pairs, lesson_of(cases[name], pairs), random.integers(0, folds, size))
        for name, short in LABELLED.items()
        for given, path in ((True, data / f"{short}_pairs.csv"), (False, OWN / f"{short}.csv"))
        for pairs in [read_labels(str(path))]
        for size in [len(pairs)]
    ]
    decided: Answers = defaultdict(list)
    clustered: Answers = defaultdict(list)
    for fold in range(folds):
        booster = train(sum((part.without(fold) for part in taught), sum(distant[1:], distant[0])))
        for part in taught:
            if part.given:
                decided[part.corpus] += decisions(booster, part, fold)
                with shipping(booster):
                    clustered[part.corpus] += togetherness(data, part, fold)
        print(f"fold {fold + 1} of {folds} done", file=sys.stderr)
    return decided, clustered


def stories(data: Path, name: str) -> Path:
    """The file of a corpus."""
    return data / f"{name}.jsonl.gz"


def decisions(booster: Any, part: Taught, fold: int) -> list[tuple[bool, bool]]:
    """What the pairs of a fold say, and what the model says of each alone."""
    asked = part.asked(fold)
    scores = booster.predict_proba(part.lesson.rows[asked])[:, 1]
    truth = [part.pairs[place][2] == "D" for place in asked]
    return list(zip(truth, (scores >= Settings().threshold).tolist(), strict=True))


def togetherness(data: Path, part: Taught, fold: int) -> list[tuple[bool, bool]]:
    """What the pairs of a fold say, and whether one cluster of the whole corpus holds both."""
    settings = Settings()
    batches = read([str(stories(data, part.corpus))], settings, Tally(), stdin=sys.stdin.buffer)
    result = pipeline.run(batches, settings)
    group = dict(zip(result.corpus.ids, result.clustering.canonical.tolist(), strict=True))
    pairs = [part.pairs[place] for place in part.asked(fold)]
    return [(label == "D", group[a] == group[b]) for a, b, label in pairs]


@contextmanager
def shipping(booster: Any) -> Iterator[None]:
    """As if the package came with this model."""
    with tempfile.TemporaryDirectory() as folder:
        held = Path(folder) / "data" / "model.json"
        held.parent.mkdir()
        held.write_bytes(orjson.dumps(export(booster)))
        try:
            with patch.object(model, "files", lambda _package: Path(folder)):
                model.shipped_model.cache_clear()
                model.shipped_model()
            yield
        finally:
            model.shipped_model.cache_clear()
