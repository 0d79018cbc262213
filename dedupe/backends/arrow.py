"""Arrow to numpy and back: numbers, matrices, and runs of values as blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray


def numbers_array(column: pa.Array) -> NDArray[Any]:
    """A column of numbers as numpy has it."""
    return np.asarray(column.to_numpy(zero_copy_only=False))


def values_of(column: pa.Array, kind: type[np.generic]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The values of all blobs of a column in a row, and the n + 1 places between them."""
    parts = column.to_pylist()
    sizes = np.fromiter(map(len, parts), np.int64, len(parts)) // np.dtype(kind).itemsize
    return np.frombuffer(b"".join(parts), kind), np.concatenate(([0], np.cumsum(sizes)))


def blobs(values: NDArray[Any], ends: NDArray[np.int64]) -> pa.Array:
    """Runs of values as one blob each, without a copy a run."""
    offsets = (ends * values.itemsize).astype(np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(pa.binary(), len(ends) - 1, buffers)


def row_lists(values: NDArray[np.uint64]) -> pa.Array:
    """A matrix as one list a row."""
    flat = pa.array(np.ascontiguousarray(values).ravel())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def matrix_of(column: pa.Array) -> NDArray[Any]:
    """Lists of one length as the rows of a matrix; one column where there are none."""
    return numbers_array(column.flatten()).reshape(max(len(column), 1), -1)[: len(column)]


def encoded(text: str) -> bytes:
    """A text as the database keeps it."""
    return text.encode("utf-8", "surrogatepass")


def decoded(data: bytes) -> str:
    """A text as it was."""
    return data.decode("utf-8", "surrogatepass")
