"""Prepare texts for comparison: normalise, tokenise, read numbers, mark zones, look words up.

:func:`prepare_text` is the plain implementation, one text at a time; the kernel's twin in
``_kernel/text/prepare.c`` gives the same arrays, and a test holds the two together on real
headlines. Nothing here depends on other texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from struct import pack
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import key32, mix64, poly, word_key
from dedupe.text import lexicon as words
from dedupe.text.affixes import Tags, mark_zones, sequence_key, source_keys
from dedupe.text.language import NUMBER_OF, guess_language
from dedupe.text.lexicon import LONGEST_ENTRY, LONGEST_STRING, Form, Lexicon
from dedupe.text.numbers import read_numbers
from dedupe.text.scan import Case, RawToken, clean, scan
from dedupe.tokens import (
    COMPARED,
    EIGHTHS,
    LONGEST_LETTERS,
    MOST_CONCEPTS,
    MOST_TOKENS,
    TOKEN,
    Fact,
    Flag,
    Meaning,
    TokenKind,
    Zone,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
ARABIC = NUMBER_OF["ar"]
ARTICLES = ("وال", "بال", "فال", "كال", "ال", "لل")
YEARS = range(1900, 2101)
MONTHS_THAT_ARE_WORDS = frozenset(map(word_key, ("may", "march")))
ELLIPSES = ("...", "…")
BLANKS = "".join(map(chr, range(33)))
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
QUESTION_MARKS = ("?", "？", "؟")
CLOSING_MARKS = "\"'”’»)]"
MOST_OPPOSITES = 2
"""Of the concepts of a word so many opposites come first."""
MOST_GENERIC = 12
"""No generic title has more words."""
PAIR_SALT = 0x5851F42D4C957F2D
PLACEHOLDERS = frozenset(
    sequence_key([word_key(word) for word in phrase.split()])
    for phrase in (
        "account suspended", "page not found", "not found", "404 not found", "404", "removed",
        "deleted", "just a moment", "access denied", "403 forbidden", "forbidden", "untitled",
        "no title", "attention required cloudflare", "are you a robot", "error",
        "502 bad gateway", "bad gateway", "service unavailable", "503 service unavailable",
        "this page is not available", "redirecting", "loading", "untitled document",
    )
)  # fmt: skip
"""Titles of pages that a crawler did not get."""


@dataclass(slots=True)
class PreparedText:
    """One prepared text: see :class:`dedupe.tokens.PreparedTexts`."""

    tokens: NDArray[np.void]
    letters: bytes
    fingerprint: tuple[int, int]
    language: int
    version: int
    facts: int
    length: int

    def spelling(self, at: int) -> str:
        """Return the normalised letters of a token."""
        start, length = int(self.tokens["start"][at]), int(self.tokens["length"][at])
        return self.letters[start : start + length].decode()


@cache
def source_words(source: str) -> tuple[int, ...]:
    """Return the keys of an outlet's name, as titles close with it."""
    return source_keys(scan(source)[0])


def prepare_text(text: str, source: str = "") -> PreparedText:
    """Return a prepared text; ``source`` is the record's own outlet.

    >>> prepared = prepare_text("Exclusive: Airbus to buy 12,000 drones - BBC News")
    >>> [prepared.spelling(at) for at, zone in enumerate(prepared.tokens["zone"]) if not zone]
    ['airbus', 'to', 'buy', '12000', 'drones']
    """
    lexicon = words.load()
    cleaned = clean(text)
    raw, end_gap = scan(cleaned)
    language = guess_language(raw, lexicon)
    if language == ARABIC:
        raw = [without_article(token, lexicon) for token in raw]
    numbered = read_numbers(raw, lexicon, language)
    tags = mark_zones(numbered, end_gap, source_words(source), lexicon)
    fingerprint = fingerprint_of(numbered)
    facts = facts_of(text, cleaned, numbered, tags, lexicon, language)
    builder = TokenBuilder(numbered[:MOST_TOKENS], lexicon, language)
    tokens, letters = builder.build()
    return PreparedText(tokens, letters, fingerprint, language, tags.version, facts, len(cleaned))


def without_article(token: RawToken, lexicon: Lexicon) -> RawToken:
    """Take the Arabic article off a word."""
    if token.kind is TokenKind.WORD and not is_function(lexicon, ARABIC, token.text):
        for article in ARTICLES:
            if token.text.startswith(article) and len(token.text) >= len(article) + SHORTEST_STEM:
                token.text = token.text.removeprefix(article)
                break
    return token


def is_function(lexicon: Lexicon, language: int, word: str) -> bool:
    """Return whether a word is a function word of a language."""
    found = lexicon.entries(language, Form.EXACT, poly(map(ord, word)))
    return Meaning.FUNCTION in found


def fingerprint_of(tokens: list[RawToken]) -> tuple[int, int]:
    """Return a 128-bit BLAKE2b hash of all tokens and their zones, (0, 0) where there are none.

    Numbers count by value, and spaces between ideographs do not count.
    """
    if not tokens:
        return 0, 0
    parts: list[bytes] = []
    zone = int(Zone.CORE)
    for token in tokens:
        if token.zone != zone:
            zone = token.zone
            parts.append(bytes((2, zone)))
        if token.kind is TokenKind.IDEOGRAPH:
            parts.append(token.text.encode())
        elif token.value is not None:
            parts.append(b"\1" + pack("<d", token.value))
        else:
            parts.append(b" " + token.text.encode("utf-8", "surrogatepass"))
    digest = blake2b(b"".join(parts), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


def facts_of(
    text: str,
    cleaned: str,
    tokens: list[RawToken],
    tags: Tags,
    lexicon: Lexicon,
    language: int,
) -> int:
    """Return the bits of what is known of a text as a whole."""
    keys = [word_key(token.text) for token in tokens]
    own = [
        key
        for key, token in zip(keys, tokens, strict=True)
        if len(tokens) <= MOST_GENERIC
        and token.zone in COMPARED
        and not is_date(token, lexicon, language)
    ]
    facts = Fact.GENRE * tags.genre | Fact.WITHDRAWN * tags.withdrawn
    facts |= Fact.GENERIC * (bool(own) and lexicon.is_generic(sequence_key(own)))
    facts |= Fact.PLACEHOLDER * (bool(keys) and sequence_key(keys) in PLACEHOLDERS)
    facts |= Fact.BROKEN_OFF * cleaned.rstrip(BLANKS).endswith(ELLIPSES)
    facts |= Fact.NOISY * (cleaned != text)
    facts |= Fact.QUESTION * asks(cleaned, tokens, lexicon, language)
    facts |= Fact.TAGGED * any(token.zone not in (Zone.CORE, Zone.TAIL) for token in tokens)
    return facts


def asks(cleaned: str, tokens: list[RawToken], lexicon: Lexicon, language: int) -> bool:
    """Return whether a text ends with a question mark or begins with a word that asks."""
    if cleaned.rstrip(BLANKS + CLOSING_MARKS).endswith(QUESTION_MARKS):
        return True
    first = next((token for token in tokens if token.zone in COMPARED), None)
    if first is None or first.kind is not TokenKind.WORD:
        return False
    found = lexicon.entries(language, Form.EXACT, poly(map(ord, first.text)))
    return Meaning.QUESTION in found


def is_date(token: RawToken, lexicon: Lexicon, language: int) -> bool:
    """Return whether a token is a number, a month or a weekday."""
    if token.kind is TokenKind.NUMBER:
        return True
    found = lexicon.entries(language, Form.EXACT, poly(map(ord, token.text)))
    return any(Meaning.FIRST_MONTH <= value < Meaning.FIRST_CONCEPT for value in found)


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
