"""Keys from the most telling words of a text, for stories told in other words.

Two headlines that share two of their rarest word stems become a candidate pair even where their
shingles share no band. Numbers are no rare-word pairs: a date would make each edition of a series
look like news of its own. On labelled news pairs five rare-word pairs find more duplicates than 128
permutations do, at a third of the pairs. Rarity is the shipped table's, so that a key depends on
its text alone and an index can keep it.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import BASE, hash_spans, mix64
from dedupe.text.vocabulary import shipped_bits, spellings, standard_forms, static_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.text.normalize import NormalizedTexts

RARE_PAIRS = 5
STEM_LENGTH = 5


@cache
def word_weights() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The known words, sorted by hash, and the static weight of each, then of any other."""
    words = np.union1d(shipped_bits().keys, spellings()[0])
    other = static_weights(np.zeros(1, dtype=np.uint64))
    return words, np.concatenate((static_weights(standard_forms(words)), other))


def rare_pairs(normalized: NormalizedTexts, count: int = RARE_PAIRS) -> NDArray[np.uint64]:
    """The rarest word stems of each text, one row a text, 0 where it has fewer."""
    tokens, core = normalized.tokens, normalized.core
    owners = np.repeat(np.arange(len(normalized.fingerprints)), np.diff(tokens.offsets))
    positions = np.arange(len(owners))
    inside = (positions >= core.core_starts[owners]) & (positions < core.core_ends[owners])
    own = np.flatnonzero(inside & ~is_number(tokens.codes[tokens.starts]))
    ends = np.minimum(tokens.ends[own], tokens.starts[own] + STEM_LENGTH)
    stems = hash_spans(tokens.codes, tokens.starts[own], ends)
    weights = static_weights(standard_forms(tokens.hashes[own]))
    order = np.lexsort((stems, -weights, owners[own]))
    owner, stem = owners[own][order], stems[order]
    fresh = np.append(True, (owner[1:] != owner[:-1]) | (stem[1:] != stem[:-1]))[: len(owner)]
    owner, stem = owner[fresh], stem[fresh]
    ranks = np.arange(len(owner)) - np.searchsorted(owner, owner)
    out = np.zeros((len(normalized.fingerprints), count), dtype=np.uint64)
    kept = ranks < count
    out[owner[kept], ranks[kept]] = stem[kept]
    return out


def is_number(firsts: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Whether a token is a number, by its first normalised character."""
    return np.asarray((firsts >= ord("0")) & (firsts <= ord("9")))


def pair_hashes(rows: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One key a pair of rare-word pairs, one row a text; 0 where a rare-word pair is missing."""
    columns = []
    for left, right in combinations(range(rows.shape[1]), 2):
        low = np.minimum(rows[:, left], rows[:, right])
        high = np.maximum(rows[:, left], rows[:, right])
        columns.append(np.where(low > 0, mix64(low * BASE + high), np.uint64(0)))
    return np.stack(columns, axis=1)
