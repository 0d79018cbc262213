"""All keys of some records, looked up at once: what shares a key, and what is the same record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import change_mask, concat_ranges, distinct_sorted
from dedupe.index.text_keys import identities, keys_of, short_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.database import Store
    from dedupe.index.search import PostingHits
    from dedupe.index.text_keys import FieldTexts
    from dedupe.models import Corpus

UNKNOWN = -1
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class LookupResult:
    """The keys of some records, and the rows of the index that share one.

    ``keys`` has one row a record, 0 for no key; ``own`` is made from the whole of each. ``owners``,
    ``columns`` and ``numbers`` tell which record has where which of the sorted ``wanted`` keys,
    ``own_numbers`` which of them is each one's own.
    """

    keys: NDArray[np.uint64]
    own: NDArray[np.uint64]
    owners: NDArray[np.int64]
    columns: NDArray[np.int64]
    numbers: NDArray[np.int64]
    own_numbers: NDArray[np.int64]
    wanted: NDArray[np.uint32]
    found: PostingHits


def look_up(store: Store, corpus: Corpus, told: Sequence[FieldTexts]) -> LookupResult:
    """Look all keys of some records up."""
    keys, own = keys_of(told), identities(corpus)
    owners, columns = np.nonzero(keys)
    wanted, numbers = numbered(np.concatenate([short_keys(keys[owners, columns]), short_keys(own)]))
    count = len(owners)
    found = store.look_up(wanted)
    return LookupResult(keys, own, owners, columns, numbers[:count], numbers[count:], wanted, found)


def numbered(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The distinct keys, sorted, and the number of each key given; sooner than numpy.unique."""
    packed = keys.astype(np.uint64) << HALF | np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    held = packed >> HALF
    fresh = change_mask(held)
    numbers = np.empty(len(keys), np.int64)
    numbers[packed & LOW] = fresh.cumsum() - 1
    return held[fresh].astype(np.uint32), numbers


def known_rows(store: Store, looked: LookupResult) -> NDArray[np.int64]:
    """The row of each record that the index holds already, else ``UNKNOWN``."""
    rows = np.full(len(looked.own), UNKNOWN)
    found = looked.found
    hits = np.flatnonzero(found.totals[looked.own_numbers] > 0)
    numbers = looked.own_numbers[hits]
    starts = found.starts[numbers]
    seqs = distinct_sorted(found.rows[concat_ranges(starts, found.starts[numbers + 1] - starts)])
    if len(seqs):
        marks = identities(store.records(seqs)).tolist()
        by_mark = dict(zip(marks, seqs.tolist(), strict=True))
        rows[hits] = [by_mark.get(mark, UNKNOWN) for mark in looked.own[hits].tolist()]
    return rows


def select_lookup(looked: LookupResult, records: NDArray[np.int64]) -> LookupResult:
    """The same of some of the records."""
    positions = np.full(len(looked.keys), UNKNOWN)
    positions[records] = np.arange(len(records))
    kept = positions[looked.owners] != UNKNOWN
    return replace(
        looked,
        keys=looked.keys[records],
        own=looked.own[records],
        owners=positions[looked.owners[kept]],
        columns=looked.columns[kept],
        numbers=looked.numbers[kept],
        own_numbers=looked.own_numbers[records],
    )
