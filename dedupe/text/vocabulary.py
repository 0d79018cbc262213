"""What each word is worth and which words stand for one another.

A word's weight is its information in bits times ``SCALE``: rare words tell stories apart,
common ones do not. Shares of headlines come from the corpus at hand, blended with a shipped table
so that ten records are judged as well as ten million. Weights are integers: sums of them are
exact in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import find_positions
from dedupe.hashing import hash_spans

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

SCALE = 16
MAX_BITS = 18
PRIOR = 5000.0
STEM = 6
SHORTEST = 3
ENDINGS = ("ing", "ed", "es", "s")
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
"""Scripts that set no spaces, of which every two neighbouring characters are a word."""


def word_hash(words: Sequence[str]) -> NDArray[np.uint64]:
    """The token hash of normalised words."""
    codes = np.frombuffer("".join(words).encode("utf-32-le"), dtype=np.uint32)
    ends = np.cumsum([len(word) for word in words], dtype=np.int64)
    return hash_spans(codes, np.concatenate(([0], ends[:-1])), ends)


def data_lines(name: str) -> list[str]:
    """The lines of a shipped word list, comments left out."""
    text = (files("dedupe") / "data" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@dataclass(frozen=True, slots=True)
class Mapping64:
    """A sorted table from hash to integer."""

    keys: NDArray[np.uint64]
    values: NDArray[np.int64]

    @classmethod
    def of(cls, words: Sequence[str], values: Sequence[int]) -> Mapping64:
        """The table of some words' standard hashes; the first value given for a word stands."""
        keys, firsts = np.unique(standard_forms(word_hash(words)), return_index=True)
        return cls(keys, np.asarray(values, dtype=np.int64)[firsts])

    def get(self, wanted: NDArray[np.uint64], default: int) -> NDArray[np.int64]:
        """The value of each wanted hash, or the default."""
        positions = find_positions(self.keys, wanted)
        return np.where(positions >= 0, self.values[positions], default)


@cache
def shipped_bits() -> Mapping64:
    """Each common word's information in bits times ``SCALE``, by the shipped counts."""
    words: list[str] = []
    bits: list[int] = []
    for line in data_lines("frequencies.txt"):
        head, *rest = line.split()
        words += rest
        bits += [int(head)] * len(rest)
    return Mapping64.of(words, bits)


@cache
def spellings() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Spellings that stand for another word, sorted, and the word each stands for."""
    pairs = [(v, line.split()[0]) for line in data_lines("lexicon.txt") for v in line.split()[1:]]
    keys, firsts = np.unique(word_hash([v for v, _ in pairs]), return_index=True)
    return keys, word_hash([w for _, w in pairs])[firsts]


def standard_forms(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hashes with each known spelling replaced by the word it stands for."""
    keys, targets = spellings()
    positions = find_positions(keys, hashes)
    return np.where(positions >= 0, targets[positions], hashes)


@cache
def concepts() -> Mapping64:
    """The synonym group of a word."""
    rows = [line.split() for line in data_lines("synonyms.txt")]
    return Mapping64.of([w for r in rows for w in r], [i for i, r in enumerate(rows) for _ in r])


@cache
def opposite_sides() -> Mapping64:
    """The antonym side of a word: twice the line's number, plus one for its right side."""
    words: list[str] = []
    values: list[int] = []
    for number, line in enumerate(data_lines("antonyms.txt")):
        for side, half in enumerate(line.split("|")):
            words += half.split()
            values += [2 * number + side] * len(half.split())
    return Mapping64.of(words, values)


def stem(word: str) -> str:
    """A rough stem: common endings off, then the first letters.

    >>> stem("rising") == stem("rises"), stem("afghanistan") == stem("afghan")
    (True, True)
    """
    if word.endswith(ENDINGS) and not word.endswith("ss"):
        for ending in ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= SHORTEST:
                word = word[: -len(ending)]
                break
    if word.endswith("e") and len(word) > SHORTEST:  # leave "die" and "see" alone
        word = word[:-1]
    return word[:STEM]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The distinct words of a corpus, sorted by hash, with what is known of each.

    ``stems``, ``concepts`` and ``opposite_sides`` are group numbers; -1 for none. ``overlaps``
    tells the pairs of characters of a script without spaces: each character stands in two of them.
    """

    hashes: NDArray[np.uint64]
    stems: NDArray[np.int32]
    concepts: NDArray[np.int32]
    sides: NDArray[np.int32]
    numbers: NDArray[np.bool_]
    overlaps: NDArray[np.bool_]

    @property
    def signs(self) -> NDArray[np.int32]:
        """What each word stands for in the pre-filter, by number: concept, side, stem or itself."""
        own = np.arange(len(self.hashes), dtype=np.int32)
        groups = np.stack([self.concepts, self.sides, self.stems, own])
        way = (groups >= 0).argmax(axis=0)
        return np.asarray(len(groups) * groups[way, own] + way, dtype=np.int32)

    def weights(self, counts: NDArray[np.int64], texts: int) -> NDArray[np.int64]:
        """The weight of each word from its count in ``texts`` headlines and the shipped table."""
        bits = blended_weights(self.hashes, counts, texts)
        return np.where(self.overlaps, bits // 2, bits)

    def ids(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The vocabulary number of each token hash."""
        return find_positions(self.hashes, standard_forms(hashes)).astype(np.int32)


@cache
def standard_words() -> dict[int, str]:
    """The words that stand for other spellings, by hash."""
    words = sorted({line.split()[0] for line in data_lines("lexicon.txt")})
    return dict(zip(word_hash(words).tolist(), words, strict=True))


def by_hash(spellings: Mapping[str, int]) -> dict[int, str]:
    """The spelling of each token hash; where words share one, they count as the least of them.

    >>> by_hash({"mill": 1, "dam": 2, "quay": 2})
    {1: 'mill', 2: 'dam'}
    """
    found = dict(zip(spellings.values(), spellings, strict=True))
    if len(found) < len(spellings):
        found |= {spellings[word]: word for word in sorted(spellings, reverse=True)}
    return found


def learn_vocabulary(
    spellings: Mapping[int, str], stems: dict[str, int] | None = None
) -> Vocabulary:
    """The vocabulary of tokens, given as the normalised spelling of each token hash.

    What is known of a word hangs on its standard spelling alone, not on which variants occur.
    ``stems`` are the numbers of stems met before, to which new ones are added.
    """
    stems = {} if stems is None else stems
    given = np.fromiter(spellings, dtype=np.uint64, count=len(spellings))
    values = np.unique(standard_forms(given))
    known = standard_words()
    texts = [known.get(value) or spellings[value] for value in values.tolist()]
    numbers = np.array([text[:1].isdigit() for text in texts], dtype=bool)
    overlaps = are_spaceless(texts)
    stem_ids = np.full(len(texts), -1, dtype=np.int32)
    stemmed = np.flatnonzero(~numbers & ~overlaps)
    stem_ids[stemmed] = [stems.setdefault(stem(texts[i]), len(stems)) for i in stemmed.tolist()]
    return Vocabulary(
        hashes=values,
        stems=stem_ids,
        concepts=concepts().get(values, -1).astype(np.int32),
        sides=opposite_sides().get(values, -1).astype(np.int32),
        numbers=numbers,
        overlaps=overlaps,
    )


def are_spaceless(words: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each word is of a script that sets no spaces."""
    firsts = np.fromiter((ord(word[0]) if word else 0 for word in words), np.int64, len(words))
    within = [(low <= firsts) & (firsts <= high) for low, high in SPACELESS]
    return np.asarray(np.any(within, axis=0))


def static_weights(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The weight of each standard word by the shipped table alone."""
    return shipped_bits().get(hashes, MAX_BITS * SCALE)


def blended_weights(
    hashes: NDArray[np.uint64], counts: NDArray[np.int64], texts: int
) -> NDArray[np.int64]:
    """The weight of each word from its count in ``texts`` headlines and the shipped table."""
    return blend_weights(static_weights(hashes), counts, texts)


def blend_weights(
    static: NDArray[np.int64], counts: NDArray[np.int64], texts: int
) -> NDArray[np.int64]:
    """The same of words whose weights by the shipped table alone are known."""
    prior = PRIOR * 2.0 ** (-static / SCALE)
    share = (counts + prior) / (texts + PRIOR)
    bits: NDArray[np.int64] = np.rint(-np.log2(share) * SCALE).astype(np.int64)
    return bits.clip(0, MAX_BITS * SCALE)
