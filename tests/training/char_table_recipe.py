"""Make ``data/char_table.npz``: how each code point folds, from one version of Unicode.

Python's own tables change between releases; a shipped table keeps signatures and cluster ids
the same on all of them. Run ``python tests/training/char_table_recipe.py`` to write the file anew.
Traditional Chinese folds to Simplified by the character table of OpenCC (Apache-2.0), from the
package ``opencc-python-reimplemented``.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dedupe.text.char_table import MASK, PAGE, TABLE_PATH, CharClass

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODE_POINTS = 0x110000
DROPPED_MARKS = (
    (0x0300, 0x036F),  # Latin, Greek and Cyrillic accents
    (0x0483, 0x0487),  # Cyrillic titlo
    (0x0591, 0x05C7),  # Hebrew points
    (0x0640, 0x0640),  # Arabic tatweel
    (0x064B, 0x065F),  # Arabic vowel signs, hamza and madda
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),  # Koranic marks
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x093C, 0x093C),  # Devanagari and Bengali nukta
    (0x09BC, 0x09BC),
    (0x30FC, 0x30FC),  # the long vowel of kana, which house styles drop
    (0xFF70, 0xFF70),
    (0x200B, 0x200F),  # zero-width characters and direction marks
    (0x202A, 0x202E),
    (0x2060, 0x2064),
    (0x2066, 0x2069),
    (0x00AD, 0x00AD),  # soft hyphen
    (0x180E, 0x180E),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),
)
# Letters that decomposition leaves alone though readers and house styles do not.
SPELLED = {
    "ø": "o", "đ": "d", "ł": "l", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th",
    "ى": "ي", "ة": "ه", "ٱ": "ا", "ک": "ك", "ی": "ي", "ہ": "ه", "ے": "ي",
    "ँ": "ं", "ґ": "г",
}  # fmt: skip
SPACELESS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFD),
)
"""Scripts that set no spaces between words."""
KANA = ((0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F))
BLANKED = "™®©℠℗"
PUNCTUATION = {
    "'": CharClass.APOSTROPHE,
    "’": CharClass.APOSTROPHE,
    "‘": CharClass.APOSTROPHE,
    "ʼ": CharClass.APOSTROPHE,
    "`": CharClass.APOSTROPHE,
    "´": CharClass.APOSTROPHE,
    "′": CharClass.APOSTROPHE,
    ".": CharClass.PERIOD,
    ",": CharClass.COMMA,
    "-": CharClass.HYPHEN,
    "‐": CharClass.HYPHEN,
    "‑": CharClass.HYPHEN,
    "−": CharClass.HYPHEN,
    "–": CharClass.DASH,
    "—": CharClass.DASH,
    "―": CharClass.DASH,
    "‒": CharClass.DASH,
    ":": CharClass.COLON,
    "：": CharClass.COLON,
    "!": CharClass.COLON,
    "¡": CharClass.COLON,
    "！": CharClass.COLON,
    "｜": CharClass.PIPE,
    "‖": CharClass.PIPE,
    "+": CharClass.PLUS,
    "＋": CharClass.PLUS,
    "#": CharClass.HASH,
    "＃": CharClass.HASH,
    "@": CharClass.HASH,
    "＠": CharClass.HASH,
    "％": CharClass.SYMBOL,
    "＄": CharClass.SYMBOL,
    "￥": CharClass.SYMBOL,
    "₽": CharClass.SYMBOL,
    "₩": CharClass.SYMBOL,
    "₺": CharClass.SYMBOL,
    "₴": CharClass.SYMBOL,
    **dict.fromkeys("【】「」『』〈〉《》〔〕{}［］（）", CharClass.BRACKET),
    "|": CharClass.PIPE,
    "·": CharClass.PIPE,
    "•": CharClass.PIPE,
    "»": CharClass.PIPE,
    "(": CharClass.BRACKET,
    ")": CharClass.BRACKET,
    "[": CharClass.BRACKET,
    "]": CharClass.BRACKET,
    "<": CharClass.BRACKET,
    ">": CharClass.BRACKET,
    "%": CharClass.SYMBOL,
    "$": CharClass.SYMBOL,
    "€": CharClass.SYMBOL,
    "£": CharClass.SYMBOL,
    "¥": CharClass.SYMBOL,
    "&": CharClass.SYMBOL,
    "₹": CharClass.SYMBOL,
}


def within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Return whether a code point lies in one of the closed ranges."""
    return any(low <= code <= high for low, high in ranges)


@cache
def simplified() -> dict[str, str]:
    """Return the Simplified form of each Traditional character that has one."""
    path = Path(str(files("opencc") / "dictionary" / "TSCharacters.txt"))
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {row[0]: row[1].split(" ")[0] for row in rows}


def fold_character(char: str) -> str:
    """Return the folded form of one character, free of its context; ``""`` when it is dropped."""
    if char in BLANKED:
        return " "
    if char in PUNCTUATION:
        return unicodedata.normalize("NFKC", char)
    if within(ord(char), KANA):  # decomposed, a voiced kana would be two
        whole = unicodedata.normalize("NFKC", char)
    else:
        whole = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    kept = (SPELLED.get(c, c) for c in whole if not within(ord(c), DROPPED_MARKS))
    kept = "".join(simplified().get(c, c) for c in kept)
    digits = (str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in kept)
    return "".join(digits)


def kind_of(char: str) -> CharClass:
    """Return the part that one character plays in a headline."""
    code = ord(char)
    if char in PUNCTUATION:
        return PUNCTUATION[char]
    if within(code, DROPPED_MARKS):
        return CharClass.DROPPED
    category = unicodedata.category(char)
    if category[0] in "LMN" and within(code, SPACELESS):
        return CharClass.IDEOGRAPH
    if category == "Nd":
        return CharClass.DIGIT
    if category[0] in "LM" or category in ("Nl", "No"):
        return CharClass.LETTER
    return CharClass.SPACE


def tables() -> dict[str, NDArray[np.generic]]:
    """Return the arrays of the file: :mod:`dedupe.text.char_table` says what they mean."""
    shifts = np.zeros(CODE_POINTS, dtype=np.uint32)
    classes = np.zeros(CODE_POINTS, dtype=np.uint32)
    lengths = np.ones(CODE_POINTS, dtype=np.uint32)
    upper = np.zeros(CODE_POINTS, dtype=np.uint32)
    expansions: list[int] = []
    for code in range(CODE_POINTS):
        char = chr(code)
        category = unicodedata.category(char)
        if category in ("Cn", "Co", "Cs"):
            continue
        folded = fold_character(char)
        classes[code] = kind_of(char)
        upper[code] = category in ("Lu", "Lt")
        lengths[code] = len(folded)
        if len(folded) == 1:
            shifts[code] = (ord(folded) - code) & MASK
        else:
            shifts[code] = len(expansions)
            expansions += map(ord, folded)
    entries = shifts | (np.minimum(lengths, 31) << 21) | (classes << 26) | (upper << 30)
    blocks, pages = np.unique(entries.reshape(-1, PAGE), axis=0, return_inverse=True)
    return {
        "pages": pages.astype(np.uint16).ravel(),
        "entries": blocks.ravel(),
        "expansions": np.array(expansions, dtype=np.uint32),
        "unicode": np.array([int(p) for p in unicodedata.unidata_version.split(".")]),
    }


def write(path: Path) -> None:
    """Write the table file."""
    np.savez_compressed(path, allow_pickle=False, **tables())


if __name__ == "__main__":
    write(Path(str(TABLE_PATH)))
