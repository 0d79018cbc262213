"""Batches to one corpus: the columns of all records, in input order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.columns import Coding, Packing
from dedupe.pipeline.collisions import check_bytes, resolved
from dedupe.stories import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Batch


def gather(batches: Iterable[Batch], fields: int) -> Corpus:
    """Join batches of so many text columns, and give each record a digest of its bytes.

    The batches give up their strings, which are held once, in columns.
    """
    held: list[Batch] = []
    texts = tuple(Packing() for _ in range(fields))
    ids, sources = Packing(), Coding()
    for batch in batches:
        for column, packing in zip(batch.texts, texts, strict=True):
            packing.add(column)
        ids.add(batch.ids)
        sources.add(batch.sources)
        held.append(replace(batch, texts=(), ids=[], sources=[]))
    return Corpus(
        batches=tuple(held),
        texts=tuple(packing.packed() for packing in texts),
        ids=ids.packed(),
        sources=sources.coded(),
        times=np.concatenate([np.zeros(0, np.int64), *(batch.times for batch in held)]),
        digests=digests_of(held),
    )


def digests_of(batches: Sequence[Batch]) -> NDArray[np.uint64]:
    """The digests of all records, equal where these are the same, and there alone."""
    found = np.concatenate([np.zeros(0, np.uint64), *map(digests, batches)])
    return resolved(found, partial(checks_among, batches))


def digests(batch: Batch) -> NDArray[np.uint64]:
    """A 64-bit digest of each record's bytes, its line ending left out."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    data, hashed = batch.data, hashlib.blake2b
    joined = b"".join(hashed(data[start:end], digest_size=8).digest() for start, end in spans)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)


def checks(batch: Batch, rows: NDArray[np.int64] | slice = slice(None)) -> NDArray[np.uint64]:
    """A second hash of the bytes of some records, for those that share a digest."""
    spans = zip(batch.starts[rows].tolist(), batch.ends[rows].tolist(), strict=True)
    return check_bytes(batch.data[start:end] for start, end in spans)


def checks_among(batches: Sequence[Batch], places: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The same of records by their rising positions among all."""
    ends = np.cumsum([len(batch) for batch in batches])
    cuts = np.searchsorted(places, ends)
    found = [
        checks(batch, places[low:high] - (end - len(batch)))
        for batch, end, low, high in zip(batches, ends, (0, *cuts), cuts, strict=False)
        if low < high
    ]
    return np.concatenate([np.zeros(0, np.uint64), *found])
