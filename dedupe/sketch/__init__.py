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

__all__ = ["BANDING", "Banding", "sketch", "sketch_anchors"]

BANDING = Banding(bands=25, rows=5)


def sketch(folded: Folded, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The band keys and the anchor keys of folded texts, one row a text, 0 for no key."""
    if kernel.available():
        return compiled_sketch(folded, seed, BANDING)
    hashes, offsets = shingles(folded.tokens.codes, folded.starts, folded.stops, folded.spaceless)
    keys = band_keys(signatures(hashes, offsets, BANDING.slots, seed), BANDING)
    keys[folded.stops == folded.starts] = 0
    return keys, sketch_anchors(folded)


def compiled_sketch(
    folded: Folded, seed: int, banding: Banding
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The same by the kernel."""
    keys = np.empty((len(folded.prints), banding.bands), dtype=np.uint64)
    spans = (folded.starts, folded.stops, folded.spaceless)
    kernel.band_keys(folded.tokens.codes, *spans, *permutations(banding.slots, seed), keys)
    return keys, sketch_anchors(folded)


def sketch_anchors(folded: Folded) -> NDArray[np.uint64]:
    """The anchor keys alone, for texts that are only to be judged."""
    if not kernel.available():
        return anchor_keys(anchors(folded))
    tokens, core = folded.tokens, folded.core
    keys = np.empty((len(folded.prints), ANCHORS * (ANCHORS - 1) // 2), dtype=np.uint64)
    kernel.anchor_keys(*tokens.arrays(), core.heads, core.tails, *word_weights(), keys)
    return keys
