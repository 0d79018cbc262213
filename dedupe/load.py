"""Join batches of records to one corpus: the columns of all records, in input order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.models import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Batch


def load_corpus(batches: Iterable[Batch], fields: int) -> Corpus:
    """Join batches of so many text columns, and give each record a digest of its bytes.

    The batches give up their strings, which are held once, in columns.
    """
    held: list[Batch] = []
    texts = tuple(StringPacker() for _ in range(fields))
    ids, sources = StringPacker(), StringCoder()
    for batch in batches:
        for column, packing in zip(batch.texts, texts, strict=True):
            packing.add(column)
        ids.add(batch.ids)
        sources.add(batch.sources)
        held.append(replace(batch, texts=(), ids=[], sources=[]))
    times = np.concatenate([np.zeros(0, np.int64), *(batch.times for batch in held)])
    return Corpus(
        batches=tuple(held),
        texts=tuple(packing.packed() for packing in texts),
        ids=ids.packed(),
        sources=sources.coded(),
        times=times,
        days_only=np.zeros(len(times), bool),
        digests=record_digests(held),
    )


def record_digests(batches: Sequence[Batch]) -> NDArray[np.uint64]:
    """Return a 64-bit digest of each record's bytes, its line ending left out."""
    parts = [np.zeros(0, np.uint64), *map(batch_digests, batches)]
    return np.concatenate(parts)


def batch_digests(batch: Batch) -> NDArray[np.uint64]:
    """Return the digests of a batch."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    data, hashed = batch.data, hashlib.blake2b
    joined = b"".join([hashed(data[start:end], digest_size=8).digest() for start, end in spans])
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)
