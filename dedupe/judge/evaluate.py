"""A clustering against the truth: figures with intervals, what was lost where, the worst errors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.judge.gold import NO_GOLD, GoldPairs
from dedupe.judge.losses import CAUSES, fates, losses_of_clusters, losses_of_pairs
from dedupe.judge.metrics import (
    cluster_figures,
    cluster_sums,
    label_figures,
    label_sums,
    overlap,
    pairs_in,
    with_intervals,
)
from dedupe.judge.mistakes import worst
from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.links import links_of
from dedupe.pipeline.settle import settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.judge.gold import Gold
    from dedupe.judge.losses import Losses
    from dedupe.judge.metrics import Figure, Overlap
    from dedupe.judge.mistakes import Mistake
    from dedupe.pipeline.case import Case
    from dedupe.pipeline.judged import Settled
    from dedupe.settings import Settings
    from dedupe.stories import Corpus

UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A clustering to judge: each record's cluster, and how it came about if we made it."""

    clusters: NDArray[np.int64]
    case: Case
    settled: Settled | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What there is to say about a clustering.

    ``counts`` says what was compared; ``losses`` is None for a clustering made elsewhere;
    ``causes`` says of each mistake where the pair was lost, ``""`` where that is not known.
    """

    counts: dict[str, int]
    figures: dict[str, Figure]
    losses: Losses | None
    mistakes: list[Mistake]
    causes: list[str]


def cluster_again(
    corpus: Corpus, settings: Settings, progress: Callable[[str, float], None]
) -> Found:
    """Cluster a corpus as a run with these settings does."""
    case = opened(corpus, settings, progress)
    settled = settle(case, lambda done: progress("matching", done))
    return Found(settled.leaders, case, settled)


def take_clusters(
    corpus: Corpus,
    clusters: NDArray[np.int64],
    settings: Settings,
    progress: Callable[[str, float], None],
) -> Found:
    """Take clusters that were made before; the corpus is read only to explain errors."""
    return Found(clusters, opened(corpus, settings, progress))


def opened(corpus: Corpus, settings: Settings, progress: Callable[[str, float], None]) -> Case:
    """A described corpus."""
    links = links_of(corpus, settings)
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    return open_case(corpus, description, settings, links)


def evaluate(found: Found, gold: Gold, replicas: int, errors: int) -> Evaluation:
    """Judge a clustering, with ``replicas`` bootstrap draws and the ``errors`` worst errors."""
    mistakes = worst(found.case, gold, found.clusters, errors)
    causes = causes_of(found, mistakes)
    if isinstance(gold, GoldPairs):
        together = found.clusters[gold.left] == found.clusters[gold.right]
        rows = label_sums(gold.duplicate, gold.update, together)
        figures = with_intervals(rows, label_figures, replicas)
        return Evaluation(pair_counts(gold), figures, lost_pairs(found, gold), mistakes, causes)
    golden = gold.groups != NO_GOLD
    shared = overlap(gold.groups[golden], found.clusters[golden])
    figures = with_intervals(cluster_sums(shared), cluster_figures, replicas)
    counts = {**cluster_counts(shared), "left_out": int((~golden).sum())}
    return Evaluation(
        counts, figures, lost_cluster_pairs(found, gold.groups, shared), mistakes, causes
    )


def pair_counts(gold: GoldPairs) -> dict[str, int]:
    """What labelled pairs there are."""
    duplicates, updates = int(gold.duplicate.sum()), int(gold.update.sum())
    return {
        "labelled_pairs": len(gold),
        "duplicates": duplicates,
        "updates": updates,
        "others": len(gold) - duplicates - updates,
    }


def cluster_counts(shared: Overlap) -> dict[str, int]:
    """What gold there is, and what was found among its records."""
    return {
        "gold_records": int(shared.counts.sum()),
        "gold_clusters": len(shared.gold_sizes),
        "gold_pairs": int(pairs_in(shared.gold_sizes).sum()),
        "found_clusters": len(shared.found_sizes),
        "found_pairs": int(pairs_in(shared.found_sizes).sum()),
    }


def lost_pairs(found: Found, gold: GoldPairs) -> Losses | None:
    """Where labelled duplicates were lost."""
    if found.settled is None:
        return None
    return losses_of_pairs(found.settled, found.case.settings.threshold, gold)


def lost_cluster_pairs(found: Found, groups: NDArray[np.int64], shared: Overlap) -> Losses | None:
    """Where pairs of gold clusters were lost."""
    if found.settled is None:
        return None
    kept, pairs = (int(pairs_in(n).sum()) for n in (shared.counts, shared.gold_sizes))
    return losses_of_clusters(found.settled, found.case.settings.threshold, groups, kept, pairs)


def causes_of(found: Found, mistakes: list[Mistake]) -> list[str]:
    """Where the pair of each mistake was lost."""
    if found.settled is None:
        return [UNKNOWN] * len(mistakes)
    ends = np.array([(m.left, m.right) for m in mistakes], dtype=np.int64).reshape(-1, 2)
    told = fates(found.settled, found.case.settings.threshold, ends[:, 0], ends[:, 1])
    return [
        UNKNOWN if mistake.merged else CAUSES[fate]
        for mistake, fate in zip(mistakes, told.tolist(), strict=True)
    ]


def as_json(evaluation: Evaluation, corpus: Corpus) -> dict[str, object]:
    """All of an evaluation as plain values."""
    lost = evaluation.losses
    return {
        "counts": evaluation.counts,
        "figures": {name: asdict(figure) for name, figure in evaluation.figures.items()},
        "candidate_recall": None if lost is None else {"pairs": lost.pairs, **asdict(lost)},
        "errors": [
            error_json(corpus, mistake, cause)
            for mistake, cause in zip(evaluation.mistakes, evaluation.causes, strict=True)
        ],
    }


def error_json(corpus: Corpus, mistake: Mistake, cause: str) -> dict[str, object]:
    """One error as plain values."""
    verdict = mistake.verdict
    return {
        "kind": "merged" if mistake.merged else "missed",
        **({"lost": cause} if cause else {}),
        "score": round(verdict.score, 4),
        "a": record_json(corpus, mistake.left),
        "b": record_json(corpus, mistake.right),
        "parts": [
            {"feature": part.label, "value": number(part.value), "part": round(part.part, 4)}
            for part in verdict.parts
        ],
    }


def number(value: float) -> float | None:
    """A value for JSON, which has no NaN."""
    return None if np.isnan(value) else round(value, 4)


def record_json(corpus: Corpus, record: int) -> dict[str, object]:
    """A record's place and texts."""
    path, line = place_of(corpus, record)
    return {
        "id": corpus.ids[record],
        "path": path,
        "line": line,
        "source": corpus.sources[record],
        "texts": [texts[record] for texts in corpus.texts],
    }


def place_of(corpus: Corpus, record: int) -> tuple[str, int]:
    """The file and line of a record; an empty path for a text that came from no file."""
    for batch in corpus.batches:
        if record < len(batch):
            return batch.path, int(batch.lines[record])
        record -= len(batch)
    return "", 0
