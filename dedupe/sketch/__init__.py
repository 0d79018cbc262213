"""Folded text to keys: texts that share a key become a candidate pair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.sketch.anchors import anchor_keys, anchors
from dedupe.sketch.minhash import Banding, band_keys, shingles, signatures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dedupe.folding import Folded

__all__ = ["BANDING", "Banding", "sketch"]

BANDING = Banding(bands=25, rows=5)


def sketch(folded: Folded, seed: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """The band keys and the anchor keys of folded texts, one row a text, 0 for no key."""
    hashes, offsets = shingles(
        folded.tokens.codes, folded.starts, folded.stops, folded.spaceless
    )
    keys = band_keys(signatures(hashes, offsets, BANDING.slots, seed), BANDING)
    keys[folded.stops == folded.starts] = 0
    return keys, anchor_keys(anchors(folded))
