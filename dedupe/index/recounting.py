"""The words of a batch run's case, counted for the index that ``compact`` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct
from dedupe.index.lexicon import texts_key, word_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case


def recounted(case: Case, records: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The words of some records' texts and their counts, as the index keeps them."""
    rows = []
    for field in range(len(case.description.views)):
        counts, texts = count_words(case, field, records)
        held = np.flatnonzero(counts)
        keys = word_keys(case.tally.vocabulary.hashes[held], field)
        rows += list(zip(keys.tolist(), counts[held].tolist(), strict=True))
        rows.append((texts_key(field), texts))
    return rows


def count_words(
    case: Case, field: int, records: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """How many of some records' distinct texts hold each word, and how many texts they are."""
    description, lexis = case.description, case.tally
    kinds = distinct(case.kinds[records])
    rows = distinct(description.view_rows[field][kinds[kinds >= 0]])
    return lexis.held[field].counts(rows, len(lexis.vocabulary.hashes)), len(rows)
