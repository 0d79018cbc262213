"""Write records with their cluster spliced into their own bytes, or only the chosen records."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson

from dedupe.errors import InputError
from dedupe.io.csv_dialect import (
    TEXT,
    check_one_table,
    csv_cells,
    dialect_of,
    header_names,
    holds_objects,
    is_table,
    line_ending_of,
    without_line_ending,
)
from dedupe.models import DIGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Batch, Clustering

    Row = dict[str, Any]  # by KEYS, in their order; a version only where one is stated

KEYS = ("cluster", "size", "canonical", "canonical_id", "score", "reason", "version")
INDEX_KEYS = (*KEYS, "new", "opens", "merged", "canonical_changed")
"""The keys of an answer of an index; ``merged`` and ``canonical_changed`` only where they apply."""


class Annotation(NamedTuple):
    """What is added to each record: values by ``keys`` under the name ``into``.

    ``rows`` returns those of the records from one position up to another.
    """

    into: str
    keys: Sequence[str]
    rows: Callable[[int, int], list[Row]]


def cluster_annotation(clustering: Clustering, into: str) -> Annotation:
    """Return the annotation of each record with its cluster."""
    return Annotation(into, KEYS, partial(annotation_rows, clustering))


def size_annotation(clustering: Clustering, into: str) -> Annotation:
    """Return the annotation of each record with how many records its cluster has."""

    def rows(start: int, stop: int) -> list[Row]:
        return [{"size": size} for size in clustering.sizes[start:stop].tolist()]

    return Annotation(into, ("size",), rows)


def annotate_chosen(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], annotation: Annotation
) -> Iterator[bytes]:
    """Return the chosen records in input order, in chunks, each with its annotation.

    JSONL: an object is spliced in before the last brace, all other bytes stay. Tables: columns are
    added on the right, empty for what a row lacks. Lines: become JSONL. A missing line ending is
    added. Raises InputError at once for a record that has the key, and for tables that cannot be
    written as one.
    """
    check_one_table(batches)
    for batch in batches:
        check_key_is_free(batch, annotation.into, annotation.keys)
    return annotated_chunks(batches, chosen, annotation)


def annotated_chunks(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], annotation: Annotation
) -> Iterator[bytes]:
    """Yield what :func:`annotate_chosen` returns, once the input is checked."""
    into, keys = annotation.into, annotation.keys
    if batches and is_table(batches[0]):
        yield widen_header(batches[0], into, keys)
    for start, batch, wanted in chosen_parts(batches, chosen):
        rows = annotation.rows(start, start + len(batch))
        yield annotate_batch(
            pick_records(batch, wanted), [rows[at] for at in wanted.tolist()], into, keys
        )


def chosen_parts(
    batches: Iterable[Batch], chosen: NDArray[np.bool_]
) -> Iterator[tuple[int, Batch, NDArray[np.int64]]]:
    """Yield the position of each batch's first record, the batch, and its chosen positions."""
    start = 0
    for batch in batches:
        yield start, batch, np.flatnonzero(chosen[start : start + len(batch)])
        start += len(batch)


def pick_records(batch: Batch, wanted: NDArray[np.int64]) -> Batch:
    """Return the spans and lines of some records of a batch, over the same bytes."""
    if len(wanted) == len(batch):
        return batch
    names = ("starts", "ends", "limits", "lines")
    return replace(batch, **{name: getattr(batch, name)[wanted] for name in names})


def annotate_batch(batch: Batch, rows: list[Row], into: str, keys: Sequence[str]) -> bytes:
    """Return the records of a batch, each with its row."""
    if holds_objects(batch):
        return splice_members(batch, rows, into)
    if batch.format == "lines":
        return wrap_lines(batch, rows, into)
    return widen_rows(batch, rows, keys)


def annotation_rows(clustering: Clustering, start: int, stop: int) -> list[Row]:
    """Return the annotations of the records from ``start`` to ``stop``."""
    leaders = clustering.canonical[start:stop].tolist()
    columns = zip(
        range(start, stop),
        leaders,
        clustering.sizes[start:stop].tolist(),
        clustering.scores[start:stop].round(DIGITS).tolist(),
        clustering.reasons[start:stop],
        map(version_member, clustering.versions[start:stop].tolist()),
        strict=True,
    )
    keys, ids = clustering.keys, clustering.record_ids
    return [
        {
            "cluster": keys[leader],
            "size": size,
            "canonical": position == leader,
            "canonical_id": ids[leader],
            "score": score,
            "reason": reason,
            **version,
        }
        for position, leader, size, score, reason, version in columns
    ]


def version_member(version: int) -> dict[str, int]:
    """Return the version that a record states as a member, if it states one."""
    return {"version": version} if version else {}


def record_spans(batch: Batch, values: list[Any]) -> Iterator[tuple[int, int, int, Any]]:
    """Yield each record's start, end and limit, with its value."""
    return zip(
        batch.starts.tolist(), batch.ends.tolist(), batch.limits.tolist(), values, strict=True
    )


def splice_members(batch: Batch, rows: list[Row], into: str) -> bytes:
    """Return JSON objects with one more member each."""
    data, dumps = batch.data, orjson.dumps
    key = orjson.dumps(into) + b":"
    parts: list[bytes] = []
    for start, end, limit, row in record_spans(batch, rows):
        brace = data.rindex(b"}", start, end)
        comma = b"" if data[start:brace].rstrip().endswith(b"{") else b","
        member = key + dumps(row)
        parts += (data[start:brace], comma, member, data[brace:end], data[end:limit] or b"\n")
    return b"".join(parts)


def wrap_lines(batch: Batch, rows: list[Row], into: str) -> bytes:
    """Return plain lines as JSON objects."""
    data = batch.data
    return b"".join(
        orjson.dumps(
            {TEXT: data[start:end].decode(), into: row},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for start, end, _, row in record_spans(batch, rows)
    )


def widen_rows(batch: Batch, rows: list[Row], keys: Sequence[str] = KEYS) -> bytes:
    """Return the rows of a table with their cells added."""
    data, dialect = batch.data, dialect_of(batch)
    parts: list[bytes] = []
    for start, end, limit, row in record_spans(batch, rows):
        added = csv_cells([cell_text(row.get(key, "")) for key in keys], dialect)
        parts += (data[start:end], added, line_ending_of(data[end:limit]))
    return b"".join(parts)


def widen_header(batch: Batch, into: str, keys: Sequence[str] = KEYS) -> bytes:
    """Return a table's header with the names of the added columns, nothing where it has none."""
    if not batch.header:
        return b""
    names = csv_cells([f"{into}_{key}" for key in keys], dialect_of(batch))
    return without_line_ending(batch.header) + names + line_ending_of(batch.header)


def cell_text(value: object) -> str:
    """Return a value as a cell, as JSON writes it; several are separated by spaces."""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def annotate_indexed(batch: Batch, rows: list[Row], into: str) -> bytes:
    """Return the records of a batch with the answers of an index."""
    return annotate_batch(batch, rows, into, INDEX_KEYS)


def check_key_is_free(batch: Batch, into: str, keys: Sequence[str] = KEYS) -> None:
    """Raise InputError where a record, or a table's header, has the key that would be added."""
    taken: Iterable[int]
    if is_table(batch):
        names = {f"{into}_{key}" for key in keys}
        taken = [1] if names.intersection(header_names(batch)) else []
    elif batch.format == "lines":
        taken = batch.lines[:1].tolist() if into == TEXT else []
    else:
        taken = lines_with_key(batch, into)
    for line in taken:
        raise taken_error(batch.path, line, into)


def taken_error(path: str, line: int | None, name: str) -> InputError:
    """Return the error for records that have a key or a column that would be added."""
    return InputError(path, line, f"already has {name}; use --into with another name")


def lines_with_key(batch: Batch, key: str) -> Iterator[int]:
    """Yield the line numbers of the objects that have a key at the top level."""
    pattern = key_pattern(key)
    # Hardly any record has one, and a search is some hundred times faster than parsing.
    if not (pattern.search(batch.data) if b"\\" in batch.data else orjson.dumps(key) in batch.data):
        return
    for start, end, _, line in record_spans(batch, batch.lines.tolist()):
        record = batch.data[start:end]
        if pattern.search(record) and key in orjson.loads(record):
            yield line


def key_pattern(key: str) -> re.Pattern[bytes]:
    """Return a pattern of a key as JSON may write it: characters as they are, or escaped."""
    return re.compile(b'"' + b"".join(map(character_pattern, key)) + b'"')


def character_pattern(character: str) -> bytes:
    """Return a pattern of all ways in which JSON may write a character."""
    units = character.encode("utf-16-be").hex()
    codes = "".join(rf"\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4)).encode()
    written = {orjson.dumps(character)[1:-1], b"\\/" if character == "/" else b""} - {b""}
    return b"(?:" + b"|".join([*map(re.escape, sorted(written)), codes]) + b")"


def selected_chunks(batches: Sequence[Batch], chosen: NDArray[np.bool_]) -> Iterator[bytes]:
    """Yield the records where ``chosen`` holds, byte for byte in input order, in chunks.

    A table's header comes first, once; a missing final line ending is added. The batches are known
    to fit together.
    """
    if batches and is_table(batches[0]):
        header = batches[0].header
        yield without_line_ending(header) + line_ending_of(header) if header else b""
    for _, batch, wanted in chosen_parts(batches, chosen):
        data = batch.data
        begins, limits = batch.starts[wanted], batch.limits[wanted]
        cut = np.flatnonzero(begins[1:] != limits[:-1])  # records side by side are copied at once
        firsts, lasts = np.append(begins[:1], begins[cut + 1]), np.append(limits[cut], limits[-1:])
        spans = zip(firsts.tolist(), lasts.tolist(), strict=True)
        chunk = b"".join([data[begin:limit] for begin, limit in spans])
        if chunk:
            yield chunk if chunk.endswith(b"\n") else chunk + b"\n"
