"""Columns of strings that take less memory than one object per string."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    from numpy.typing import NDArray


STEP = 4096
CONTINUES, CONTINUED = 0xC0, 0x80
"""The top bits of a byte of UTF-8, and their value where it is not the first of a character."""


class StringColumn(Sequence[str]):
    """A sequence of strings that are made on demand."""

    @abstractmethod
    def at(self, position: int) -> str:
        """Return one string; ``position`` is not negative."""

    def at_all(self, positions: range) -> list[str]:
        """Return the strings at some positions."""
        return list(map(self.at, positions))

    def __iter__(self) -> Iterator[str]:
        return map(self.at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether another column, or a list, holds the same strings."""
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment] # equal to a list, which has none

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return self.at_all(range(*position.indices(len(self))))
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        return self.at(position % len(self))


class HexColumn(StringColumn):
    """Digests as sixteen hexadecimal digits each."""

    def __init__(self, digests: NDArray[np.uint64]) -> None:
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests)

    def at(self, position: int) -> str:
        """Return one digest."""
        return f"{int(self._digests[position]):016x}"


class NameColumn(StringColumn):
    """The id that each record was given, else its key."""

    def __init__(self, given: Sequence[str], keys: Sequence[str]) -> None:
        self._given, self._keys = given, keys

    def __len__(self) -> int:
        return len(self._given)

    def at(self, position: int) -> str:
        """Return one name."""
        return self._given[position] or self._keys[position]


@dataclass(frozen=True, eq=False)
class PackedStrings(StringColumn):
    """Strings as UTF-8, end to end: string ``i`` is ``data[ends[i] : ends[i + 1]]``.

    Iteration decodes ``step`` strings at a time.
    """

    data: bytes | bytearray | mmap
    ends: NDArray[np.int64]
    step: int = STEP

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __iter__(self) -> Iterator[str]:
        for first in range(0, len(self), self.step):
            ends = self.ends[first : first + self.step + 1]
            data = self.data[ends[0] : ends[-1]]
            text, bounds = data.decode("utf-8", "surrogatepass"), ends - ends[0]
            if len(text) < len(data):
                opens = (np.frombuffer(data, np.uint8) & CONTINUES) != CONTINUED
                bounds = np.append(0, opens.cumsum())[bounds]
            limits = bounds.tolist()
            yield from map(text.__getitem__, map(slice, limits[:-1], limits[1:]))

    def at_all(self, positions: range) -> list[str]:
        """Return the strings at some positions, which are decoded together if side by side."""
        if positions and positions.step == 1:
            return list(replace(self, ends=self.ends[positions.start : positions.stop + 1]))
        return super().at_all(positions)

    def at(self, position: int) -> str:
        """Return one string."""
        data = self.data[self.ends[position] : self.ends[position + 1]]
        return data.decode("utf-8", "surrogatepass")

    def part(self, start: int, stop: int) -> PackedStrings:
        """Return the strings from ``start`` to ``stop``, which share the bytes."""
        return replace(self, ends=self.ends[start : stop + 1])


@dataclass(frozen=True, eq=False)
class CodedStrings(StringColumn):
    """Strings with few distinct values, as numbers into ``names``."""

    names: list[str]
    numbers: NDArray[np.int32]

    @property
    def writers(self) -> NDArray[np.int64]:
        """Return the number of each name, -1 for no name."""
        nameless = self.names.index("") if "" in self.names else -1
        return np.where(self.numbers == nameless, -1, self.numbers).astype(np.int64)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[str]:
        return map(self.names.__getitem__, self.numbers.tolist())

    def at(self, position: int) -> str:
        """Return one string."""
        return self.names[int(self.numbers[position])]

    def part(self, start: int, stop: int) -> CodedStrings:
        """Return the strings from ``start`` to ``stop``, which share the names."""
        return replace(self, numbers=self.numbers[start:stop])


class StringPacker:
    """Collects strings into a PackedStrings.

    >>> packing = StringPacker()
    >>> packing.add(["a", "bc"])
    >>> packing.add(["", "d"])
    >>> list(packing.packed())
    ['a', 'bc', '', 'd']
    """

    def __init__(self) -> None:
        self._data = bytearray()
        self._sizes = [np.zeros(1, np.int64)]

    def add(self, strings: Sequence[str]) -> None:
        """Add strings."""
        packed = pack_strings(strings)
        first, last = int(packed.ends[0]), int(packed.ends[-1])
        self._data += memoryview(packed.data)[first:last]
        self._sizes.append(np.diff(packed.ends))

    def packed(self) -> PackedStrings:
        """Return all strings so far."""
        return PackedStrings(self._data, np.cumsum(np.concatenate(self._sizes)))


def pack_strings(strings: Sequence[str]) -> PackedStrings:
    """Return strings as UTF-8 end to end, if they are not yet."""
    if isinstance(strings, PackedStrings):
        return strings
    data = "".join(strings).encode("utf-8", "surrogatepass")
    ends = np.zeros(len(strings) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, strings), np.int64, len(strings)), out=ends[1:])
    if ends[-1] < len(data):  # some characters take several bytes
        first_bytes = np.flatnonzero((np.frombuffer(data, np.uint8) & CONTINUES) != CONTINUED)
        ends = np.append(first_bytes, len(data))[ends]
    return PackedStrings(data, ends)


class StringCoder:
    """Collects strings into a CodedStrings, numbered in the order in which they first come.

    >>> coding = StringCoder()
    >>> coding.add(["reuters", "ap", "reuters"])
    >>> coding.coded().names, coding.coded().numbers.tolist()
    (['reuters', 'ap'], [0, 1, 0])
    """

    def __init__(self) -> None:
        self._names: dict[str, int] = {}
        self._numbers = [np.zeros(0, np.int32)]

    def add(self, strings: Sequence[str]) -> None:
        """Add strings."""
        coded = strings if isinstance(strings, CodedStrings) else None
        names = self._names
        for text in dict.fromkeys(strings) if coded is None else coded.names:
            names.setdefault(text, len(names))
        if coded is None:
            numbers = np.fromiter(map(names.__getitem__, strings), np.int32, len(strings))
        else:
            own = np.array([names[text] for text in coded.names], np.int32)
            numbers = own[coded.numbers] if len(own) else coded.numbers
        self._numbers.append(numbers)

    def coded(self) -> CodedStrings:
        """Return all strings so far."""
        return CodedStrings(list(self._names), np.concatenate(self._numbers))


def code_strings(strings: Sequence[str]) -> CodedStrings:
    """Return strings as numbers, if they are not yet."""
    if isinstance(strings, CodedStrings):
        return strings
    coding = StringCoder()
    coding.add(strings)
    return coding.coded()
