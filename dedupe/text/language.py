"""Guess the language of a text, by its script and by how common its words are in each.

A naive Bayes guess over word frequencies: enough to know which word list applies.
The compiled twin is ``_kernel/text/language.c``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.hashing import word_key
from dedupe.text.lexicon import ENGLISH, LANGUAGES
from dedupe.tokens import TokenKind

if TYPE_CHECKING:
    from dedupe.text.lexicon import Lexicon
    from dedupe.text.scan import RawToken

NUMBER_OF = {name: number for number, name in enumerate(LANGUAGES)}
LATIN = tuple(NUMBER_OF[name] for name in ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "tr"))
CYRILLIC = (NUMBER_OF["ru"], NUMBER_OF["uk"])
KANA = (0x3040, 0x30FF)
SCRIPTS = (
    ((0x1100, 0x11FF), (NUMBER_OF["ko"],)),
    ((0x0400, 0x04FF), CYRILLIC),
    ((0x0600, 0x06FF), (NUMBER_OF["ar"],)),
    ((0x0900, 0x097F), (NUMBER_OF["hi"],)),
)
"""Scripts of words by the code points of their letters, and their languages; else Latin."""
FLOOR = 186
"""Information of a word that a language does not list, in eighths of a bit (23.25 bits)."""
ENGLISH_BONUS = 16
"""English is assumed where nothing speaks against it."""
UKRAINIAN = frozenset("ієї")
UKRAINIAN_BONUS = 64
WORD_SHARE = 2
"""A word counts as so many ideographs when scripts are counted."""


def guess_language(tokens: list[RawToken], lexicon: Lexicon) -> int:
    """Return the number of a text's language in ``LANGUAGES``."""
    words = [token.text for token in tokens if token.kind is TokenKind.WORD]
    ideographs = [token.text for token in tokens if token.kind is TokenKind.IDEOGRAPH]
    scripts = [script_of(word) for word in words]
    counts = [scripts.count(number) for number in range(len(SCRIPTS) + 1)]
    most = max(range(len(counts)), key=lambda number: counts[number])
    if len(ideographs) > WORD_SHARE * counts[most]:
        kana = any(KANA[0] <= ord(char) <= KANA[1] for char in ideographs)
        return NUMBER_OF["ja"] if kana else NUMBER_OF["zh"]
    if not words:
        return ENGLISH
    languages = SCRIPTS[most][1] if most < len(SCRIPTS) else LATIN
    return languages[0] if len(languages) == 1 else likeliest(words, languages, lexicon)


def script_of(word: str) -> int:
    """Return the number of a word's script in ``SCRIPTS``; one beyond them is Latin."""
    first = ord(word[0])
    for number, ((low, high), _) in enumerate(SCRIPTS):
        if low <= first <= high:
            return number
    return len(SCRIPTS)


def likeliest(words: list[str], languages: tuple[int, ...], lexicon: Lexicon) -> int:
    """Return the language in which some words are most common; of equal ones the first."""
    scores = dict.fromkeys(languages, 0)
    if ENGLISH in scores:
        scores[ENGLISH] = ENGLISH_BONUS
    for word in words:
        shares = lexicon.word_shares(word_key(word))
        for language in languages:
            if language in shares:
                scores[language] += FLOOR - shares[language]
        if CYRILLIC[1] in scores and not UKRAINIAN.isdisjoint(word):
            scores[CYRILLIC[1]] += UKRAINIAN_BONUS
    return max(languages, key=lambda language: scores[language])
