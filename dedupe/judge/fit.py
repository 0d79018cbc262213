"""Fit the decision: labelled pairs of several corpora in, ``data/model.json`` out.

Run ``python -m dedupe.judge.fit -o MODEL CORPUS LABELS [CORPUS LABELS ...]`` (or ``make fit``);
needs scikit-learn. Labels are CSV with the columns ``a,b,label`` (ids; ``D`` duplicate, ``U``
update, ``N`` not). Monotone constraints keep the promises that more shared, less left over and
nearer in time never count against a pair.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.judge.twins import exchange, renamed, reorder, turned
from dedupe.pipeline.case import Case, evidence_among, open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.gather import gather
from dedupe.pipeline.settle import candidates_among
from dedupe.reading import read
from dedupe.settings import Settings
from dedupe.stories import NO_TIME, Corpus, Tally
from dedupe.verify import FEATURES, RETURNS, VIEW, pair_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.verify import Evidence

HELPS = ("dice", "containment", "shared", "ratio", "head")
HURTS = (
    "rest_min",
    "top_min",
    "numbers_both",
    "opposed",
    "order",
    "exchanged",
    "loose_min",
    "gap",
    *RETURNS,
)
WORTH = {"D": 1.0, "N": 1.0, "U": 0.1}
"""How much a label counts; an update is told apart from its story, but not at any price."""
TREES = 200
RATE = 0.1
LEAVES = 8
LEAST = 8
SEED = 0
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


def read_labels(path: str) -> list[tuple[str, str, str]]:
    """The labelled pairs of a CSV file."""
    with Path(path).open(newline="") as file:
        return [(row["a"], row["b"], row["label"]) for row in csv.DictReader(file)]


def rows_of(
    case: Case, evidence: Evidence, pairs: Sequence[tuple[str, str, str]]
) -> NDArray[np.float64]:
    """The feature rows of labelled pairs."""
    places = {name: place for place, name in enumerate(case.corpus.ids)}
    left = np.array([places[a] for a, _, _ in pairs])
    right = np.array([places[b] for _, b, _ in pairs])
    kinds = case.kinds
    return pair_rows(
        evidence,
        kinds[left],
        kinds[right],
        case.hours(left, right),
        case.same_source(left, right),
    )


def lesson_of(case: Case, pairs: Sequence[tuple[str, str, str]]) -> Lesson:
    """What a corpus teaches: its pairs as they are, and as they look where less is known.

    The variations stand for inputs without dates, without outlets or ledes, and too small to
    count words in.
    """
    told = [pair for pair in pairs if pair[2] in WORTH]
    labels = np.array([label == "D" for _, _, label in told], dtype=np.int64)
    worth = np.array([WORTH[label] for _, _, label in told])
    evidence = evidence_among(case, np.flatnonzero(case.kinds >= 0))
    rows = rows_of(case, evidence, told)
    variants = [(rows, 1.0), (rows_of(case, without_counts(evidence), told), 0.5)]
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
    left, right = records[found.left], records[found.right]
    hours = case.hours(left, right)
    far = np.flatnonzero(hours > APART)
    far = far[:: max(1, len(far) // DISTANT)]
    known = hours[far], case.same_source(left[far], right[far])
    rows = pair_rows(evidence, found.left[far], found.right[far], *known)
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
    return np.concatenate([pair_rows(evidence, *ends, *facts) for facts in known])


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


def directions() -> list[int]:
    """Each feature's monotone constraint: 1 helps, -1 hurts, 0 free."""
    bare = [name.removeprefix("lede_") for name in FEATURES]
    return [1 if name in HELPS else -1 if name in HURTS else 0 for name in bare]


def train(lesson: Lesson) -> Any:  # noqa: ANN401 - scikit-learn ships no types
    """A fitted booster of small monotone trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - a tool's need

    booster = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST,
        monotonic_cst=directions(),
        early_stopping=False,
        random_state=SEED,
    )
    return booster.fit(lesson.rows, lesson.labels, sample_weight=lesson.mass)


def export(booster: Any) -> dict[str, object]:  # noqa: ANN401 - the same
    """The booster's trees as the plain arrays of :class:`dedupe.verify.model.Model`."""
    held: dict[str, list[Any]] = {
        name: [] for name in ("roots", "features", "thresholds", "yes", "no", "missing", "values")
    }
    depth = 0
    for (tree,) in booster._predictors:  # noqa: SLF001 - scikit-learn shows its trees nowhere else
        base = len(held["features"])
        held["roots"].append(base)
        means = node_means(tree.nodes)
        for node, mean in zip(tree.nodes, means, strict=True):
            leaf = bool(node["is_leaf"])
            held["features"].append(-1 if leaf else int(node["feature_idx"]))
            held["thresholds"].append(0.0 if leaf else threshold_of(node))
            held["yes"].append(0 if leaf else base + int(node["left"]))
            held["no"].append(0 if leaf else base + int(node["right"]))
            held["missing"].append(bool(node["missing_go_to_left"]))
            held["values"].append(round(mean, 6))
        depth = max(depth, int(tree.nodes["depth"].max()))
    base_odds = round(float(booster._baseline_prediction[0][0]), 6)  # noqa: SLF001 - the same
    return {"format": 1, "names": FEATURES, "base": base_odds, "depth": depth, **held}


def threshold_of(node: Any) -> float:  # noqa: ANN401 - a row of scikit-learn's node array
    """A node's threshold; a split on what is missing has an infinite one, which JSON lacks."""
    return min(round(float(node["num_threshold"]), 6), sys.float_info.max)


def node_means(nodes: NDArray[Any]) -> list[float]:
    """Each node's mean leaf value, weighed by the samples that reached it."""
    means = [float(node["value"]) for node in nodes]
    for place in reversed(range(len(nodes))):
        node = nodes[place]
        if not node["is_leaf"]:
            left, right = int(node["left"]), int(node["right"])
            one, other = float(nodes[left]["count"]), float(nodes[right]["count"])
            means[place] = (means[left] * one + means[right] * other) / (one + other)
    return means


def main(arguments: Sequence[str]) -> None:
    """Fit ``-o MODEL CORPUS LABELS ...`` and write the model."""
    output, *files = arguments[1:]
    cases: dict[str, Case] = {}
    lessons = []
    for corpus, labels in zip(files[::2], files[1::2], strict=True):
        if corpus not in cases:
            cases[corpus] = open_corpus(corpus)
            lessons += [distant_lesson(cases[corpus]), made_up_lesson(cases[corpus])]
        lessons.append(lesson_of(cases[corpus], read_labels(labels)))
    booster = train(sum(lessons[1:], lessons[0]))
    Path(output).write_bytes(orjson.dumps(export(booster)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1:])
