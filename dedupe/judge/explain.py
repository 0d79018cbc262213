"""Why two texts are, or are not, taken for one story."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.errors import InputError
from dedupe.judge.evaluate import number, place_of
from dedupe.judge.sight import sight_between
from dedupe.judge.verdict import is_barred, sight_of, steps_of, verdict_on
from dedupe.judge.whatif import feature_changes, word_changes
from dedupe.pipeline.case import open_case
from dedupe.pipeline.describe import describe
from dedupe.pipeline.links import NO_LINKS, components, links_of
from dedupe.pipeline.records import places_of
from dedupe.stories import HOUR, NO_TIME, Corpus
from dedupe.verify import IGNORE, identical_reach, promising

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dedupe.judge.sight import Sight
    from dedupe.judge.verdict import Verdict
    from dedupe.judge.whatif import FeatureChange, WordChange
    from dedupe.pipeline.case import Case
    from dedupe.pipeline.links import Links
    from dedupe.settings import Settings
    from dedupe.verify import Evidence

TOGETHER = ("put together by a label", True)
APART = ("put apart by a label", False)
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
    sights: tuple[Sight, ...]
    verdict: Verdict
    threshold: float
    guards: tuple[Guard, ...]
    features: tuple[FeatureChange, ...]
    words: tuple[WordChange, ...]
    linked: bool

    @property
    def accepted(self) -> bool:
        """Whether the score reaches the threshold."""
        return bool(self.verdict.parts) and self.verdict.score >= self.threshold

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
    place = places_of(corpus).get(name)
    if place is None and name.isdecimal():
        line, before = int(name), 0
        for batch in corpus.batches:
            at = np.flatnonzero(batch.lines == line)
            if len(at):
                return before + int(at[0])
            before += len(batch)
    if place is None:
        raise InputError(path, None, f"no record has the id or the line number {name!r}")
    if place < 0:
        raise InputError(path, None, f"more than one record has the id {name!r}; give its line")
    return place


def explain(
    corpus: Corpus,
    left: int,
    right: int,
    settings: Settings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Explanation:
    """Explain one pair of records by the word counts of their corpus."""
    links = links_of(corpus, settings) if corpus.batches else NO_LINKS
    description = describe(
        corpus, settings.seed, settings.jobs, lambda done: progress("folding", done)
    )
    case = open_case(corpus, description, settings, links)
    evidence = sight_of(case)
    sights = tuple(
        sight_between(case, evidence, field, left, right) for field in range(len(corpus.texts))
    )
    hours = float(case.hours(np.array([left]), np.array([right]))[0])
    bond = bond_between(links, left, right)
    return Explanation(
        left=left,
        right=right,
        hours=None if np.isnan(hours) else hours,
        sights=sights,
        verdict=verdict_on(case, evidence, left, right),
        threshold=settings.threshold,
        guards=(
            *guards_of(case, evidence, sights, left, right),
            *switched_guards(case, evidence, left, right),
            *((Guard("links", *bond),) if bond else ()),
        ),
        features=feature_changes(case, evidence, left, right),
        words=word_changes(case, evidence, sights, left, right),
        linked=bond == TOGETHER,
    )


def guards_of(
    case: Case, evidence: Evidence, sights: tuple[Sight, ...], left: int, right: int
) -> tuple[Guard, ...]:
    """The rules beside the score."""
    common = [sight.name for sight in sights if sight.left.folded and sight.right.folded]
    told = f"both have {' and '.join(common)}" if common else "no field is filled in both"
    guards = [Guard("text", told, passes=bool(common)), compared(case, sights, left, right)]
    met = any(sight.met for sight in sights) and case.kinds[left] != case.kinds[right]
    if met and not looks_promising(case, evidence, left, right):
        guards.append(Guard("glance", "too few words in common for a closer look", passes=False))
    window = case.settings.window
    if window is not None:
        hours = float(case.hours(np.array([left]), np.array([right]))[0])
        passes = not hours * HOUR > window
        saw = "a date is missing" if np.isnan(hours) else f"{hours:.1f} h apart"
        guards.append(Guard("window", f"{saw}, up to {window / HOUR:g} h allowed", passes=passes))
    if case.kinds[left] == case.kinds[right] >= 0:
        reach = identical_reach(evidence, case.kinds[[left]], case.settings.threshold)
        guards.append(Guard("equal", f"equal once folded, {within(int(reach[0]))}"))
    return tuple(guards)


def switched_guards(case: Case, evidence: Evidence, left: int, right: int) -> Iterator[Guard]:
    """The rules that ``--updates`` and ``--numbers`` switch on."""
    if case.settings.updates == "split":
        one, other = case.description.versions[[left, right]].tolist()
        yield Guard("updates", f"versions {one} and {other}", passes=one == other)
    if case.settings.numbers == IGNORE:
        yield Guard("numbers", "left out of the comparison")
    if evidence.strict:
        barred = is_barred(evidence, steps_of(case, evidence, left, right))
        told = "numbers left over on both sides" if barred else "no numbers left over on both sides"
        yield Guard("numbers", told, passes=not barred)


def bond_between(links: Links, left: int, right: int) -> tuple[str, bool] | None:
    """What links say of two records, and whether it lets them join; None for nothing."""
    groups = components(links.must, max(left, right, *links.must.flat, *links.cannot.flat) + 1)
    if groups[left] == groups[right]:
        return TOGETHER
    ends = np.sort([groups[left], groups[right]])
    apart = np.sort(groups[links.cannot], axis=0)
    return APART if (apart == ends[:, None]).all(axis=0).any() else None


def compared(case: Case, sights: tuple[Sight, ...], left: int, right: int) -> Guard:
    """Whether the pair is looked at at all."""
    if case.kinds[left] == case.kinds[right] >= 0:
        return Guard("compared", "the folded texts are equal")
    met = [sight for sight in sights if sight.met]
    if not met:
        return Guard("compared", NEVER, passes=False)
    keys = sum(len(sight.bands) + len(sight.anchors) for sight in met)
    told = f"{keys} key{'s' * (keys > 1)} in common"
    if all(sight.crowded for sight in met):
        told += f", the rarest held by {min(s.crowd for s in met):,} texts: only neighbours meet"
    return Guard("compared", told)


def looks_promising(case: Case, evidence: Evidence, left: int, right: int) -> bool:
    """Whether a run would take a closer look at a pair."""
    return bool(promising(evidence, case.ends(np.array([left]), np.array([right])))[0])


def within(seconds: int) -> str:
    """Word how far apart copies are still one story."""
    days = seconds / HOUR / 24
    far = "whatever the time between" if days > 36_500 else f"one story up to {days:g} days apart"  # noqa: PLR2004 - a century
    return far if seconds >= 0 else "and yet never one story"


def as_json(explanation: Explanation, corpus: Corpus) -> dict[str, object]:
    """All of an explanation as plain values."""
    verdict = explanation.verdict
    finite = bool(verdict.parts)
    return {
        "a": {**record_json(corpus, explanation.left)},
        "b": {**record_json(corpus, explanation.right)},
        "hours": explanation.hours,
        "fields": [asdict(sight) | {"met": sight.met} for sight in explanation.sights],
        "score": round(verdict.score, 4),
        "threshold": explanation.threshold,
        "log_odds": round(verdict.log_odds, 4) if finite else None,
        "base": round(verdict.base, 4),
        "parts": [
            {"field": p.field, "name": p.name, "value": number(p.value), "part": round(p.part, 4)}
            for p in verdict.parts
        ],
        "guards": [asdict(guard) for guard in explanation.guards],
        "accepted": explanation.accepted,
        "joins": explanation.joins,
        "changes": {
            "features": [asdict(change) for change in explanation.features],
            "words": [asdict(change) for change in explanation.words],
        },
    }


def record_json(corpus: Corpus, record: int) -> dict[str, object]:
    """Where a record stands, if it comes from a file."""
    path, line = place_of(corpus, record)
    return {"id": corpus.ids[record], **({"path": path, "line": line} if path else {})}
