"""What the decision may look at, counted over the texts that are still in play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dedupe.pipeline.register import Holdings, Register, numbered, numbered_anchors
from dedupe.pipeline.spans import calendar_of
from dedupe.verify import (
    IGNORE,
    LEAST,
    LETTERS,
    STRICT,
    Column,
    Evidence,
    spelled_without_numbers,
    without_numbers,
)
from dedupe.words import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.pipeline.describe import Description
    from dedupe.pipeline.register import Counts
    from dedupe.settings import Settings
    from dedupe.verify import Letters


@dataclass(frozen=True, slots=True)
class Lexis(Register):
    """A register with the letters themselves: the texts of each view."""

    texts: tuple[list[str], ...]


def learn_lexis(description: Description, times: NDArray[np.int64], numbers: str) -> Lexis:
    """Number the words of all views.

    ``numbers`` is the setting of this name.
    """
    spelled: dict[str, int] = {}
    for view in description.views:
        spelled.update(view.spelled)
    vocabulary = learn_vocabulary(by_hash(spelled))
    headlines = numbered(description.views[0].prints[description.view_rows[0]])
    keys = description.views[0].anchors[description.view_rows[0]]
    anchors = numbered_anchors(keys, description.kinds)
    return Lexis(
        vocabulary=vocabulary,
        rows=description.view_rows,
        held=tuple(
            Holdings(view.offsets, vocabulary.ids(view.hashes)) for view in description.views
        ),
        headlines=headlines,
        anchors=anchors,
        shown=calendar_of(headlines[:, None], description.kinds, times),
        met=calendar_of(anchors, description.kinds, times),
        texts=tuple(
            letters_of([view.texts[i] for i in rows.tolist()], numbers)
            for view, rows in zip(description.views, description.view_rows, strict=True)
        ),
    )


def letters_of(texts: Sequence[str], numbers: str) -> list[str]:
    """What of some folded texts is compared by characters."""
    spell = spelled_without_numbers if numbers == IGNORE else str
    return [spell(text)[:LETTERS] for text in texts]


def evidence_over(
    settings: Settings,
    register: Register,
    counts: Counts,
    zones: Sequence[NDArray[np.uint8]],
    texts: Sequence[Letters],
) -> Evidence:
    """What the decision may look at of all kinds, under some counts.

    ``zones`` tell of each word of a field's texts where it stands, ``texts`` are as those of
    :func:`letters_of`, by kind.
    """
    columns = [
        Column(held.words, own, held.ends[rows], held.ends[rows + 1], register.vocabulary, weights)
        for held, own, rows, weights in zip(
            register.held, zones, register.rows, counts.weights, strict=True
        )
    ]
    return evidence_of(settings, columns, texts, (register.headlines, register.anchors), counts)


def evidence_of(
    settings: Settings,
    columns: Sequence[Column],
    texts: Sequence[Letters],
    signs: tuple[NDArray[np.int32], NDArray[np.int32]],
    counts: Counts,
) -> Evidence:
    """What the decision may look at: some kinds, their ``signs`` headlines and anchors by number.

    ``texts`` are those of :func:`letters_of`.
    """
    headlines, anchors = signs
    deaf = settings.numbers == IGNORE
    return Evidence(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(without_numbers(column) if deaf else column for column in columns),
        texts=tuple(texts),
        recurrence=counts.recurrence[headlines],
        anchors=anchors,
        meetings=counts.meetings,
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
        glanced=settings.threshold >= LEAST,
    )
