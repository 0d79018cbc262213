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

    Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EvaluatedClusters:
    """A clustering to judge: each record's cluster, and what became of pairs if a run made it."""

    clusters: Numbers
    opened: OpenCorpus
    trace: PairTrace | None = None

    def outcomes(self, left: Numbers, right: Numbers) -> Numbers | None:
        """Return what became of pairs of records; None where that is not known."""
        if self.trace is None:
            return None
        keys = self.opened.representative_keys(left, right)
        return self.trace.outcomes(keys, self.clusters[left] == self.clusters[right])

    def cluster_losses(self, groups: Numbers, shared: Overlap) -> Losses | None:
        """Return where pairs of gold clusters were lost."""
        if self.trace is None:
            return None
        kept, pairs = (int(pair_count(n).sum()) for n in (shared.counts, shared.gold_sizes))
        own = np.append(self.opened.representatives, -1)[self.opened.node_of]
        return losses_of_clusters(self.trace, own, self.clusters, groups, kept, pairs)


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
    corpus: Corpus, clusters: Numbers, settings: Settings, progress: Progress
) -> EvaluatedClusters:
    """Take clusters that were made before; the corpus is read only to explain errors."""
    return EvaluatedClusters(clusters, prepare_corpus(corpus, settings, progress))


def evaluate(found: EvaluatedClusters, gold: Gold, replicas: int, errors: int) -> Evaluation:
    """Judge a clustering, with ``replicas`` bootstrap draws and the ``errors`` worst errors."""
    mistakes = worst_errors(found.opened, gold, found.clusters, errors)
    causes = error_causes(found, mistakes)
    if isinstance(gold, GoldPairs):
        together = found.clusters[gold.left] == found.clusters[gold.right]
        rows = label_sums(gold.duplicate, gold.update, together)
        figures = with_intervals(rows, label_figures, replicas)
        outcomes = found.outcomes(gold.left[gold.duplicate], gold.right[gold.duplicate])
        losses = None if outcomes is None else Losses.of(outcomes)
        return Evaluation(pair_counts(gold), figures, losses, mistakes, causes)
    golden = gold.groups != NO_GOLD
    shared = overlap(gold.groups[golden], found.clusters[golden])
    figures = with_intervals(cluster_sums(shared), cluster_figures, replicas)
    counts = {**cluster_counts(shared), "left_out": int((~golden).sum())}
    losses = found.cluster_losses(gold.groups, shared)
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


def error_causes(found: EvaluatedClusters, mistakes: list[Error]) -> list[str]:
    """Return where the pair of each mistake was lost."""
    ends = np.array([(m.left, m.right) for m in mistakes], np.int64).reshape(-1, 2).T
    outcomes = found.outcomes(*ends)
    if outcomes is None:
        return [""] * len(mistakes)
    return [
        "" if mistake.merged else CAUSES[outcome]
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
