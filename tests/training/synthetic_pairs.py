"""Headlines made from real ones: roles exchanged, clauses moved, or another name put in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

VERBS = (
    "accuses|acquires|attacks|backs|beats?|blames|buys|crushes|defeats|downs|edges?|follows|hits|"
    "hosts|invades|joins|leads|meets|overtakes|outbids|praises|rejects|routs|seeks|stuns|sues|"
    "supports|tops|trails|urges|visits|warns|wins|to (?:buy|sue|face|meet)"
)
NAME = r"[A-Z][\w'.&-]*(?: [A-Z][\w'.&-]*){0,2}"
ROLES = re.compile(rf"({NAME}) ({VERBS}) ({NAME})(.*)")

LIST = re.compile(rf"({NAME}) and ({NAME})( .*)")
LATER_NAME = re.compile(r"[a-z] ([A-Z][a-z]{4,})\b")
SPEAKER = re.compile(r"(.{20,}?)(?:, | - |: )([\w' ]{3,20} says?)")


def exchange(headline: str) -> str | None:
    """The headline with its two parties exchanged, None where it does not open with two.

    >>> exchange("Odlin beats Pell Point in final")
    'Pell Point beats Odlin in final'
    """
    found = ROLES.fullmatch(headline)
    if not found or found[1] == found[3]:
        return None
    return f"{found[3]} {found[2]} {found[1]}{found[4]}"


def reorder(headline: str) -> str | None:
    """The headline in another order that tells the same, None where none is known.

    >>> reorder("Odlin and Marrow raise tolls"), reorder("Two held after fire in Pell, police say")
    ('Marrow and Odlin raise tolls', 'police say Two held after fire in Pell')
    """
    if found := LIST.fullmatch(headline):
        return f"{found[2]} and {found[1]}{found[3]}"
    if found := SPEAKER.fullmatch(headline):
        return f"{found[2]} {found[1]}"
    return None


def reordered_pairs(
    headlines: Iterable[str], turn: Callable[[str], str | None]
) -> list[tuple[str, str]]:
    """Every distinct headline that can be turned so, with what it becomes."""
    pairs = ((headline, turn(headline)) for headline in dict.fromkeys(headlines))
    return [(headline, other) for headline, other in pairs if other]


def exchanged_pairs(headlines: Iterable[str]) -> list[tuple[str, str]]:
    """Every distinct headline with a name in it, with that name changed for the next one's.

    >>> renamed(["Mill burns in Odlin", "Two held in Marrow after raid"])
    [('Two held in Marrow after raid', 'Two held in Odlin after raid')]
    """
    pairs = []
    other = ""
    for headline in dict.fromkeys(headlines):
        found = LATER_NAME.search(headline)
        if not found:
            continue
        if other and other != found[1]:
            pairs.append((headline, headline[: found.start(1)] + other + headline[found.end(1) :]))
        other = found[1]
    return pairs
