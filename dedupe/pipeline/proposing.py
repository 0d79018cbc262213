"""Which pairs a whole round looks at: first all candidates, then those that may be new since.

A pair that was judged needs no key to be met again: it is known. New ones come from two places
only. A hot bucket thins out as duplicates go, and its texts get other neighbours; and of two texts
with many runs only the nearest in time meet, which are others when some of the runs are gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct, merged
from dedupe.pipeline.bonds import kin
from dedupe.pipeline.expand import Nodes, are_many, expand
from dedupe.stories import HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.candidates import Candidates
    from dedupe.pipeline.outline import Outline

LOW = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Standing:
    """Where new pairs may come from, whichever of the first round's heads still live.

    ``crowded`` are the keys of hot buckets, as in :class:`dedupe.candidates.Candidates`;
    ``sampled`` are the candidate pairs of kinds of which not all runs meet, as codes.
    """

    crowded: NDArray[np.uint64]
    sampled: NDArray[np.int64]


def standing_after(outline: Outline, found: Candidates, alive: NDArray[np.int64]) -> Standing:
    """What is left to look out for when the candidate pairs of these heads have been judged."""
    runs = np.bincount(outline.kinds[alive], minlength=outline.kind_count)
    return Standing(found.crowded, found.codes[are_many(runs[found.left], runs[found.right])])


def candidates_among(
    outline: Outline, alive: NDArray[np.int64], crowded: NDArray[np.uint64] | None = None
) -> Candidates:
    """Candidate pairs of the kinds that are alive, by all keys or by some."""
    by_time = alive[np.lexsort((outline.times[alive], outline.kinds[alive]))]
    kinds, firsts = np.unique(outline.kinds[by_time], return_index=True)
    order = np.lexsort((kinds, outline.times[by_time[firsts]]))
    return outline.propose(kinds[order], crowded)


def new_candidates(
    outline: Outline, standing: Standing, alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The candidate pairs of kinds, as codes, that may bring pairs of heads not judged yet."""
    found = candidates_among(outline, alive, standing.crowded)
    return merged(standing.sampled, found.codes)


def meetings(
    outline: Outline, codes: NDArray[np.int64], alive: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The coded candidate pairs of kinds as pairs of living heads within the window."""
    alive = alive[np.argsort(outline.digests[alive], kind="stable")]
    nodes = Nodes.of(alive, outline.kinds[alive], outline.times[alive])
    codes = expand(nodes, codes)
    if outline.links.cannot.size:
        codes = distinct(np.concatenate([codes, kin(outline, alive)]))
    if outline.settings.window is None:
        return codes
    hours = outline.hours(codes >> 32, codes & LOW)
    return codes[~(hours * HOUR > outline.settings.window)]
