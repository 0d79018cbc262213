"""Find the values of ideographs and of Korean syllables that are numbers.

The plain implementation; its compiled twin is ``_kernel/text/numerals.c``.
"""

from __future__ import annotations

from unicodedata import normalize

DIGITS = {
    "零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7,
    "八": 8, "九": 9,
}  # fmt: skip
POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12}
HANGUL_POWERS = {
    normalize("NFD", syllable): power
    for syllable, power in zip("십백천만억조", (10, 100, 1000, 10**4, 10**8, 10**12), strict=True)
}
"""Multipliers that Korean writes right behind the digits, a counter behind them: 3만명."""
FINAL_JAMO = "\u11a8"
"""The first of the letters that end a syllable."""
MYRIAD = 10**4
COUNTED = frozenset(
    "人名岁歳年月日号個个件位家次元円圆时時分度阶階回点票架艘辆台戸户所校车車米吨斤倍例死伤强胜勝敗负局連连天周週秒种"
    "項项部條条只届期集场款批层楼季轮"
)
"""Characters that count: a numeral before one is a number, and elsewhere often part of a name."""


def hangul_power(text: str) -> int:
    """Return the product of the multipliers that a word begins with.

    >>> hangul_power(normalize("NFD", "천만원"))
    10000000
    """
    power, at = 1, 0
    while (found := power_at(text, at)) is not None:
        power, at = power * HANGUL_POWERS[found], at + len(found)
    return power


def power_at(text: str, at: int) -> str | None:
    """Return the multiplier that stands at a place, as a whole syllable."""
    for syllable in HANGUL_POWERS:
        end = at + len(syllable)
        if text.startswith(syllable, at) and not text[end : end + 1] >= FINAL_JAMO:
            return syllable
    return None


def numeral_value(text: str) -> int:
    """Return the value of Chinese numerals.

    >>> [numeral_value(text) for text in ("三", "二十三", "一万二千", "二〇")]
    [3, 23, 12000, 20]
    """
    if not any(char in POWERS for char in text):
        return int("".join(str(DIGITS[char]) for char in text))
    total, section, digit = 0, 0, 0
    for place, char in enumerate(text):
        if char in DIGITS:
            digit = DIGITS[char]
        elif POWERS[char] < MYRIAD:
            section += (digit if place and text[place - 1] in DIGITS else 1) * POWERS[char]
            digit = 0
        else:
            total += (section + digit or 1) * POWERS[char]
            section = digit = 0
    return total + section + digit
