"""Arrays that grow at their end, for what is kept in memory from call to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Item = TypeVar("Item", bound=np.generic)
ROOM = 256


class Growing(Generic[Item]):
    """Rows of one type, and of so many columns where told; its room doubles when it is full."""

    def __init__(self, kind: type[Item], columns: int | None = None) -> None:
        shape: tuple[int, ...] = (ROOM,) if columns is None else (ROOM, columns)
        self._room: NDArray[Item] = np.empty(shape, kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def held(self) -> NDArray[Item]:
        """The rows, as a view that stands until more are added."""
        return self._room[: self._count]

    @property
    def bytes(self) -> int:
        """What it takes, with the room for more."""
        return self._room.nbytes

    def extend(self, rows: NDArray[Any]) -> None:
        """Add rows at the end."""
        stop = self._count + len(rows)
        if stop > len(self._room):
            wider = np.empty(
                (max(stop, 2 * len(self._room)), *self._room.shape[1:]), self._room.dtype
            )
            wider[: self._count] = self.held
            self._room = wider
        self._room[self._count : stop] = rows
        self._count = stop

    def cut(self, count: int) -> None:
        """Keep the first rows only."""
        self._count = count
