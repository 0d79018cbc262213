"""Explain why two records are one story or not."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import pack_ordered
from dedupe.errors import InputError
from dedupe.evaluation.breakdown import (
    NOTHING,
    ScoreBreakdown,
    leading_field,
    score_breakdown,
    word_changes,
)
from dedupe.evaluation.field_comparison import compare_field
from dedupe.evaluation.open_corpus import contains, location_of, prepare_corpus
from dedupe.io.ids import positions_by_name, unknown_id_hint
from dedupe.matching import EXHAUSTIVE
from dedupe.models import DIGITS, HOUR, NO_TIME, Corpus
from dedupe.scoring.features import FEATURES
from dedupe.scoring.score import feature_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.evaluation.breakdown import WordChange
    from dedupe.evaluation.field_comparison import FieldComparison
    from dedupe.evaluation.open_corpus import OpenCorpus, Progress
    from dedupe.result import ClusteringState

NUMBERS_LEFT = FEATURES.index("numbers_min")
CENTURY = 36_500 * 24 * HOUR
LONG = 72
"""Hours from which a time is shown in days."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A rule beside the score, what it found, and whether the pair passes it."""

    name: str
    detail: str
    passes: bool = True


@dataclass(frozen=True, slots=True)
class ClusterPlace:
    """The cluster that a record is in: how many records it has, and which one is kept."""

    size: int
    canonical: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that decides about a pair of records.

    ``score`` is that of a run: 1 for exact copies, and for a pair that a label alone accepts.
    ``places`` are the clusters that a run put the two in.
    """

    left: int
    right: int
    hours: float | None
    comparisons: tuple[FieldComparison, ...]
    breakdown: ScoreBreakdown
    threshold: float
    guards: tuple[Guard, ...]
    words: tuple[WordChange, ...]
    linked: bool
    copies: bool
    score: float
    places: tuple[ClusterPlace, ClusterPlace]

    @property
    def accepted(self) -> bool:
        """Return whether the texts and what is known of them reach the threshold."""
        return self.copies or bool(self.breakdown.fields and self.breakdown.score >= self.threshold)

    @property
    def joins(self) -> bool:
        """Return whether the pair counts as one story."""
        return self.linked or (self.accepted and all(guard.passes for guard in self.guards))

    @property
    def together(self) -> bool:
        """Return whether the two ended up in one cluster."""
        return self.places[0].canonical == self.places[1].canonical


def corpus_of_texts(left: str, right: str, settings: Settings) -> Corpus:
    """Return a corpus of two texts of the first field, without dates and outlets."""
    others = tuple(["", ""] for _ in settings.field[1:])
    return Corpus(
        batches=(),
        texts=([left, right], *others),
        ids=["A", "B"],
        sources=["", ""],
        times=np.full(2, NO_TIME),
        days_only=np.zeros(2, bool),
        digests=np.arange(2, dtype=np.uint64),
    )


def find_record(corpus: Corpus, name: str, path: str) -> int:
    """Return the position of the record of an id, else of a line number; raises InputError."""
    position = positions_by_name(corpus).get(name)
    if position is None and name.isdecimal():
        line, before = int(name), 0
        for batch in corpus.batches:
            at = np.flatnonzero(batch.lines == line)
            if len(at):
                return before + int(at[0])
            before += len(batch)
    if position is None:
        reason = f"no record has the id or the line number {name!r}; {known_names(corpus)}"
        raise InputError(path, None, reason)
    if position < 0:
        raise InputError(path, None, f"more than one record has the id {name!r}; give its line")
    return position


def known_names(corpus: Corpus) -> str:
    """Return an example of the ids and the range of lines, for who gave neither."""
    lines = [int(line) for batch in corpus.batches if len(batch) for line in batch.lines[[0, -1]]]
    span = f", the lines are {min(lines)} to {max(lines)}" if lines else ""
    return unknown_id_hint(positions_by_name(corpus)) + span


def explain(
    corpus: Corpus, left: int, right: int, settings: Settings, progress: Progress
) -> Explanation:
    """Explain one pair of records; their corpus is clustered to see what became of the pair.

    A record is compared by the one that stands for its exact copies. The score is that of the pass
    that accepted the pair, else that of the last one.
    """
    opened = prepare_corpus(corpus, settings, progress)
    key = int(opened.representative_keys(np.array([left]), np.array([right]))[0])
    opened.matcher.watched = key
    state = opened.cluster(progress)
    ends = key >> 32, key & 0xFFFFFFFF
    copies = key >= 0 and ends[0] == ends[1] and left != right
    linked = bool(state.constraints.groups[left] == state.constraints.groups[right])
    pairs = state.accepted
    scores = pairs.scores[pack_ordered(pairs.left, pairs.right) == key]
    row = opened.matcher.watched_row if len(scores) else None
    breakdown = score_breakdown(opened.matcher, *ends, row) if key >= 0 else NOTHING
    sure = bool(copies) or linked
    score = float(scores.min()) if len(scores) else 1.0 if sure else breakdown.score
    comparisons = tuple(
        compare_field(opened, field, left, right) for field in range(len(corpus.texts))
    )
    finite = np.isfinite(breakdown.log_odds)
    return Explanation(
        left=left,
        right=right,
        hours=opened.hours(left, right),
        comparisons=comparisons,
        breakdown=breakdown,
        threshold=settings.threshold,
        guards=tuple(guards_of(opened, state, comparisons, breakdown, (left, right))),
        words=word_changes(opened, (left, right), breakdown.metadata) if finite else (),
        linked=linked,
        copies=bool(copies),
        score=score,
        places=(place_of(state, left), place_of(state, right)),
    )


def place_of(state: ClusteringState, record: int) -> ClusterPlace:
    """Return the cluster of a record."""
    canonical = int(state.leaders[record])
    return ClusterPlace(int((state.leaders == canonical).sum()), canonical)


def guards_of(
    opened: OpenCorpus,
    state: ClusteringState,
    comparisons: Sequence[FieldComparison],
    breakdown: ScoreBreakdown,
    pair: tuple[int, int],
) -> Iterator[Guard]:
    """Yield the rules beside the score that apply to a pair."""
    common = [comparison.name for comparison in comparisons if comparison.is_filled]
    detail = f"both have {' and '.join(common)}" if common else "no field is filled in both"
    yield Guard("text", detail, passes=bool(common))
    if common:
        yield comparison_guard(opened, comparisons, pair)
        yield from text_guards(opened, comparisons, breakdown, pair)
        yield from copy_guards(opened, pair)
    yield from limit_guards(opened, state, pair)


def comparison_guard(
    opened: OpenCorpus, comparisons: Sequence[FieldComparison], pair: tuple[int, int]
) -> Guard:
    """Return whether a run compares the two records, and by which keys."""
    key = opened.representative_keys(*np.array(pair)[:, None])
    count = sum(comparison.keys for comparison in comparisons)
    shared = f"{count} blocking key{'s' * (count != 1)} in common" if count else NO_KEYS
    if key[0] >> 32 == key[0] & 0xFFFFFFFF:
        return Guard("compared", "exact copies")
    if contains(opened.matcher.candidates, key)[0]:
        small = len(opened.matcher.records) <= EXHAUSTIVE and not count
        return Guard("compared", f"{shared}{ALL_COMPARED if small else ''}")
    near = ", but others stand between them in time" if count else ""
    return Guard("compared", f"{shared}{near}: never compared", passes=False)


NO_KEYS = "no band and no two rare words in common"
ALL_COMPARED = f"; up to {EXHAUSTIVE:,} records are all compared, in a larger input they are not"


def text_guards(
    opened: OpenCorpus,
    comparisons: Sequence[FieldComparison],
    breakdown: ScoreBreakdown,
    pair: tuple[int, int],
) -> Iterator[Guard]:
    """Yield the rules about the texts: the pre-filter, generic titles and numbers."""
    numbers, scoring = opened.settings.numbers, opened.matcher.scoring
    barred = not np.isfinite(breakdown.log_odds)
    if any(comparison.left.generic and comparison.right.generic for comparison in comparisons):
        yield Guard("generic", "a title that many stories have tells little")
    if numbers == "ignore":
        yield Guard("numbers", "left out of the comparison")
    if numbers == "strict":
        rows = feature_rows(scoring, *opened.node_of[list(pair)][:, None])[0]
        both = bool(rows[leading_field(scoring, rows), NUMBERS_LEFT] > 0)
        detail = f"{'' if both else 'no '}numbers left over on both sides"
        yield Guard("numbers", detail, passes=not both)
        barred &= not both
    if barred:
        yield Guard("prefilter", "too few words in common for a full comparison", passes=False)


def copy_guards(opened: OpenCorpus, pair: tuple[int, int]) -> Iterator[Guard]:
    """Yield how far apart in time records of equal texts are still one story."""
    one, other = opened.matcher.contents[opened.node_of[list(pair)]]
    if one == other:
        reach = int(opened.matcher.reach()[one])
        far = reach_text(reach) if reach >= 0 else ""
        outcome = f"one story {far}" if far else "and yet never one story by that alone"
        yield Guard("equal", f"equal once normalised, {outcome}")


def reach_text(reach: int) -> str:
    """Describe how many seconds apart copies may be.

    >>> reach_text(0), reach_text(3600), reach_text(360 * 3600)
    ('at the same time only', 'up to 1 hour apart', 'up to 15 days apart')
    """
    if reach >= CENTURY:
        return "whatever the time between"
    if not reach:
        return "at the same time only"
    hours = round(reach / HOUR)
    span = f"{hours} hour{'' if hours == 1 else 's'}" if hours < LONG else f"{hours / 24:,.0f} days"
    return f"up to {span} apart"


def limit_guards(
    opened: OpenCorpus, state: ClusteringState, pair: tuple[int, int]
) -> Iterator[Guard]:
    """Yield what the window, versions and labels demand."""
    constraints = state.constraints
    if constraints.window is not None:
        hours = opened.hours(*pair)
        detail = "a date is missing" if hours is None else f"{hours:.1f} h apart"
        passes = hours is None or hours * HOUR <= constraints.window
        allowed = f"up to {constraints.window / HOUR:g} h allowed"
        yield Guard("window", f"{detail}, {allowed}", passes=passes)
    if constraints.versions is not None:
        one, other = constraints.versions[list(pair)].tolist()
        yield Guard("updates", f"versions {one} and {other}", passes=one == other)
    groups = constraints.groups[list(pair)]
    if groups[0] == groups[1]:
        yield Guard("links", "put together by a label")
    elif contains(constraints.apart, pack_ordered(groups[:1], groups[1:]))[0]:
        yield Guard("links", "put apart by a label", passes=False)


def as_json(explanation: Explanation, corpus: Corpus) -> dict[str, object]:
    """Return all of an explanation as plain values."""
    breakdown = explanation.breakdown
    finite = bool(breakdown.fields)
    return {
        "a": record_json(corpus, explanation.left),
        "b": record_json(corpus, explanation.right),
        "hours": explanation.hours,
        "fields": [
            asdict(comparison) | {"shares_key": comparison.keys > 0}
            for comparison in explanation.comparisons
        ],
        "score": round(explanation.score, DIGITS),
        "threshold": explanation.threshold,
        "log_odds": round(breakdown.log_odds, DIGITS) if finite else None,
        "text_log_odds": round(breakdown.text, DIGITS) + 0.0 if finite else None,
        "metadata_log_odds": round(breakdown.metadata, DIGITS) + 0.0,
        "field_scores": [
            {
                "field": field.name,
                "log_odds": round(field.log_odds, 4),
                "part": round(field.part, 4),
            }
            for field in breakdown.fields
        ],
        "parts": parts_json(breakdown),
        "guards": [asdict(guard) for guard in explanation.guards],
        "accepted": explanation.accepted,
        "joins": explanation.joins,
        "clusters": {
            "together": explanation.together,
            **{
                side: {"size": place.size, "canonical": record_json(corpus, place.canonical)}
                for side, place in zip("ab", explanation.places, strict=True)
            },
        },
        "changes": {"words": [asdict(change) for change in explanation.words]},
    }


def parts_json(breakdown: ScoreBreakdown) -> list[dict[str, object]]:
    """Return the parts of a score as plain values."""
    return [
        {
            "field": part.field,
            "name": part.name,
            "values": {name: round(value, DIGITS) for name, value in part.values.items()},
            "part": round(part.part, DIGITS),
        }
        for part in breakdown.parts
    ]


def record_json(corpus: Corpus, record: int) -> dict[str, object]:
    """Return where a record stands, if it comes from a file."""
    path, line = location_of(corpus, record)
    return {"id": corpus.ids[record], **({"path": path, "line": line} if path else {})}
