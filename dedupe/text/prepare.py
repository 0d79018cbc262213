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

from dedupe.hashing import poly, word_key
from dedupe.text import lexicon as words
from dedupe.text.affixes import Tags, mark_zones, sequence_key, source_keys
from dedupe.text.language import NUMBER_OF, guess_language
from dedupe.text.lexicon import Form, Lexicon
from dedupe.text.lookup import SHORTEST_STEM, TokenBuilder
from dedupe.text.numbers import read_numbers
from dedupe.text.scan import RawToken, clean, scan
from dedupe.tokens import COMPARED, MOST_TOKENS, Fact, Meaning, TokenKind, Zone

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARABIC = NUMBER_OF["ar"]
ARTICLES = ("وال", "بال", "فال", "كال", "ال", "لل")
ELLIPSES = ("...", "…")
BLANKS = "".join(map(chr, range(33)))
QUESTION_MARKS = ("?", "？", "؟")
CLOSING_MARKS = "\"'”’»)]"
MOST_GENERIC = 12
"""No generic title has more words."""
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
