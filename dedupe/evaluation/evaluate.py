"""Evaluate a clustering against gold pairs or gold clusters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.fixed_point import cluster_until_stable
from dedupe.evaluation.contributions import first_pass_context, score_record_pairs
from dedupe.evaluation.error_analysis import (
    CAUSES,
    losses_of_clusters,
    losses_of_pairs,
    pair_outcomes,
    worst_errors,
)
from dedupe.evaluation.gold import NO_GOLD, GoldPairs
from dedupe.evaluation.metrics import (
    cluster_figures,
    cluster_sums,
    label_figures,
    label_sums,
    overlap,
    pair_count,
    with_intervals,
)
from dedupe.models import HOUR
from dedupe.pipeline import load_corpus, open_in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.clustering.fixed_point import ClusteringState
    from dedupe.config import Settings
    from dedupe.evaluation.error_analysis import Error, Losses
    from dedupe.evaluation.gold import Gold
    from dedupe.evaluation.metrics import Figure, Overlap
    from dedupe.models import Batch, Corpus

    Progress = Callable[[str, float], None]

UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class EvaluatedClusters:
    """A clustering to judge: each record's cluster, and how it came about if we made it."""

    clusters: NDArray[np.int64]
    backend: MemoryBackend
    state: ClusteringState | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What there is to say about a clustering.

    ``counts`` says what was compared; ``losses`` is None for a clustering made elsewhere;
    ``causes`` says of each mistake where the pair was lost, ``""`` where that is not known.
    """

    counts: dict[str, int]
    figures: dict[str, Figure]
    losses: Losses | None
    mistakes: list[Error]
    causes: list[str]


def cluster_corpus(
    corpus: Corpus, settings: Settings, progress: Callable[[str, float], None]
) -> EvaluatedClusters:
    """Cluster a corpus as a run with these settings does."""
    backend = open_in_memory(corpus, settings, progress)
    state = cluster_until_stable(backend, lambda done: progress("matching", done))
    return EvaluatedClusters(state.leaders, backend, state)


def take_clusters(
    corpus: Corpus,
    clusters: NDArray[np.int64],
    settings: Settings,
    progress: Callable[[str, float], None],
) -> EvaluatedClusters:
    """Take clusters that were made before; the corpus is read only to explain errors."""
    return EvaluatedClusters(clusters, open_in_memory(corpus, settings, progress))


def evaluate(found: EvaluatedClusters, gold: Gold, replicas: int, errors: int) -> Evaluation:
    """Judge a clustering, with ``replicas`` bootstrap draws and the ``errors`` worst errors."""
    mistakes = worst_errors(found.backend, gold, found.clusters, errors)
    causes = error_causes(found, mistakes)
    if isinstance(gold, GoldPairs):
        together = found.clusters[gold.left] == found.clusters[gold.right]
        rows = label_sums(gold.duplicate, gold.update, together)
        figures = with_intervals(rows, label_figures, replicas)
        return Evaluation(
            pair_counts(gold), figures, losses_by_pairs(found, gold), mistakes, causes
        )
    golden = gold.groups != NO_GOLD
    shared = overlap(gold.groups[golden], found.clusters[golden])
    figures = with_intervals(cluster_sums(shared), cluster_figures, replicas)
    counts = {**cluster_counts(shared), "left_out": int((~golden).sum())}
    return Evaluation(
        counts, figures, losses_by_clusters(found, gold.groups, shared), mistakes, causes
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
        "gold_pairs": int(pair_count(shared.gold_sizes).sum()),
        "found_clusters": len(shared.found_sizes),
        "found_pairs": int(pair_count(shared.found_sizes).sum()),
    }


def losses_by_pairs(found: EvaluatedClusters, gold: GoldPairs) -> Losses | None:
    """Where labelled duplicates were lost."""
    if found.state is None:
        return None
    return losses_of_pairs(found.state, found.backend.settings.threshold, gold)


def losses_by_clusters(
    found: EvaluatedClusters, groups: NDArray[np.int64], shared: Overlap
) -> Losses | None:
    """Where pairs of gold clusters were lost."""
    if found.state is None:
        return None
    kept, pairs = (int(pair_count(n).sum()) for n in (shared.counts, shared.gold_sizes))
    return losses_of_clusters(found.state, found.backend.settings.threshold, groups, kept, pairs)


def error_causes(found: EvaluatedClusters, mistakes: list[Error]) -> list[str]:
    """Where the pair of each mistake was lost."""
    if found.state is None:
        return [UNKNOWN] * len(mistakes)
    ends = np.array([(m.left, m.right) for m in mistakes], dtype=np.int64).reshape(-1, 2)
    told = pair_outcomes(found.state, found.backend.settings.threshold, ends[:, 0], ends[:, 1])
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


def error_json(corpus: Corpus, mistake: Error, cause: str) -> dict[str, object]:
    """One error as plain values."""
    breakdown = mistake.breakdown
    return {
        "kind": "merged" if mistake.merged else "missed",
        **({"lost": cause} if cause else {}),
        "score": round(breakdown.score, 4),
        "a": evaluated_record(corpus, mistake.left),
        "b": evaluated_record(corpus, mistake.right),
        "parts": [
            {
                "feature": part.label,
                "value": finite_or_none(part.value),
                "part": round(part.part, 4),
            }
            for part in breakdown.parts
        ],
    }


def finite_or_none(value: float) -> float | None:
    """A value for JSON, which has no NaN."""
    return None if np.isnan(value) else round(value, 4)


def evaluated_record(corpus: Corpus, record: int) -> dict[str, object]:
    """A record's place and texts."""
    path, line = location_of(corpus, record)
    return {
        "id": corpus.ids[record],
        "path": path,
        "line": line,
        "source": corpus.sources[record],
        "texts": [texts[record] for texts in corpus.texts],
    }


def location_of(corpus: Corpus, record: int) -> tuple[str, int]:
    """The file and line of a record; an empty path for a text that came from no file."""
    for batch in corpus.batches:
        if record < len(batch):
            return batch.path, int(batch.lines[record])
        record -= len(batch)
    return "", 0


def open_corpus(batches: Iterable[Batch], settings: Settings, progress: Progress) -> MemoryBackend:
    """Read and preprocess a corpus; ``progress`` is told a stage and its share done."""
    return open_in_memory(load_corpus(batches, len(settings.field)), settings, progress)


def scores_within_limits(
    backend: MemoryBackend, left: NDArray[np.int64], right: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The scores of pairs of records, whether or not a run would compare them.

    0 for records without any text, for those further apart than the window allows, and for two
    versions where these are split. What links say counts for nothing: it is no score.
    """
    scores = score_record_pairs(backend, first_pass_context(backend), left, right)
    if backend.settings.updates == "split":
        versions = backend.description.versions
        scores = np.where(versions[left] == versions[right], scores, 0.0)
    if backend.settings.window is None:
        return scores
    return np.where(backend.hours(left, right) * HOUR > backend.settings.window, 0.0, scores)
