"""Join batches of records to one corpus: the columns of all records, in input order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import span_digests
from dedupe.io.string_columns import StringCoder, StringPacker
from dedupe.models import Corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Batch
    from dedupe.preprocess import PreparedBatch


def load_corpus(
    batches: Iterable[Batch],
    fields: int,
    packer: Callable[[], StringPacker] = StringPacker,
    keep: Callable[[Iterable[Batch]], Sequence[Batch]] = tuple,
) -> Corpus:
    """Join batches of ``fields`` text columns, and compute a digest of the bytes of each record.

    Strings move from the batches to the columns of a ``packer``, so that they are held once.
    ``keep`` stores the batches without them, for the output.
    """
    texts = tuple(packer() for _ in range(fields))
    ids, sources = packer(), StringCoder()
    times, days_only = [np.zeros(0, np.int64)], [np.zeros(0, bool)]
    digests: list[Callable[[], NDArray[np.uint64]]] = []
    prepared: list[tuple[int, Callable[[], PreparedBatch]]] = []
    count = 0

    def take(batch: Batch) -> Batch:
        nonlocal count
        for column, packing in zip(batch.texts, texts, strict=True):
            packing.add(column)
        ids.add(batch.ids)
        sources.add(batch.sources)
        times.append(batch.times)
        days_only.append(batch.days_only)
        if batch.prepared is None:
            digests.append(partial(np.asarray, batch_digests(batch)))
        else:
            digests.append(partial(digests_ahead, batch.prepared))
            prepared.append((count, batch.prepared))
        count += len(batch)
        return replace(batch, texts=(), ids=[], sources=[], prepared=None)

    held = keep(map(take, batches))
    return Corpus(
        batches=held,
        texts=tuple(packing.packed() for packing in texts),
        ids=ids.packed(),
        sources=sources.coded(),
        times=np.concatenate(times),
        days_only=np.concatenate(days_only),
        digests=np.concatenate([np.zeros(0, np.uint64), *(digest() for digest in digests)]),
        prepared=prepared,
    )


def digests_ahead(prepared: Callable[[], PreparedBatch]) -> NDArray[np.uint64]:
    """Return the digests of a batch that was prepared ahead."""
    return prepared().digests


def batch_digests(batch: Batch) -> NDArray[np.uint64]:
    """Return the digests of the bytes of each record of a batch."""
    return span_digests(batch.data, batch.starts, batch.ends)
