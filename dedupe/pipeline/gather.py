"""Batches to one corpus: the columns of all records, in input order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.columns import Coding, Packing
from dedupe.stories import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        digests=np.concatenate([np.zeros(0, np.uint64), *map(digests, held)]),
    )


def digests(batch: Batch) -> NDArray[np.uint64]:
    """A 64-bit digest of each record's bytes, its line ending left out."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    data, hashed = batch.data, hashlib.blake2b
    joined = b"".join(hashed(data[start:end], digest_size=8).digest() for start, end in spans)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)
