"""Evaluate a clustering against gold data, and find where gold pairs were lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges, left_of, pack, right_of, unpack
from dedupe.evaluation.breakdown import NOTHING, ScoreBreakdown, score_breakdown
from dedupe.evaluation.explain import parts_json
from dedupe.evaluation.gold import (
    NO_GOLD,
    GoldPairs,
    cluster_figures,
    cluster_sums,
    label_figures,
    label_sums,
    overlap,
    pair_count,
    with_intervals,
)
from dedupe.evaluation.open_corpus import (
    accepted_keys,
    contains,
    location_of,
    prepare_corpus,
)
from dedupe.models import DIGITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.evaluation.gold import Figure, Gold, Overlap
    from dedupe.evaluation.open_corpus import OpenCorpus, Progress
    from dedupe.models import Corpus
    from dedupe.result import ClusteringState

    Numbers = NDArray[np.int64]


FOUND, NEVER, BELOW, APART = range(4)
CAUSES = ("found", "never compared", "scored below the threshold", "accepted but put apart")


@dataclass(frozen=True, slots=True)
class Losses:
    """How many gold pairs were found together, and where the others were lost.

    ``never`` were lost before comparison, ``below`` and ``apart`` after it.
    """

    found: int
    never: int
    below: int
    apart: int

    @classmethod
    def of(cls, outcomes: Numbers) -> Losses:
        """Count what became of pairs."""
        return cls(*np.bincount(outcomes, minlength=len(CAUSES)).tolist())

    @property
    def pairs(self) -> int:
        """Return the count of all gold pairs."""
        return self.found + self.never + self.below + self.apart

    def as_json(self) -> dict[str, object]:
        """Return the counts, and the recall lost before and after comparison."""
        whole = max(self.pairs, 1)
        return {
            "pairs": self.pairs,
            **asdict(self),
            "lost_before_comparison": round(self.never / whole, DIGITS),
            "lost_after_comparison": round((self.below + self.apart) / whole, DIGITS),
        }


@dataclass(frozen=True, slots=True)
class PairTrace:
    """What became of pairs of nodes in a run: sorted keys of those compared, and accepted."""

    compared: Numbers
    accepted: Numbers

    @classmethod
    def of(cls, opened: OpenCorpus, state: ClusteringState) -> PairTrace:
        """Return the trace of a run that has clustered a corpus."""
        return cls(opened.matcher.candidates, accepted_keys(state))

    def outcomes(self, keys: Numbers, together: NDArray[np.bool_]) -> Numbers:
        """Return what became of pairs: ``FOUND``, ``NEVER``, ``BELOW`` or ``APART``."""
        missed = np.where(contains(self.compared, keys), BELOW, NEVER)
        return np.where(together, FOUND, np.where(contains(self.accepted, keys), APART, missed))


def losses_of_clusters(
    trace: PairTrace,
    representatives: Numbers,
    leaders: Numbers,
    groups: Numbers,
    kept: int,
    pairs: int,
) -> Losses:
    """Return where pairs of gold clusters were lost; ``kept`` of the ``pairs`` are together.

    ``representatives``, ``leaders`` and ``groups`` have a value a record, and ``representatives``
    are numbered as the ends of the trace's keys.
    """
    cluster = np.zeros(int(representatives.max(initial=-1)) + 1, np.int64)
    cluster[representatives[representatives >= 0]] = leaders[representatives >= 0]
    left, right = unpack(np.union1d(trace.compared, trace.accepted))
    across = cluster[left] != cluster[right]
    left, right = left[across], right[across]
    weights = gold_pairs_between(representatives, groups, left, right)
    passing = contains(trace.accepted, pack(left, right))
    apart, below = int(weights[passing].sum()), int(weights[~passing].sum())
    return Losses(kept, pairs - kept - apart - below, below, apart)


def gold_pairs_between(
    representatives: Numbers, groups: Numbers, left: Numbers, right: Numbers
) -> Numbers:
    """Return for pairs of representatives how many gold pairs have a record in either's group."""
    golden = np.flatnonzero((groups >= 0) & (representatives >= 0))
    keys, counts = np.unique(pack(representatives[golden], groups[golden]), return_counts=True)
    if not len(keys):
        return np.zeros(len(left), dtype=np.int64)
    starts = np.searchsorted(left_of(keys), left)
    sizes = np.searchsorted(left_of(keys), left, side="right") - starts
    ours = concat_ranges(starts, sizes)
    pair = np.repeat(np.arange(len(left)), sizes)
    wanted = pack(right[pair], right_of(keys[ours]))
    positions = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    products = np.where(keys[positions] == wanted, counts[ours] * counts[positions], 0)
    return np.bincount(pair, weights=products, minlength=len(left)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Error:
    """Two records put together wrongly (``merged``) or left apart wrongly, and the score."""

    left: int
    right: int
    merged: bool
    breakdown: ScoreBreakdown


@dataclass(frozen=True, slots=True)
class ErrorCandidates:
    """Pairs that a clustering has wrong, as columns."""

    left: Numbers
    right: Numbers
    merged: NDArray[np.bool_]


def worst_errors(opened: OpenCorpus, gold: Gold, clusters: Numbers, most: int) -> list[Error]:
    """Return the worst errors: merged pairs of the highest score, parted ones of the lowest."""
    if not most:
        return []
    wrong = error_candidates(gold, clusters)
    scores = opened.scores(wrong.left, wrong.right)
    surprise = np.where(wrong.merged, scores, 1 - scores)
    chosen = np.lexsort((wrong.right, wrong.left, -surprise))[:most]
    ends = (column[chosen].tolist() for column in (wrong.left, wrong.right, wrong.merged))
    return [
        Error(left, right, merged, record_breakdown(opened, left, right))
        for left, right, merged in zip(*ends, strict=True)
    ]


def record_breakdown(opened: OpenCorpus, left: int, right: int) -> ScoreBreakdown:
    """Return the score of a pair of records, and why, under the last counts."""
    nodes = sorted(opened.node_of[[left, right]].tolist())
    return NOTHING if nodes[0] < 0 else score_breakdown(opened.matcher, *nodes)


def error_candidates(gold: Gold, clusters: Numbers) -> ErrorCandidates:
    """Return the pairs that are wrong: labelled ones, or one or two a record of gold clusters."""
    if isinstance(gold, GoldPairs):
        together = clusters[gold.left] == clusters[gold.right]
        wrong = np.flatnonzero((together != gold.duplicate) & ~gold.update)
        return ErrorCandidates(gold.left[wrong], gold.right[wrong], together[wrong])
    golden = np.flatnonzero(gold.groups != NO_GOLD)
    merged = other_cluster_opener(golden, clusters[golden], gold.groups[golden])
    parted = other_cluster_opener(golden, gold.groups[golden], clusters[golden])
    left, right = (np.concatenate(ends) for ends in zip(merged, parted, strict=True))
    return ErrorCandidates(left, right, np.arange(len(left)) < len(merged[0]))


def other_cluster_opener(
    records: Numbers, groups: Numbers, others: Numbers
) -> tuple[Numbers, Numbers]:
    """Return the first records of groups, and the records whose other group is not theirs."""
    order = np.lexsort((records, groups))
    records, groups, others = records[order], groups[order], others[order]
    opens = np.searchsorted(groups, groups)
    unlike = np.flatnonzero(others != others[opens])
    return records[opens][unlike], records[unlike]


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
    """Return existing clusters to evaluate; the corpus is read only to explain errors."""
    return EvaluatedClusters(clusters, prepare_corpus(corpus, settings, progress))


def evaluate(found: EvaluatedClusters, gold: Gold, replicas: int, errors: int) -> Evaluation:
    """Evaluate a clustering, with ``replicas`` bootstrap samples and its worst ``errors``."""
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
                "score": round(mistake.breakdown.score, DIGITS),
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
