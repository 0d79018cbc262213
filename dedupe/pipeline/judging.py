"""Coded pairs to verdicts, a part at a time, which keeps memory flat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import heaped
from dedupe.pipeline.judged import Judged, nothing_judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.outline import Outline
    from dedupe.pipeline.proposing import Lot
    from dedupe.verify import Ends, Verdicts

    Look = Callable[[Ends, Callable[[float], None]], Verdicts]
    """Scores pairs of kinds, telling its progress."""

    Judge = Callable[[NDArray[np.int64], Callable[[float], None]], tuple[Judged, NDArray[np.int64]]]
    """Scores coded pairs of records, telling its progress; the codes of the hopeless apart."""

SLICE = 1 << 19
LOW = 0xFFFFFFFF


def judge_lot(
    outline: Outline,
    lot: Lot,
    judge: Judge,
    hopeless: Hopeless,
    progress: Callable[[float], None],
) -> Judged:
    """The verdicts on all that a round looks at; the hopeless are put aside."""
    found, done = nothing_judged(len(outline.settings.field)), 0
    for codes in heaped(lot.parts, outline.at_once):
        before, share = done / max(lot.size, 1), len(codes) / max(lot.size, 1)
        fresh, far = judge(codes, within(progress, before, share))
        found = outline.keep(found | fresh)
        hopeless.add(far)
        done += len(codes)
    return found


def judge_parts(
    outline: Outline,
    look: Look,
    floor: float,
    codes: NDArray[np.int64],
    progress: Callable[[float], None],
    size: int = SLICE,
) -> tuple[Judged, NDArray[np.int64]]:
    """The verdicts on coded pairs of records, and the codes of those below ``floor``, sorted."""
    judged, hopeless = [nothing_judged(len(outline.settings.field))], [np.zeros(0, np.int64)]
    for part, share in slices(codes, progress, size):
        verdicts = look(outline.ends(part >> 32, part & LOW), share)
        held = verdicts.hopes >= floor
        judged.append(Judged(part, verdicts.scores, verdicts.parts).where(held))
        hopeless.append(part[~held])
    found, rest = Judged.joined(judged), np.concatenate(hopeless)
    rest.sort()
    return found.where(np.argsort(found.codes)), rest


def slices(
    codes: NDArray[np.int64], progress: Callable[[float], None], size: int
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
