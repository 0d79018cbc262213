"""Keep the bytes and the strings of a run in files without names, to be read again for the output."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, overload

import numpy as np

from dedupe.errors import ScratchError
from dedupe.io.string_columns import PackedStrings, StringPacker
from dedupe.models import Batch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NUMBERS = ("starts", "ends", "limits", "lines", "times")
NO_NUMBERS = np.zeros(0, np.int64)


@contextmanager
def scratch_errors(folder: str) -> Iterator[None]:
    """Raise what the system says of a scratch file as ScratchError."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ScratchError(f"{folder}: {reason}") from error


def open_spool(folder: str) -> IO[bytes]:
    """Open a file without a name, which goes with its last user; raises ScratchError."""
    with scratch_errors(folder):
        return tempfile.TemporaryFile(prefix="dedupe-", dir=folder)


class SpooledStrings(StringPacker):
    """Strings on their way into packed ones whose bytes stay in a file."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder, self._file = folder, open_spool(folder)

    def add(self, strings: Sequence[str]) -> None:
        """Take more strings."""
        super().add(strings)
        with scratch_errors(self._folder):
            self._file.write(self._data)
        self._data.clear()

    def packed(self) -> PackedStrings:
        """Return all strings so far."""
        kept = super().packed()
        with scratch_errors(self._folder), self._file as file:
            file.flush()
            if not kept.ends[-1]:
                return kept
            return PackedStrings(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ), kept.ends)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch stands in the spool: a batch without arrays, and the sizes of its parts."""

    batch: Batch
    offset: int
    records: int
    size: int


class SpooledBatches(Sequence[Batch]):
    """Batches without their strings, read anew each time they are asked for."""

    def __init__(self, folder: str, batches: Iterable[Batch]) -> None:
        self._folder, self._file = folder, open_spool(folder)
        self._places: list[Place] = []
        with scratch_errors(folder):
            for batch in batches:
                self._places.append(self._write(batch))
            self._file.flush()

    def _write(self, batch: Batch) -> Place:
        place = Place(
            replace(batch, data=b"", **dict.fromkeys(NUMBERS, NO_NUMBERS)),
            self._file.tell(),
            len(batch),
            len(batch.data),
        )
        for name in NUMBERS:
            self._file.write(np.ascontiguousarray(getattr(batch, name)).data)
        self._file.write(batch.data)
        return place

    def _read(self, place: Place) -> Batch:
        width = 8 * place.records
        with scratch_errors(self._folder):
            total = len(NUMBERS) * width + place.size
            held = os.pread(self._file.fileno(), total, place.offset)
        if len(held) < total:
            raise ScratchError(f"{self._folder}: a scratch file is cut short")
        columns = {
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
