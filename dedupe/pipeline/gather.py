"""Batches to one corpus: the columns of all records, in input order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.columns import Coding, Packing
from dedupe.pipeline.collisions import check_bytes, resolved
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
    marks = Digests()
    for batch in batches:
        for column, packing in zip(batch.texts, texts, strict=True):
            packing.add(column)
        ids.add(batch.ids)
        sources.add(batch.sources)
        marks.add(*digests(batch))
        held.append(replace(batch, texts=(), ids=[], sources=[]))
    return Corpus(
        batches=tuple(held),
        texts=tuple(packing.packed() for packing in texts),
        ids=ids.packed(),
        sources=sources.coded(),
        times=np.concatenate([np.zeros(0, np.int64), *(batch.times for batch in held)]),
        digests=marks.joined(),
    )


def digests(batch: Batch) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A 64-bit digest of each record's bytes, its line ending left out, and a check on it."""
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    lines = [batch.data[start:end] for start, end in spans]
    joined = b"".join(hashlib.blake2b(line, digest_size=8).digest() for line in lines)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64), check_bytes(lines)


class Digests:
    """The digests of batches on their way into one column, equal where records are."""

    def __init__(self) -> None:
        self._parts = [(np.zeros(0, np.uint64),) * 2]

    def add(self, digests: NDArray[np.uint64], checks: NDArray[np.uint64]) -> None:
        """Take more."""
        self._parts.append((digests, checks))

    def joined(self) -> NDArray[np.uint64]:
        """All so far."""
        found, checks = map(np.concatenate, zip(*self._parts, strict=True))
        return resolved(found, checks.__getitem__)
