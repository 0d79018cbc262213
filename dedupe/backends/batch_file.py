"""Store the batches of a run in a file, to be read again for the output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Self, overload

import numpy as np
import pyarrow as pa

from dedupe.errors import ScratchError
from dedupe.models import Batch, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

NUMBERS = ("starts", "ends", "limits", "lines", "times", "url_keys")
SCHEMA = pa.schema(
    [("path", pa.string()), ("format", pa.string()), ("header", pa.binary())]
    + [("data", pa.large_binary()), ("days_only", pa.binary()), ("dialect", pa.list_(pa.string()))]
    + [(name, pa.binary()) for name in NUMBERS]
)


class BatchFile(Sequence[Batch]):
    """The batches of a run without their strings, read anew each time they are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._writer = pa.ipc.new_file(str(path), SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        with batch_file_errors(self._path):
            self._writer.close()

    def add(self, batch: Batch) -> None:
        """Keep a batch; raises ScratchError."""
        row = {
            "path": batch.path,
            "format": batch.format,
            "header": batch.header,
            "data": batch.data,
            "days_only": batch.days_only.tobytes(),
            "dialect": batch.dialect and list(batch.dialect),
            **{name: getattr(batch, name).tobytes() for name in NUMBERS},
        }
        with batch_file_errors(self._path):
            self._writer.write_batch(pa.RecordBatch.from_pylist([row], SCHEMA))
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Batch]:
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            yield from (batch_of(reader.get_batch(position)) for position in range(self._count))

    @overload
    def __getitem__(self, position: int) -> Batch: ...
    @overload
    def __getitem__(self, position: slice) -> list[Batch]: ...
    def __getitem__(self, position: int | slice) -> Batch | list[Batch]:
        if isinstance(position, slice):
            return list(islice(self, *position.indices(self._count)))
        with pa.OSFile(str(self._path)) as file, pa.ipc.open_file(file) as reader:
            return batch_of(reader.get_batch(range(self._count)[position]))


@contextmanager
def batch_file_errors(path: Path) -> Iterator[None]:
    """Raise what the disk complains of as ScratchError."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ScratchError(f"{path}: {reason}") from error


def batch_of(held: pa.RecordBatch) -> Batch:
    """A batch as it was, but for its strings."""
    row = held.to_pylist()[0]
    columns: dict[str, NDArray[np.int64]] = {
        name: np.frombuffer(row[name], np.int64) for name in NUMBERS
    }
    return Batch(
        path=row["path"],
        format=row["format"],
        header=row["header"],
        data=row["data"],
        texts=(),
        ids=[],
        sources=[],
        days_only=np.frombuffer(row["days_only"], bool),
        dialect=row["dialect"] and Dialect(*row["dialect"]),
        **columns,
    )
