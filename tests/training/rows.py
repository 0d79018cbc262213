"""What pairs look like to the model: features of their texts, and what is known beside them.

Everything is computed by the package itself, as in a run over the whole corpus that a pair is from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from training_pairs import CORPORA, LANGUAGES, Pair, Record, corpus_path, read_records

from dedupe.blocking.look_back import Buckets, find_candidates, group_keys
from dedupe.contents import number_texts
from dedupe.io.dates import parse_timestamp
from dedupe.models import HOUR, NO_TIME
from dedupe.prepare import prepare_texts
from dedupe.preprocess import LONGEST_SUPPORT
from dedupe.scoring.features import FEATURES
from dedupe.scoring.metadata import (
    RecordMeta,
    Recurrence,
    count_stems,
    count_titles,
    metadata_rows,
)
from dedupe.scoring.model import METADATA, Model, read_forest
from dedupe.scoring.score import TextScoring, feature_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from dedupe.tokens import PreparedTexts

ONE_LEAF: dict[str, Any] = {
    "base": 0, "depth": 0, "roots": [0], "features": [-1], "thresholds": [0.0], "yes": [0],
    "no": [0], "missing": [False], "values": [0],
}  # fmt: skip
EMPTY_MODEL = Model(
    read_forest({"names": FEATURES, **ONE_LEAF}), read_forest({"names": METADATA, **ONE_LEAF}), 0.0
)
"""Features do not depend on a model, and the shipped one may be of other features."""
FAR = 48 * HOUR
"""Candidates further apart in time are hardly ever one story."""
DISTANT = {
    "reuters_weeks": 2500, "newstoday": 2500, "reuters_2007_news": 2500, "reuters21578": 1200,
    "uci": 800, "zhihu": 1500, "de_news": 1500, "hi_news": 600, "zh_hot": 1200, "ko_gnews": 600,
}  # fmt: skip
"""How many distant candidates of each corpus are learned from."""
CHANCE_PAIRS = 150
DATE_LENGTH = 10
SEED = 7


@dataclass(frozen=True)
class Columns:
    """Records in order of time, undated ones first: their texts, times, outlets and keys."""

    records: list[Record]
    texts: PreparedTexts
    meta: RecordMeta
    buckets: Buckets
    contents: NDArray[np.int64]

    def recurrence(self) -> Recurrence:
        """Return what recurs among all the records."""
        everything = np.ones(len(self.records), bool)
        stems = np.ones((len(self.buckets), 3), np.int64)
        wanted = np.ones(len(self.buckets), bool)
        count_stems(self.buckets, self.contents, self.meta.times, everything, wanted, stems)
        return Recurrence(stems, count_titles(self.contents, self.meta.times, everything))


def time_of(record: Record) -> int:
    """Return the time of a record, ``NO_TIME`` for none."""
    return parse_timestamp(record.get("published"), NO_TIME)


def columns_of(records: Sequence[Record]) -> Columns:
    """Return records as columns."""
    ordered = sorted(records, key=time_of)
    sources = [str(record.get("source") or "") for record in ordered]
    names = {name: number for number, name in enumerate(dict.fromkeys(filter(None, sources)))}
    outlets = np.array([names.get(source, -1) for source in sources], np.int32)
    titles = [str(record.get("title") or "") for record in ordered]
    texts = prepare_texts(titles, list(names), outlets, 1)
    dates = [str(record.get("published") or "") for record in ordered]
    meta = RecordMeta(
        np.array([time_of(record) for record in ordered], np.int64),
        np.array([0 < len(date) <= DATE_LENGTH for date in dates], bool),
        outlets,
    )
    contents = np.maximum(number_texts(texts.fingerprints)[0], 0)
    return Columns(ordered, texts, meta, group_keys(texts.rare_keys), contents)


def title_features(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return the features of the titles of pairs; NaN where too little is shared."""
    records = [record for pair in pairs for record in (pair.left, pair.right)]
    sources = [str(record.get("source") or "") for record in records]
    names = list(dict.fromkeys(filter(None, sources)))
    place = {name: number for number, name in enumerate(names)}
    outlets = np.array([place.get(source, -1) for source in sources], np.int32)
    return features_of([str(record.get("title") or "") for record in records], names, outlets)


def lede_features(pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return the features of the ledes of pairs; NaN where one has none."""
    records = [record for pair in pairs for record in (pair.left, pair.right)]
    ledes = [str(record.get("lede") or "")[:LONGEST_SUPPORT] for record in records]
    return features_of(ledes, [], np.full(len(ledes), -1, np.int32))


def features_of(
    texts: Sequence[str], sources: Sequence[str], outlets: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return the features of each two texts that follow each other."""
    prepared = prepare_texts(texts, sources, outlets, 1)
    rows = np.arange(len(texts), dtype=np.int32)[None]
    scoring = TextScoring(prepared, rows, np.ones(1), model=EMPTY_MODEL)
    left = np.arange(0, len(texts), 2)
    return feature_rows(scoring, left, left + 1)[:, 0]


def known_rows(data: Path, pairs: Sequence[Pair]) -> NDArray[np.float64]:
    """Return what is known of pairs beside their texts, in the order of ``METADATA``."""
    out = np.full((len(pairs), len(METADATA)), np.nan)
    out[:, -1] = 1
    by_corpus: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        by_corpus[pair.corpus or pair.source].append(place)
    for name, places in by_corpus.items():
        of_corpus = name in CORPORA or name in LANGUAGES
        own = [record for at in places for record in (pairs[at].left, pairs[at].right)]
        records = list(read_records(corpus_path(data, name)).values()) if of_corpus else own
        columns = columns_of(records)
        place = {id(record): number for number, record in enumerate(columns.records)}
        left, right = (
            np.array([place[id(record)] for record in own[side::2]], np.int64) for side in (0, 1)
        )
        recurrence = columns.recurrence() if of_corpus else no_recurrence(columns)
        out[places] = metadata_rows(columns.meta, recurrence, columns.buckets, left, right)
    add_recurring_words(data, pairs, out)
    return out


def add_recurring_words(data: Path, pairs: Sequence[Pair], out: NDArray[np.float64]) -> None:
    """Fill in the headlines that hold the shared words of pairs of which nothing else is known."""
    by_corpus: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        if pair.undated_in:
            by_corpus[pair.undated_in].append(place)
    for name, places in by_corpus.items():
        columns = columns_of(list(read_records(corpus_path(data, name)).values()))
        place = {record["id"]: number for number, record in enumerate(columns.records)}
        left = np.array([place[pairs[at].left["id"]] for at in places], np.int64)
        right = np.array([place[pairs[at].right["id"]] for at in places], np.int64)
        known = columns.recurrence()
        out[places, -1] = metadata_rows(columns.meta, known, columns.buckets, left, right)[:, -1]


def no_recurrence(columns: Columns) -> Recurrence:
    """Return the counts of a file that holds nothing but one pair."""
    stems = np.ones((len(columns.buckets), 3), np.int64)
    return Recurrence(stems, np.ones((len(columns.records), 2), np.int64))


def distant_pairs(data: Path) -> Iterator[Pair]:
    """Yield candidates that are far apart in time, and pairs by chance."""
    chance = np.random.default_rng(SEED)
    for name, count in DISTANT.items():
        columns = columns_of(list(read_records(corpus_path(data, name)).values()))
        times = columns.meta.times
        everything, nothing = np.ones(len(times), bool), np.zeros(len(times), bool)
        bands = group_keys(columns.texts.band_keys)
        found = find_candidates(columns.buckets, bands, everything, nothing, times)
        left = np.repeat(np.arange(len(times)), np.diff(found.starts))
        right = found.partners.astype(np.int64)
        far = np.flatnonzero(
            (times[left] - times[right] > FAR)
            & (times[right] != NO_TIME)
            & (columns.contents[left] != columns.contents[right])
        )
        drawn = chance.choice(far, min(count, len(far)), replace=False)
        ends = [(int(left[at]), int(right[at])) for at in drawn]
        by_chance = chance.integers(0, len(times), (CHANCE_PAIRS, 2)).tolist()
        for kind, chosen in (("distant", ends), ("chance", by_chance)):
            for one, other in chosen:
                records = columns.records[one], columns.records[other]
                if one != other and not same_gold(*records):
                    group = f"{name} {records[0]['id']}"
                    yield Pair(f"{kind} {name}", *records, "N", group, name)


def same_gold(left: Record, right: Record) -> bool:
    """Return whether two records are said to be of one story."""
    names = ("gold", "gold_id")
    return any(left.get(name) is not None and left.get(name) == right.get(name) for name in names)


def has_rows(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether each pair has features."""
    known: NDArray[np.bool_] = ~np.isnan(rows[:, FEATURES.index("dice")])
    return known
