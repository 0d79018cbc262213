"""Coded pairs to verdicts, a slice at a time, which keeps memory flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from dedupe.pipeline.judged import Judged, nothing_judged

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.pipeline.outline import Outline
    from dedupe.verify import Ends, Verdicts

SLICE = 1 << 19
LOW = 0xFFFFFFFF


class Look(Protocol):
    """Scores pairs of kinds; tells its own progress."""

    def __call__(self, ends: Ends, progress: Callable[[float], None], /) -> Verdicts:
        """The verdicts on some pairs."""


def judge_slices(
    outline: Outline,
    codes: NDArray[np.int64],
    floor: float,
    look: Look,
    progress: Callable[[float], None],
    size: int = SLICE,
) -> tuple[Judged, NDArray[np.int64]]:
    """The verdicts on coded pairs of records, and the codes of those below ``floor``, in order."""
    judged, hopeless = [nothing_judged(len(outline.settings.field))], [np.zeros(0, np.int64)]
    for first in range(0, len(codes), size):
        part = codes[first : first + size]
        share = within(progress, first / len(codes), len(part) / len(codes))
        verdicts = look(outline.ends(part >> 32, part & LOW), share)
        held = verdicts.hopes >= floor
        judged.append(Judged(part, verdicts.scores, verdicts.parts).where(held))
        hopeless.append(part[~held])
    return Judged.joined(judged), np.concatenate(hopeless)


def within(
    progress: Callable[[float], None], before: float, share: float
) -> Callable[[float], None]:
    """Progress of a part, told as that of the whole."""
    return lambda done: progress(before + done * share)
