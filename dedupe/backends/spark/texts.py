"""Prepare texts on the workers, find candidate pairs there and score them.

The workers call the functions of a local run on parts of it; the driver gets numbers a record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.backends.spark.arrow import batch_of, blobs, decoded, matrix_of, numbers_array
from dedupe.blocking.look_back import BAND_REACH, RARE_REACH, find_candidates, sorted_buckets
from dedupe.contents import salted_keys, select_keys
from dedupe.io.string_columns import code_strings
from dedupe.pair_keys import pack
from dedupe.prepare import RARE_KEYS, prepare_texts
from dedupe.preprocess import field_texts
from dedupe.scoring.features import FEATURES
from dedupe.scoring.score import TextScoring, feature_rows, score_pairs
from dedupe.tokens import TOKEN, Fact, PreparedTexts, concat_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings

META = np.dtype(
    [
        ("prints", "<u8", 2),
        ("length", "<u4"),
        ("language", "u1"),
        ("version", "u1"),
        ("facts", "u1"),
    ]
)
"""What is known of a prepared text beside its tokens."""
PREPARED = (
    "position long, tokens array<binary>, letters array<binary>, "
    "meta binary, rare binary, bands binary"
)
"""The prepared texts of a record, a value a field; ``rare`` and ``bands`` are its blocking keys."""
KEYS = "key long, node long, time long"
PAIRS = "pair long"
ODDS = "pair long, odds double"
ROWS = 1 << 13
BAND = 1 << 32
"""What sets the keys of bands apart from those of rare stems."""
CARRIED = max(RARE_REACH.records, RARE_REACH.undated, BAND_REACH.records, BAND_REACH.undated)
DICE = FEATURES.index("dice")


def prepare_rows(
    settings: Settings, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``PREPARED`` for rows of ``position``, ``source`` and ``texts``."""
    for batch in incoming:
        for start in range(0, batch.num_rows, ROWS):
            yield prepared_rows(batch.slice(start, ROWS), settings)


def prepared_rows(rows: pa.RecordBatch, settings: Settings) -> pa.RecordBatch:
    """Return some records prepared."""
    sources = code_strings(rows["source"].to_pylist())
    outlets = sources.writers.astype(np.int32)
    columns = zip(*rows["texts"].to_pylist(), strict=True)
    fields = [
        prepare_texts(
            field_texts(list(map(decoded, column)), field), sources.names, outlets, settings.seed
        )
        for field, column in enumerate(columns)
    ]
    texts, shape = concat_texts(fields), (len(fields), rows.num_rows)
    present = np.arange(len(texts), dtype=np.int32).reshape(shape)
    present = np.where(with_text(texts)[present], present, -1)
    meta = np.empty(len(texts), META)
    for name, values in zip(META.names or (), meta_columns(texts), strict=True):
        meta[name] = values
    return batch_of(
        PREPARED,
        {
            "position": rows["position"],
            "tokens": lists_of(texts.tokens, texts.offsets, present),
            "letters": lists_of(texts.letters, texts.letter_offsets, present),
            "meta": blobs(meta.reshape(shape).T),
            "rare": blobs(select_keys(texts.rare_keys, present, every=True).matrix()),
            "bands": blobs(select_keys(texts.band_keys, present, every=True).matrix()),
        },
    )


def meta_columns(texts: PreparedTexts) -> tuple[NDArray[Any], ...]:
    """Return the columns of ``META``."""
    return texts.fingerprints, texts.lengths, texts.languages, texts.versions, texts.facts


def with_text(texts: PreparedTexts) -> NDArray[np.bool_]:
    """Return whether each text counts: it has tokens and is no placeholder."""
    present = np.asarray(texts.fingerprints.any(axis=1))
    return np.asarray(present & ((texts.facts & Fact.PLACEHOLDER) == 0))


def lists_of(
    values: NDArray[Any], offsets: NDArray[np.int64], rows: NDArray[np.int32]
) -> list[list[bytes]]:
    """Return the values of each record's texts as bytes, none for a text that does not count."""
    bounds = offsets.tolist()
    return [
        [values[bounds[at] : bounds[at + 1]].tobytes() if at >= 0 else b"" for at in own]
        for own in rows.T.tolist()
    ]


def driver_texts(meta: NDArray[Any], rare: NDArray[np.uint32], field: int) -> PreparedTexts:
    """Return what the driver knows of the texts of one field: all but tokens, letters and bands."""
    own, none = meta[:, field], np.zeros(len(meta) + 1, np.int64)
    return PreparedTexts(
        tokens=np.zeros(0, TOKEN),
        offsets=none,
        letters=np.zeros(0, np.uint8),
        letter_offsets=none,
        fingerprints=own["prints"].copy(),
        band_keys=np.zeros((len(meta), 0), np.uint32),
        rare_keys=salted_keys(rare[:, field * RARE_KEYS : (field + 1) * RARE_KEYS], field),
        languages=own["language"].copy(),
        versions=own["version"].copy(),
        facts=own["facts"].copy(),
        lengths=own["length"].copy(),
    )


def facts_only(texts: PreparedTexts) -> PreparedTexts:
    """Return texts of which only the facts and lengths are known."""
    none = np.zeros((0, 0), np.uint32)
    return replace(
        texts,
        offsets=np.zeros(1, np.int64),
        letter_offsets=np.zeros(1, np.int64),
        fingerprints=np.zeros((0, 2), np.uint64),
        band_keys=none,
        rare_keys=none,
        languages=np.zeros(0, np.uint8),
        versions=np.zeros(0, np.uint8),
    )


def key_rows(incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Return rows of ``KEYS`` for rows of ``node``, ``time``, ``rare`` and ``bands``."""
    for batch in incoming:
        nodes, times = numbers_array(batch["node"]), numbers_array(batch["time"])
        for name, offset in (("rare", 0), ("bands", BAND)):
            width = len(batch[name][0].as_py()) // 4 if len(nodes) else 1
            keys = matrix_of(batch[name], np.uint32, width).astype(np.int64)
            rows, columns = np.nonzero(keys)
            found = np.unique(np.stack([keys[rows, columns] + offset, rows]), axis=1)
            yield batch_of(
                KEYS, {"key": found[0], "node": nodes[found[1]], "time": times[found[1]]}
            )


def look_back_rows(
    in_play: bytes, before: bytes, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``PAIRS`` for rows of ``KEYS``, sorted by key and node.

    ``in_play`` and ``before`` have a bit a node: whether it is in play, and was in the pass before.
    Of a key that goes on in the next batch as many rows are carried on as one looks back.
    """
    masks = [np.frombuffer(mask, np.uint8) for mask in (in_play, before)]
    carried = np.zeros((5, 0), np.int64)
    for batch in incoming:
        rows = np.stack([numbers_array(batch[name]) for name in ("key", "node", "time")])
        marks = [mask[rows[1] >> 3] >> (7 - (rows[1] & 7)) & 1 for mask in masks]
        rows = np.concatenate([rows, marks])[:, (marks[0] | marks[1]) > 0]
        start, rows = carried.shape[1], np.concatenate([carried, rows], axis=1)
        if rows.shape[1] > start:
            yield batch_of(PAIRS, {"pair": pairs_of_keys(rows, start)})
        last = rows[:, rows[0] == rows[0, -1]] if rows.shape[1] else rows
        playing = np.flatnonzero(last[3])
        carried = last[:, playing[-CARRIED] :] if len(playing) > CARRIED else last


def pairs_of_keys(rows: NDArray[np.int64], start: int) -> NDArray[np.int64]:
    """Return the candidate pairs whose later row stands at ``start`` or after it."""
    keys, nodes, times, in_play, before = rows
    count = len(keys)
    bounds = np.concatenate([[0], np.flatnonzero(keys[1:] != keys[:-1]) + 1, [count]])
    rare = int(np.searchsorted(keys[bounds[:-1]], BAND))
    found = find_candidates(
        sorted_buckets(bounds[: rare + 1], count),
        sorted_buckets(bounds[rare:], count),
        in_play > 0,
        before > 0,
        np.ascontiguousarray(times),
    )
    later = np.repeat(np.arange(count), np.diff(found.starts))
    fresh = later >= start
    return pack(nodes[found.partners[fresh]], nodes[later[fresh]])


@dataclass(frozen=True, slots=True)
class PairScorer:
    """Scores pairs of records whose texts came with them."""

    settings: Settings

    def scoring(
        self,
        tokens: Sequence[Sequence[bytes]],
        letters: Sequence[Sequence[bytes]],
        meta: Sequence[bytes],
    ) -> TextScoring:
        """Return the texts of some records, ready to be scored."""
        fields = len(self.settings.field)
        texts = texts_of(tokens, letters, matrix_of(pa.array(meta, pa.binary()), META, fields))
        rows = np.arange(len(texts), dtype=np.int32).reshape(-1, fields).T
        rows = np.ascontiguousarray(np.where(np.diff(texts.offsets)[rows] > 0, rows, -1))
        weights = np.array([field.weight for field in self.settings.field])
        return TextScoring(texts, rows, weights, self.settings.numbers)

    def parts(
        self, incoming: Iterable[pa.RecordBatch]
    ) -> Iterator[tuple[NDArray[np.int64], TextScoring, tuple[NDArray[np.int64], ...]]]:
        """Yield pairs with their texts: the pair keys, the texts, and where both ends are."""
        for batch in incoming:
            for start in range(0, batch.num_rows, ROWS):
                rows = batch.slice(start, ROWS)
                columns = (
                    rows[f"left_{name}"].to_pylist() + rows[f"right_{name}"].to_pylist()
                    for name in ("tokens", "letters", "meta")
                )
                left = np.arange(rows.num_rows)
                scoring = self.scoring(*columns)
                yield numbers_array(rows["pair"]), scoring, (left, left + rows.num_rows)

    def near(self, least: float, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return rows of ``ODDS``, of pairs of at least ``least``; a last one counts all."""
        count = 0
        for pairs, scoring, (left, right) in self.parts(incoming):
            odds = score_pairs(scoring, right, left)
            chosen = odds >= least
            count += len(pairs)
            yield batch_of(ODDS, {"pair": pairs[chosen], "odds": odds[chosen]})
        yield batch_of(ODDS, {"pair": [-1], "odds": [float(count)]})

    def odds(self, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return rows of ``ODDS``."""
        for pairs, scoring, (left, right) in self.parts(incoming):
            yield batch_of(ODDS, {"pair": pairs, "odds": score_pairs(scoring, left, right)})

    def similarities(self, incoming: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return the similarity of each field of pairs, as rows of ``pair`` and ``parts``."""
        for pairs, scoring, (left, right) in self.parts(incoming):
            parts = feature_rows(scoring, left, right)[:, :, DICE]
            yield batch_of("pair long, parts binary", {"pair": pairs, "parts": blobs(parts)})


def texts_of(
    tokens: Sequence[Sequence[bytes]], letters: Sequence[Sequence[bytes]], meta: NDArray[Any]
) -> PreparedTexts:
    """Return the texts of records, those of one record side by side, as they are scored."""
    words = [part for own in tokens for part in own]
    parts = [part for own in letters for part in own]
    count = len(words)
    none = np.zeros((count, 0), np.uint32)
    return PreparedTexts(
        tokens=np.frombuffer(b"".join(words), TOKEN),
        offsets=np.cumsum([0, *(len(part) // TOKEN.itemsize for part in words)]),
        letters=np.frombuffer(b"".join(parts), np.uint8),
        letter_offsets=np.cumsum([0, *map(len, parts)]),
        fingerprints=meta.reshape(-1)["prints"],
        band_keys=none,
        rare_keys=none,
        languages=meta.reshape(-1)["language"],
        versions=meta.reshape(-1)["version"],
        facts=np.ascontiguousarray(meta.reshape(-1)["facts"]),
        lengths=meta.reshape(-1)["length"],
    )
