"""Newcomers against the index: candidates by their keys, then the same decision as ever.

A newcomer that shares a key with a story is compared with the canonical version of that story's
cluster, and with the other newcomers that it shares a key with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from dedupe.candidates import Family, propose
from dedupe.hashing import changes, ranges, thin
from dedupe.index.counting import with_anchors, with_recurrence, words_for
from dedupe.index.memory import ANCHORS, SOURCE, TIME, VERSION
from dedupe.index.shelf import leaders_of
from dedupe.stories import HOUR, NO_TIME, Corpus
from dedupe.threads import workers
from dedupe.verify import Ends, hopes_of, promising, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.index.describing import Texts
    from dedupe.index.looking import LookedUp
    from dedupe.index.memory import Memory
    from dedupe.index.pages import Facts
    from dedupe.index.shelf import Leaders
    from dedupe.index.store import Store
    from dedupe.settings import Settings
    from dedupe.verify import Evidence

Item = TypeVar("Item", bound=np.generic)
FEW = 512
"""So many newcomers are not worth a thread."""
CHUNK = 1 << 14


@dataclass(frozen=True, slots=True)
class Case:
    """The stories that are compared: the newcomers ``corpus`` after the leaders that were met.

    ``places`` are those of all of them in the memory.
    """

    memory: Memory
    settings: Settings
    corpus: Corpus
    places: NDArray[np.int64]

    @property
    def old(self) -> int:
        """How many are of the index."""
        return len(self.places) - len(self.corpus)

    def of(self, records: NDArray[np.int64], column: int) -> NDArray[np.int64]:
        """What the memory's table has of some records."""
        held: NDArray[np.int64] = self.memory.table.held[self.places[records], column]
        return held

    def hours(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """The hours between records, NaN where a time is missing."""
        one, other = self.of(left, TIME), self.of(right, TIME)
        undated = (one == NO_TIME) | (other == NO_TIME)
        return np.where(undated, np.nan, np.abs(one.astype(float) - other) / HOUR)

    def same_source(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float64]:
        """1 where one outlet wrote both records, 0 where two did, NaN where one is unknown."""
        one, other = self.of(left, SOURCE), self.of(right, SOURCE)
        return np.where((one < 0) | (other < 0), np.nan, (one == other).astype(float))


@dataclass(frozen=True, slots=True)
class Accepted:
    """Pairs of records that pass, their scores, and each field's similarity."""

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]


NONE = Accepted(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros((0, 0)))


@dataclass(frozen=True, slots=True)
class Matches:
    """Accepted pairs among the newcomers and the canonical stories that match one.

    The records of ``corpus`` are the stories of ``leaders``, then the newcomers; ``places`` are
    where the memory has them. ``left`` and ``right`` are records, ``left`` the lower.
    """

    memory: Memory
    settings: Settings
    corpus: Corpus
    places: NDArray[np.int64]
    leaders: Leaders
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: NDArray[np.float64]
    parts: NDArray[np.float64]

    def forget(self) -> None:
        """Let the memory go back to what it was before the newcomers."""
        self.memory.back_to(int(self.places[len(self.leaders.seqs)]))

    def of(self, column: int) -> NDArray[np.int64]:
        """What the memory's table has of each record."""
        held: NDArray[np.int64] = self.memory.table.held[self.places, column]
        return held

    @property
    def heads(self) -> NDArray[np.uint64]:
        """The print of each record's headline."""
        return self.memory.fields[0].prints(self.places)

    def alike(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether two records fold alike in all texts."""
        ours, theirs = self.places[one], self.places[other]
        same = [field.prints(ours) == field.prints(theirs) for field in self.memory.fields]
        return np.asarray(np.all(same, axis=0))


def match(
    store: Store, corpus: Corpus, told: Sequence[Texts], looked: LookedUp, *, among: bool
) -> Matches:
    """Compare newcomers with the index and, if told so, ``among`` one another."""
    facts = store.pages.facts(store.database, looked.found.rows)
    right, theirs = candidates(looked, facts)
    seqs, left = numbered(theirs)
    before = store.recall(seqs)
    sources = store.source_numbers(corpus.sources, new=among)
    fresh = store.memory.add(told, corpus.times, sources)
    case = Case(store.memory, store.settings, corpus, np.concatenate([before, fresh]))
    right = right + case.old
    if among and len(corpus) > 1:
        jobs = 1 if len(corpus) <= FEW else store.settings.jobs
        one, other = pairs_among(looked.keys, told, jobs)
        left = np.concatenate([left, one + case.old])
        right = np.concatenate([right, other + case.old])
    return judged(store, case, seqs, permitted(case, left, right), looked, facts)


def judged(
    store: Store,
    case: Case,
    seqs: NDArray[np.int64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    looked: LookedUp,
    facts: Facts,
) -> Matches:
    """The pairs that pass; ``seqs`` are the rows of the leaders that were met."""
    passed = accepted(store, case, pairs, looked, facts) if len(pairs[0]) else NONE
    kept = np.zeros(len(case.places), dtype=bool)
    kept[passed.left] = kept[case.old :] = True
    numbers = kept.cumsum() - 1
    leaders = leaders_of(store.database, seqs[kept[: case.old]])
    return Matches(
        case.memory,
        case.settings,
        joined(store.stories(leaders.seqs), case.corpus) if len(leaders.seqs) else case.corpus,
        case.places[kept],
        leaders,
        numbers[passed.left],
        numbers[passed.right],
        passed.scores,
        passed.parts,
    )


def accepted(
    store: Store,
    case: Case,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    looked: LookedUp,
    facts: Facts,
) -> Accepted:
    """The pairs that pass; anchors and what recurs are counted for the hopeful alone."""
    ends = Ends(*pairs, case.hours(*pairs), case.same_source(*pairs))
    evidence = words_for(store.database, case)
    ends = ends.at(np.flatnonzero(of_all(promising, evidence, ends)))
    if not len(ends):
        return NONE
    evidence = with_anchors(evidence, case, ends.left, ends.right)
    ends = ends.at(np.flatnonzero(of_all(hopes_of, evidence, ends) >= case.settings.threshold))
    if not len(ends):
        return NONE
    evidence = with_recurrence(evidence, case, looked, facts, ends.right)
    verdicts = verify(evidence, ends)
    passed = np.flatnonzero(verdicts.scores >= case.settings.threshold)
    scores, parts = verdicts.scores[passed], verdicts.parts[passed]
    return Accepted(ends.left[passed], ends.right[passed], scores, parts)


def of_all(
    look: Callable[[Evidence, Ends], NDArray[Item]], evidence: Evidence, ends: Ends
) -> NDArray[Item]:
    """What a look tells of each pair, many of them in threads."""
    if len(ends) <= CHUNK:
        return look(evidence, ends)
    cuts = [slice(first, first + CHUNK) for first in range(0, len(ends), CHUNK)]
    with workers(evidence.jobs) as spread:
        return np.concatenate([*spread(lambda cut: look(evidence, ends.at(cut)), cuts)])


def candidates(looked: LookedUp, facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs of a newcomer and the canonical story of a cluster that shares a key.

    They are sorted by the canonical story.
    """
    found = looked.found
    leaders = facts.leaders[found.near]
    ends = np.concatenate(([0], np.cumsum(found.near)))[found.starts]
    starts, sizes = ends[looked.numbers], np.diff(ends)[looked.numbers]
    bits = max(1, (len(looked.keys) - 1).bit_length())
    codes = leaders[ranges(starts, sizes)] << bits | np.repeat(looked.owners, sizes)
    codes = thin(codes)
    return codes & ((1 << bits) - 1), codes >> bits


def numbered(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct ones of sorted values, and the number of each value among them."""
    fresh = changes(values)
    return values[fresh], fresh.cumsum() - 1


def pairs_among(
    keys: NDArray[np.uint64], told: Sequence[Texts], jobs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of newcomers that share a key, as the batch run proposes them."""
    names = np.arange(len(keys))
    families, start = [], 0
    width = keys.shape[1] // len(told)
    for _ in told:
        bands = start + width - ANCHORS
        families += [Family(keys[:, [band]], names, names) for band in range(start, bands)]
        anchors = np.ascontiguousarray(keys[:, bands : start + width])
        families.append(Family(anchors, names, names))
        start += width
    return propose(families, jobs).ends()


def permitted(
    case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pairs that neither the window nor their versions keep apart."""
    if case.settings.window is not None:
        kept = ~(case.hours(left, right) * HOUR > case.settings.window)
        left, right = left[kept], right[kept]
    if case.settings.updates == "split":
        kept = case.of(left, VERSION) == case.of(right, VERSION)
        left, right = left[kept], right[kept]
    return left, right


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


def part(corpus: Corpus, records: NDArray[np.int64]) -> Corpus:
    """Some records of a corpus, without their bytes."""
    chosen = records.tolist()
    return Corpus(
        batches=(),
        texts=tuple([column[i] for i in chosen] for column in corpus.texts),
        ids=[corpus.ids[i] for i in chosen],
        sources=[corpus.sources[i] for i in chosen],
        times=corpus.times[records],
        digests=corpus.digests[records],
    )


def unpacked(corpus: Corpus) -> Corpus:
    """A corpus without its bytes, whose strings are lists."""
    return replace(
        corpus,
        batches=(),
        texts=tuple(map(list, corpus.texts)),
        ids=list(corpus.ids),
        sources=list(corpus.sources),
    )
