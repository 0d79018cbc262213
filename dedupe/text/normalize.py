"""Normalise texts: decode entities, fold case and width, split into tokens, remove affixes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.hashing import BASE, hash_spans, mix64
from dedupe.text.affixes import Core, find_core
from dedupe.text.char_table import CharClass
from dedupe.text.tokenize import Tokens, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class NormalizedTexts:
    """Normalised texts: their tokens, where each story's own tokens stand, and its own characters.

    The story of text ``i``, tags and outlet left out, is ``codes[starts[i]:stops[i]]`` of the
    tokens. ``fingerprints`` is a 64-bit hash of the whole normalised text and of where its story
    stands in it; 0 for an empty text.
    """

    tokens: Tokens
    core: Core
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    spaceless: NDArray[np.bool_]
    fingerprints: NDArray[np.uint64]

    def texts(self) -> list[str]:
        """Each text's own normalised characters as a string."""
        whole = self.tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
        spans = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        return [whole[start:stop] for start, stop in spans]

    def zones(self) -> NDArray[np.uint8]:
        """What each token belongs to: 0 the story, 1 a leading tag, 2 a closing outlet."""
        owners = np.repeat(np.arange(len(self.fingerprints)), np.diff(self.tokens.offsets))
        positions = np.arange(len(owners))
        after = np.where(positions >= self.core.core_ends[owners], 2, 0)
        return np.where(positions < self.core.core_starts[owners], 1, after).astype(np.uint8)


def normalize(texts: Sequence[str], outlets: NDArray[np.uint64]) -> NormalizedTexts:
    """Fold texts; ``outlets`` are the learned closing phrases of :func:`learn_outlets`.

    >>> normalize(["UPDATE 2-Fed raises rates - Reuters"], np.zeros(0, np.uint64)).texts()
    ['fed raises rates']
    """
    tokens = tokenize(texts)
    core = find_core(tokens, outlets)
    return NormalizedTexts(tokens, core, *frame(tokens, core))


def frame(
    tokens: Tokens, core: Core
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint64]]:
    """The ``starts``, ``ends``, ``spaceless`` and ``fingerprints`` of normalised texts."""
    if kernel.available():
        return compiled_frame(tokens, core)
    filled = core.core_ends > core.core_starts
    firsts, lasts = core.core_starts[filled], core.core_ends[filled] - 1
    starts, ends = np.zeros((2, len(filled)), dtype=np.int64)
    starts[filled], ends[filled] = tokens.starts[firsts], tokens.ends[lasts]
    ideographs = np.concatenate(([0], np.cumsum(tokens.classes == CharClass.IDEOGRAPH)))
    spaceless = (
        2 * (ideographs[core.core_ends] - ideographs[core.core_starts])
        > core.core_ends - core.core_starts
    )
    return starts, ends, spaceless, text_fingerprints(tokens, core)


def compiled_frame(
    tokens: Tokens, core: Core
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint64]]:
    """The same by the kernel."""
    starts, ends = np.empty((2, len(core.core_starts)), dtype=np.int64)
    spaceless = np.empty(len(core.core_starts), dtype=bool)
    fingerprints = np.empty(len(core.core_starts), dtype=np.uint64)
    kernel.frame(
        *tokens.arrays(), core.core_starts, core.core_ends, starts, ends, spaceless, fingerprints
    )
    return starts, ends, spaceless, fingerprints


def text_fingerprints(tokens: Tokens, core: Core) -> NDArray[np.uint64]:
    """The ``fingerprints`` of normalised texts."""
    whole = hash_spans(tokens.codes, tokens.bounds[:-1], tokens.bounds[1:])
    firsts = tokens.offsets[:-1]
    span = ((core.core_starts - firsts) << 32 | (core.core_ends - firsts)).astype(np.uint64)
    told = np.maximum(mix64(whole + span * BASE), np.uint64(1))
    return np.where(core.core_ends > firsts, told, np.uint64(0))
