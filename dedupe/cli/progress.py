"""One line on a terminal's standard error that tells a patient person how far a run is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from dedupe.stories import Batch

SILENT_SECONDS = 2.0
REDRAW_SECONDS = 0.1
ERASE = "\r\x1b[K"


class Progress:
    """Calls of ``(stage, share done)`` drawn over each other; ``stream`` None draws nothing."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = clock() + SILENT_SECONDS
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Clear the line, before any error is told."""
        if self._stream and self._drawn:
            self._stream.write(ERASE)
            self._stream.flush()

    def __call__(self, stage: str, share: float) -> None:
        """Tell how much of a stage is done, 0 to 1."""
        self._draw(f"{stage} {share:.0%}")

    def reading(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass batches on, telling how many records have come; their number is not known ahead."""
        records = 0
        for batch in batches:
            records += len(batch)
            self._draw(f"read {records:,} records")
            yield batch

    def _draw(self, text: str) -> None:
        now = self._clock()
        if self._stream and now >= self._next:
            self._stream.write(f"{ERASE}dedupe: {text}")
            self._stream.flush()
            self._next = now + REDRAW_SECONDS
            self._drawn = True
