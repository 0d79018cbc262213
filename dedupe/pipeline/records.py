"""The records of a corpus by name, as labels name them: by id, else by the digest of their bytes.

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

    from dedupe.reading.labels import Label
    from dedupe.stories import Corpus


def names_of(corpus: Corpus) -> list[str]:
    """Name each record in the way in which :func:`find_pairs` finds it again."""
    held = Counter(corpus.ids)
    digests = corpus.digests.tolist()
    return [
        given if given and held[given] == 1 else f"{digest:016x}"
        for given, digest in zip(corpus.ids, digests, strict=True)
    ]


def places_of(corpus: Corpus) -> dict[str, int]:
    """The position of each name; -1 for an id that several records share."""
    digests = [f"{digest:016x}" for digest in corpus.digests.tolist()]
    places = {digest: place for place, digest in reversed(list(enumerate(digests)))}
    held = Counter(corpus.ids)
    places.update((name, place if held[name] == 1 else -1) for place, name in enumerate(corpus.ids))
    places.pop("", None)
    return places


def find_pairs(
    corpus: Corpus, labels: Sequence[Label], path: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The positions of both records of each label.

    Raises InputError, with the label's line in ``path``, for a name that no record or more than
    one has.
    """
    places = places_of(corpus)
    left = [place_of(places, label.a, path, label.line) for label in labels]
    right = [place_of(places, label.b, path, label.line) for label in labels]
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)


def place_of(places: Mapping[str, int], name: str, path: str, line: int) -> int:
    """The position of one record; raises InputError."""
    place = places.get(name)
    if place is None:
        raise InputError(path, line, f"no record has the id {name!r}; {hint(places)}")
    if place < 0:
        raise InputError(path, line, f"more than one record has the id {name!r}")
    return place


def hint(places: Mapping[str, int]) -> str:
    """What the ids look like, for who has taken the wrong file or column."""
    example = next(reversed(list(places)), None)
    return f"the ids are as {example!r}" if example else "the file has no records"
