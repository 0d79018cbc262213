"""What a pair of aligned texts looks like to the model: one row of numbers a pair.

The plain implementation; its compiled twin is ``_kernel/scoring/features.c``. Weights are whole
eighths of a bit and matches whole sixteenths, so that sums do not depend on their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedupe.scoring.align import CONCEPT, FULL, SIMILAR, STEM, WHOLE, Side, align
from dedupe.scoring.word_order import count_slots, is_swapped, late_share
from dedupe.tokens import EIGHTHS, Fact, Flag, Meaning, TokenKind, Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.scoring.align import Word

FEATURES = (
    "dice",  # shared information over all information of both
    "coverage",  # shared information of the side that is covered less
    "shared",  # shared information, bits, on the side that has less of it
    "rest_min",  # information without counterpart, bits, on the side that has less of it
    "rest_max",  # the same on the side that has more
    "top_min",  # the most telling word without counterpart, bits, lesser of the sides
    "top_max",  # the same, greater of the sides
    "numbers_min",  # numbers without counterpart, lesser of the sides
    "numbers_max",  # the same, greater of the sides
    "negation",  # whether one side alone negates what both say
    "opposed",  # words without counterpart that contradict one on the other side
    "order",  # share of matched words that stand out of order
    "swapped",  # whether two parties change places about what is said between them
    "head",  # how well the first words are matched, lesser of the sides
    "words_met",  # words with a counterpart, function words apart, on the side that has fewer
    "words_max",  # words of the longer text
    "loose_min",  # words wholly without counterpart, lesser of the sides
    "loose_max",  # the same, greater of the sides
    "names_min",  # the most telling name without counterpart, bits, lesser of the sides
    "names_max",  # the same, greater of the sides
    "calendar",  # whether both sides name a month or weekday that the other does not
    "genre",  # whether one side alone is tagged as another kind of piece
    "ideographs",  # whether both texts are mostly ideographs
    "rarest",  # the most telling word that both share, bits, lesser of the sides
    "slots",  # places of a common template that the texts fill with other words
    "slot_weight",  # the most telling such place, bits, by its lesser filling
    "places",  # whether both sides name a place that the other does not
    "question",  # whether one side alone asks or explains
    "reaction",  # whether one side alone tells what others say of it
    "notices",  # words of company announcements, those that both have counted once
    "series",  # words of reports that recur, counted as those of notices
)

ZONE_FACTOR = 3
"""Outside of the headline proper a word counts three eighths."""
IDEOGRAPH_WORDS = 5
"""An ideograph counts as so many eighths of a word."""
NEGATED_IDEOGRAPHS = 3


@dataclass(slots=True)
class Summary:
    """What is counted of one side, in units of 1/(8 * 16 * 8) bit and of 1/8 word."""

    total: int = 0
    rest: int = 0
    top: int = 0
    name: int = 0
    numbers: int = 0
    words: int = 0
    loose: int = 0
    calendar: bool = False
    place: bool = False


BIT = EIGHTHS * WHOLE * FULL


def features(
    left: Sequence[Word], right: Sequence[Word], left_facts: int = 0, right_facts: int = 0
) -> list[float]:
    """Return the features of a pair of texts that both have words, in the order of ``FEATURES``."""
    one, other = align(left, right)
    ours, theirs = summarise(one), summarise(other)
    shared = [max(0, side.total - side.rest) for side in (ours, theirs)]
    totals = [max(1, side.total) for side in (ours, theirs)]
    slots, slot_weight = map(min, count_slots(one, other), count_slots(other, one))
    return [
        sum(shared) / sum(totals),
        min(shared[0] / totals[0], shared[1] / totals[1]),
        min(shared) / BIT,
        min(ours.rest, theirs.rest) / BIT,
        max(ours.rest, theirs.rest) / BIT,
        min(ours.top, theirs.top) / BIT,
        max(ours.top, theirs.top) / BIT,
        min(ours.numbers, theirs.numbers),
        max(ours.numbers, theirs.numbers),
        negates_alone(one, other),
        count_opposed(one, other),
        max(late_share(one), late_share(other)),
        is_swapped(one, other) or is_swapped(other, one),
        min(head_match(one), head_match(other)) / WHOLE,
        min(ours.words - ours.loose, theirs.words - theirs.loose) / FULL,
        max(ours.words, theirs.words) / FULL,
        min(ours.loose, theirs.loose) / FULL,
        max(ours.loose, theirs.loose) / FULL,
        min(ours.name, theirs.name) / BIT,
        max(ours.name, theirs.name) / BIT,
        ours.calendar and theirs.calendar,
        bool((left_facts ^ right_facts) & Fact.GENRE),
        mostly_ideographs(left) and mostly_ideographs(right),
        min(rarest_shared(one), rarest_shared(other)),
        slots,
        slot_weight / BIT,
        ours.place and theirs.place,
        bool((left_facts ^ right_facts) & Fact.QUESTION),
        reacts(one) != reacts(other),
        count_marked(one, other, Flag.NOTICE),
        count_marked(one, other, Flag.SERIES),
    ]


def mostly_ideographs(words: Sequence[Word]) -> bool:
    """Return whether more than half of a text's words are ideographs."""
    return 2 * sum(word.kind is TokenKind.IDEOGRAPH for word in words) > len(words)


def zone_factor(word: Word) -> int:
    """Return how many eighths of a word's weight count, by where it stands."""
    return FULL if word.zone == Zone.CORE else ZONE_FACTOR


def summarise(side: Side) -> Summary:
    """Count what one side has, and what of it has no counterpart."""
    out = Summary()
    run = 0
    for word, match in zip(side.words, side.match, strict=True):
        factor = zone_factor(word)
        loose = word.weight * (WHOLE - match) * factor
        out.total += word.weight * WHOLE * factor
        out.rest += loose
        if word.kind is TokenKind.IDEOGRAPH:
            run = (run if word.flags & Flag.JOINED else 0) + loose if match < WHOLE else 0
            out.top = max(out.top, run)
        else:
            run = 0
            out.top = max(out.top, loose)
        if word.kind is not TokenKind.SIGN and not word.function:
            share = IDEOGRAPH_WORDS if word.kind is TokenKind.IDEOGRAPH else FULL
            out.words += share
            out.loose += share if match == 0 else 0
        if word.kind is TokenKind.NUMBER and match < WHOLE:
            out.numbers += 1
        if word.flags & Flag.NAME and match < SIMILAR:
            out.name = max(out.name, loose)
        if word.flags & Flag.CALENDAR and match < CONCEPT:
            out.calendar = True
        if word.flags & Flag.PLACE and match < CONCEPT:
            out.place = True
    return out


def count_marked(one: Side, other: Side, flag: int) -> int:
    """Return how many words of both texts have a flag, those with a counterpart counted once."""
    total, matched = 0, []
    for side in (one, other):
        marked = [
            match for word, match in zip(side.words, side.match, strict=True) if word.flags & flag
        ]
        total += len(marked)
        matched.append(sum(match >= STEM for match in marked))
    return total - min(matched)


def reacts(side: Side) -> bool:
    """Return whether a text has a word of reaction."""
    return any(word.flags & Flag.REACTION for word in side.words)


def negates_alone(one: Side, other: Side) -> bool:
    """Return whether one side alone negates what both say, or has one that the other lacks."""
    said, alone = [], []
    for side in (one, other):
        counted = [
            side.match[at]
            for at, word in enumerate(side.words)
            if word.flags & Flag.NEGATION and (side.match[at] >= STEM or negates_shared(side, at))
        ]
        said.append(bool(counted))
        alone.append(any(match < STEM for match in counted))
    return said[0] != said[1] or alone[0] != alone[1]


def negates_shared(side: Side, at: int) -> bool:
    """Return whether the word that a negation is said of has a counterpart.

    That is the next one that tells something, or the last before it where none follows; of
    ideographs one of the next three. In "suspends flights after failing to pay" it is "pay".
    """
    count = len(side.words)
    if side.words[at].kind is TokenKind.IDEOGRAPH:
        behind = range(at + 1, min(at + 1 + NEGATED_IDEOGRAPHS, count))
        if behind:
            return any(side.match[place] >= SIMILAR for place in behind)
    for place in (*range(at + 1, count), *range(at - 1, -1, -1)):
        word = side.words[place]
        told = word.kind is not TokenKind.SIGN and not word.function
        if told and not word.flags & Flag.NEGATION:
            return bool(side.match[place] >= SIMILAR)
    return False


def count_opposed(one: Side, other: Side) -> int:
    """Return how many words without counterpart contradict one on the other side."""
    ours, theirs = loose_opposites(one), loose_opposites(other)
    common = ours & theirs
    return sum((side ^ 1) in theirs - common for side in ours - common)


def loose_opposites(side: Side) -> set[int]:
    """Return the sides of opposites that the loose words of a text stand on."""
    return {
        concept
        for word, match in zip(side.words, side.match, strict=True)
        if match < STEM
        for concept in word.concepts
        if concept >= Meaning.FIRST_OPPOSITE
    }


def head_match(side: Side) -> int:
    """Return how well the first word of the headline proper is matched."""
    for word, match in zip(side.words, side.match, strict=True):
        if word.zone == Zone.CORE and not word.function:
            return match
    return 0


def rarest_shared(side: Side) -> float:
    """Return the information of the most telling word that both texts share."""
    weights = [
        word.weight
        for word, match in zip(side.words, side.match, strict=True)
        if match >= STEM and word.kind is TokenKind.WORD
    ]
    return max(weights, default=0) / EIGHTHS
