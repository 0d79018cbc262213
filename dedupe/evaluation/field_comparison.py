"""Compare one field of two records: prepared texts, shared blocking keys, unmatched words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dedupe.blocking.keys import pair_of_stems, stem_key
from dedupe.scoring.align import CONCEPT, STEM, WHOLE, align
from dedupe.scoring.features import BIT, zone_factor
from dedupe.tokens import COMPARED, Fact, Flag, TokenKind, Zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dedupe.evaluation.open_corpus import OpenCorpus
    from dedupe.scoring.align import Side, Word
    from dedupe.tokens import PreparedTexts

HOW = {WHOLE: "spelling", STEM: "stem", CONCEPT: "meaning"}
"""What makes words one, by how well they match; anything else is their spelling."""


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A text as given and as compared, with the tags and the outlet that were taken off."""

    raw: str
    normalized: str = ""
    tags: str = ""
    outlet: str = ""
    version: int = 0
    withdrawn: bool = False
    generic: bool = False


@dataclass(frozen=True, slots=True)
class UnmatchedWord:
    """A word without a counterpart, or with part of one, and the bits that it leaves over."""

    text: str
    bits: float
    is_number: bool


@dataclass(frozen=True, slots=True)
class Match:
    """Two words that stand for one another though they are not the same, and by what."""

    left: str
    right: str
    how: str


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of two records; ``bands`` and ``rare_pairs`` are the blocking keys they share."""

    name: str
    left: NormalizedText
    right: NormalizedText
    bands: tuple[int, ...] = ()
    rare_pairs: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    left_only: tuple[UnmatchedWord, ...] = ()
    right_only: tuple[UnmatchedWord, ...] = ()

    @property
    def is_filled(self) -> bool:
        """Return whether both records have words in the field."""
        return bool(self.left.normalized and self.right.normalized)

    @property
    def keys(self) -> int:
        """Return how many blocking keys the two share."""
        return len(self.bands) + len(self.rare_pairs)


def compare_field(opened: OpenCorpus, field: int, left: int, right: int) -> FieldComparison:
    """Compare one field of two records."""
    name, texts = opened.settings.field[field].name, opened.contents.texts
    raw = opened.corpus.texts[field]
    rows = [int(opened.contents.rows[field, record]) for record in (left, right)]
    one, other = (
        normalized_text(texts, row, raw[record])
        for row, record in zip(rows, (left, right), strict=True)
    )
    words = [opened.matcher.scoring.words_of(row) for row in rows]
    if not all(words):
        return FieldComparison(name, one, other)
    sides = align(*words)
    bands = np.flatnonzero(
        (texts.band_keys[rows[0]] == texts.band_keys[rows[1]]) & (texts.band_keys[rows[0]] > 0)
    )
    return FieldComparison(
        name,
        one,
        other,
        bands=tuple((bands + 1).tolist()),
        rare_pairs=shared_rare_pairs(texts, *rows),
        matches=tuple(unequal_matches(*sides)),
        left_only=unmatched_words(sides[0]),
        right_only=unmatched_words(sides[1]),
    )


def normalized_text(texts: PreparedTexts, row: int, raw: str) -> NormalizedText:
    """Return what preparing made of one text."""
    if row < 0:
        return NormalizedText(raw)
    facts = int(texts.facts[row])
    return NormalizedText(
        raw=raw,
        normalized=join_tokens(texts, row, COMPARED),
        tags=join_tokens(texts, row, (Zone.LEAD, Zone.CLOSING)),
        outlet=join_tokens(texts, row, (Zone.OUTLET,)),
        version=int(texts.versions[row]),
        withdrawn=bool(facts & Fact.WITHDRAWN),
        generic=bool(facts & Fact.GENERIC),
    )


def join_tokens(texts: PreparedTexts, row: int, zones: Iterable[Zone]) -> str:
    """Return the tokens of some zones of a text, ideographs without spaces between them."""
    tokens = texts.tokens[texts.offsets[row] : texts.offsets[row + 1]]
    parts = [
        ("" if token["flags"] & Flag.JOINED else " ") + spelling
        for token, spelling in zip(tokens, spellings(texts, row), strict=True)
        if token["zone"] in zones
    ]
    return "".join(parts).strip()


def spellings(texts: PreparedTexts, row: int) -> list[str]:
    """Return the letters of each token of a text."""
    letters = texts.letters[texts.letter_offsets[row] : texts.letter_offsets[row + 1]].tobytes()
    tokens = texts.tokens[texts.offsets[row] : texts.offsets[row + 1]]
    spans = zip(tokens["start"].tolist(), tokens["length"].tolist(), strict=True)
    return [letters[start : start + length].decode(errors="replace") for start, length in spans]


def shared_rare_pairs(texts: PreparedTexts, left: int, right: int) -> tuple[str, ...]:
    """Return the words behind each rare-word key that two texts share, as in ``lamp + pell``."""
    shared = set(texts.rare_keys[left].tolist()) & set(texts.rare_keys[right].tolist()) - {0}
    if not shared:
        return ()
    stems = key_stems(texts, left)
    pairs = [*combinations(sorted(stems), 2), *((stem, stem) for stem in stems)]
    named = {pair_of_stems(*pair): pair for pair in pairs}
    return tuple(
        " + ".join(dict.fromkeys(sorted(stems[stem] for stem in named[key])))
        for key in sorted(shared & named.keys())
    )


def key_stems(texts: PreparedTexts, row: int) -> dict[int, str]:
    """Return the first spelling behind each stem that :func:`dedupe.blocking.keys.rare_keys` reads.

    Of an ideograph it is that of the pair that it opens.
    """
    tokens, words = texts.tokens[texts.offsets[row] : texts.offsets[row + 1]], spellings(texts, row)
    stems: dict[int, str] = {}
    for at, token in enumerate(tokens):
        if token["kind"] == TokenKind.WORD:
            stems.setdefault(stem_key(token["concepts"].tolist(), int(token["stem"])), words[at])
        elif token["kind"] == TokenKind.IDEOGRAPH:
            stems.setdefault(int(token["key"]), "".join(words[at : at + 2]))
    return stems


def unequal_matches(left: Side, right: Side) -> Iterable[Match]:
    """Yield the words that are matched with words that are not the same."""
    rows = zip(left.words, left.match, left.place, strict=True)
    for word, similarity, place in rows:
        if similarity and word.spelling != right.words[place].spelling:
            how = HOW.get(similarity, "spelling")
            yield Match(word.spelling, right.words[place].spelling, how)


def unmatched_words(side: Side) -> tuple[UnmatchedWord, ...]:
    """Return the words without a whole counterpart, those of the most information first."""
    loose = [
        UnmatchedWord(word.spelling, bits, word.kind is TokenKind.NUMBER)
        for word, match in zip(side.words, side.match, strict=True)
        if (bits := loose_bits(word, match))
    ]
    return tuple(sorted(loose, key=lambda word: -word.bits))


def loose_bits(word: Word, match: int) -> float:
    """Return the information of a word that its match does not cover."""
    return word.weight * (WHOLE - match) * zone_factor(word) / BIT
