"""The pairs that were not worth a closer look: most of all, and seldom asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from dedupe.hashing import outside, ranges, thin

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Hopeless(Protocol):
    """Coded pairs of records, wherever they are kept; codes that come and go are sorted."""

    def __bool__(self) -> bool:
        """Whether there are any."""

    def add(self, codes: NDArray[np.int64]) -> None:
        """Put some pairs aside, of which some may be there already."""

    def rest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted, which few are."""

    def codes(self) -> NDArray[np.int64]:
        """All of them."""


class HeldHopeless:
    """The same in memory."""

    def __init__(self, *held: NDArray[np.int64]) -> None:
        self._parts = [np.zeros(0, np.int64), *held]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return any(map(len, self._parts))

    def add(self, codes: NDArray[np.int64]) -> None:
        """Put some pairs aside."""
        self._parts.append(codes)

    def rest(self, codes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those of some pairs that were not put aside."""
        return outside(self.codes(), codes)

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """The pairs of which both records are wanted."""
        codes = self.codes()
        lows = np.flatnonzero(wanted)
        starts = np.searchsorted(codes, lows << 32)
        stops = np.searchsorted(codes, (lows + 1) << 32)
        held = codes[ranges(starts, stops - starts)]
        return np.asarray(held[wanted[held & 0xFFFFFFFF]])

    def codes(self) -> NDArray[np.int64]:
        """All of them; what came in parts is sorted when it is first asked for."""
        if len(self._parts) > 1:
            together = np.concatenate(self._parts)
            self._parts.clear()
            self._parts.append(thin(together))
        return self._parts[0]
