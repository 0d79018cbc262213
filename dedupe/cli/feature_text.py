"""Word the parts of a score for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from dedupe.evaluation.breakdown import Contribution

TEXTS = {
    "shared": "both share {shared:.1f} bits in {words_min:.0f} words, the rarest of {rarest:.1f}",
    "unmatched": "words that one has alone: {rest_min:.1f} and {rest_max:.1f} bits",
    "names": "names that one has alone: up to {names_max:.1f} bits",
    "numbers": "numbers that one has alone: {numbers_min:g} and {numbers_max:g}",
    "contradiction": "one negates or contradicts the other",
    "order": "another beginning or order of words",
    "kind": "another month, weekday or kind of piece",
    "generic": "a title that many stories have",
    "other_outlet": "another outlet",
}
"""What is said of each part; :func:`contribution_text` words the others."""


def contribution_text(part: Contribution) -> str:
    """Word one part of a score.

    >>> from dedupe.evaluation.breakdown import Contribution
    >>> contribution_text(Contribution("", "recurring_title", {"title_days": 1.0}, -0.2))
    'the headline appears on 2 days'
    """
    values = part.values
    if part.name == "gap":
        return gap_text(values["gap"])
    if part.name == "recurring_title":
        return f"the headline appears on {log2_count(values['title_days'], 'day')}"
    if part.name == "recurring_words":
        days = f" on {log2_count(values['days'], 'day')}" if "days" in values else ""
        headlines = log2_count(values["headlines"], "headline")
        return f"the rarest words that both share are in {headlines}{days}"
    if part.name == "template":
        places = count_noun(int(values["slots"]), "place")
        return f"one template, with {places} filled differently"
    if part.name == "order" and values["swapped"]:
        return "two parties change places"
    return TEXTS[part.name].format_map(values)


def gap_text(value: float) -> str:
    """Word a distance in time of which ``value`` is log(1 + hours).

    >>> gap_text(3.2580965), gap_text(0.0)
    ('25.0 h apart', 'at the same time')
    """
    hours = math.expm1(value)
    for unit, size in (("h", 1.0), ("min", 60.0), ("s", 3600.0)):
        if hours * size >= 1:
            return f"{hours * size:.1f} {unit} apart"
    return "at the same time"


def log2_count(value: float, unit: str) -> str:
    """Word a count of units of which ``value`` is log2."""
    return count_noun(round(2**value), unit)
