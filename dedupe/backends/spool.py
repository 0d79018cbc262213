"""Keep the bytes and the strings of a run in files without names, to be read again at the end."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, Self, overload

import numpy as np

from dedupe.errors import ScratchError
from dedupe.io.files import read_at
from dedupe.io.string_columns import PackedStrings, StringPacker
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NUMBERS = ("starts", "ends", "limits", "lines", "times")


class Spool:
    """A folder for files without names, which go when the block ends."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def open(self) -> IO[bytes]:
        """Open a file; raises ScratchError."""
        with self.errors():
            return self._files.enter_context(
                tempfile.TemporaryFile(prefix="dedupe-", dir=self.folder)
            )

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raise what the system says of a file as ScratchError."""
        try:
            yield
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ScratchError(f"{self.folder}: {reason}") from error


class SpooledStrings(StringPacker):
    """Strings on their way into packed ones whose bytes stay in a file."""

    def __init__(self, spool: Spool) -> None:
        super().__init__()
        self._spool, self._file = spool, spool.open()

    def add(self, strings: Sequence[str]) -> None:
        """Take more strings."""
        super().add(strings)
        with self._spool.errors():
            self._file.write(self._data)
        self._data.clear()

    def packed(self) -> PackedStrings:
        """Return all strings so far."""
        kept = super().packed()
        if not kept.ends[-1]:
            return kept
        with self._spool.errors():
            self._file.flush()
            return PackedStrings(mmap.mmap(self._file.fileno(), 0, prot=mmap.PROT_READ), kept.ends)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch stands in the spool: a batch without arrays, and the sizes of its parts."""

    batch: Batch
    offset: int
    records: int
    size: int


class SpooledBatches(Sequence[Batch]):
    """Batches without their strings, read anew each time they are asked for."""

    def __init__(self, spool: Spool, batches: Iterable[Batch]) -> None:
        self._spool, self._file = spool, spool.open()
        self._places: list[Place] = []
        for batch in batches:
            with spool.errors():
                self._places.append(self._write(batch))
        with spool.errors():
            self._file.flush()

    def _write(self, batch: Batch) -> Place:
        empty: dict[str, Any] = dict.fromkeys(NUMBERS, np.zeros(0, np.int64))
        bare = replace(batch, data=b"", **empty)
        place = Place(bare, self._file.tell(), len(batch), len(batch.data))
        for name in NUMBERS:
            self._file.write(np.ascontiguousarray(getattr(batch, name)).data)
        self._file.write(batch.data)
        return place

    def _read(self, place: Place) -> Batch:
        width = 8 * place.records
        with self._spool.errors():
            total = len(NUMBERS) * width + place.size
            held = read_at(self._file.fileno(), total, place.offset)
        if len(held) < total:
            raise ScratchError(f"{self._spool.folder}: a scratch file is cut short")
        columns: dict[str, Any] = {
            name: np.frombuffer(held, np.int64, place.records, at * width)
            for at, name in enumerate(NUMBERS)
        }
        return replace(place.batch, data=held[len(NUMBERS) * width :], **columns)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Batch]:
        return map(self._read, self._places)

    @overload
    def __getitem__(self, position: int) -> Batch: ...
    @overload
    def __getitem__(self, position: slice) -> list[Batch]: ...
    def __getitem__(self, position: int | slice) -> Batch | list[Batch]:
        if isinstance(position, slice):
            return list(map(self._read, self._places[position]))
        return self._read(self._places[position])
