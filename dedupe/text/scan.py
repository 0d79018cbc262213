"""Cut a text into raw tokens: words, runs of digits, ideographs and signs.

Every rule looks at a few neighbouring characters only. The compiled twin is
``_kernel/text/scan.c``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from dedupe.text.char_table import CharClass, NormalisedChar, normalise
from dedupe.tokens import TokenKind

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
MARKUP = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<!--.*?-->")
NESTED = 2
"""Entities are resolved twice: feeds often escape what was escaped already."""

POSSESSIVE = "s"
ELIDED = frozenset(
    "l d j n s c m t qu un dell all nell sull dall quell lorsqu jusqu puisqu".split()  # noqa: SIM905 - a list of twenty words reads better as text
)
"""Articles and pronouns before an apostrophe, which are words of their own (l'armée)."""
CASE_ENDINGS = frozenset(
    "nin nun in un de da te ta den dan ten tan e a ye ya i u yi yu ni nu le la yle yla ndan nden"  # noqa: SIM905 - the same
    " nda nde li lu ler lar teki deki daki taki".split()
)
"""Turkish endings behind the apostrophe of a name (Türkiye'nin), which are left out."""


class Gap:
    """Bits that say what stands between a token and the one before it."""

    SPACE = 1
    HYPHEN = 2
    DASH = 4
    COLON = 8
    PIPE = 16
    BRACKET = 32
    HASH = 64
    PERIOD = 128
    DECIMAL_POINT = 256
    DECIMAL_COMMA = 512
    DIGIT_QUOTE = 1024


GAP_OF = {
    CharClass.HYPHEN: Gap.HYPHEN,
    CharClass.DASH: Gap.DASH,
    CharClass.COLON: Gap.COLON,
    CharClass.PIPE: Gap.PIPE,
    CharClass.BRACKET: Gap.BRACKET,
    CharClass.HASH: Gap.HASH,
    CharClass.PERIOD: Gap.SPACE | Gap.PERIOD,
}
BETWEEN_DIGITS = {
    CharClass.PERIOD: Gap.DECIMAL_POINT,
    CharClass.COMMA: Gap.DECIMAL_COMMA,
    CharClass.APOSTROPHE: Gap.DIGIT_QUOTE,
}


class Case(IntEnum):
    """How a word is written."""

    LOWER = 0
    CAPITALISED = 1
    UPPER = 2


@dataclass(slots=True)
class RawToken:
    """A token as it was read.

    ``gap`` is what stands between it and the token before; ``glued`` says that nothing does.
    ``value`` is the value of a number once it is known.
    """

    text: str
    kind: TokenKind
    case: Case
    gap: int
    glued: bool
    value: float | None = None
    zone: int = 0


def clean(text: str) -> str:
    """Return a text without markup and with its entities resolved.

    What only looks like an entity (``AT&T;``) stays.

    >>> clean("<b>Fish</b> &amp;amp; chips<br/>").split()
    ['Fish', '&', 'chips']
    """
    if "&" in text:
        import html  # noqa: PLC0415 - its table of entities takes as long as a short file

        for _ in range(NESTED):
            text = ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return MARKUP.sub(" ", text) if "<" in text else text


def scan(text: str) -> tuple[list[RawToken], int]:
    """Return the raw tokens of a text, and the gap behind the last one.

    >>> [token.text for token in scan("U.S. Fed's C++ guide: Pell’de 3.4%")[0]]
    ['us', 'fed', 'c++', 'guide', 'pell', '3', '4', '%']
    """
    return Scanner(normalise(text)).run()


class Scanner:
    """Reads normalised characters from left to right."""

    def __init__(self, chars: list[NormalisedChar]) -> None:
        self.chars = chars
        self.tokens: list[RawToken] = []
        self.gap = 0

    def run(self) -> tuple[list[RawToken], int]:
        """Return the tokens, and the gap behind the last one."""
        at = 0
        while at < len(self.chars):
            at = self.step(at)
        return self.tokens, self.gap

    def kind(self, at: int) -> CharClass:
        """Return the class of a character; beyond the ends there is space."""
        return self.chars[at].kind if 0 <= at < len(self.chars) else CharClass.SPACE

    def text(self, start: int, end: int, step: int = 1) -> str:
        """Return some characters as text."""
        return "".join(char.char for char in self.chars[start:end:step])

    def step(self, at: int) -> int:
        """Read the token or the separator at a place; return the place behind it."""
        kind = self.kind(at)
        if kind is CharClass.LETTER:
            return self.read_word(at)
        if kind is CharClass.DIGIT:
            end = self.run_of(CharClass.DIGIT, at)
            return self.add(TokenKind.NUMBER, self.text(at, end), end)
        if kind is CharClass.IDEOGRAPH:
            return self.add(TokenKind.IDEOGRAPH, self.chars[at].char, at + 1)
        if kind is CharClass.SYMBOL:
            return self.add(TokenKind.SIGN, self.chars[at].char, at + 1)
        if kind is CharClass.PERIOD and self.opens_name(at):
            end = self.run_of(CharClass.LETTER, at + 1)
            return self.add(TokenKind.WORD, self.text(at, end), end)
        between = self.kind(at - 1) is self.kind(at + 1) is CharClass.DIGIT
        gap = BETWEEN_DIGITS.get(kind) if between else None
        self.gap |= gap or GAP_OF.get(kind, Gap.SPACE)
        return at + 1

    def add(self, kind: TokenKind, text: str, end: int, case: Case = Case.LOWER) -> int:
        """Append a token; return the place behind it."""
        glued = bool(self.tokens) and not self.gap
        self.tokens.append(RawToken(text, kind, case, self.gap, glued))
        self.gap = 0
        return end

    def run_of(self, kind: CharClass, at: int) -> int:
        """Return the end of the characters of one class that begin at a place."""
        while self.kind(at) is kind:
            at += 1
        return at

    def opens_name(self, at: int) -> bool:
        """Return whether a period begins a name, as in .NET."""
        before, after = self.kind(at - 1), self.kind(at + 1)
        long = self.kind(at + 2) is CharClass.LETTER
        return before is CharClass.SPACE and after is CharClass.LETTER and long

    def case(self, start: int, end: int, step: int = 1) -> Case:
        """Return how a word is written."""
        upper = [char.upper for char in self.chars[start:end:step]]
        return Case.UPPER if all(upper) else Case.CAPITALISED if upper[0] else Case.LOWER

    def read_word(self, start: int) -> int:
        """Read an acronym with periods, or a word with what belongs to it."""
        last = self.acronym_end(start)
        if last > start:
            case = Case.UPPER if self.case(start, last + 1, 2) is Case.UPPER else Case.LOWER
            self.add(TokenKind.WORD, self.text(start, last + 1, 2), last + 1, case)
            return last + 2 if self.kind(last + 1) is CharClass.PERIOD else last + 1
        end = self.run_of(CharClass.LETTER, start)
        if self.kind(end) is CharClass.APOSTROPHE and self.kind(end + 1) is CharClass.LETTER:
            return self.read_apostrophe(start, end)
        end = self.with_symbols(start, end)
        return self.add(TokenKind.WORD, self.text(start, end), end, self.case_of(start, end))

    def case_of(self, start: int, end: int) -> Case:
        """Return how the letters of a token are written."""
        return self.case(start, self.run_of(CharClass.LETTER, start) if end > start else end)

    def acronym_end(self, at: int) -> int:
        """Return the last letter of single letters with periods between them, or the first."""
        while (
            self.kind(at + 1) is CharClass.PERIOD
            and self.kind(at + 2) is CharClass.LETTER
            and self.kind(at + 3) is not CharClass.LETTER
        ):
            at += 2
        return at

    def read_apostrophe(self, start: int, middle: int) -> int:
        """Read a word with an apostrophe inside, and decide what of it is the word."""
        end = self.run_of(CharClass.LETTER, middle + 1)
        left, right = self.text(start, middle), self.text(middle + 1, end)
        case = self.case(start, middle)
        if right == POSSESSIVE or (len(left) > 1 and right in CASE_ENDINGS):
            return self.add(TokenKind.WORD, left, end, case)
        if left in ELIDED and len(right) > 1:
            self.add(TokenKind.WORD, left, middle, case)
            self.gap |= Gap.SPACE
            return middle + 1
        return self.add(TokenKind.WORD, left + right, end, case)

    def with_symbols(self, start: int, end: int) -> int:
        """Return the end of a word with the symbols that are part of it: C++, C#, A-."""
        after = self.run_of(CharClass.PLUS, end)
        if after > end:
            return end if self.kind(after) in (CharClass.LETTER, CharClass.DIGIT) else after
        if end - start > 1:
            return end
        follows = self.kind(end + 1)
        words = (CharClass.LETTER, CharClass.DIGIT, CharClass.IDEOGRAPH)
        if self.kind(end) is CharClass.HASH and follows not in words:
            return end + 1
        closes = (CharClass.SPACE, CharClass.COMMA, CharClass.PERIOD, CharClass.COLON)
        grade = self.chars[start].upper and self.kind(start - 1) is CharClass.SPACE
        if self.kind(end) is CharClass.HYPHEN and grade and follows in closes:
            return end + 1
        return end
