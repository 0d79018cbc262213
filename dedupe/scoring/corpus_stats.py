"""Count the words of a corpus: document frequencies and recurrence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import change_mask, distinct_sorted, find_positions, unique_sorted
from dedupe.pairs import pack, right_of
from dedupe.scoring.active_days import build_active_days
from dedupe.scoring.align import Column
from dedupe.scoring.features import LETTERS
from dedupe.scoring.numbers import IGNORE, STRICT, text_without_numbers, without_numbers
from dedupe.scoring.pair_context import ScoringContext
from dedupe.scoring.prefilter import MIN_THRESHOLD
from dedupe.text.vocabulary import by_hash, learn_vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.scoring.active_days import ActiveDays
    from dedupe.scoring.features import Letters
    from dedupe.text.preprocess import Contents
    from dedupe.text.vocabulary import Vocabulary

TEXTS = 1 << 18


@dataclass(frozen=True, slots=True)
class WordColumn:
    """The words of a field's texts in their order: ``words[ends[i] : ends[i + 1]]`` of text ``i``.

    A text holds a word once, however often it says it.
    """

    ends: NDArray[np.int64]
    words: NDArray[np.int32]

    def counts(self, texts: NDArray[np.int64], words: int) -> NDArray[np.int64]:
        """How many of some distinct texts hold each of so many words."""
        counted = np.zeros(len(self.ends) - 1, dtype=bool)
        counted[texts] = True
        if not kernel.available():
            return self.count_plainly(counted, words)
        counts = np.zeros(words, np.int64)
        kernel.count_words(self.ends, self.words, counted, counts)
        return counts

    def count_plainly(self, counted: NDArray[np.bool_], words: int) -> NDArray[np.int64]:
        """Count by numpy."""
        owners = np.repeat(np.arange(len(counted)), np.diff(self.ends))
        held = counted[owners]
        return np.bincount(
            right_of(unique_sorted(pack(owners[held], self.words[held]))), minlength=words
        )

    def any(self, words: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether each text holds one of some words, which a mask tells."""
        held = np.zeros(len(self.ends) - 1, dtype=bool)
        for first in range(0, len(held), TEXTS):
            ends = self.ends[first : first + TEXTS + 1]
            found = np.append(0, np.cumsum(words[self.words[ends[0] : ends[-1]]]))
            found = found[ends - ends[0]]
            held[first : first + TEXTS] = found[1:] > found[:-1]
        return held


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """What of a corpus's words is counted: which texts hold which, and what recurs when.

    ``rows`` has the text of each content in each field. ``headlines`` numbers each content's
    headline, ``rare_pairs`` its rare-pair keys, equal where they are, -1 for none;
    ``headline_days`` and ``rare_pair_days`` tell on which days records show them.
    """

    vocabulary: Vocabulary
    rows: tuple[NDArray[np.int64], ...]
    held: tuple[WordColumn, ...]
    headlines: NDArray[np.int32]
    rare_pairs: NDArray[np.int32]
    headline_days: ActiveDays
    rare_pair_days: ActiveDays

    def changed(self, before: StatsSnapshot, after: StatsSnapshot) -> NDArray[np.bool_]:
        """Whether what is counted of each content differs."""
        headlines = changed_rows(before.recurrence, after.recurrence)
        rare_pair_days = np.append(changed_rows(before.pair_returns, after.pair_returns), False)
        changed = headlines[self.headlines] | rare_pair_days[self.rare_pairs].any(axis=1)
        weights = zip(before.weights, after.weights, strict=True)
        for rows, held, (was, becomes) in zip(self.rows, self.held, weights, strict=True):
            changed |= held.any(was != becomes)[rows]
        return changed

    def count(self, content_ids: NDArray[np.int64], survivors: NDArray[np.bool_]) -> StatsSnapshot:
        """The counts over the records in ``survivors``, a mask with one value a record."""
        surviving = np.zeros(len(self.headlines), dtype=bool)
        surviving[content_ids[survivors]] = True
        weights = []
        for rows, held in zip(self.rows, self.held, strict=True):
            texts = distinct_sorted(rows[surviving])
            counts = held.counts(texts, len(self.vocabulary.hashes))
            weights.append(self.vocabulary.weights(counts, len(texts)))
        bucket_counts = bucket_sizes(self.rare_pairs, surviving, self.rare_pair_days.count)
        return StatsSnapshot(
            tuple(weights),
            self.headline_days.spans(survivors),
            np.concatenate([self.rare_pair_days.spans(survivors), bucket_counts[:, None]], axis=1),
        )


@dataclass(frozen=True, slots=True)
class StatsSnapshot:
    """The words' weights in each field, and how often headlines and rare-word pairs return."""

    weights: tuple[NDArray[np.int64], ...]
    recurrence: NDArray[np.float64]
    pair_returns: NDArray[np.float64]


def changed_rows(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each row differs."""
    return np.asarray((before != after).any(axis=1))


def number_values(values: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Values by number, equal where they are."""
    return np.unique(values, return_inverse=True)[1].astype(np.int32)


def number_rare_pairs(
    keys: NDArray[np.uint64], content_ids: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The numbers of each content's rare-pair keys, -1 for none and for unique ones."""
    values = np.sort(keys, axis=None)
    values = values[change_mask(values) & (values > 0)]
    numbers = find_positions(values, keys.ravel()).astype(np.int32).reshape(keys.shape)
    records = np.bincount(content_ids[content_ids >= 0], minlength=len(keys))
    counts = np.zeros(len(values), dtype=np.int64)
    for column in numbers.T:
        own = column >= 0
        counts += np.bincount(column[own], records[own], len(values)).astype(np.int64)
    held = np.append(counts > 1, False)
    return np.where(held, np.cumsum(held) - 1, -1).astype(np.int32)[numbers]


def bucket_sizes(
    rare_pairs: NDArray[np.int32], surviving: NDArray[np.bool_], count: int
) -> NDArray[np.float64]:
    """For each of so many rare-word pairs log2 of the survivors contents that have it."""
    counts = np.zeros(count, dtype=np.int64)
    for column in rare_pairs.T:
        counts += np.bincount(column[surviving & (column >= 0)], minlength=count)
    return np.log2(np.maximum(counts, 1))


@dataclass(frozen=True, slots=True)
class CorpusTexts(CorpusStats):
    """A register with the letters themselves: the texts of each view."""

    texts: tuple[list[str], ...]


def build_corpus_stats(
    description: Contents, times: NDArray[np.int64], numbers: str
) -> CorpusTexts:
    """Number the words of all views.

    ``numbers`` is the setting of this name.
    """
    spellings: dict[str, int] = {}
    for view in description.views:
        spellings.update(view.spellings)
    vocabulary = learn_vocabulary(by_hash(spellings))
    headlines = number_values(description.views[0].fingerprints[description.view_rows[0]])
    keys = description.views[0].rare_pairs[description.view_rows[0]]
    rare_pairs = number_rare_pairs(keys, description.content_ids)
    return CorpusTexts(
        vocabulary=vocabulary,
        rows=description.view_rows,
        held=tuple(
            WordColumn(view.offsets, vocabulary.ids(view.hashes)) for view in description.views
        ),
        headlines=headlines,
        rare_pairs=rare_pairs,
        headline_days=build_active_days(headlines[:, None], description.content_ids, times),
        rare_pair_days=build_active_days(rare_pairs, description.content_ids, times),
        texts=tuple(
            comparable_letters([view.texts[i] for i in rows.tolist()], numbers)
            for view, rows in zip(description.views, description.view_rows, strict=True)
        ),
    )


def comparable_letters(texts: Sequence[str], numbers: str) -> list[str]:
    """What of some normalised texts is compared by characters."""
    spell = text_without_numbers if numbers == IGNORE else str
    return [spell(text)[:LETTERS] for text in texts]


def scoring_context_over(
    settings: Settings,
    corpus_stats: CorpusStats,
    counts: StatsSnapshot,
    zones: Sequence[NDArray[np.uint8]],
    texts: Sequence[Letters],
) -> ScoringContext:
    """What the decision may look at of all contents, under some counts.

    ``zones`` tell of each word of a field's texts where it stands, ``texts`` are as those of
    :func:`comparable_letters`, by content.
    """
    columns = [
        Column(
            held.words, own, held.ends[rows], held.ends[rows + 1], corpus_stats.vocabulary, weights
        )
        for held, own, rows, weights in zip(
            corpus_stats.held, zones, corpus_stats.rows, counts.weights, strict=True
        )
    ]
    return build_scoring_context(
        settings, columns, texts, (corpus_stats.headlines, corpus_stats.rare_pairs), counts
    )


def build_scoring_context(
    settings: Settings,
    columns: Sequence[Column],
    texts: Sequence[Letters],
    signs: tuple[NDArray[np.int32], NDArray[np.int32]],
    counts: StatsSnapshot,
) -> ScoringContext:
    """The scoring context of some contents; ``signs`` are headlines and rare-word pairs.

    ``texts`` are those of :func:`comparable_letters`.
    """
    headlines, rare_pairs = signs
    deaf = settings.numbers == IGNORE
    return ScoringContext(
        weights=tuple(field.weight for field in settings.field),
        columns=tuple(without_numbers(column) if deaf else column for column in columns),
        texts=tuple(texts),
        recurrence=counts.recurrence[headlines],
        rare_pairs=rare_pairs,
        pair_returns=counts.pair_returns,
        jobs=settings.jobs,
        strict=settings.numbers == STRICT,
        use_prefilter=settings.threshold >= MIN_THRESHOLD,
    )
