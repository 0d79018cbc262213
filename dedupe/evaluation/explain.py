"""Explain why two texts are, or are not, one story."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.constraints import NO_CONSTRAINTS, components, read_constraints
from dedupe.errors import InputError
from dedupe.evaluation.contributions import (
    first_pass_context,
    is_ruled_out,
    model_queries,
    score_breakdown,
)
from dedupe.evaluation.counterfactual import feature_changes, word_changes
from dedupe.evaluation.evaluate import finite_or_none, location_of
from dedupe.evaluation.field_comparison import compare_field
from dedupe.io.record_ids import positions_by_name
from dedupe.models import HOUR, NO_TIME, Corpus
from dedupe.pipeline import open_in_memory
from dedupe.scoring.numbers import IGNORE
from dedupe.scoring.prefilter import passes_prefilter
from dedupe.scoring.score import max_exact_gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dedupe.backends.memory import MemoryBackend
    from dedupe.clustering.constraints import LabelConstraints
    from dedupe.config import Settings
    from dedupe.evaluation.contributions import ScoreBreakdown
    from dedupe.evaluation.counterfactual import FeatureChange, WordChange
    from dedupe.evaluation.field_comparison import FieldComparison
    from dedupe.scoring.pair_context import ScoringContext

MUST_LINK = ("put together by a label", True)
CANNOT_LINK = ("put apart by a label", False)
JSON_KEYS = {"normalized": "folded", "rare_pairs": "anchors", "bucket_size": "crowd"}
"""The keys of the JSON output that differ from the names of fields; they stay as released."""
NEVER = "no band and no two rare words in common: never compared"


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule beside the score, what it saw, and whether the pair passes it."""

    name: str
    saw: str
    passes: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that decides about a pair of records; ``joins`` is the outcome.

    ``linked`` tells that links put them together, whatever else there is.
    """

    left: int
    right: int
    hours: float | None
    comparisons: tuple[FieldComparison, ...]
    breakdown: ScoreBreakdown
    threshold: float
    guards: tuple[Guard, ...]
    features: tuple[FeatureChange, ...]
    words: tuple[WordChange, ...]
    linked: bool

    @property
    def accepted(self) -> bool:
        """Whether the score reaches the threshold."""
        return bool(self.breakdown.parts) and self.breakdown.score >= self.threshold

    @property
    def joins(self) -> bool:
        """Whether the pair is taken for one story."""
        return self.linked or (self.accepted and all(guard.passes for guard in self.guards))


def corpus_of_texts(left: str, right: str, settings: Settings) -> Corpus:
    """A corpus of two texts of the first field, without dates and outlets."""
    others = tuple(["", ""] for _ in settings.field[1:])
    return Corpus(
        batches=(),
        texts=([left, right], *others),
        ids=["A", "B"],
        sources=["", ""],
        times=np.full(2, NO_TIME),
        digests=np.arange(2, dtype=np.uint64),
    )


def find_record(corpus: Corpus, name: str, path: str) -> int:
    """The position of the record of an id, else of a line number; raises InputError."""
    position = positions_by_name(corpus).get(name)
    if position is None and name.isdecimal():
        line, before = int(name), 0
        for batch in corpus.batches:
            at = np.flatnonzero(batch.lines == line)
            if len(at):
                return before + int(at[0])
            before += len(batch)
    if position is None:
        raise InputError(path, None, f"no record has the id or the line number {name!r}")
    if position < 0:
        raise InputError(path, None, f"more than one record has the id {name!r}; give its line")
    return position


def explain(
    corpus: Corpus,
    left: int,
    right: int,
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Explanation:
    """Explain one pair of records by the word counts of their corpus."""
    links = read_constraints(corpus, settings) if corpus.batches else NO_CONSTRAINTS
    backend = open_in_memory(corpus, settings, progress, links)
    scoring_context = first_pass_context(backend)
    comparisons = tuple(
        compare_field(backend, scoring_context, field, left, right)
        for field in range(len(corpus.texts))
    )
    hours = float(backend.hours(np.array([left]), np.array([right]))[0])
    constraint = constraint_between(links, left, right)
    return Explanation(
        left=left,
        right=right,
        hours=None if np.isnan(hours) else hours,
        comparisons=comparisons,
        breakdown=score_breakdown(backend, scoring_context, left, right),
        threshold=settings.threshold,
        guards=(
            *base_guards(backend, scoring_context, comparisons, left, right),
            *option_guards(backend, scoring_context, left, right),
            *((Guard("links", *constraint),) if constraint else ()),
        ),
        features=feature_changes(backend, scoring_context, left, right),
        words=word_changes(backend, scoring_context, comparisons, left, right),
        linked=constraint == MUST_LINK,
    )


def base_guards(
    backend: MemoryBackend,
    scoring_context: ScoringContext,
    comparisons: tuple[FieldComparison, ...],
    left: int,
    right: int,
) -> tuple[Guard, ...]:
    """The rules beside the score."""
    common = [
        comparison.name
        for comparison in comparisons
        if comparison.left.normalized and comparison.right.normalized
    ]
    told = f"both have {' and '.join(common)}" if common else "no field is filled in both"
    guards = [
        Guard("text", told, passes=bool(common)),
        comparison_guard(backend, comparisons, left, right),
    ]
    shared = (
        any(comparison.is_candidate for comparison in comparisons)
        and backend.content_ids[left] != backend.content_ids[right]
    )
    if shared and not reaches_full_comparison(backend, scoring_context, left, right):
        guards.append(Guard("glance", "too few words in common for a closer look", passes=False))
    window = backend.settings.window
    if window is not None:
        hours = float(backend.hours(np.array([left]), np.array([right]))[0])
        passes = not hours * HOUR > window
        saw = "a date is missing" if np.isnan(hours) else f"{hours:.1f} h apart"
        guards.append(Guard("window", f"{saw}, up to {window / HOUR:g} h allowed", passes=passes))
    if backend.content_ids[left] == backend.content_ids[right] >= 0:
        reach = max_exact_gap(
            scoring_context, backend.content_ids[[left]], backend.settings.threshold
        )
        guards.append(Guard("equal", f"equal once folded, {gap_text(int(reach[0]))}"))
    return tuple(guards)


def option_guards(
    backend: MemoryBackend, scoring_context: ScoringContext, left: int, right: int
) -> Iterator[Guard]:
    """The rules that ``--updates`` and ``--numbers`` switch on."""
    if backend.settings.updates == "split":
        one, other = backend.description.versions[[left, right]].tolist()
        yield Guard("updates", f"versions {one} and {other}", passes=one == other)
    if backend.settings.numbers == IGNORE:
        yield Guard("numbers", "left out of the comparison")
    if scoring_context.strict:
        barred = is_ruled_out(scoring_context, model_queries(backend, scoring_context, left, right))
        told = "numbers left over on both sides" if barred else "no numbers left over on both sides"
        yield Guard("numbers", told, passes=not barred)


def constraint_between(links: LabelConstraints, left: int, right: int) -> tuple[str, bool] | None:
    """What links say of two records, and whether it lets them join; None for nothing."""
    groups = components(links.must, max(left, right, *links.must.flat, *links.cannot.flat) + 1)
    if groups[left] == groups[right]:
        return MUST_LINK
    pair_context = np.sort([groups[left], groups[right]])
    apart = np.sort(groups[links.cannot], axis=0)
    return CANNOT_LINK if (apart == pair_context[:, None]).all(axis=0).any() else None


def comparison_guard(
    backend: MemoryBackend, comparisons: tuple[FieldComparison, ...], left: int, right: int
) -> Guard:
    """Whether the pair is looked at at all."""
    if backend.content_ids[left] == backend.content_ids[right] >= 0:
        return Guard("compared", "the folded texts are equal")
    shared = [comparison for comparison in comparisons if comparison.is_candidate]
    if not shared:
        return Guard("compared", NEVER, passes=False)
    keys = sum(len(comparison.bands) + len(comparison.rare_pairs) for comparison in shared)
    told = f"{keys} key{'s' * (keys > 1)} in common"
    if all(comparison.is_oversized for comparison in shared):
        smallest = min(comparison.bucket_size for comparison in shared)
        told += f", the rarest held by {smallest:,} texts: only neighbours meet"
    return Guard("compared", told)


def reaches_full_comparison(
    backend: MemoryBackend, scoring_context: ScoringContext, left: int, right: int
) -> bool:
    """Whether a run would take a closer look at a pair."""
    return bool(
        passes_prefilter(
            scoring_context, backend.pair_context(np.array([left]), np.array([right]))
        )[0]
    )


def gap_text(seconds: int) -> str:
    """Word how far apart copies are still one story."""
    days = seconds / HOUR / 24
    far = "whatever the time between" if days > 36_500 else f"one story up to {days:g} days apart"  # noqa: PLR2004 - a century
    return far if seconds >= 0 else "and yet never one story"


def as_json(explanation: Explanation, corpus: Corpus) -> dict[str, object]:
    """All of an explanation as plain values."""
    breakdown = explanation.breakdown
    finite = bool(breakdown.parts)
    return {
        "a": {**record_json(corpus, explanation.left)},
        "b": {**record_json(corpus, explanation.right)},
        "hours": explanation.hours,
        "fields": [
            asdict(comparison, dict_factory=with_json_keys) | {"met": comparison.is_candidate}
            for comparison in explanation.comparisons
        ],
        "score": round(breakdown.score, 4),
        "threshold": explanation.threshold,
        "log_odds": round(breakdown.log_odds, 4) if finite else None,
        "base": round(breakdown.base, 4),
        "parts": [
            {
                "field": p.field,
                "name": p.name,
                "value": finite_or_none(p.value),
                "part": round(p.part, 4),
            }
            for p in breakdown.parts
        ],
        "guards": [asdict(guard) for guard in explanation.guards],
        "accepted": explanation.accepted,
        "joins": explanation.joins,
        "changes": {
            "features": [asdict(change) for change in explanation.features],
            "words": [asdict(change) for change in explanation.words],
        },
    }


def with_json_keys(items: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return the fields of a comparison under the keys that programs read."""
    return {JSON_KEYS.get(name, name): value for name, value in items}


def record_json(corpus: Corpus, record: int) -> dict[str, object]:
    """Where a record stands, if it comes from a file."""
    path, line = location_of(corpus, record)
    return {"id": corpus.ids[record], **({"path": path, "line": line} if path else {})}
