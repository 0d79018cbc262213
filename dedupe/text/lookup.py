"""Look the tokens of a text up: key, stem, information, flags and concepts of each.

:class:`TokenBuilder` is the plain implementation; its compiled twin is ``_kernel/text/lookup.c``.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import key32, mix64, poly, word_key
from dedupe.text.language import NUMBER_OF
from dedupe.text.lexicon import LONGEST_ENTRY, LONGEST_STRING, Form
from dedupe.text.scan import Case
from dedupe.tokens import (
    COMPARED,
    EIGHTHS,
    LONGEST_LETTERS,
    MOST_CONCEPTS,
    TOKEN,
    Flag,
    Meaning,
    TokenKind,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.text.lexicon import Lexicon
    from dedupe.text.scan import RawToken

MOST_BITS = 18 * EIGHTHS
FOREIGN_BITS = 4 * EIGHTHS
"""A word that only other languages list is rarer here by so much."""
FUNCTION_BITS = 3 * EIGHTHS
SIGN_WEIGHT = 2 * EIGHTHS
HIRAGANA, HIRAGANA_WEIGHT = (0x3040, 0x309F), 1 * EIGHTHS
KATAKANA, KATAKANA_WEIGHT = (0x30A0, 0x30FF), 3 * EIGHTHS
UNKNOWN_IDEOGRAPH = round(0.6 * 14 * EIGHTHS)
ENDINGS = ("ing", "ed", "es", "s")
SHORTEST_STEM = 3
STEM = 6
TITLE_CASE = 0.75
TITLE_CASE_LETTERS = 3
CAPITALISES_NOUNS = NUMBER_OF["de"]
YEARS = range(1900, 2101)
MONTHS_THAT_ARE_WORDS = frozenset(map(word_key, ("may", "march")))
FLAGS: dict[int, int] = {
    Meaning.FUNCTION: Flag.FUNCTION,
    Meaning.NEGATION: Flag.NEGATION,
    Meaning.PLACE: Flag.PLACE | Flag.NAME,
    Meaning.REACTION: Flag.REACTION,
    Meaning.COMPANION: Flag.COMPANION,
    Meaning.NOTICE: Flag.NOTICE,
    Meaning.SERIES: Flag.SERIES,
}
"""The flags that meanings set; of a phrase, all but that of function words."""
MOST_OPPOSITES = 2
"""Of the concepts of a word so many opposites come first."""


class TokenBuilder:
    """Looks up the tokens of one text and lays them out as :data:`dedupe.tokens.TOKEN`."""

    def __init__(self, raw: list[RawToken], lexicon: Lexicon, language: int) -> None:
        self.raw = raw
        self.lexicon = lexicon
        self.language = language
        self.tokens = np.zeros(len(raw), TOKEN)
        self.letters = bytearray()
        self.first_word = next(
            (i for i, token in enumerate(raw) if token.zone in COMPARED), len(raw)
        )
        self.title_case = is_title_case(raw)

    def build(self) -> tuple[NDArray[np.void], bytes]:
        """Return the tokens and their letters."""
        fill = {
            TokenKind.WORD: self.fill_word,
            TokenKind.NUMBER: self.fill_number,
            TokenKind.IDEOGRAPH: self.fill_ideograph,
            TokenKind.SIGN: self.fill_sign,
        }
        for at, token in enumerate(self.raw):
            own = self.tokens[at]
            own["kind"], own["zone"] = token.kind, token.zone
            self.store_letters(at, token.text)
            fill[token.kind](at, token)
        for at in range(len(self.raw)):
            self.match_phrases(at)
        self.match_strings()
        return self.tokens, bytes(self.letters)

    def store_letters(self, at: int, text: str) -> None:
        """Append the letters of a token, cut at a whole character."""
        data = text.encode("utf-8", "surrogatepass")
        end = min(len(data), LONGEST_LETTERS)
        while end < len(data) and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - within a character
            end -= 1
        self.tokens[at]["start"] = len(self.letters)
        self.tokens[at]["length"] = end
        self.letters += data[:end]

    def fill_word(self, at: int, token: RawToken) -> None:
        """Fill in a word."""
        own, word = self.tokens[at], token.text
        own["key"] = word_key(word)
        own["stem"] = word_key(stem(word))
        weight, rare = self.word_weight(int(own["key"]))
        flags, concepts = self.meanings(word)
        if self.is_no_month(at, token):
            concepts = [c for c in concepts if c >= Meaning.FIRST_CONCEPT]
        flags |= Flag.RARE * rare | Flag.UPPER * (token.case is Case.UPPER)
        flags |= Flag.CALENDAR * any(c < Meaning.FIRST_CONCEPT for c in concepts)
        flags |= Flag.NAME * self.is_name(at, token, rare=rare)
        if flags & Flag.FUNCTION:
            weight = min(weight * 3 // 8, FUNCTION_BITS)
        own["weight"] = weight
        own["flags"] = flags
        own["concepts"][: len(concepts)] = concepts

    def is_no_month(self, at: int, token: RawToken) -> bool:
        """Return whether a word such as "may" is not the month."""
        if int(self.tokens[at]["key"]) not in MONTHS_THAT_ARE_WORDS:
            return False
        return token.case is Case.LOWER or at == self.first_word

    def is_name(self, at: int, token: RawToken, *, rare: bool) -> bool:
        """Return whether a word is written as a name: inside a sentence, or one hardly known."""
        inside = at > self.first_word and not self.title_case
        capital = token.case > Case.LOWER and self.language != CAPITALISES_NOUNS
        return capital and (inside or rare)

    def word_weight(self, key: int) -> tuple[int, bool]:
        """Return the information of a word, and whether it is rare in this language."""
        shares = self.lexicon.word_shares(key)
        if self.language in shares:
            return min(MOST_BITS, shares[self.language]), False
        if shares:
            return min(MOST_BITS, min(shares.values()) + FOREIGN_BITS), True
        return MOST_BITS, True

    def meanings(self, word: str) -> tuple[int, list[int]]:
        """Return the flags that the meanings of a word set, and its concepts."""
        found = list(self.lexicon.entries(self.language, Form.EXACT, poly(map(ord, word))))
        codes = [ord(char) for char in word]
        for length in range(min(len(codes), LONGEST_ENTRY), 1, -1):
            found += self.lexicon.entries(self.language, Form.PREFIX, poly(codes[:length]))
        for length in range(min(len(codes) - 1, LONGEST_ENTRY), 0, -1):
            found += self.lexicon.entries(self.language, Form.SUFFIX, poly(codes[-length:]))
        flags = 0
        for meaning, flag in FLAGS.items():
            flags |= flag * (meaning in found)
        return flags, first_concepts(found)

    def fill_number(self, at: int, token: RawToken) -> None:
        """Fill in a number, which is known by its value."""
        own, value = self.tokens[at], token.value
        if value is None:
            own["key"], own["weight"] = word_key(token.text), 13 * EIGHTHS
            return
        (bits,) = np.frombuffer(pack("<d", value), "<u8")
        own["key"] = mix64(int(bits)) >> 32 or 1
        if value < 10:  # noqa: PLR2004 - one figure
            own["weight"] = 5 * EIGHTHS
        elif value < 100:  # noqa: PLR2004 - two
            own["weight"] = 7 * EIGHTHS
        else:
            own["weight"] = (6 if value in YEARS else 13) * EIGHTHS

    def fill_ideograph(self, at: int, token: RawToken) -> None:
        """Fill in an ideograph, whose key is that of the pair that it begins."""
        own, code = self.tokens[at], ord(token.text[0])
        single = word_key(token.text)
        joined = at > 0 and self.is_ideograph(at - 1) and token.glued
        opens = self.is_ideograph(at + 1) and self.raw[at + 1].glued
        pair = token.text + self.raw[at + 1].text if opens else token.text
        own["key"], own["stem"] = word_key(pair), single
        own["flags"] = Flag.JOINED * joined | Flag.OPENS_PAIR * opens
        own["weight"] = self.ideograph_weight(code, single)

    def is_ideograph(self, at: int) -> bool:
        """Return whether a token is an ideograph; beyond the last there is none."""
        return at < len(self.raw) and self.raw[at].kind is TokenKind.IDEOGRAPH

    def ideograph_weight(self, code: int, key: int) -> int:
        """Return the information of an ideograph."""
        if HIRAGANA[0] <= code <= HIRAGANA[1]:
            return HIRAGANA_WEIGHT
        if KATAKANA[0] <= code <= KATAKANA[1]:
            return KATAKANA_WEIGHT
        shares = self.lexicon.char_shares(key)
        if self.language in shares:
            return shares[self.language]
        return min(shares.values(), default=UNKNOWN_IDEOGRAPH)

    def fill_sign(self, at: int, token: RawToken) -> None:
        """Fill in a sign such as % or €."""
        own = self.tokens[at]
        own["key"] = own["stem"] = word_key(token.text)
        own["weight"] = SIGN_WEIGHT
        found = self.lexicon.entries(self.language, Form.EXACT, poly(map(ord, token.text)))
        concepts = first_concepts(found)
        own["concepts"][: len(concepts)] = concepts

    def match_phrases(self, at: int) -> None:
        """Give the words of each phrase that begins at a place its meaning."""
        if self.raw[at].kind is not TokenKind.WORD:
            return
        codes = [ord(char) for char in self.raw[at].text]
        numbers = self.lexicon.entries(self.language, Form.PHRASE, poly(codes))
        for length in range(min(len(codes), LONGEST_ENTRY), 1, -1):
            numbers += self.lexicon.entries(self.language, Form.PHRASE_PREFIX, poly(codes[:length]))
        known = len(self.lexicon.phrase_meanings)  # beyond are keys that happen to be equal
        for number in (number for number in numbers if number < known):
            end = self.phrase_end(at, number)
            if end:
                for place in range(at, end):
                    self.add_meaning(place, int(self.lexicon.phrase_meanings[number]))

    def phrase_end(self, at: int, number: int) -> int:
        """Return where a phrase ends whose first word stands at a place, 0 where it does not."""
        ends = self.lexicon.phrase_ends
        parts = range(int(ends[number]), int(ends[number + 1]))
        if at + len(parts) > len(self.raw):
            return 0
        for place, part in enumerate(parts, at):
            length = int(self.lexicon.part_lengths[part])
            text = self.raw[place].text
            key = key32(poly(map(ord, text[:length] if length else text)))
            if key != int(self.lexicon.part_keys[part]) or len(text) < length:
                return 0
        return at + len(parts)

    def add_meaning(self, at: int, meaning: int) -> None:
        """Give a token one more meaning, in place of its last where it has too many."""
        own = self.tokens[at]
        if meaning != Meaning.FUNCTION:
            own["flags"] |= FLAGS.get(meaning, 0)
        if meaning >= Meaning.FIRST_MONTH and meaning not in own["concepts"]:
            free = np.flatnonzero(own["concepts"] == 0)
            own["concepts"][free[0] if len(free) else MOST_CONCEPTS - 1] = meaning

    def match_strings(self) -> None:
        """Give ideographs the meanings of the strings that they form, the longest first."""
        at = 0
        while at < len(self.raw):
            at += (self.string_length(at) or 1) if self.is_ideograph(at) else 1

    def string_length(self, at: int) -> int:
        """Return the length of the longest entry that begins at an ideograph, and apply it."""
        run = at
        while run < len(self.raw) and self.is_ideograph(run) and run < at + LONGEST_STRING:
            run += 1
        text = "".join(token.text for token in self.raw[at:run])
        for length in range(len(text), 0, -1):
            found = self.lexicon.entries(self.language, Form.STRING, poly(map(ord, text[:length])))
            if found:
                for place in range(at, at + length):
                    self.apply_string(place, found)
                return length
        return 0

    def apply_string(self, at: int, found: list[int]) -> None:
        """Give one ideograph the meanings of a string."""
        for meaning in found:
            self.add_meaning(at, meaning)
        own = self.tokens[at]
        if Meaning.FUNCTION in found:
            own["flags"] |= Flag.FUNCTION
            own["weight"] = min(int(own["weight"]), HIRAGANA_WEIGHT)


def first_concepts(found: list[int]) -> list[int]:
    """Return the concepts that a token keeps: two opposites, what is the same, more opposites."""
    concepts = list(dict.fromkeys(value for value in found if value >= Meaning.FIRST_MONTH))
    opposites = [value for value in concepts if value >= Meaning.FIRST_OPPOSITE]
    others = [value for value in concepts if value < Meaning.FIRST_OPPOSITE]
    kept = [*opposites[:MOST_OPPOSITES], *others, *opposites[MOST_OPPOSITES:]]
    return kept[:MOST_CONCEPTS]


def is_title_case(tokens: list[RawToken]) -> bool:
    """Return whether a headline capitalises its words as titles do."""
    longer = [
        token
        for token in tokens
        if token.kind is TokenKind.WORD
        and token.zone in COMPARED
        and len(token.text) > TITLE_CASE_LETTERS
    ]
    capitals = sum(token.case > Case.LOWER for token in longer)
    return bool(longer) and capitals >= TITLE_CASE * len(longer)


def stem(word: str) -> str:
    """Return a rough stem: common English endings off, then the first letters.

    >>> stem("rising") == stem("rises"), stem("afghanistan") == stem("afghan")
    (True, True)
    """
    if word.endswith(ENDINGS) and not word.endswith("ss"):
        for ending in ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
                word = word[: -len(ending)]
                break
    if word.endswith("e") and len(word) > SHORTEST_STEM:  # leave "die" and "see" alone
        word = word[:-1]
    return word[:STEM]
