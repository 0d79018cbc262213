"""What recurs, counted over the stories so far: words, headlines, and words that meet.

A batch run counts over all its stories, round by round; the index over those that lead a cluster
as yet and those that have just come. ``compact`` judges anew as a batch run does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HOT
from dedupe.hashing import BASE, changes, distinct, find, mix64, ranges
from dedupe.index.memory import ANCHORS, TIME
from dedupe.index.weighing import column_of, spelled
from dedupe.pipeline.spans import Calendar, days_of
from dedupe.sketch import BANDING
from dedupe.verify import (
    IGNORE,
    LEAST,
    STRICT,
    Evidence,
    without_numbers,
)

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from dedupe.index.looking import LookedUp
    from dedupe.index.matching import Case
    from dedupe.index.pages import Facts

NONE = -1
NO_ANCHORS = np.zeros((0, ANCHORS), np.int32)
NO_MEETINGS = np.zeros((0, 3))


def words_for(database: sqlite3.Connection, case: Case) -> Evidence:
    """What the decision may look at, as if nothing recurred and no anchor were shared."""
    settings, memory = case.settings, case.memory
    ignoring = settings.numbers == IGNORE
    columns = [column_of(database, case, number) for number in range(len(memory.fields))]
    return Evidence(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(without_numbers(column) if ignoring else column for column in columns),
        texts=tuple(spelled(field, case.places, ignoring=ignoring) for field in memory.fields),
        recurrence=np.zeros((len(case.places), 2)),
        anchors=NO_ANCHORS,
        meetings=NO_MEETINGS,
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
        glanced=settings.threshold >= LEAST,
    )


def with_anchors(
    evidence: Evidence, case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> Evidence:
    """The same with the anchors of the ends of some pairs, of which the right are newcomers."""
    anchors, count = anchors_of(case, left, right)
    return replace(evidence, anchors=anchors, meetings=np.zeros((count, 3)))


def with_recurrence(
    evidence: Evidence,
    case: Case,
    looked: LookedUp,
    facts: Facts,
    hopeful: NDArray[np.int64],
) -> Evidence:
    """The same with what recurs of headlines, and of the anchors of some newcomers."""
    anchors, count = narrowed(evidence.anchors, len(evidence.meetings), hopeful)
    return replace(
        evidence,
        recurrence=recurrence_of(case, facts),
        anchors=anchors,
        meetings=meetings_of(case, anchors, count, looked, facts),
    )


def narrowed(
    anchors: NDArray[np.int32], count: int, records: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """So many anchors numbered anew: those that some records have, -1 for the others."""
    wanted = np.zeros(count + 1, dtype=bool)
    wanted[anchors[records]] = True
    wanted[-1] = False
    numbers = np.where(wanted, wanted.cumsum() - 1, NONE).astype(np.int32)
    return numbers[anchors], int(wanted.sum())


def recurrence_of(case: Case, facts: Facts) -> NDArray[np.float64]:
    """For each record log2 of the days and weeks on which its headline appears.

    One that appears once, as most do, stands on one day.
    """
    prints = case.memory.fields[0].prints(case.places)
    fresh = fresh_and_filled(case)
    leads = np.flatnonzero(facts.leads)
    leads = leads[firsts_of(facts.seqs[leads])]
    heads = np.concatenate([prints[fresh], facts.heads[leads]])
    times = np.concatenate([case.of(fresh, TIME), facts.times[leads]])
    again = np.sort(heads)
    again = again[1:][again[1:] == again[:-1]]
    if not len(again):
        return np.zeros((len(prints), 2))
    again = again[changes(again)]
    numbers = find(again, heads)
    told = numbers != NONE
    spans = spans_of(numbers[told], times[told], len(again))
    return np.concatenate([spans, np.zeros((1, 2))])[find(again, prints)]


def firsts_of(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first place of each distinct value below 2**31, in the order of values."""
    codes = values << 32 | np.arange(len(values))
    codes.sort()
    held = codes >> 32
    return codes[changes(held)] & 0xFFFFFFFF


def fresh_and_filled(case: Case) -> NDArray[np.int64]:
    """The newcomers that have a text."""
    places = case.places[case.old :]
    filled = np.any([field.prints(places) != 0 for field in case.memory.fields], axis=0)
    return np.flatnonzero(filled) + case.old


def spans_of(
    things: NDArray[np.int64], times: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """For each of so many things log2 of the days and weeks at which it stands."""
    order = np.lexsort((times, things))
    starts = np.searchsorted(things[order], np.arange(count + 1))
    calendar = Calendar(starts, order.astype(np.int32), days_of(times))
    return calendar.spans(np.ones(len(order), dtype=bool))


def anchors_of(
    case: Case, left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """The numbers of each record's anchors, and the count of those that newcomers of pairs have.

    They are -1 for an anchor that these do not have, and for old records that are in no pair.
    """
    held = case.memory.anchors.held
    own = distinct(held[case.places[distinct(right)]].view(np.int64).ravel()).view(np.uint64)
    own = np.sort(own[own > 0])
    anchors = np.full((len(case.places), ANCHORS), NONE, np.int32)
    for records in (np.arange(case.old, len(case.places)), distinct(left[left < case.old])):
        keys = held[case.places[records]]
        anchors[records] = find(own, keys.ravel()).reshape(keys.shape)
    return anchors, len(own)


def meetings_of(
    case: Case, anchors: NDArray[np.int32], count: int, looked: LookedUp, facts: Facts
) -> NDArray[np.float64]:
    """For each anchor log2 of the days, weeks and headlines that have it.

    Of a key that more than ``HOT`` stories have, a sample of so many tells the days and weeks.
    """
    found = looked.found
    number = numbers_of_keys(anchors[case.old :], looked)
    told, at = occurrences(number, looked, facts)
    prints = case.memory.fields[0].prints(case.places)
    fresh = fresh_and_filled(case)
    rows, columns = np.nonzero(anchors[fresh] >= 0)
    rows, mine = fresh[rows], anchors[fresh[rows], columns].astype(np.int64)
    things = np.concatenate([mine, told])
    times = np.concatenate([case.of(rows, TIME), facts.times[at]])
    crowds = crowd_of(things, np.concatenate([prints[rows], facts.heads[at]]), count)
    hot = np.flatnonzero((found.totals > HOT) & (number >= 0))
    scale = np.ones(count)
    scale[number[hot]] = found.totals[hot] / np.diff(found.starts)[hot]
    crowd = np.log2(np.maximum(crowds * scale, 1))
    return np.concatenate([spans_of(things, times, count), crowd[:, None]], axis=1)


def numbers_of_keys(anchors: NDArray[np.int32], looked: LookedUp) -> NDArray[np.int64]:
    """The number of the anchor that each key is looked up by, -1 for other keys.

    ``anchors`` are those of the newcomers.
    """
    places = looked.columns - BANDING.bands
    own = np.flatnonzero((places >= 0) & (places < ANCHORS))
    numbers = np.full(len(looked.wanted), NONE)
    numbers[looked.numbers[own]] = anchors[looked.owners[own], places[own]]
    return numbers


def occurrences(
    numbers: NDArray[np.int64], looked: LookedUp, facts: Facts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of an anchor, once for each story found that leads, and the place of that."""
    starts, sizes = looked.found.starts[:-1], np.diff(looked.found.starts)
    keys = np.flatnonzero(numbers >= 0)
    at = ranges(starts[keys], sizes[keys])
    told = np.repeat(numbers[keys], sizes[keys])
    leads = facts.leads[at]
    return told[leads], at[leads]


def crowd_of(
    numbers: NDArray[np.int64], heads: NDArray[np.uint64], count: int
) -> NDArray[np.int64]:
    """How many distinct headlines stand beside each number, each told by as many bits as fit."""
    bits = np.uint64(max(1, count.bit_length()))
    mixed = mix64(heads + BASE) >> bits
    codes = mixed | numbers.astype(np.uint64) << (np.uint64(64) - bits)
    codes.sort()
    held = codes[changes(codes)] >> (np.uint64(64) - bits)
    return np.bincount(held.astype(np.int64), minlength=count)
