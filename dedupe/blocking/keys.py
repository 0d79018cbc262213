"""Compute the blocking keys of normalised texts: MinHash bands and rare-word pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.blocking.minhash import Banding, band_keys, permutations, shingles, signatures
from dedupe.blocking.rare_pairs import RARE_PAIRS, pair_hashes, rare_pairs, word_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.text.normalize import NormalizedTexts


BANDING = Banding(bands=25, rows=5)


def blocking_keys(
    normalized: NormalizedTexts, seed: int
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The band keys and the rare-pair keys of normalised texts, one row a text, 0 for no key."""
    if kernel.available():
        return compiled_blocking_keys(normalized, seed, BANDING)
    hashes, offsets = shingles(
        normalized.tokens.codes, normalized.starts, normalized.ends, normalized.spaceless
    )
    keys = band_keys(signatures(hashes, offsets, BANDING.slots, seed), BANDING)
    keys[normalized.ends == normalized.starts] = 0
    return keys, rare_pair_keys(normalized)


def compiled_blocking_keys(
    normalized: NormalizedTexts, seed: int, banding: Banding
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The same by the kernel."""
    keys = np.empty((len(normalized.fingerprints), banding.bands), dtype=np.uint64)
    spans = (normalized.starts, normalized.ends, normalized.spaceless)
    kernel.band_keys(normalized.tokens.codes, *spans, *permutations(banding.slots, seed), keys)
    return keys, rare_pair_keys(normalized)


def rare_pair_keys(normalized: NormalizedTexts) -> NDArray[np.uint64]:
    """The rare-pair keys alone, for texts that are only to be judged."""
    if not kernel.available():
        return pair_hashes(rare_pairs(normalized))
    tokens, core = normalized.tokens, normalized.core
    keys = np.empty(
        (len(normalized.fingerprints), RARE_PAIRS * (RARE_PAIRS - 1) // 2), dtype=np.uint64
    )
    kernel.rare_pair_keys(*tokens.arrays(), core.core_starts, core.core_ends, *word_weights(), keys)
    return keys
