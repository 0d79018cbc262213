"""Compare the order of the words of two aligned texts: what is late, swapped, or in another slot.

The plain implementation; its compiled twin is ``_kernel/scoring/word_order.c``.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dedupe.scoring.align import FULL, SIMILAR, WHOLE
from dedupe.tokens import EIGHTHS, Flag, TokenKind, Zone

if TYPE_CHECKING:
    from dedupe.scoring.align import Side

LEAST_SLOT = 2 * EIGHTHS * WHOLE * FULL
"""Fillings of a template that weigh less are no difference."""
LEAST_EXCHANGE, LONGEST_PARTY = 2, 3
"""So many words at least change places, and a party has no more."""


def late_share(side: Side) -> float:
    """Return the share of matched words whose counterpart stands before that of an earlier one."""
    highest, late, matched = -1, 0, 0
    for word, match, place in zip(side.words, side.match, side.place, strict=True):
        if match >= SIMILAR and not word.function:
            matched += 1
            late += place < highest
            highest = max(highest, place)
    return late / max(1, matched)


def content_places(side: Side) -> list[int]:
    """Return where the words of the headline proper stand, signs and function words apart."""
    return [
        at
        for at, word in enumerate(side.words)
        if word.zone == Zone.CORE and word.kind is not TokenKind.SIGN and not word.function
    ]


def matched_span(side: Side) -> list[int]:
    """Return the content places of a text from its first matched one to its last."""
    places = content_places(side)
    matched = [at for at, place in enumerate(places) if side.match[place] >= SIMILAR]
    return places[matched[0] : matched[-1] + 1] if matched else []


def is_swapped(one: Side, other: Side) -> bool:
    """Return whether the texts exchange two parties about the same words between them.

    "A sues B" and "B sues A" are, while a clause that moves takes the small words beside it along:
    "В Москве пожар" and "Пожар в Москве". Parties next to each other change places if a small word
    stands between them and theirs change too; those who do something together ("A partners with B")
    change nothing by that. What stands alone at either end is left out, and so is a kicker: a topic
    that moves into it ("Stockholm marathon: A wins") takes no part.
    """
    ours, theirs = matched_span(one), matched_span(other)
    rank = {place: number for number, place in enumerate(theirs)}
    order = [rank.get(one.place[i], -1) if one.match[i] >= SIMILAR else -1 for i in ours]
    low = 0
    while low < min(len(order), len(theirs)) and order[low] == low:
        low += 1
    cut = 0
    while cut < min(len(order), len(theirs)) - low and (
        order[len(order) - 1 - cut] == len(theirs) - 1 - cut
    ):
        cut += 1
    middle = order[low : len(order) - cut]
    parties = exchanged_parties(middle, low, len(theirs) - cut)
    if parties is None:
        return False
    first, last = parties
    places = ours[low : len(order) - cut]
    ends = (places[0], places[first - 1]), (places[last], places[-1])
    if follows_companion(one, places[last]) and follows_companion(other, one.place[places[0]]):
        return False
    before = [beside(one, *end) for end in ends]
    after = [beside(other, one.place[start], one.place[end]) for start, end in ends]
    if first == last:
        linked = before[0][1] != 0 and before[0] != before[1]
        return linked and before == after[::-1]
    moved = before[0] != before[1] and before == after
    between = places[first:last]
    alike = all(one.match[i] == WHOLE for i in between)
    if not alike or moved:
        return False
    others = sorted(one.place[i] for i in places if one.match[i] >= SIMILAR)
    return function_words(one, places[0], places[-1]) == function_words(
        other, others[0], others[-1]
    )


def follows_companion(side: Side, at: int) -> bool:
    """Return whether "and" or "with" stands right before a word: "A partners with B"."""
    return at > 0 and bool(side.words[at - 1].flags & Flag.COMPANION)


def beside(side: Side, start: int, end: int) -> tuple[int, int]:
    """Return the keys of the function words right before and behind some words, 0 for none."""
    keys = [
        side.words[at].key if 0 <= at < len(side.words) and side.words[at].function else 0
        for at in (start - 1, end + 1)
    ]
    return keys[0], keys[1]


def exchanged_parties(order: list[int], low: int, high: int) -> tuple[int, int] | None:
    """Return where the first party ends and the last begins, None where they are not exchanged.

    ``order`` gives the places ``low`` to ``high`` of the other text that words stand at.
    """
    if len(order) < LEAST_EXCHANGE or high - low < LEAST_EXCHANGE or -1 in (order[0], order[-1]):
        return None
    if order[0] <= order[-1]:
        return None
    first = 1
    while first < len(order) and order[first] == order[first - 1] + 1:
        first += 1
    last = len(order) - 1
    while last > 0 and order[last - 1] == order[last] - 1:
        last -= 1
    if order[first - 1] != high - 1 or order[last] != low or last < first:
        return None
    if first > LONGEST_PARTY or len(order) - last > LONGEST_PARTY:
        return None
    return first, last


def function_words(side: Side, start: int, end: int) -> list[int]:
    """Return the keys of the function words between two places, sorted."""
    return sorted(word.key for word in side.words[start : end + 1] if word.function)


def count_slots(one: Side, other: Side) -> tuple[int, int]:
    """Return how many places of a common template differ, and the weight of the heaviest one.

    The template is the longest chain of matched words that stand in one order in both texts.
    """
    points = [
        (i, one.place[i])
        for i, word in enumerate(one.words)
        if one.match[i] >= SIMILAR and not word.function
    ]
    ends = [(-1, -1), *longest_chain(points), (len(one.words), len(other.words))]
    slots, heaviest = 0, 0
    for (i, j), (next_i, next_j) in pairwise(ends):
        weight = min(loose_weight(one, i + 1, next_i), loose_weight(other, j + 1, next_j))
        if weight > LEAST_SLOT:
            slots += 1
            heaviest = max(heaviest, weight)
    return slots, heaviest


def longest_chain(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest chain of points that rises in both; on a tie, the one that ends first."""
    lengths: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(points):
        best, link = 1, -1
        for earlier in range(at):
            if points[earlier][1] < place and lengths[earlier] + 1 > best:
                best, link = lengths[earlier] + 1, earlier
        lengths.append(best)
        before.append(link)
    chain: list[tuple[int, int]] = []
    at = lengths.index(max(lengths)) if lengths else -1
    while at >= 0:
        chain.append(points[at])
        at = before[at]
    return chain[::-1]


def loose_weight(side: Side, start: int, end: int) -> int:
    """Return the information without counterpart of some words, function words apart."""
    return sum(
        side.words[at].weight * (WHOLE - side.match[at]) * FULL
        for at in range(start, end)
        if not side.words[at].function
    )
