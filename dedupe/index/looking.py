"""All keys of some stories, looked up at once: what shares a key, and what is the same story."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import changes, distinct, ranges
from dedupe.index.describing import identities, keys_of, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.describing import Texts
    from dedupe.index.found import Found
    from dedupe.index.store import Store
    from dedupe.stories import Corpus

UNKNOWN = -1
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The keys of some stories, and the rows of the index that share one.

    ``keys`` has one row a story, 0 for no key; ``own`` is made from the whole of each. ``owners``,
    ``columns`` and ``numbers`` tell which story has where which of the sorted ``wanted`` keys,
    ``own_numbers`` which of them is each one's own.
    """

    keys: NDArray[np.uint64]
    own: NDArray[np.uint64]
    owners: NDArray[np.int64]
    columns: NDArray[np.int64]
    numbers: NDArray[np.int64]
    own_numbers: NDArray[np.int64]
    wanted: NDArray[np.uint32]
    found: Found


def look_up(store: Store, corpus: Corpus, told: Sequence[Texts]) -> LookedUp:
    """Look all keys of some stories up."""
    keys, own = keys_of(told), identities(corpus)
    owners, columns = np.nonzero(keys)
    wanted, numbers = numbered(np.concatenate([short(keys[owners, columns]), short(own)]))
    count = len(owners)
    found = store.look_up(wanted)
    return LookedUp(keys, own, owners, columns, numbers[:count], numbers[count:], wanted, found)


def numbered(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinct keys, sorted, and the number of each key given; sooner than numpy.unique."""
    codes = keys.astype(np.uint64) << HALF | np.arange(len(keys), dtype=np.uint64)
    codes.sort()
    held = codes >> HALF
    fresh = changes(held)
    numbers = np.empty(len(keys), np.int64)
    numbers[codes & LOW] = fresh.cumsum() - 1
    return held[fresh].astype(np.uint32), numbers


def known_rows(store: Store, looked: LookedUp) -> NDArray[np.int64]:
    """The row of each story that the index holds already, else ``UNKNOWN``."""
    rows = np.full(len(looked.own), UNKNOWN)
    found = looked.found
    hits = np.flatnonzero(found.totals[looked.own_numbers] > 0)
    numbers = looked.own_numbers[hits]
    starts = found.starts[numbers]
    seqs = distinct(found.rows[ranges(starts, found.starts[numbers + 1] - starts)])
    if len(seqs):
        marks = identities(store.stories(seqs)).tolist()
        by_mark = dict(zip(marks, seqs.tolist(), strict=True))
        rows[hits] = [by_mark.get(mark, UNKNOWN) for mark in looked.own[hits].tolist()]
    return rows


def only(looked: LookedUp, records: NDArray[np.int64]) -> LookedUp:
    """The same of some of the stories."""
    places = np.full(len(looked.keys), UNKNOWN)
    places[records] = np.arange(len(records))
    kept = places[looked.owners] != UNKNOWN
    return replace(
        looked,
        keys=looked.keys[records],
        own=looked.own[records],
        owners=places[looked.owners[kept]],
        columns=looked.columns[kept],
        numbers=looked.numbers[kept],
        own_numbers=looked.own_numbers[records],
    )
