"""Format feature values for people: hours, days, yes and no."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MEANINGS = {
    "dice": "information that both share, of all in both",
    "containment": "the same, of the side better covered",
    "shared": "bits that both share",
    "rest_min": "bits left over on the side with fewer",
    "rest_max": "bits left over on the side with more",
    "top_min": "bits of the heaviest word left over, lesser side",
    "top_max": "bits of the heaviest word left over, greater side",
    "numbers_both": "numbers left over on both sides",
    "numbers_max": "numbers left over on one side",
    "opposed": "a word contradicts one on the other side",
    "order": "shared words out of order",
    "exchanged": "two words change places about a third",
    "head": "how well the first words match",
    "words_min": "words of the shorter text",
    "loose_min": "words without counterpart on both sides",
    "tags": "words of tags and outlets left over",
    "ratio": "characters in common",
    "gap": "time between the two",
    "alone": "no second field backs the first",
    "recurrence": "days on which the headline appears",
    "recurrence_weeks": "weeks in which it appears",
    "same_source": "one outlet wrote both",
    "returns": "days on which their rarest shared words meet",
    "returns_weeks": "weeks in which they meet",
    "crowd": "headlines in which they meet",
}


def feature_value_text(name: str, value: float) -> str:
    """A feature's value with its unit; ``unknown`` for NaN.

    >>> feature_value_text("gap", 3.2580965), feature_value_text("returns", 3.0)
    ('25.0 h', '8 days')
    >>> feature_value_text("opposed", 0.0)
    'no'
    """
    if math.isnan(value):
        return "-" if name == "alone" else "unknown"
    return VALUE_TEXTS.get(name, number_text)(value)


def number_text(value: float) -> str:
    """A bare number."""
    return f"{value:.3g}"


def share_text(value: float) -> str:
    """A share of one."""
    return f"{value:.0%}"


def yes_no_text(value: float) -> str:
    """Whether it is so."""
    return "yes" if value > 0.5 else "no"  # noqa: PLR2004 - between no and yes


def gap_text(value: float) -> str:
    """The hours of which a gap is ``log(1 + hours)``."""
    hours = math.expm1(value)
    for unit, size in (("h", 1.0), ("min", 60.0)):
        if hours * size >= 1:
            return f"{hours * size:.1f} {unit}"
    return f"{hours * 3600:.0f} s"


def days_text(value: float) -> str:
    """The days of which the value is log2."""
    return log2_count(value, "day")


def weeks_text(value: float) -> str:
    """The weeks of which the value is log2."""
    return log2_count(value, "week")


def headlines_text(value: float) -> str:
    """The headlines of which the value is log2."""
    return log2_count(value, "headline")


def log2_count(value: float, unit: str) -> str:
    """The number of units of which the value is log2."""
    number = round(2**value, 1)
    return f"{number:g} {unit}{'s' * (number != 1)}"


TWO_VALUED = ("opposed", "exchanged", "same_source")
VALUE_TEXTS: dict[str, Callable[[float], str]] = {
    **dict.fromkeys(("dice", "containment", "order", "head", "ratio"), share_text),
    **dict.fromkeys(TWO_VALUED, yes_no_text),
    **dict.fromkeys(("recurrence", "returns"), days_text),
    **dict.fromkeys(("recurrence_weeks", "returns_weeks"), weeks_text),
    "crowd": headlines_text,
    "gap": gap_text,
}
