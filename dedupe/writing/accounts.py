"""Does what goes out hold what it should? Counted in its bytes, beside those who made them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.errors import AccountingError
from dedupe.writing.table import is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.stories import Batch

LF = b"\n"


def accounted(
    chunks: Iterable[bytes],
    batches: Sequence[Batch],
    chosen: NDArray[np.bool_] | None = None,
    *,
    header: bool = True,
) -> Iterator[bytes]:
    """Pass on the chunks of an output that holds the chosen records, or all, each once.

    ``header``: a table's header comes first. Raises AccountingError at the end when the line
    endings in the chunks are not those of the records, of which each has at least one.
    """
    found = 0
    for chunk in chunks:
        found += chunk.count(LF)
        yield chunk
    expected = sum(batch_lines(batch, part) for batch, part in parts(batches, chosen))
    if header and batches and is_table(batches[0]):
        expected += ended(batches[0].header)
    if found != expected:
        raise AccountingError("lines of output", expected, found)


def parts(
    batches: Sequence[Batch], chosen: NDArray[np.bool_] | None
) -> Iterator[tuple[Batch, NDArray[np.bool_]]]:
    """Each batch with its part of the choice."""
    start = 0
    for batch in batches:
        size = len(batch)
        yield batch, np.ones(size, bool) if chosen is None else chosen[start : start + size]
        start += size
    if chosen is not None and len(chosen) != start:
        raise AccountingError("records decided about", start, len(chosen))


def batch_lines(batch: Batch, chosen: NDArray[np.bool_]) -> int:
    """The line endings of some records: those that they hold, and one where the last has none."""
    endings = np.flatnonzero(np.frombuffer(batch.data, np.uint8) == ord(LF))
    spans = np.searchsorted(endings, batch.limits) - np.searchsorted(endings, batch.starts)
    lacking = len(batch) and chosen[-1] and not batch.data.endswith(LF)
    return int(spans[chosen].sum()) + bool(lacking)


def ended(line: bytes) -> int:
    """The line endings of a header, which may lack its last."""
    return line.count(LF) + (not line.endswith(LF))
