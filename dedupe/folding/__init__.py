"""Headline cleaning and text folding: raw texts in, tokens and the story's own span out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.folding.affixes import Core, closings, find_core, learn_outlets, outlets_among
from dedupe.folding.scan import Tokens, scan
from dedupe.folding.table import Kind
from dedupe.hashing import BASE, hash_spans, mix64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "Core",
    "Folded",
    "Kind",
    "Tokens",
    "closings",
    "fold",
    "learn_outlets",
    "outlets_among",
    "scan",
]


@dataclass(frozen=True, slots=True)
class Folded:
    """Folded texts: their tokens, where each story's own tokens stand, and its own characters.

    The story of text ``i``, tags and outlet left out, is ``codes[starts[i]:stops[i]]`` of the
    tokens. ``prints`` is a 64-bit hash of the whole folded text and of where its story stands
    in it; 0 for an empty text.
    """

    tokens: Tokens
    core: Core
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    spaceless: NDArray[np.bool_]
    prints: NDArray[np.uint64]

    def texts(self) -> list[str]:
        """Each text's own folded characters as a string."""
        whole = self.tokens.codes.tobytes().decode("utf-32-le", "surrogatepass")
        spans = zip(self.starts.tolist(), self.stops.tolist(), strict=True)
        return [whole[start:stop] for start, stop in spans]

    def zones(self) -> NDArray[np.uint8]:
        """What each token belongs to: 0 the story, 1 a leading tag, 2 a closing outlet."""
        owners = np.repeat(np.arange(len(self.prints)), np.diff(self.tokens.offsets))
        places = np.arange(len(owners))
        after = np.where(places >= self.core.tails[owners], 2, 0)
        return np.where(places < self.core.heads[owners], 1, after).astype(np.uint8)


def fold(texts: Sequence[str], outlets: NDArray[np.uint64]) -> Folded:
    """Fold texts; ``outlets`` are the learned closing phrases of :func:`learn_outlets`.

    >>> fold(["UPDATE 2-Fed raises rates - Reuters"], np.zeros(0, np.uint64)).texts()
    ['fed raises rates']
    """
    tokens = scan(texts)
    core = find_core(tokens, outlets)
    return Folded(tokens, core, *frame(tokens, core))


def frame(
    tokens: Tokens, core: Core
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint64]]:
    """The ``starts``, ``stops``, ``spaceless`` and ``prints`` of folded texts."""
    if kernel.available():
        return compiled_frame(tokens, core)
    filled = core.tails > core.heads
    firsts, lasts = core.heads[filled], core.tails[filled] - 1
    starts, stops = np.zeros((2, len(filled)), dtype=np.int64)
    starts[filled], stops[filled] = tokens.starts[firsts], tokens.stops[lasts]
    ideographs = np.concatenate(([0], np.cumsum(tokens.kinds == Kind.IDEOGRAPH)))
    spaceless = 2 * (ideographs[core.tails] - ideographs[core.heads]) > core.tails - core.heads
    return starts, stops, spaceless, text_prints(tokens, core)


def compiled_frame(
    tokens: Tokens, core: Core
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.uint64]]:
    """The same by the kernel."""
    starts, stops = np.empty((2, len(core.heads)), dtype=np.int64)
    spaceless = np.empty(len(core.heads), dtype=bool)
    prints = np.empty(len(core.heads), dtype=np.uint64)
    kernel.frame(*tokens.arrays(), core.heads, core.tails, starts, stops, spaceless, prints)
    return starts, stops, spaceless, prints


def text_prints(tokens: Tokens, core: Core) -> NDArray[np.uint64]:
    """The ``prints`` of folded texts."""
    whole = hash_spans(tokens.codes, tokens.bounds[:-1], tokens.bounds[1:])
    firsts = tokens.offsets[:-1]
    span = ((core.heads - firsts) << 32 | (core.tails - firsts)).astype(np.uint64)
    told = np.maximum(mix64(whole + span * BASE), np.uint64(1))
    return np.where(core.tails > firsts, told, np.uint64(0))
