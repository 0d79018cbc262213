"""Keep arrays in memory-mapped files."""

from __future__ import annotations

import ctypes
import mmap
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import numpy as np

from dedupe.errors import ScratchError

if TYPE_CHECKING:
    from pathlib import Path

Held = TypeVar("Held")

LEAST = 1 << 20
"""Bytes that are worth a file."""
DROP = getattr(mmap, "MADV_DONTNEED", None)
TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None)


class MappedArrays:
    """A folder for arrays; what of them is in memory can be given back at any time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "pages"
        self._maps: WeakSet[mmap.mmap] = WeakSet()

    def keep(self, held: Held) -> Held:
        """The same with all that is large in files, which go when nobody holds it any more.

        ``held`` is an array, bytes, or a tuple or dataclass of such. What is in files must not be
        written to. Raises ScratchError.
        """
        kept: Any = held
        if isinstance(held, np.ndarray):
            if held.nbytes >= LEAST and map_of(held) is None:
                pages = self._mapped(np.ascontiguousarray(held).data)
                kept = np.frombuffer(pages, held.dtype).reshape(held.shape)
        elif isinstance(held, bytearray):
            kept = self._mapped(held) if len(held) >= LEAST else held
        elif isinstance(held, tuple):
            kept = tuple(map(self.keep, held))
        elif is_dataclass(held) and not isinstance(held, type):
            own = {field.name: self.keep(getattr(held, field.name)) for field in fields(held)}
            kept = replace(held, **own)
        return kept  # type: ignore[no-any-return]  # of the type that came

    def give_back(self) -> None:
        """Let go of what is in memory, and of what was freed but is held for further use.

        Whoever asks for a page again has it read. Where the system knows neither, nothing happens.
        """
        if DROP is not None:
            for pages in self._maps:
                pages.madvise(DROP)
        if TRIM is not None:
            TRIM(0)

    def _mapped(self, data: memoryview | bytearray) -> mmap.mmap:
        try:
            with self._path.open("wb+") as file:
                self._path.unlink()
                file.write(data)
                file.flush()
                pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except OSError as error:
            raise ScratchError(f"{self._path}: {error.strerror}") from error
        self._maps.add(pages)
        return pages


def map_of(array: object) -> mmap.mmap | None:
    """The file in which an array is already."""
    while isinstance(array, np.ndarray):
        array = array.base
    held = array.obj if isinstance(array, memoryview) else None
    return held if isinstance(held, mmap.mmap) else None
