"""What recurs, counted over the stories so far: words, headlines, and words that meet.

A batch run counts over all its stories, round by round; the index over those that lead a cluster
as yet and those that have just come. ``compact`` judges anew as a batch run does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HOT
from dedupe.hashing import distinct
from dedupe.index.describing import short, signed, tagged
from dedupe.index.shelf import count_of
from dedupe.pipeline.spans import Calendar
from dedupe.stories import NO_TIME
from dedupe.verify import IGNORE, STRICT, Column, Evidence, without_numbers

if TYPE_CHECKING:
    import sqlite3

    from numpy.typing import NDArray

    from dedupe.index.found import Found
    from dedupe.index.shelf import Facts
    from dedupe.pipeline.case import Case

WORD = 1 << 16
DAY = 86_400
NO_DAY = -(1 << 30)
ANCHORS_OF_FIRST = 1


def word_keys(case: Case, field: int) -> NDArray[np.int64]:
    """The key of each word of the vocabulary as a word of one field."""
    return signed(tagged(case.lexis.vocabulary.hashes, WORD + field))


def texts_key(field: int) -> int:
    """The key under which the texts of a field are counted."""
    return -1 - field


def count_words(
    case: Case, field: int, records: NDArray[np.int64]
) -> tuple[NDArray[np.int64], int]:
    """How many of some records' distinct texts hold each word, and how many texts they are."""
    description, lexis = case.description, case.lexis
    kinds = distinct(case.kinds[records])
    rows = distinct(description.view_rows[field][kinds[kinds >= 0]])
    return lexis.held[field].counts(rows, len(lexis.vocabulary.hashes)), len(rows)


def counts_to_keep(case: Case, records: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The words of some records' texts and their counts, as the index adds them to its own."""
    rows = []
    for field in range(len(case.description.views)):
        counts, texts = count_words(case, field, records)
        held = np.flatnonzero(counts)
        keys = word_keys(case, field)[held]
        rows += list(zip(keys.tolist(), counts[held].tolist(), strict=True))
        rows.append((texts_key(field), texts))
    return rows


def evidence_for(
    database: sqlite3.Connection,
    case: Case,
    fresh: NDArray[np.int64],
    keys: NDArray[np.uint32],
    found: Found,
    facts: Facts,
) -> Evidence:
    """What the decision may look at; ``fresh`` are the records that have just come."""
    description, settings = case.description, case.settings
    columns = []
    for field, view in enumerate(description.views):
        rows = description.view_rows[field]
        weights = weigh(database, case, field, fresh)
        starts, stops = view.offsets[rows], view.offsets[rows + 1]
        column = Column(
            case.lexis.ids[field], view.zones, starts, stops, case.lexis.vocabulary, weights
        )
        columns.append(without_numbers(column) if settings.numbers == IGNORE else column)
    dated = fresh[case.kinds[fresh] >= 0]
    return Evidence(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(columns),
        texts=case.lexis.texts,
        recurrence=recurrence_of(case, dated, facts),
        anchors=case.lexis.anchors,
        meetings=meetings_of(case, dated, keys, found, facts),
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
        floor=settings.threshold,
    )


def weigh(
    database: sqlite3.Connection, case: Case, field: int, fresh: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Each word's weight by its count in the index and among the newcomers."""
    counts, texts = count_words(case, field, fresh)
    words = case.lexis.vocabulary
    if not len(case.lexis.held[field].words):
        return np.zeros(len(words.hashes), np.int64)
    asked = np.append(word_keys(case, field), texts_key(field))
    before = count_of(database, asked)
    return words.weights(counts + before[:-1], texts + int(before[-1]))


def recurrence_of(case: Case, fresh: NDArray[np.int64], facts: Facts) -> NDArray[np.float64]:
    """For each kind log2 of the days and weeks on which its headline appears."""
    view, rows = case.description.views[0], case.description.view_rows[0]
    prints = np.unique(view.prints[rows])
    leads = facts.leaders == facts.seqs
    places, known = among(prints, facts.heads[leads])
    numbers = np.concatenate([case.lexis.headlines[case.kinds[fresh]], places[known]])
    times = np.concatenate([case.times[fresh], facts.times[leads][known]])
    return spans_of(numbers, times, len(prints))[case.lexis.headlines]


def among(
    values: NDArray[np.uint64], wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each wanted value stands among sorted ones, and whether it does."""
    if not len(values):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), dtype=bool)
    places = np.searchsorted(values, wanted).clip(max=len(values) - 1)
    return places, values[places] == wanted


def spans_of(
    things: NDArray[np.int64], times: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """For each of so many things log2 of the days and weeks at which it stands."""
    days = np.where(times == NO_TIME, NO_DAY, times // DAY).clip(NO_DAY, -NO_DAY)
    order = np.argsort(things << 32 | (days - NO_DAY))
    calendar = Calendar(
        things[order].astype(np.int32),
        days[order].astype(np.int32),
        np.arange(len(order), dtype=np.int32),
        count,
    )
    return calendar.spans(np.ones(len(order), dtype=bool))


def meetings_of(
    case: Case,
    fresh: NDArray[np.int64],
    keys: NDArray[np.uint32],
    found: Found,
    facts: Facts,
) -> NDArray[np.float64]:
    """For each anchor log2 of the days, weeks and headlines that have it.

    Of a key that more than ``HOT`` stories have, a sample of so many tells the days and weeks.
    """
    anchors, heads = case.lexis.anchors, headlines_of(case)
    count = int(anchors.max(initial=-1)) + 1
    number = numbers_of_keys(case, count, keys)
    owner, at = occurrences(number, found, facts)
    kinds = case.kinds[fresh]
    rows, columns = np.nonzero(anchors[kinds] >= 0)
    told = np.concatenate([anchors[kinds[rows], columns].astype(np.int64), number[owner]])
    times = np.concatenate([case.times[fresh[rows]], facts.times[at]])
    crowds = crowd_of(told, np.concatenate([heads[kinds[rows]], facts.heads[at]]), count)
    hot = np.flatnonzero((found.totals > HOT) & (number >= 0))
    scale = np.ones(count)
    scale[number[hot]] = found.totals[hot] / np.diff(found.starts)[hot]
    crowd = np.log2(np.maximum(crowds * scale, 1))
    return np.concatenate([spans_of(told, times, count), crowd[:, None]], axis=1)


def headlines_of(case: Case) -> NDArray[np.uint64]:
    """The print of each kind's headline."""
    return case.description.views[0].prints[case.description.view_rows[0]]


def numbers_of_keys(case: Case, count: int, keys: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The number of the anchor that each key is looked up by, -1 for other keys."""
    held = case.lexis.anchors >= 0
    values = np.zeros(count, np.uint64)
    anchors = case.description.views[0].anchors[case.description.view_rows[0]]
    values[case.lexis.anchors[held]] = anchors[held]
    shorts = short(tagged(values, ANCHORS_OF_FIRST))
    order = np.argsort(shorts)
    places, known = among(shorts[order].astype(np.uint64), keys.astype(np.uint64))
    numbers = np.full(len(keys), -1)
    numbers[known] = order[places[known]]
    return numbers


def occurrences(
    numbers: NDArray[np.int64], found: Found, facts: Facts
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The keys that are anchors, once for each story found that leads, and the place of that."""
    owners = found.owners
    anchored = numbers[owners] >= 0
    at = facts.at(found.rows[anchored])
    living = facts.leaders[at] == facts.seqs[at]
    return owners[anchored][living], at[living]


def crowd_of(
    numbers: NDArray[np.int64], heads: NDArray[np.uint64], count: int
) -> NDArray[np.int64]:
    """How many distinct headlines stand beside each number."""
    order = np.lexsort((heads, numbers))
    number, head = numbers[order], heads[order]
    fresh = np.append(True, (number[1:] != number[:-1]) | (head[1:] != head[:-1]))[: len(number)]
    return np.bincount(number[fresh], minlength=count)
