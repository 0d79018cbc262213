"""Read numbers: digits in the formats of many countries, number words and multipliers.

Numbers are compared by value, so that ``12 000``, ``12,000``, ``12.000``, ``12'000`` and ``12K``
are one number, as are ``€1.2m`` and ``1.2 million``. The compiled twin is
``_kernel/text/numbers.c``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.text.lexicon import Form
from dedupe.text.numerals import COUNTED, DIGITS, POWERS, hangul_power, numeral_value
from dedupe.text.scan import Case, Gap, RawToken
from dedupe.tokens import TokenKind

if TYPE_CHECKING:
    from dedupe.text.lexicon import Lexicon

LONGEST_NUMBER = 15
"""Longer runs of digits are names (of accounts, of patents), whatever their value."""
GROUP = 3
LAKH_GROUP = 2

SUFFIXES = {
    "k": 1e3, "m": 1e6, "mn": 1e6, "mln": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9, "bln": 1e9,
    "mrd": 1e9, "tn": 1e12, "cr": 1e7,
}  # fmt: skip
"""Multipliers that are written right behind the digits."""
ORDINALS = frozenset("st nd rd th e er re eme o a de ste te".split())  # noqa: SIM905 - as in scan
"""Endings of ordinal numbers, which are left out."""
ROMAN = {
    "ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "xi": 11, "xii": 12,
    "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20,
    "xxi": 21,
}  # fmt: skip
DISEASE = frozenset(("covid", "ковид", "كوفيد"))
DISEASE_YEAR = "19"
"""The number of COVID-19 is part of its name, and often left out."""


def read_numbers(tokens: list[RawToken], lexicon: Lexicon, language: int) -> list[RawToken]:
    """Return the tokens with numbers put together and their values known."""
    return NumberReader(tokens, lexicon, language).run()


class NumberReader:
    """Reads tokens from left to right and writes them with their numbers put together."""

    def __init__(self, tokens: list[RawToken], lexicon: Lexicon, language: int) -> None:
        self.tokens = tokens
        self.lexicon = lexicon
        self.language = language
        self.out: list[RawToken] = []

    def run(self) -> list[RawToken]:
        """Return the tokens."""
        at = 0
        while at < len(self.tokens):
            token = self.tokens[at]
            if token.kind is TokenKind.NUMBER:
                at = self.read_digits(at)
            elif token.kind is TokenKind.IDEOGRAPH and token.text in (DIGITS | POWERS):
                at = self.read_numerals(at)
            elif token.kind is TokenKind.WORD:
                at = self.read_word(at)
            else:
                self.out.append(token)
                at += 1
        return self.out

    def kind(self, at: int) -> TokenKind | None:
        """Return the kind of a token; beyond the last there is none."""
        return self.tokens[at].kind if at < len(self.tokens) else None

    def scale(self, at: int) -> float | None:
        """Return the multiplier that a token is."""
        if self.kind(at) not in (TokenKind.WORD, TokenKind.IDEOGRAPH):
            return None
        return self.lexicon.number(self.language, Form.SCALE, self.tokens[at].text)

    def put(self, first: RawToken, text: str, value: float) -> None:
        """Write a number that begins with a token."""
        self.out.append(
            replace(first, text=text, kind=TokenKind.NUMBER, case=Case.LOWER, value=float(value))
        )

    def read_digits(self, start: int) -> int:
        """Read a number in digits with its groups, decimals and multiplier."""
        end = self.groups_end(start)
        groups = [token.text for token in self.tokens[start:end]]
        value = self.value_of(start, end)
        if value is None:  # a date, a version, a telephone number: a number a group
            for token in self.tokens[start:end]:
                self.put_group(token)
            return end
        if len(groups) == 1 and self.is_disease_year(start):
            return end
        value, end = self.with_suffix(value, end)
        self.put(self.tokens[start], "".join(groups), value)
        return end

    def put_group(self, token: RawToken) -> None:
        """Write a run of digits as a number of its own."""
        if len(token.text) > LONGEST_NUMBER:
            self.out.append(replace(token, value=None))
        else:
            self.put(token, token.text, int(token.text))

    def groups_end(self, start: int) -> int:
        """Return the end of the runs of digits that may be one number."""
        end = start + 1
        spaced = len(self.tokens[start].text) <= GROUP and self.tokens[start].text[0] != "0"
        while self.kind(end) is TokenKind.NUMBER:
            gap = self.tokens[end].gap
            if gap == Gap.SPACE and spaced and len(self.tokens[end].text) == GROUP:
                end += 1
                continue
            spaced = False
            if gap not in (Gap.DECIMAL_POINT, Gap.DECIMAL_COMMA, Gap.DIGIT_QUOTE):
                break
            end += 1
        return end

    def value_of(self, start: int, end: int) -> float | None:
        """Return the value of runs of digits read as one number, or None where they are several."""
        groups = [token.text for token in self.tokens[start:end]]
        gaps = [token.gap for token in self.tokens[start + 1 : end]]
        if sum(map(len, groups)) > LONGEST_NUMBER:
            return None
        if not gaps:
            return float(groups[0])
        same = len(set(gaps)) == 1
        if same and self.are_thousands(groups) and not self.is_scaled_decimal(gaps, end):
            return float("".join(groups))
        if same and gaps[0] == Gap.DECIMAL_COMMA and is_lakh(groups):
            return float("".join(groups))
        decimal = gaps[-1] in (Gap.DECIMAL_POINT, Gap.DECIMAL_COMMA)
        if decimal and (len(groups) == 2 or is_grouped(groups, gaps)):  # noqa: PLR2004 - 3.4
            return float("".join(groups[:-1]) + "." + groups[-1])
        return None

    def are_thousands(self, groups: list[str]) -> bool:
        """Return whether groups are those of a number such as 12,000."""
        return (
            len(groups[0]) <= GROUP
            and groups[0][0] != "0"
            and all(len(group) == GROUP for group in groups[1:])
        )

    def is_scaled_decimal(self, gaps: list[int], end: int) -> bool:
        """Return whether one point before a multiplier is decimal, as in 1.234 million."""
        if gaps != [Gap.DECIMAL_POINT]:
            return False
        if self.scale(end):
            return True
        return self.kind(end) is TokenKind.WORD and self.glued_suffix(end) is not None

    def glued_suffix(self, at: int) -> float | None:
        """Return the multiplier right behind the digits."""
        token = self.tokens[at]
        return SUFFIXES.get(token.text) if token.glued else None

    def with_suffix(self, value: float, at: int) -> tuple[float, int]:
        """Return a value with what multiplies it or makes it an ordinal, and where that ends."""
        if self.kind(at) is TokenKind.WORD:
            token = self.tokens[at]
            suffix = self.glued_suffix(at)
            if suffix:
                return value * suffix, at + 1
            scale = self.scale(at) if token.glued or token.gap in (Gap.SPACE, Gap.HYPHEN) else None
            if scale:
                return value * scale, at + 1
            if token.glued and token.text in ORDINALS:
                return value, at + 1
            if token.glued and hangul_power(token.text) > 1:
                return value * hangul_power(token.text), at + 1
        return value, at

    def is_disease_year(self, at: int) -> bool:
        """Return whether a number is the 19 of COVID-19."""
        if self.tokens[at].text != DISEASE_YEAR or not self.out:
            return False
        return self.out[-1].text in DISEASE

    def read_word(self, at: int) -> int:
        """Read a number word, a Roman numeral, or another word."""
        token = self.tokens[at]
        if token.text in ROMAN and token.case is Case.UPPER:
            self.put(token, token.text, ROMAN[token.text])
            return at + 1
        value = self.lexicon.number(self.language, Form.NUMBER, token.text)
        if value is None:
            self.out.append(token)
            return at + 1
        end = at + 1
        value, end = self.with_units(value, end)
        while (scale := self.scale(end)) is not None:
            value, end = value * scale, end + 1
        self.put(token, token.text, value)
        return end

    def with_units(self, value: float, at: int) -> tuple[float, int]:
        """Return a value of tens with the units behind it, as in twenty-one."""
        if value in range(20, 100, 10) and self.kind(at) is TokenKind.WORD:
            units = self.lexicon.number(self.language, Form.NUMBER, self.tokens[at].text)
            if units and units < 10:  # noqa: PLR2004 - one figure
                return value + units, at + 1
        return value, at

    def read_numerals(self, start: int) -> int:
        """Read Chinese numerals, where they are a number and no part of a name."""
        end = start + 1
        while self.is_numeral(end) and self.tokens[end].glued:
            end += 1
        text = "".join(token.text for token in self.tokens[start:end])
        before = self.out[-1] if self.out else None
        if (
            before is not None
            and before.kind is TokenKind.NUMBER
            and before.value is not None
            and self.tokens[start].glued
            and text[0] in POWERS
        ):
            return self.multiply(before, text, end)
        if self.is_number(text, end):
            self.put(self.tokens[start], text, numeral_value(text))
        else:
            self.out += self.tokens[start:end]
        return end

    def is_numeral(self, at: int) -> bool:
        """Return whether a token is a Chinese numeral."""
        return self.kind(at) is TokenKind.IDEOGRAPH and (
            self.tokens[at].text in DIGITS or self.tokens[at].text in POWERS
        )

    def is_number(self, text: str, end: int) -> bool:
        """Return whether numerals are a number, by themselves or by what they count."""
        digits, powers = any(c in DIGITS for c in text), any(c in POWERS for c in text)
        if digits and powers:
            return True
        counts = self.kind(end) is TokenKind.IDEOGRAPH and self.tokens[end].glued
        return bool(counts and self.tokens[end].text in COUNTED and (digits or len(text) > 1))

    def multiply(self, number: RawToken, text: str, end: int) -> int:
        """Multiply a number in digits by the numerals behind it, as in 1万2千."""
        powers = len(text) - len(text.lstrip("".join(POWERS)))
        value = number.value or 0.0
        for char in text[:powers]:
            value *= POWERS[char]
        if text[powers:]:
            value += numeral_value(text[powers:])
        while (
            self.kind(end) is TokenKind.NUMBER
            and self.tokens[end].glued
            and len(self.tokens[end].text) <= GROUP + 1
            and end + 1 < len(self.tokens)
            and self.tokens[end + 1].glued
            and self.tokens[end + 1].text in POWERS
        ):
            value += int(self.tokens[end].text) * POWERS[self.tokens[end + 1].text]
            end += 2
        number.value = value
        return end


def is_lakh(groups: list[str]) -> bool:
    """Return whether groups are those of an Indian number such as 1,20,000."""
    pairs = all(len(group) == LAKH_GROUP for group in groups[1:-1])
    return len(groups) > LAKH_GROUP and pairs and len(groups[-1]) == GROUP


def is_grouped(groups: list[str], gaps: list[int]) -> bool:
    """Return whether groups before the decimals are thousands, as in 1,234.5."""
    other = len(set(gaps[:-1])) == 1 and gaps[-1] != gaps[0]
    return other and all(len(group) == GROUP for group in groups[1:-1])
