"""Folded text to keys: texts that share a key become a candidate pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.sketch.anchors import ANCHORS, anchor_keys, anchors, word_weights
from dedupe.sketch.minhash import Banding, band_keys, permutations, shingles, signatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.folding import Folded

__all__ = ["BANDING", "Banding", "sketch"]

BANDING = Banding(bands=25, rows=5)


def sketch(folded: Folded, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The band keys and the anchor keys of folded texts, one row a text, 0 for no key."""
    if kernel.available():
        return compiled_sketch(folded, seed, BANDING)
    hashes, offsets = shingles(folded.tokens.codes, folded.starts, folded.stops, folded.spaceless)
    keys = band_keys(signatures(hashes, offsets, BANDING.slots, seed), BANDING)
    keys[folded.stops == folded.starts] = 0
    return keys, anchor_keys(anchors(folded))


def compiled_sketch(
    folded: Folded, seed: int, banding: Banding
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The same by the kernel."""
    tokens, core, count = folded.tokens, folded.core, len(folded.prints)
    keys = np.empty((count, banding.bands), dtype=np.uint64)
    rarest = np.empty((count, ANCHORS * (ANCHORS - 1) // 2), dtype=np.uint64)
    spans = (folded.starts, folded.stops, folded.spaceless)
    kernel.band_keys(tokens.codes, *spans, *permutations(banding.slots, seed), keys)
    kernel.anchor_keys(*tokens.arrays(), core.heads, core.tails, *word_weights(), rarest)
    return keys, rarest
