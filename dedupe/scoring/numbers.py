"""What numbers count for: a bar to any match, evidence among other, or nothing at all."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges
from dedupe.scoring.features import VIEW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.scoring.align import Column

STRICT, WEIGH, IGNORE = "strict", "weigh", "ignore"
CONFLICT = VIEW.index("numbers_both")
NUMBER = re.compile(r"\b\d[\w.,]*\s*")


def numbers_conflict(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether both texts of a pair hold a number that the other lacks, by the leading view."""
    return rows[:, CONFLICT] > 0


def without_numbers(column: Column) -> Column:
    """The same texts as if no number stood in them; a story of nothing but numbers keeps them."""
    gone = column.vocabulary.numbers[column.ids]
    told = shift_mask(~gone & (column.zones == 0))
    bare = told[column.starts] == told[column.ends]
    starts, sizes = column.starts[bare], (column.ends - column.starts)[bare]
    gone[concat_ranges(starts, sizes)] = False
    positions = shift_mask(~gone)
    return replace(
        column,
        ids=column.ids[~gone],
        zones=column.zones[~gone],
        starts=positions[column.starts],
        ends=positions[column.ends],
    )


def shift_mask(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many are marked before each place, and at last in all."""
    return np.concatenate(([0], np.cumsum(mask)))


def text_without_numbers(text: str) -> str:
    """A normalised text without its figures; one of nothing but figures keeps them.

    >>> text_without_numbers("odlin sold 4.3 mln tons"), text_without_numbers("2026")
    ('odlin sold mln tons', '2026')
    """
    return NUMBER.sub("", text).strip() or text
