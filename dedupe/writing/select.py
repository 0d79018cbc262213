"""Chosen records, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.writing.table import check_one_table, ending, is_table, unended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Batch, Corpus


def selected(corpus: Corpus, chosen: NDArray[np.bool_]) -> Iterator[bytes]:
    """The records where ``chosen`` holds, byte for byte in input order, in chunks.

    A table's header comes first, once; a missing final line ending is supplied. Raises InputError
    at once for tables that cannot be put into one.
    """
    check_one_table(corpus.batches)
    return selection(corpus.batches, chosen)


def selection(batches: Sequence[Batch], chosen: NDArray[np.bool_]) -> Iterator[bytes]:
    """As :func:`selected`, once the batches are known to go together."""
    if batches and is_table(batches[0]):
        header = batches[0].header
        yield unended(header) + ending(header)
    start = 0
    for batch in batches:
        wanted = np.flatnonzero(chosen[start : start + len(batch)])
        start += len(batch)
        data = batch.data
        spans = zip(batch.starts[wanted].tolist(), batch.limits[wanted].tolist(), strict=True)
        chunk = b"".join([data[begin:limit] for begin, limit in spans])
        if chunk:
            yield chunk if chunk.endswith(b"\n") else chunk + b"\n"
