"""Batches to one corpus: the columns of all records, in input order."""

from __future__ import annotations

import hashlib
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dedupe.stories import Corpus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from dedupe.stories import Batch


def gather(batches: Iterable[Batch], fields: int) -> Corpus:
    """Join batches of so many text columns, and give each record a digest of its bytes."""
    held = tuple(batches)
    return Corpus(
        batches=held,
        texts=tuple(
            list(chain.from_iterable(batch.texts[field] for batch in held))
            for field in range(fields)
        ),
        ids=list(chain.from_iterable(batch.ids for batch in held)),
        sources=list(chain.from_iterable(batch.sources for batch in held)),
        times=np.concatenate([np.zeros(0, np.int64), *(batch.times for batch in held)]),
        digests=np.concatenate([np.zeros(0, np.uint64), *map(digests, held)]),
    )


def digests(batch: Batch) -> NDArray[np.uint64]:
    """A 64-bit digest of each record's bytes, its line ending left out."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    data, hashed = batch.data, hashlib.blake2b
    joined = b"".join(hashed(data[start:end], digest_size=8).digest() for start, end in spans)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)
