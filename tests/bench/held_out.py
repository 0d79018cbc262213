"""Models that have not seen the labelled pairs which they are asked about, fold by fold."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import orjson
from fit import export, train
from training_examples import (
    TrainingSet,
    distant_examples,
    label_pairs,
    labelled_examples,
    open_corpus,
    synthetic_examples,
)

from dedupe import pipeline
from dedupe.config import Settings
from dedupe.io.reader import read
from dedupe.models import ReadStats
from dedupe.scoring import model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

OWN = Path(__file__).with_name("labels")
LESSONS = {
    "reuters_weeks": "reuters",
    "newstoday": "newstoday",
    "uci": "uci",
    "reuters_2007_news": "reuters_2007",
    "reuters21578": "reuters21578",
    "zhihu": "zhihu",
}
"""The corpora that `make fit` learns from, and what their files of labels are called."""

Answers = dict[str, list[tuple[bool, bool]]]
"""By corpus: of each held-out pair that says yes or no, what it says and what we said."""


@dataclass(frozen=True, slots=True)
class Taught:
    """The labelled pairs of one file, what they teach, and the fold of each pair."""

    corpus: str
    given: bool
    pairs: list[tuple[str, str, str]]
    lesson: TrainingSet
    folds: NDArray[np.int64]

    def without(self, fold: int) -> TrainingSet:
        """What the pairs of other folds teach, each in all its variants."""
        variants = len(self.lesson.rows) // len(self.pairs)
        seen = np.tile(self.folds != fold, variants)
        lesson = self.lesson
        return TrainingSet(lesson.rows[seen], lesson.labels[seen], lesson.mass[seen])

    def asked(self, fold: int) -> NDArray[np.int64]:
        """The pairs of a fold that say yes or no."""
        told = np.array([label != "U" for _, _, label in self.pairs])
        return np.flatnonzero((self.folds == fold) & told)


def answers(data: Path, folds: int) -> tuple[Answers, Answers]:
    """The held-out answers of the decision alone, and of clusterings of the whole corpora."""
    taught, unlabelled = lessons(data, folds)
    decided: Answers = defaultdict(list)
    clustered: Answers = defaultdict(list)
    for fold in range(folds):
        booster = train(sum((part.without(fold) for part in taught), unlabelled))
        for part in taught:
            if part.given:
                decided[part.corpus] += decisions(booster, part, fold)
                with shipping(booster):
                    clustered[part.corpus] += togetherness(data, part, fold)
        print(f"fold {fold + 1} of {folds} done", file=sys.stderr)
    return decided, clustered


def lessons(data: Path, folds: int) -> tuple[list[Taught], TrainingSet]:
    """What the labels teach, file by file, and what the corpora teach without them."""
    deal = dealer(folds)
    taught, unlabelled = [], []
    for name, short in LESSONS.items():
        case = open_corpus(str(stories(data, name)))
        unlabelled += [distant_examples(case), synthetic_examples(case)]
        titles = dict(zip(case.corpus.ids, case.corpus.texts[0], strict=True))
        for given, path in ((True, data / f"{short}_pairs.csv"), (False, OWN / f"{short}.csv")):
            if path.exists():
                pairs = label_pairs(str(path))
                dealt = [deal(frozenset((titles[a], titles[b]))) for a, b, _ in pairs]
                lesson = labelled_examples(case, pairs)
                taught.append(Taught(name, given, pairs, lesson, np.array(dealt)))
    return taught, sum(unlabelled[1:], unlabelled[0])


def dealer(folds: int) -> Callable[[frozenset[str]], int]:
    """A fold at random for each pair of titles, the same whenever they come again."""
    random = np.random.default_rng(0)

    @cache
    def deal(_titles: frozenset[str]) -> int:
        return int(random.integers(0, folds))

    return deal


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
    batches = read([str(stories(data, part.corpus))], settings, ReadStats(), stdin=sys.stdin.buffer)
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
