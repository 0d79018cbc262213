"""Coded pairs to verdicts, a part at a time, which keeps memory flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.pipeline.judged import Judged, nothing_judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.outline import Outline
    from dedupe.pipeline.proposing import Lot
    from dedupe.verify import Ends, Verdicts

    Look = Callable[[Ends], Verdicts]
    """Scores pairs of kinds."""

    Judge = Callable[[NDArray[np.int64], Callable[[float], None]], tuple[Judged, NDArray[np.int64]]]
    """Scores coded pairs of records, telling its progress; the codes of the hopeless apart."""

SLICE = 1 << 19
LOW = 0xFFFFFFFF


def judge_lot(
    lot: Lot, judge: Judge, hopeless: Hopeless, nothing: Judged, progress: Callable[[float], None]
) -> Judged:
    """The verdicts on all that a round looks at, on top of ``nothing``; the hopeless go aside."""
    found, done = nothing, 0
    for codes in lot.parts:
        before, share = done / max(lot.size, 1), len(codes) / max(lot.size, 1)
        fresh, far = judge(codes, within(progress, before, share))
        found |= fresh
        hopeless.add(far)
        done += len(codes)
    return found


def judge_parts(
    outline: Outline, parts: Iterable[tuple[NDArray[np.int64], Look]], floor: float
) -> tuple[Judged, NDArray[np.int64]]:
    """The verdicts on coded pairs of records, and the codes of those below ``floor``, sorted.

    The codes come in parts in any order, each with what scores it.
    """
    judged, hopeless = [nothing_judged(len(outline.settings.field))], [np.zeros(0, np.int64)]
    for codes, look in parts:
        verdicts = look(outline.ends(codes >> 32, codes & LOW))
        held = verdicts.hopes >= floor
        judged.append(Judged(codes, verdicts.scores, verdicts.parts).where(held))
        hopeless.append(codes[~held])
    found, rest = Judged.joined(judged), np.concatenate(hopeless)
    rest.sort()
    return found.where(np.argsort(found.codes)), rest


def slices(
    codes: NDArray[np.int64], progress: Callable[[float], None], size: int = SLICE
) -> Iterator[tuple[NDArray[np.int64], Callable[[float], None]]]:
    """Codes cut into slices, each with what to tell of its progress."""
    for first in range(0, len(codes), size):
        part = codes[first : first + size]
        yield part, within(progress, first / len(codes), len(part) / len(codes))


def within(
    progress: Callable[[float], None], before: float, share: float
) -> Callable[[float], None]:
    """Progress of a part, told as that of the whole."""
    return lambda done: progress(min(before + done * share, 1.0))
