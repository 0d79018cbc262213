"""Pairs of kinds to evidence: the words and letters of two blocks of kinds at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe.engines.arrow import decoded, values_of
from dedupe.pipeline.evidence import evidence_of, letters_of
from dedupe.verify import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.engines.spill import Spill
    from dedupe.pipeline.register import Counts, Register
    from dedupe.settings import Settings
    from dedupe.verify import Evidence
    from dedupe.words import Vocabulary

BLOCK = 1 << 16
LOW = 0xFFFFFFFF
PAIRS = 1 << 19


@dataclass(frozen=True, slots=True)
class Page:
    """The texts of some kinds in one field; the words of text ``i`` from ``ends[i]``."""

    ids: NDArray[np.int32]
    zones: NDArray[np.uint8]
    ends: NDArray[np.int64]
    letters: list[str]

    def column(self, vocabulary: Vocabulary, weights: NDArray[np.int64]) -> Column:
        """The texts as the decision has them."""
        return Column(self.ids, self.zones, self.ends[:-1], self.ends[1:], vocabulary, weights)

    def __add__(self, other: Page) -> Page:
        """These texts, then the others."""
        return Page(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.zones, other.zones]),
            np.concatenate([self.ends, other.ends[1:] + self.ends[-1]]),
            self.letters + other.letters,
        )


class Library:
    """The texts of all kinds, fetched by blocks; the last two are kept."""

    def __init__(self, spill: Spill, register: Register, settings: Settings) -> None:
        self._spill, self._register, self._settings = spill, register, settings
        self._held: dict[int, tuple[Page, ...]] = {}

    def evidence(self, blocks: Blocks, counts: Counts) -> Evidence:
        """The evidence on the kinds of two blocks."""
        wanted = {block: self.pages(block) for block in dict.fromkeys((blocks.one, blocks.other))}
        self._held = wanted
        kinds = np.concatenate([self.kinds(block) for block in wanted])
        both = zip(*wanted.values(), strict=True)
        pages = [own[0] if len(own) == 1 else own[0] + own[1] for own in both]
        columns = [
            page.column(self._register.vocabulary, weights)
            for page, weights in zip(pages, counts.weights, strict=True)
        ]
        signs = self._register.headlines[kinds], self._register.anchors[kinds]
        return evidence_of(self._settings, columns, [page.letters for page in pages], signs, counts)

    def kinds(self, block: int) -> NDArray[np.int64]:
        """The kinds of a block."""
        first = block * BLOCK
        return np.arange(first, min(first + BLOCK, len(self._register.headlines)))

    def pages(self, block: int) -> tuple[Page, ...]:
        """The texts of a block, a page a field."""
        if block in self._held:
            return self._held[block]
        return tuple(self.page(field, block) for field in range(len(self._settings.field)))

    def page(self, field: int, block: int) -> Page:
        """The texts of a block in one field."""
        first = block * BLOCK
        query = (
            f"select kind, words, zones, text from kinds_{field} "
            f"where kind between {first} and {first + BLOCK - 1} order by kind"
        )
        none = np.zeros(0, np.int32), np.zeros(0, np.uint8), np.zeros(1, np.int64)
        page = Page(*none, [])
        for batch in self._spill.stream(query, "kind", BLOCK):
            columns = batch["words"], batch["zones"], batch["text"]
            page += page_of(*columns, self._register.vocabulary, self._settings.numbers)
        return page


def page_of(
    words: pa.Array, zones: pa.Array, texts: pa.Array, vocabulary: Vocabulary, numbers: str
) -> Page:
    """The texts of some rows; ``numbers`` is the setting of this name."""
    hashes, ends = values_of(words, np.uint64)
    tagged, _ = values_of(zones, np.uint8)
    letters = letters_of([decoded(text) for text in texts.to_pylist()], numbers)
    return Page(vocabulary.ids(hashes), tagged, ends, letters)


@dataclass(frozen=True, slots=True)
class Blocks:
    """Two blocks of kinds, the lower first; they may be one."""

    one: int
    other: int

    def local(self, kinds: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of kinds among those of both blocks."""
        between = max(self.other - self.one - 1, 0) * BLOCK
        return kinds - self.one * BLOCK - np.where(kinds >= (self.one + 1) * BLOCK, between, 0)


def by_blocks(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], Blocks]]:
    """The places of pairs of kinds that are of the same two blocks, at most ``PAIRS`` at a time."""
    low, high = np.minimum(left, right) // BLOCK, np.maximum(left, right) // BLOCK
    groups = low << 32 | high
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order], prepend=-1)).tolist()
    for start, stop in pairwise([*cuts, len(order)]):
        group = groups[order[start]]
        for first in range(start, stop, PAIRS):
            blocks = Blocks(int(group >> 32), int(group & LOW))
            yield order[first : min(first + PAIRS, stop)], blocks
