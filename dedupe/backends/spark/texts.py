"""Texts on the workers: prepared by the functions of a local run, and put back as scoring wants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dedupe.backends.spark.arrow import batch_of, blobs, decoded, matrix_of
from dedupe.contents import FieldTexts, leading_texts, record_columns, select_keys
from dedupe.io.string_columns import code_strings
from dedupe.prepare import prepare_texts
from dedupe.preprocess import field_texts
from dedupe.tokens import TOKEN, Fact, PreparedTexts, concat_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from dedupe.config import Settings

META = np.dtype(
    [("fingerprints", "<u8", 2), ("length", "<u4"), ("language", "u1"), ("facts", "u1")]
)
"""What scoring takes of a prepared text beside its tokens and letters."""
FACTS = (
    "position long, time long, day boolean, digest long, source string, version long, "
    "length long, whole long, plain long, withdrawn boolean"
)
"""What the canonical order and the metadata take of a record."""
TEXTS = "tokens array<binary>, letters array<binary>, meta binary"
"""The prepared texts of a record, a value a field."""
PREPARED = (
    f"{FACTS}, titled binary, generic boolean, said binary, rare binary, bands binary, {TEXTS}"
)
"""A prepared record: ``titled`` and ``said`` are equal for equal headlines and equal contents.

A record without text has neither. ``rare`` and ``bands`` are its blocking keys.
"""
ROWS = 1 << 13
PRINT = 16
"""The bytes of a fingerprint."""


def prepare_rows(
    settings: Settings, incoming: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Return rows of ``PREPARED`` for records as they were read."""
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
    own = np.arange(rows.num_rows, dtype=np.int32)
    known = np.array([np.where(with_text(texts), own, -1) for texts in fields])
    facts = record_columns([FieldTexts([texts], own) for texts in fields], known)
    texts, shape = concat_texts(fields), (len(fields), rows.num_rows)
    present = np.where(known >= 0, np.arange(len(texts), dtype=np.int32).reshape(shape), -1)
    names = ("position", "time", "day", "digest", "source")
    return batch_of(
        PREPARED,
        {
            **{name: rows[name] for name in names},
            "version": facts.pop("versions"),
            "length": facts.pop("lengths"),
            **facts,
            **content_columns(texts, present, list(rows["source"].to_pylist())),
            "rare": blobs(select_keys(texts.rare_keys, present, every=True).matrix()),
            "bands": blobs(select_keys(texts.band_keys, present, every=True).matrix()),
            "tokens": lists_of(texts.tokens, texts.offsets, present),
            "letters": lists_of(texts.letters, texts.letter_offsets, present),
            "meta": blobs(meta_of(texts).reshape(shape).T),
        },
    )


def meta_of(texts: PreparedTexts) -> NDArray[Any]:
    """Return the rows of ``META`` of texts."""
    meta = np.empty(len(texts), META)
    columns = (texts.fingerprints, texts.lengths, texts.languages, texts.facts)
    for name, values in zip(META.names or (), columns, strict=True):
        meta[name] = values
    return meta


def with_text(texts: PreparedTexts) -> NDArray[np.bool_]:
    """Return whether each text counts: it has tokens and is no placeholder."""
    present = np.asarray(texts.fingerprints.any(axis=1))
    return np.asarray(present & ((texts.facts & Fact.PLACEHOLDER) == 0))


def content_columns(
    texts: PreparedTexts, present: NDArray[np.int32], sources: list[str]
) -> dict[str, list[Any]]:
    """Return what tells headlines and contents apart; the outlet counts if a title is generic.

    ``present`` has the text of each field and record, -1 for none.
    """
    fingerprints = np.append(texts.fingerprints, np.zeros((1, 2), np.uint64), axis=0)
    titles = leading_texts(present)
    generic = (np.append(texts.facts, 0)[titles] & Fact.GENERIC) > 0
    said = np.ascontiguousarray(fingerprints[present].transpose(1, 0, 2)).tobytes()
    width = PRINT * len(present)
    leading = fingerprints[titles].tobytes()
    fields = (present >= 0).argmax(axis=0).tolist()
    filled = (titles >= 0).tolist()
    rows = range(len(sources))
    return {
        "titled": [
            bytes([fields[i]]) + leading[i * PRINT : (i + 1) * PRINT] if filled[i] else None
            for i in rows
        ],
        "said": [said[i * width : (i + 1) * width] if filled[i] else None for i in rows],
        "generic": generic.tolist(),
    }


def lists_of(
    values: NDArray[Any], offsets: NDArray[np.int64], rows: NDArray[np.int32]
) -> list[list[bytes]]:
    """Return the values of each record's texts as bytes, none for a text that does not count."""
    bounds = offsets.tolist()
    return [
        [values[bounds[at] : bounds[at + 1]].tobytes() if at >= 0 else b"" for at in own]
        for own in rows.T.tolist()
    ]


def texts_of(rows: pa.RecordBatch | pa.Table, fields: int) -> PreparedTexts:
    """Return the texts of records, those of one record side by side, as they are scored."""
    tokens, offsets = flat_bytes(rows["tokens"])
    letters, letter_offsets = flat_bytes(rows["letters"])
    meta = matrix_of(rows["meta"], META, fields).reshape(-1)
    none = np.zeros((len(meta), 0), np.uint32)
    return PreparedTexts(
        tokens=tokens.view(TOKEN),
        offsets=offsets // TOKEN.itemsize,
        letters=letters,
        letter_offsets=letter_offsets,
        fingerprints=meta["fingerprints"],
        band_keys=none,
        rare_keys=none,
        languages=meta["language"],
        versions=np.zeros(len(meta), np.uint8),
        facts=np.ascontiguousarray(meta["facts"]),
        lengths=meta["length"],
    )


def flat_bytes(column: pa.Array | pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of a column of lists of bytes, end to end, and where each value begins."""
    if isinstance(column, pa.ChunkedArray):
        parts = [flat_bytes(chunk) for chunk in column.chunks]
    else:
        values = column.flatten().cast(pa.large_binary())
        _, offsets, data = values.buffers()
        bounds = np.frombuffer(offsets, np.int64)[values.offset : values.offset + len(values) + 1]
        own = np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]]
        parts = [(own.copy(), bounds - bounds[0])]
    sizes = [np.diff(ends) for _, ends in parts]
    data = [np.zeros(0, np.uint8), *(own for own, _ in parts)]
    return np.concatenate(data), np.cumsum(np.concatenate([[0], *sizes]))


def no_texts(count: int) -> PreparedTexts:
    """Return so many texts of which nothing is known."""
    none, zeros = np.zeros(count + 1, np.int64), np.zeros(count, np.uint8)
    return PreparedTexts(
        tokens=np.zeros(0, TOKEN),
        offsets=none,
        letters=np.zeros(0, np.uint8),
        letter_offsets=none,
        fingerprints=np.zeros((count, 2), np.uint64),
        band_keys=np.zeros((count, 0), np.uint32),
        rare_keys=np.zeros((count, 0), np.uint32),
        languages=zeros,
        versions=zeros,
        facts=zeros,
        lengths=np.zeros(count, np.uint32),
    )
