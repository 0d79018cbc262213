"""Match the words of two texts: equal, of one stem, of one meaning, or spelled alike.

The plain implementation, one pair at a time; its compiled twin is ``_kernel/scoring/align.c``.
Strengths are in sixteenths, so that all sums are whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dedupe.tokens import COMPARED, Flag, TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

WHOLE = 16
STEM = 14
CONCEPT = 11
"""Words of one meaning are worth a little more than two thirds."""
SIMILAR = 9
"""From here on a word counts as matched when the order of words is compared."""
FULL = 8
"""All eighths of a word's weight."""

SHORTEST_SPELLING = 4
SHORTEST_TYPO = 5
SHORTEST_PART = 5
PART_REST = 3
PART = 8
TYPO = 12
ACRONYM = range(2, 7)


@dataclass(frozen=True, slots=True)
class Word:
    """A token that is compared."""

    key: int
    stem: int
    concepts: frozenset[int]
    weight: int
    kind: TokenKind
    zone: int
    flags: int
    spelling: str

    @property
    def function(self) -> bool:
        """Return whether it is a function word."""
        return bool(self.flags & Flag.FUNCTION)


def words_of(tokens: NDArray[np.void], letters: bytes) -> list[Word]:
    """Return the tokens of a text that are compared."""
    found = []
    for key, stem, concepts, start, length, weight, kind, zone, flags in tokens.tolist():
        if zone in COMPARED:
            meanings = frozenset(concepts) - {0}
            spelling = letters[start : start + length].decode()
            kind = TokenKind(kind)  # noqa: PLW2901 - the same value as what it is
            found.append(Word(key, stem, meanings, weight, kind, zone, flags, spelling))
    return found


@dataclass(slots=True)
class Side:
    """One text of a pair: its words, how well each is matched (0 to 16), and where."""

    words: Sequence[Word]
    match: list[int] = field(init=False)
    place: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.match = [0] * len(self.words)
        self.place = [-1] * len(self.words)

    def take(self, at: int, closeness: int, place: int) -> None:
        """Match a word where that is better than what it has."""
        if closeness > self.match[at]:
            self.match[at], self.place[at] = closeness, place


def align(left: Sequence[Word], right: Sequence[Word]) -> tuple[Side, Side]:
    """Return both sides with each word matched to its best counterpart."""
    sides = Side(left), Side(right)
    match_numbers(*sides)
    match_ideographs(*sides)
    match_words(*sides)
    match_spellings(*sides)
    match_compounds(*sides)
    match_acronyms(*sides)
    return sides


def match_numbers(left: Side, right: Side) -> None:
    """Match numbers of equal value, each with one other."""
    free = [j for j, word in enumerate(right.words) if word.kind is TokenKind.NUMBER]
    for i, word in enumerate(left.words):
        if word.kind is not TokenKind.NUMBER:
            continue
        j = next((j for j in free if right.words[j].key == word.key), None)
        if j is not None:
            free.remove(j)
            left.take(i, WHOLE, j)
            right.take(j, WHOLE, i)


def match_ideographs(left: Side, right: Side) -> None:
    """Match ideographs that stand in a pair of neighbours that both texts have."""
    for one, other in ((left, right), (right, left)):
        pairs: dict[int, int] = {}
        for j, word in enumerate(other.words):
            if word.kind is TokenKind.IDEOGRAPH and begins_pair(word):
                pairs.setdefault(word.key, j)
        for i, word in enumerate(one.words):
            if word.kind is TokenKind.IDEOGRAPH:
                one.take(i, *pair_match(one.words, i, pairs))


def begins_pair(word: Word) -> bool:
    """Return whether an ideograph begins a pair, or stands alone."""
    return bool(word.flags & Flag.OPENS_PAIR) or not word.flags & Flag.JOINED


def pair_match(words: Sequence[Word], at: int, pairs: dict[int, int]) -> tuple[int, int]:
    """Return the closeness and the place of an ideograph's counterpart."""
    word = words[at]
    if begins_pair(word) and word.key in pairs:
        return WHOLE, pairs[word.key]
    if word.flags & Flag.JOINED and at and words[at - 1].key in pairs:
        return WHOLE, pairs[words[at - 1].key] + 1
    return 0, -1


def match_words(left: Side, right: Side) -> None:
    """Match words and signs that are equal, of one stem or of one meaning."""
    for i, one in enumerate(left.words):
        for j, other in enumerate(right.words):
            closeness = likeness(one, other)
            left.take(i, closeness, j)
            right.take(j, closeness, i)


def likeness(one: Word, other: Word) -> int:
    """Return how much two words are one by key, stem and meaning."""
    if TokenKind.NUMBER in (one.kind, other.kind):
        return 0
    closeness = 0
    if one.kind is other.kind and one.kind is not TokenKind.IDEOGRAPH:
        if one.key == other.key:
            return WHOLE
        if one.stem == other.stem:
            closeness = STEM
    if closeness < CONCEPT and not one.concepts.isdisjoint(other.concepts):
        closeness = CONCEPT
    return closeness


def words_below(side: Side, closeness: int) -> list[int]:
    """Return where the words stand that are matched less than so well."""
    return [
        at
        for at, word in enumerate(side.words)
        if word.kind is TokenKind.WORD and side.match[at] < closeness
    ]


def match_spellings(left: Side, right: Side) -> None:
    """Match words that are left over by their spelling."""
    loose = words_below(right, CONCEPT)
    for i in words_below(left, CONCEPT):
        for j in loose:
            closeness = spelling_likeness(left.words[i], right.words[j])
            left.take(i, closeness, j)
            right.take(j, closeness, i)


def spelling_likeness(one: Word, other: Word) -> int:
    """Return how much two unequal words are spelled alike: forms of one word, typos, compounds."""
    a, b = one.spelling, other.spelling
    if min(len(a), len(b)) < SHORTEST_SPELLING:
        return 0
    common = common_prefix(a, b)
    closeness = ending_likeness(common, len(a) - common, len(b) - common)
    rare = (one.flags | other.flags) & Flag.RARE
    if closeness < TYPO and rare and common and is_typo(a, b):
        closeness = TYPO
    if not closeness and is_part(*sorted((a, b), key=len)):
        closeness = PART
    return closeness


def common_prefix(a: str, b: str) -> int:
    """Return how many letters two words begin with."""
    count = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        count += 1
    return count


def ending_likeness(common: int, rest_a: int, rest_b: int) -> int:
    """Return how much words are forms of one, by their common beginning and their endings."""
    most, least = max(rest_a, rest_b), min(rest_a, rest_b)
    if common >= 4 and most <= 2 and common >= 2 * most:  # noqa: PLR2004 - a table of endings
        return 13
    if common >= 4 and most <= 3 and least <= 2:  # noqa: PLR2004 - the same
        return 12
    if common >= 5 and most <= 4:  # noqa: PLR2004 - the same
        return 11
    if common >= 6 and 5 * common >= 3 * (common + most):  # noqa: PLR2004 - the same
        return 9
    return 0


def is_typo(a: str, b: str) -> bool:
    """Return whether two words differ by one slip: a letter more, less, other or exchanged."""
    if min(len(a), len(b)) < SHORTEST_TYPO or abs(len(a) - len(b)) > 1:
        return False
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - the kernel does without it

    return OSA.distance(a, b, score_cutoff=1) <= 1


def is_part(short: str, long: str) -> bool:
    """Return whether a word begins or closes a longer one."""
    if len(short) < SHORTEST_PART or len(long) < len(short) + PART_REST:
        return False
    return long.startswith(short) or long.endswith(short)


def match_compounds(left: Side, right: Side) -> None:
    """Match words that the other text writes as two (blowout, blow out)."""
    loose = words_below(left, STEM), words_below(right, STEM)
    for one, other, places in ((left, right, loose[0]), (right, left, loose[1])):
        for i in places:
            for j in range(len(other.words) - 1):
                first, second = other.words[j : j + 2]
                if first.kind is second.kind is TokenKind.WORD and (
                    first.spelling + second.spelling == one.words[i].spelling
                ):
                    one.take(i, STEM, j)
                    other.take(j, STEM, i)
                    other.take(j + 1, STEM, i)


def match_acronyms(left: Side, right: Side) -> None:
    """Match capitals with the words whose initials they are."""
    loose = words_below(left, 1), words_below(right, 1)
    for one, other, places in ((left, right, loose[0]), (right, left, loose[1])):
        for i in places:
            word = one.words[i]
            if word.flags & Flag.UPPER and len(word.spelling) in ACRONYM:
                match_acronym(one, i, other)


def match_acronym(one: Side, at: int, other: Side) -> None:
    """Match one acronym with the first words whose initials it is."""
    for start in range(len(other.words)):
        places = initials(other.words, start, one.words[at].spelling)
        if places:
            one.take(at, STEM, start)
            for place in places:
                other.take(place, STEM, at)
            return


def initials(words: Sequence[Word], start: int, letters: str) -> list[int]:
    """Return the words from a place on whose initials are some letters; none where they are not.

    Function words between them may be left out.
    """
    places: list[int] = []
    for at in range(start, len(words)):
        word = words[at]
        if len(places) == len(letters) or word.kind is not TokenKind.WORD:
            break
        if word.spelling[:1] == letters[len(places)]:
            places.append(at)
        elif not word.function or not places:
            break
    return places if len(places) == len(letters) else []
