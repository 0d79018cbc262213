"""Evaluate a clustering against gold pairs or gold clusters."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.evaluation.error_analysis import (
    CAUSES,
    Losses,
    PairTrace,
    losses_of_clusters,
    losses_of_pairs,
    pair_outcomes,
    worst_errors,
)
from dedupe.evaluation.explain import parts_json
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
from dedupe.evaluation.open_corpus import OpenCorpus, location_of, prepare_corpus

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.evaluation.error_analysis import Error
    from dedupe.evaluation.gold import Gold
    from dedupe.evaluation.metrics import Figure, Overlap
    from dedupe.evaluation.open_corpus import Progress
    from dedupe.models import Corpus

UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class EvaluatedClusters:
    """A clustering to judge: each record's cluster, and how it came about if a run made it."""

    clusters: NDArray[np.int64]
    opened: OpenCorpus
    trace: PairTrace | None = None

    def keys(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the keys that the trace has for pairs of records."""
        return self.opened.representative_keys(left, right)

    def together(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs of records are in one cluster."""
        return np.asarray(self.clusters[left] == self.clusters[right])


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


def cluster_corpus(corpus: Corpus, settings: Settings, progress: Progress) -> EvaluatedClusters:
    """Cluster a corpus as a run with these settings does."""
    opened = prepare_corpus(corpus, settings, progress)
    state = opened.cluster(progress)
    return EvaluatedClusters(state.leaders, opened, PairTrace.of(opened, state))


def take_clusters(
    corpus: Corpus, clusters: NDArray[np.int64], settings: Settings, progress: Progress
) -> EvaluatedClusters:
    """Take clusters that were made before; the corpus is read only to explain errors."""
    return EvaluatedClusters(clusters, prepare_corpus(corpus, settings, progress))


def evaluate(found: EvaluatedClusters, gold: Gold, replicas: int, errors: int) -> Evaluation:
    """Judge a clustering, with ``replicas`` bootstrap draws and the ``errors`` worst errors."""
    mistakes = worst_errors(found.opened, gold, found.clusters, errors)
    causes = error_causes(found, mistakes)
    if isinstance(gold, GoldPairs):
        together = found.together(gold.left, gold.right)
        rows = label_sums(gold.duplicate, gold.update, together)
        figures = with_intervals(rows, label_figures, replicas)
        losses = losses_by_pairs(found, gold)
        return Evaluation(pair_counts(gold), figures, losses, mistakes, causes)
    golden = gold.groups != NO_GOLD
    shared = overlap(gold.groups[golden], found.clusters[golden])
    figures = with_intervals(cluster_sums(shared), cluster_figures, replicas)
    counts = {**cluster_counts(shared), "left_out": int((~golden).sum())}
    losses = losses_by_clusters(found, gold.groups, shared)
    return Evaluation(counts, figures, losses, mistakes, causes)


def pair_counts(gold: GoldPairs) -> dict[str, int]:
    """Return how many labelled pairs of each kind there are."""
    duplicates, updates = int(gold.duplicate.sum()), int(gold.update.sum())
    return {
        "labelled_pairs": len(gold),
        "duplicates": duplicates,
        "updates": updates,
        "others": len(gold) - duplicates - updates,
    }


def cluster_counts(shared: Overlap) -> dict[str, int]:
    """Return how much gold there is, and what was found among its records."""
    return {
        "gold_records": int(shared.counts.sum()),
        "gold_clusters": len(shared.gold_sizes),
        "gold_pairs": int(pair_count(shared.gold_sizes).sum()),
        "found_clusters": len(shared.found_sizes),
        "found_pairs": int(pair_count(shared.found_sizes).sum()),
    }


def losses_by_pairs(found: EvaluatedClusters, gold: GoldPairs) -> Losses | None:
    """Return where labelled duplicates were lost."""
    if found.trace is None:
        return None
    ends = gold.left[gold.duplicate], gold.right[gold.duplicate]
    return losses_of_pairs(found.trace, found.keys(*ends), found.together(*ends))


def losses_by_clusters(
    found: EvaluatedClusters, groups: NDArray[np.int64], shared: Overlap
) -> Losses | None:
    """Return where pairs of gold clusters were lost."""
    if found.trace is None:
        return None
    kept, pairs = (int(pair_count(n).sum()) for n in (shared.counts, shared.gold_sizes))
    opened = found.opened
    own = np.append(opened.representatives, -1)[opened.node_of]
    return losses_of_clusters(found.trace, own, found.clusters, groups, kept, pairs)


def error_causes(found: EvaluatedClusters, mistakes: list[Error]) -> list[str]:
    """Return where the pair of each mistake was lost."""
    if found.trace is None:
        return [UNKNOWN] * len(mistakes)
    left, right = np.array([(m.left, m.right) for m in mistakes], np.int64).reshape(-1, 2).T
    outcomes = pair_outcomes(found.trace, found.keys(left, right), found.together(left, right))
    return [
        UNKNOWN if mistake.merged else CAUSES[outcome]
        for mistake, outcome in zip(mistakes, outcomes.tolist(), strict=True)
    ]


def as_json(evaluation: Evaluation, corpus: Corpus) -> dict[str, object]:
    """Return all of an evaluation as plain values."""
    lost = evaluation.losses
    return {
        "counts": evaluation.counts,
        "figures": {name: asdict(figure) for name, figure in evaluation.figures.items()},
        "candidate_recall": None if lost is None else lost.as_json(),
        "errors": [
            {
                "kind": "merged" if mistake.merged else "missed",
                **({"lost": cause} if cause else {}),
                "score": round(mistake.breakdown.score, 4),
                "a": evaluated_record(corpus, mistake.left),
                "b": evaluated_record(corpus, mistake.right),
                "parts": parts_json(mistake.breakdown),
            }
            for mistake, cause in zip(evaluation.mistakes, evaluation.causes, strict=True)
        ],
    }


def evaluated_record(corpus: Corpus, record: int) -> dict[str, object]:
    """Return a record's place and texts."""
    path, line = location_of(corpus, record)
    return {
        "id": corpus.ids[record],
        "path": path,
        "line": line,
        "source": corpus.sources[record],
        "texts": [texts[record] for texts in corpus.texts],
    }
