"""Newcomers against the index: candidates by their keys, then the same decision as ever.

A newcomer that shares a key with a story is compared with the canonical version of that story's
cluster, and with the other newcomers that it shares a key with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import Family, propose
from dedupe.hashing import distinct, ranges
from dedupe.index.counting import evidence_for
from dedupe.index.describing import describe_together
from dedupe.index.shelf import facts_of, leaders_of
from dedupe.pipeline.case import open_case
from dedupe.stories import HOUR, Corpus
from dedupe.verify import verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.index.describing import Texts
    from dedupe.index.found import Found
    from dedupe.index.looking import LookedUp
    from dedupe.index.shelf import Facts, Leaders
    from dedupe.index.store import Store
    from dedupe.pipeline.case import Case


@dataclass(frozen=True, slots=True)
class Matches:
    """Accepted pairs among the canonical stories that were looked at and the newcomers.

    The records of ``case`` are the stories of ``leaders``, then the newcomers; ``left`` and
    ``right`` are records, ``left`` the lower.
    """

    case: Case
    leaders: Leaders
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]


def match(
    store: Store, corpus: Corpus, told: Sequence[Texts], looked: LookedUp, *, among: bool
) -> Matches:
    """Compare newcomers with the index and, if told so, ``among`` one another."""
    keys, found = looked.keys, looked.found
    facts = facts_of(store.database, distinct(found.rows))
    ours, theirs = candidates(looked.owners, looked.numbers, found, facts)
    seqs = distinct(theirs)
    before = store.stories(seqs)
    old = len(seqs)
    case = open_case(
        joined(before, corpus),
        describe_together(before, corpus, told, store.marks, store.settings.seed),
        store.settings,
    )
    left, right = np.searchsorted(seqs, theirs), ours + old
    if among and len(corpus) > 1:
        one, other = pairs_among(keys, told, store.settings.jobs)
        left, right = np.concatenate([left, one + old]), np.concatenate([right, other + old])
    left, right = permitted(case, left, right)
    leaders = leaders_of(store.database, seqs)
    if not len(left):
        none = np.zeros(0)
        return Matches(case, leaders, left, right, none, np.zeros((0, len(told))))
    fresh = np.arange(old, old + len(corpus))
    evidence = evidence_for(store.database, case, fresh, looked.wanted, found, facts)
    verdicts = verify(evidence, case.ends(left, right))
    passed = verdicts.scores >= store.settings.threshold
    return Matches(
        case,
        leaders,
        left[passed],
        right[passed],
        verdicts.scores[passed],
        verdicts.parts[passed],
    )


def candidates(
    owners: NDArray[np.int64], numbers: NDArray[np.int64], found: Found, facts: Facts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs of a newcomer and the canonical story of a cluster that shares a key.

    ``owners`` and ``numbers`` tell who has which key.
    """
    rows = found.rows[found.near]
    ends = np.concatenate(([0], np.cumsum(found.near)))[found.starts]
    sizes = np.diff(ends)[numbers]
    leaders, places = np.unique(facts.leaders[facts.at(rows)], return_inverse=True)
    places = places.astype(np.int64)
    codes = np.repeat(owners, sizes) << 32 | places[ranges(ends[numbers], sizes)]
    codes = distinct(codes)
    return codes >> 32, leaders[codes & 0xFFFFFFFF]


def pairs_among(
    keys: NDArray[np.uint64], told: Sequence[Texts], jobs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of newcomers that share a key, as the batch run proposes them."""
    names = np.arange(len(keys))
    families, start = [], 0
    for texts in told:
        bands = texts.chunks[0].bands.shape[1]
        width = bands + texts.chunks[0].anchors.shape[1]
        families += [Family(keys[:, [start + band]], names) for band in range(bands)]
        families.append(Family(np.ascontiguousarray(keys[:, start + bands : start + width]), names))
        start += width
    pairs = propose(families, names, jobs)
    return pairs.left, pairs.right


def permitted(
    case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that neither the window nor their versions keep apart."""
    kept = np.ones(len(left), dtype=bool)
    if case.settings.window is not None:
        kept &= ~(case.hours(left, right) * HOUR > case.settings.window)
    if case.settings.updates == "split":
        versions = case.description.versions
        kept &= versions[left] == versions[right]
    return left[kept], right[kept]


def joined(one: Corpus, other: Corpus) -> Corpus:
    """Two corpora as one, without their bytes."""
    return Corpus(
        batches=(),
        texts=tuple([*a, *b] for a, b in zip(one.texts, other.texts, strict=True)),
        ids=[*one.ids, *other.ids],
        sources=[*one.sources, *other.sources],
        times=np.concatenate([one.times, other.times]),
        digests=np.concatenate([one.digests, other.digests]),
    )
