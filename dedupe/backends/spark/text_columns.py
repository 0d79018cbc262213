"""The texts of some rows as the decision has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.backends.arrow import decoded, values_of
from dedupe.scoring.align import Column
from dedupe.scoring.corpus_stats import comparable_letters

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from dedupe.text.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class TextColumns:
    """Some texts of one field; the words of text ``i`` from ``ends[i]``."""

    ids: NDArray[np.int32]
    zones: NDArray[np.uint8]
    ends: NDArray[np.int64]
    letters: list[str]

    def column(self, vocabulary: Vocabulary, weights: NDArray[np.int64]) -> Column:
        """The texts as the decision has them."""
        return Column(self.ids, self.zones, self.ends[:-1], self.ends[1:], vocabulary, weights)

    def __add__(self, other: TextColumns) -> TextColumns:
        """These texts, then the others."""
        return TextColumns(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.zones, other.zones]),
            np.concatenate([self.ends, other.ends[1:] + self.ends[-1]]),
            self.letters + other.letters,
        )


def text_columns(
    words: pa.Array, zones: pa.Array, texts: pa.Array, vocabulary: Vocabulary, numbers: str
) -> TextColumns:
    """The texts of some rows; ``numbers`` is the setting of this name."""
    hashes, ends = values_of(words, np.uint64)
    tagged, _ = values_of(zones, np.uint8)
    letters = comparable_letters([decoded(text) for text in texts.to_pylist()], numbers)
    return TextColumns(vocabulary.ids(hashes), tagged, ends, letters)
