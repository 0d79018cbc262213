"""Split texts into normalised tokens."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.hashing import hash_spans
from dedupe.text.char_table import MASK, CharClass, load_char_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    TokenArrays = tuple[
        NDArray[np.uint64],
        NDArray[np.uint8],
        NDArray[np.uint8],
        NDArray[np.uint8],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.int64],
        NDArray[np.uint32],
        NDArray[np.int64],
    ]

GAP_BITS = {
    CharClass.SPACE: 1,
    CharClass.HYPHEN: 2,
    CharClass.DASH: 4,
    CharClass.COLON: 8,
    CharClass.PIPE: 16,
    CharClass.BRACKET: 32,
}
SPACED, HYPHEN, DASH, COLON, PIPE, BRACKET = GAP_BITS.values()
_GAPS = np.array([GAP_BITS.get(char_class, 0) for char_class in CharClass], dtype=np.uint8)
_WORDS = np.array([CharClass.LETTER <= char_class <= CharClass.SYMBOL for char_class in CharClass])


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of ``n`` texts as columns.

    Text ``i`` has the tokens ``offsets[i]:offsets[i + 1]`` and the normalised characters
    ``codes[bounds[i]:bounds[i + 1]]``; token ``t`` spans ``codes[starts[t]:stops[t]]``.
    ``cases`` is 0 for lower case and non-letters, 1 for a leading capital, 2 for all capitals.
    ``gaps`` holds bits (``SPACED``, ``HYPHEN``, ...) of what stands after the token.
    """

    hashes: NDArray[np.uint64]
    classes: NDArray[np.uint8]
    cases: NDArray[np.uint8]
    gaps: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    offsets: NDArray[np.int64]
    codes: NDArray[np.uint32]
    bounds: NDArray[np.int64]

    def arrays(self) -> TokenArrays:
        """All of it in the order in which the kernel takes it."""
        tokens = (self.hashes, self.classes, self.cases, self.gaps, self.starts, self.ends)
        return (*tokens, self.offsets, self.codes, self.bounds)

    def fitted(self) -> Tokens:
        """The tokens without the room beyond their last."""
        count, length = int(self.offsets[-1]), int(self.bounds[-1])
        return Tokens(
            hashes=self.hashes[:count].copy(),
            classes=self.classes[:count].copy(),
            cases=self.cases[:count].copy(),
            gaps=self.gaps[:count].copy(),
            starts=self.starts[:count].copy(),
            ends=self.ends[:count].copy(),
            offsets=self.offsets,
            codes=self.codes[:length].copy(),
            bounds=self.bounds,
        )


@dataclass(frozen=True, slots=True)
class Characters:
    """Normalised characters with kind, case and the text they belong to."""

    codes: NDArray[np.uint32]
    classes: NDArray[np.uint8]
    upper: NDArray[np.bool_]
    owners: NDArray[np.int64]

    def keep(self, mask: NDArray[np.bool_]) -> Characters:
        """Only the characters where ``mask`` is true."""
        return Characters(self.codes[mask], self.classes[mask], self.upper[mask], self.owners[mask])


def tokenize(texts: Sequence[str]) -> Tokens:
    """Fold and tokenise texts."""
    if not texts:
        return tokenize([""])
    texts = unescape(texts)
    joined = "\0".join(texts) + "\0"
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
    if kernel.available():
        return compiled_scan(raw, sizes)
    return cut_characters(drop_joiners(normalize_characters(raw, sizes)), len(texts))


def compiled_scan(raw: NDArray[np.uint32], sizes: NDArray[np.int64]) -> Tokens:
    """The same by the kernel; the code points of each text are followed by a closing one."""
    pages, entries, expansions = load_char_table()
    room = kernel.normalized_length(pages, entries, expansions, raw)
    tokens = Tokens(
        hashes=np.empty(room, dtype=np.uint64),
        classes=np.empty(room, dtype=np.uint8),
        cases=np.empty(room, dtype=np.uint8),
        gaps=np.empty(room, dtype=np.uint8),
        starts=np.empty(room, dtype=np.int64),
        ends=np.empty(room, dtype=np.int64),
        offsets=np.empty(len(sizes) + 1, dtype=np.int64),
        codes=np.empty(room, dtype=np.uint32),
        bounds=np.empty(len(sizes) + 1, dtype=np.int64),
    )
    kernel.tokenize(pages, entries, expansions, raw, sizes, *tokens.arrays())
    return tokens.fitted()


def normalize_characters(raw: NDArray[np.uint32], sizes: NDArray[np.int64]) -> Characters:
    """Map every character by the table; a space closes each text."""
    owners = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    table = load_char_table()
    entries = table.look_up(raw)
    lengths = (entries >> np.uint32(21)) & np.uint32(31)
    codes = (raw + entries) & np.uint32(MASK)
    upper = (entries >> np.uint32(30)) & np.uint32(1)
    if (lengths != 1).any():
        codes = expand(codes, entries & np.uint32(MASK), lengths, table.expansions)
        owners, upper = np.repeat(owners, lengths), np.repeat(upper, lengths)
    classes = ((table.look_up(codes) >> 26) & 15).astype(np.uint8)
    chars = Characters(codes, classes, upper.astype(bool), owners)
    return chars.keep(classes != CharClass.DROPPED)


def expand(
    codes: NDArray[np.uint32],
    positions: NDArray[np.uint32],
    lengths: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
) -> NDArray[np.uint32]:
    """Replace each code whose length is not 1 by its run of ``expansions``."""
    ends = np.cumsum(lengths, dtype=np.int64)
    out = np.repeat(codes, lengths)
    many = np.flatnonzero(lengths > 1)
    for length in np.unique(lengths[many]).tolist():
        rows = many[lengths[many] == length]
        step = np.arange(length)
        out[(ends[rows] - length)[:, None] + step] = expansions[positions[rows][:, None] + step]
    return out


def shifted(values: NDArray[np.uint8], by: int) -> NDArray[np.uint8]:
    """``values`` moved by some places, with SPACE beyond the ends."""
    out = np.full_like(values, CharClass.SPACE)
    if by > 0:
        out[by:] = values[:-by]
    else:
        out[:by] = values[-by:]
    return out


def drop_joiners(chars: Characters) -> Characters:
    """Take out the marks that stand inside a word: Int'l, U.S., 1,000; keep the point of 4.3."""
    classes = chars.classes
    before2, before, after, after2 = (shifted(classes, by) for by in (2, 1, -1, -2))
    after3, after4 = shifted(classes, -3), shifted(classes, -4)
    letter, digit = CharClass.LETTER, CharClass.DIGIT
    apostrophe = (classes == CharClass.APOSTROPHE) & (before == letter) & (after == letter)
    single = (before == letter) & (before2 != letter) & (before2 != digit)
    ends = (after != letter) | (after2 != letter)
    acronym = (classes == CharClass.PERIOD) & single & ends & (after != digit)
    thousands = (
        (classes == CharClass.COMMA) & (before == digit) & (after == digit) & (after2 == digit)
    )
    thousands &= (after3 == digit) & (after4 != digit)
    decimal = (classes == CharClass.PERIOD) & (before == digit) & (after == digit)
    kept = Characters(
        chars.codes, np.where(decimal, np.uint8(digit), classes), chars.upper, chars.owners
    )
    return kept.keep(~(apostrophe | acronym | thousands))


def leads_word(chars: Characters, word: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """The one separator kept before each word but a text's first; it becomes a space."""
    owners = np.append(chars.owners[1:], -1)
    next_word = np.append(word[1:], False) & (owners == chars.owners)
    words_before: NDArray[np.int64] = np.cumsum(word) - word
    firsts = np.searchsorted(chars.owners, np.arange(count))
    inner = words_before > words_before[firsts][chars.owners]
    return np.asarray(~word & next_word & inner)


def token_starts(classes: NDArray[np.uint8], word: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where tokens begin: at a change of kind, at every symbol, at every pair of ideographs."""
    before, after = shifted(classes, 1), shifted(classes, -1)
    ideograph = classes == CharClass.IDEOGRAPH
    after_pair = ideograph & (before == CharClass.IDEOGRAPH) & (after != CharClass.IDEOGRAPH)
    begins = (before != classes) | (classes == CharClass.SYMBOL) | ideograph
    return np.flatnonzero(word & begins & ~after_pair)


def token_stops(
    classes: NDArray[np.uint8], starts: NDArray[np.int64], word: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Where the tokens end: before the next change of kind, or after a pair of ideographs."""
    after = shifted(classes, -1)
    ends = np.flatnonzero(word & ((after != classes) | (classes == CharClass.SYMBOL)))
    stops = ends[np.searchsorted(ends, starts)] + 1
    pairs = classes[starts] == CharClass.IDEOGRAPH
    return np.where(pairs, np.minimum(starts + 2, stops), stops)


def cut_characters(chars: Characters, count: int) -> Tokens:
    """Cut characters into tokens, hash each, and join the normalised text by single spaces."""
    word = _WORDS[chars.classes]
    starts = token_starts(chars.classes, word)
    ends = token_stops(chars.classes, starts, word)
    offsets = np.searchsorted(chars.owners[starts], np.arange(count + 1))
    codes = np.where(word, chars.codes, np.uint32(32))
    kept = word | leads_word(chars, word, count)
    positions: NDArray[np.int64] = np.cumsum(kept) - kept
    classes = chars.classes[starts]
    capitals = all_in_spans(chars.upper, starts, ends)
    cases = np.where(classes == CharClass.LETTER, chars.upper[starts].astype(int) + capitals, 0)
    return Tokens(
        hashes=hash_spans(codes, starts, ends),
        classes=classes,
        cases=cases.astype(np.uint8),
        gaps=gaps_after(chars.classes, starts, offsets),
        starts=positions[starts],
        ends=positions[starts] + (ends - starts),
        offsets=offsets,
        codes=codes[kept],
        bounds=np.searchsorted(chars.owners[kept], np.arange(count + 1)),
    )


def all_in_spans(
    flags: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether all flags of each span are true."""
    total = np.concatenate(([0], np.cumsum(flags)))
    return np.asarray(total[ends] - total[starts] == ends - starts)


def gaps_after(
    classes: NDArray[np.uint8], starts: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """The separators between each token and the next of its text, as bits."""
    if not len(starts):
        return np.zeros(0, dtype=np.uint8)
    gaps = np.bitwise_or.reduceat(_GAPS[classes], starts)
    lasts = offsets[1:][offsets[1:] > offsets[:-1]] - 1
    gaps[lasts] = 0
    return gaps


ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def unescape(texts: Sequence[str]) -> Sequence[str]:
    """The texts with whole entities resolved; what only looks like one (``AT&T;``) stays.

    >>> unescape(["Tom &amp; Jerry", "AT&T; soars"])
    ['Tom & Jerry', 'AT&T; soars']
    """
    if not any("&" in text for text in texts):
        return texts
    return [ENTITY.sub(resolve, text) if "&" in text else text for text in texts]


def resolve(match: re.Match[str]) -> str:
    """The character of an entity, or the text itself where HTML knows none."""
    return html.unescape(match[0])
