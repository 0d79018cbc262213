"""Describe an explanation of a pair, and each part of its score, in words."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from dedupe.escape import escape_controls
from dedupe.models import HOUR, NO_TIME
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.evaluation.breakdown import Contribution, ScoreBreakdown, WordChange
    from dedupe.evaluation.explain import Explanation
    from dedupe.evaluation.field_comparison import (
        FieldComparison,
        NormalizedText,
        UnmatchedWord,
    )
    from dedupe.models import Corpus


UNITS = ((24 * HOUR, "days"), (HOUR, "hours"), (60, "minutes"))

TEXTS = {
    "shared": "{words} in common: {shared:.1f} bits, the rarest {rarest:.1f}",
    "unmatched": "words that only one has: {rest_min:.1f} and {rest_max:.1f} bits",
    "names": "names that only one has: up to {names_max:.1f} bits",
    "numbers": "numbers that only one has: {numbers_min:g} and {numbers_max:g}",
    "contradiction": "one negates or contradicts the other",
    "formulaic": "words of announcements or recurring reports: {formulaic}",
    "order": "a different beginning or order of words",
    "generic": "a title that many stories have",
    "other_outlet": "a different outlet",
}
"""What is said of each part; :func:`contribution_text` words the others."""
KINDS = {
    "calendar": "each names another month or weekday",
    "genre": "a different kind of piece",
    "question": "only one asks or explains",
    "reaction": "only one tells what others say of it",
}
"""What is said of each feature of the part ``kind``."""
NOTHING_SHARED = "no words in common; this is where every score begins"


def contribution_text(part: Contribution) -> str:
    """Describe one part of a score.

    >>> from dedupe.evaluation.breakdown import Contribution
    >>> contribution_text(Contribution("", "recurring_title", {"title_days": 1.0}, -0.2))
    'the headline appears on 2 days'
    """
    values = part.values
    if part.name == "gap":
        return gap_text(round(math.expm1(values["gap"]) * HOUR))
    if part.name == "recurring_title":
        return f"the headline appears on {log2_count(values['title_days'], 'day')}"
    if part.name == "recurring_words":
        days = f" on {log2_count(values['days'], 'day')}" if "days" in values else ""
        headlines = log2_count(values["headlines"], "headline")
        return f"the rarest words in common are in {headlines}{days}"
    return text_part(part)


def text_part(part: Contribution) -> str:
    """Describe what the texts of one field, or the outlets, add to a score."""
    values = part.values
    if part.name == "template":
        places = count_noun(int(values["slots"]), "place")
        return f"one template, with {places} filled differently"
    if part.name == "order" and values["swapped"]:
        return "two parties have swapped places"
    if part.name == "shared" and not values["words_met"] and not values["shared"]:
        return NOTHING_SHARED
    if part.name == "kind":
        kinds = [text for name, text in KINDS.items() if values[name]]
        return ", ".join(kinds) or KINDS["genre"]
    words = count_noun(round(values.get("words_met", 0)), "word")
    formulaic = f"{values.get('notices', 0) + values.get('series', 0):g}"
    return TEXTS[part.name].format_map({**values, "words": words, "formulaic": formulaic})


def log2_count(value: float, unit: str) -> str:
    """Describe a count of units whose log2 is ``value``."""
    return count_noun(round(2**value), unit)


def gap_text(seconds: int) -> str:
    """Describe a distance in time, in the largest unit that it holds twice.

    >>> gap_text(0), gap_text(7300), gap_text(864000)
    ('at the same time', '2 hours apart', '10 days apart')
    """
    for size, unit in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit} apart"
    return f"{seconds} s apart" if seconds else "at the same time"


def time_text(seconds: int) -> str:
    """Return a time in UTC as text; empty where there is none."""
    if seconds == NO_TIME:
        return ""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"@{seconds}"  # beyond the years that Python writes


def record_description(corpus: Corpus, record: int) -> str:
    """Return a record's place, id, outlet and time."""
    from dedupe.evaluation.open_corpus import location_of  # noqa: PLC0415 - loads numpy

    path, line = location_of(corpus, record)
    place = f"{path}:{line}" if path else ""
    facts = [place, corpus.ids[record], corpus.sources[record]]
    return escape_controls("  ".join(filter(None, [*facts, time_text(int(corpus.times[record]))])))


MAX_CHANGES = 12
MAX_NEAREST = 3
MAX_KEYS = 12


class Paint(Protocol):
    """Styles text for a terminal, or leaves it as it is."""

    def head(self, text: str) -> str:
        """Style a heading."""

    def good(self, text: str) -> str:
        """Style evidence for a duplicate."""

    def bad(self, text: str) -> str:
        """Style evidence against a duplicate."""

    def faint(self, text: str) -> str:
        """Style secondary text."""


class Plain:
    """Leaves text as it is."""

    def head(self, text: str) -> str:
        """Style a heading."""
        return text

    good = bad = faint = head


PLAIN = Plain()


def explanation_text(explanation: Explanation, corpus: Corpus, paint: Paint) -> Iterator[str]:
    """Yield the lines of an explanation, the decision first."""
    yield outcome_line(explanation, paint)
    for side, record in (("A", explanation.left), ("B", explanation.right)):
        if corpus.batches:
            yield paint.faint(f"  {side}  {record_description(corpus, record)}")
    for comparison in explanation.comparisons:
        if comparison.left.raw or comparison.right.raw:
            yield ""
            yield from field_lines(comparison, paint)
    yield ""
    yield from score_lines(explanation, paint)
    yield ""
    yield paint.head("Other rules")
    for guard in explanation.guards:
        mark = paint.good("pass") if guard.passes else paint.bad("stop")
        yield f"  {mark}  {guard.name}: {guard.detail}"
    if corpus.batches:
        yield ""
        yield from cluster_lines(explanation, corpus, paint)
    yield ""
    yield from change_lines(explanation, paint)


def outcome_line(explanation: Explanation, paint: Paint) -> str:
    """Return the decision with the score and the threshold."""
    score, threshold = explanation.score, explanation.threshold
    sign = ">=" if score >= threshold else "<"
    decision = f"score {score:.3f} {sign} threshold {threshold:g}"
    if explanation.joins:
        why = ", put together by a label" if explanation.linked else ""
        why = why or (", exact copies" if explanation.copies else "")
        return f"{paint.good('One story')}: {decision}{why}"
    stopped = [guard.name for guard in explanation.guards if not guard.passes]
    why = f", stopped by: {', '.join(stopped)}" if stopped else ""
    return f"{paint.bad('Two stories')}: {decision}{why}"


def field_lines(comparison: FieldComparison, paint: Paint) -> Iterator[str]:
    """Yield one field of both records: as given, as compared, and what they share."""
    yield paint.head(comparison.name)
    yield from text_lines("A", comparison.left, paint)
    yield from text_lines("B", comparison.right, paint)
    if not comparison.is_filled:
        return
    bands = [f"band {band}" for band in comparison.bands]
    keys = [*comparison.rare_pairs, *bands]
    more = f" and {len(keys) - MAX_KEYS} more" if len(keys) > MAX_KEYS else ""
    yield f"  keys          {', '.join(keys[:MAX_KEYS]) or 'none in common'}{more}"
    if comparison.matches:
        found = (f"{match.left} ~ {match.right} ({match.how})" for match in comparison.matches)
        yield f"  matched       {', '.join(found)}"
    yield f"  only A        {paint.bad(unmatched_text(comparison.left_only)) or '-'}"
    yield f"  only B        {paint.bad(unmatched_text(comparison.right_only)) or '-'}"


def text_lines(side: str, text: NormalizedText, paint: Paint) -> Iterator[str]:
    """Yield one text as given and as compared, with the parts that were removed."""
    yield f"  {side}             {escape_controls(text.raw)}"
    yield f"    normalised  {escape_controls(text.normalized) or '(nothing)'}"
    taken = {
        "tag taken off": text.tags,
        "outlet taken off": text.outlet,
        "version": str(text.version) if text.version else "",
        "withdrawn": "yes" if text.withdrawn else "",
    }
    rules = [f"{rule}: {escape_controls(value)}" for rule, value in taken.items() if value]
    if rules:
        yield paint.faint(f"    rules       {'; '.join(rules)}")


def unmatched_text(words: Iterable[UnmatchedWord]) -> str:
    """Return words left over, with their bits."""
    return ", ".join(f"{escape_controls(word.text)} {word.bits:.1f}" for word in words)


def score_lines(explanation: Explanation, paint: Paint) -> Iterator[str]:
    """Yield what each field and what metadata add to the log-odds."""
    breakdown = explanation.breakdown
    if not breakdown.fields:
        yield paint.head("Too little in common: the score is 0")
        return
    yield paint.head("Log-odds")
    for field in breakdown.fields:
        own = (
            ""
            if field.part == field.log_odds
            else f", {field.part:+.3f} of its own {field.log_odds:+.3f}"
        )
        yield f"  {field.name}{own}"
        yield from part_lines(breakdown, field.name, paint)
    if any(not part.field for part in breakdown.parts):
        score = 1 / (1 + math.exp(-breakdown.text))
        yield f"  {breakdown.text:+7.3f}  by the texts alone: score {score:.3f}"
        yield "  time, outlets and recurrence"
        yield from part_lines(breakdown, "", paint)
    yield f"  {breakdown.log_odds:+7.3f}  in total: score {breakdown.score:.3f}"


def part_lines(breakdown: ScoreBreakdown, field: str, paint: Paint) -> Iterator[str]:
    """Yield the parts of one field, or of metadata: what is shared, then the largest first."""
    own = [part for part in breakdown.parts if part.field == field]
    for part in sorted(own, key=lambda part: part.name != "shared"):
        amount = f"{part.part:+7.3f}"
        painted = paint.good(amount) if part.part > 0 else paint.bad(amount)
        yield f"    {painted}  {contribution_text(part)}"


def cluster_lines(explanation: Explanation, corpus: Corpus, paint: Paint) -> Iterator[str]:
    """Yield the clusters that the two ended up in."""
    yield paint.head("Clusters")
    places = explanation.places
    sides = {"A and B": places[0]} if explanation.together else dict(zip("AB", places, strict=True))
    for side, place in sides.items():
        kept = record_description(corpus, place.canonical)
        yield f"  {side}: {count_noun(place.size, 'record')}, canonical is {kept}"


def change_lines(explanation: Explanation, paint: Paint) -> Iterator[str]:
    """Yield the single changes that would reverse the decision."""
    other = "two stories" if explanation.accepted else "one story"
    yield paint.head(f"What would make them {other}, each alone")
    flips = [change for change in explanation.words if change.flips]
    if explanation.copies:
        yield "  other words in one of the texts"
    elif explanation.breakdown.fields:
        word = "above" if explanation.accepted else "of at most"
        yield f"  a threshold {word} {explanation.breakdown.score:.3f}"
    elif not flips:
        yield "  no single word"
    yield from (f"  {word_change_line(change)}" for change in flips[:MAX_CHANGES])
    nearest = explanation.words[:MAX_NEAREST]
    if nearest and not flips:
        yield paint.faint(f"  nearest: {'; '.join(map(word_change_line, nearest))}")


def word_change_line(change: WordChange) -> str:
    """Return what the score would be without a word."""
    word = escape_controls(change.word)
    return f"without {word!r} in {change.side.upper()}'s {change.field}: score {change.score:.3f}"
