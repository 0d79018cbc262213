"""Word the parts of a score, times and records for people."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dedupe.escape import escape_controls
from dedupe.models import HOUR, NO_TIME
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.evaluation.breakdown import Contribution
    from dedupe.models import Corpus

UNITS = ((24 * HOUR, "days"), (HOUR, "hours"), (60, "minutes"))

TEXTS = {
    "shared": "{words} in common: {shared:.1f} bits, the rarest {rarest:.1f}",
    "unmatched": "words that only one has: {rest_min:.1f} and {rest_max:.1f} bits",
    "names": "names that only one has: up to {names_max:.1f} bits",
    "numbers": "numbers that only one has: {numbers_min:g} and {numbers_max:g}",
    "contradiction": "one negates or contradicts the other",
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
    """Word one part of a score.

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
    """Word what one field's texts, or the outlets, add to a score."""
    values = part.values
    if part.name == "template":
        places = count_noun(int(values["slots"]), "place")
        return f"one template, with {places} filled differently"
    if part.name == "order" and values["swapped"]:
        return "two parties have swapped places"
    if part.name == "shared" and not values["words_met"] and not values["shared"]:
        return NOTHING_SHARED
    if part.name == "kind":
        told = [text for name, text in KINDS.items() if values[name]]
        return ", ".join(told) or KINDS["genre"]
    words = count_noun(round(values.get("words_met", 0)), "word")
    return TEXTS[part.name].format_map({**values, "words": words})


def log2_count(value: float, unit: str) -> str:
    """Word a count of units of which ``value`` is log2."""
    return count_noun(round(2**value), unit)


def gap_text(seconds: int) -> str:
    """Word a distance in time, in the largest unit that it holds twice.

    >>> gap_text(0), gap_text(7300), gap_text(864000)
    ('at the same time', '2 hours apart', '10 days apart')
    """
    for size, unit in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit} apart"
    return f"{seconds} s apart" if seconds else "at the same time"


def time_text(seconds: int) -> str:
    """Word a time in UTC; empty where there is none."""
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
