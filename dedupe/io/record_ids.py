"""Find the records of a corpus by the names that labels use: an id, or a digest.

An id that two records share names neither, so both go by their digests.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from dedupe.io.labels import Label
    from dedupe.models import Corpus


def record_names(corpus: Corpus) -> list[str]:
    """Name each record in the way in which :func:`find_pairs` finds it again."""
    held = Counter(corpus.ids)
    digests = corpus.digests.tolist()
    return [
        present if present and held[present] == 1 else f"{digest:016x}"
        for present, digest in zip(corpus.ids, digests, strict=True)
    ]


def positions_by_name(corpus: Corpus) -> dict[str, int]:
    """The position of each name; -1 for an id that several records share."""
    digests = [f"{digest:016x}" for digest in corpus.digests.tolist()]
    positions = {digest: position for position, digest in reversed(list(enumerate(digests)))}
    held = Counter(corpus.ids)
    positions.update(
        (name, position if held[name] == 1 else -1) for position, name in enumerate(corpus.ids)
    )
    positions.pop("", None)
    return positions


def find_pairs(
    corpus: Corpus, labels: Sequence[Label], path: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The positions of both records of each label.

    Raises InputError, with the label's line in ``path``, for a name that no record or more than
    one has.
    """
    positions = positions_by_name(corpus)
    left = [position_of(positions, label.a, path, label.line) for label in labels]
    right = [position_of(positions, label.b, path, label.line) for label in labels]
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)


def position_of(positions: Mapping[str, int], name: str, path: str, line: int) -> int:
    """The position of one record; raises InputError."""
    position = positions.get(name)
    if position is None:
        raise InputError(path, line, f"no record has the id {name!r}; {unknown_id_hint(positions)}")
    if position < 0:
        raise InputError(path, line, f"more than one record has the id {name!r}")
    return position


def unknown_id_hint(positions: Mapping[str, int]) -> str:
    """What the ids look like, for who has taken the wrong file or column."""
    example = next(reversed(list(positions)), None)
    return f"the ids are as {example!r}" if example else "the file has no records"
