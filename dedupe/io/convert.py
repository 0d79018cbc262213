"""Convert records: JSON Lines to CSV or TSV and back, or the bytes of a batch to dicts."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.errors import OutputError
from dedupe.io.annotate import (
    annotate_chosen,
    cell_text,
    check_key_is_free,
    chosen_parts,
    pick_records,
    selected_chunks,
    splice_members,
    taken_error,
)
from dedupe.io.csv_dialect import (
    DIALECTS,
    TEXT,
    check_one_table,
    csv_names,
    csv_records,
    csv_row,
    dialect_of,
    holds_objects,
    is_table,
)
from dedupe.io.output import target_of
from dedupe.io.result_rows import check_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.io.annotate import Annotation
    from dedupe.models import Batch, Dialect

# A whole number of 19 digits may not fit into 64 bits, and orjson would round it.
LONG = re.compile(rb"\d{19}")
MOST_DIGITS = 20
TOO_LARGE = 1 << 64


def write_records(
    batches: Sequence[Batch],
    chosen: NDArray[np.bool_],
    target: str | None = None,
    annotation: Annotation | None = None,
) -> Iterator[bytes]:
    """Return the chosen records in input order, in chunks, in the format of their output.

    Without a change of format they keep their bytes, but for an annotation.
    Raises InputError for records that cannot be written so, and AccountingError where one is lost.
    """
    if needs_conversion(batches, target, annotation):
        return convert_records(batches, target or "", chosen, annotation)
    if annotation:
        return check_output(annotate_chosen(batches, chosen, annotation), batches, chosen)
    check_one_table(batches)
    return check_output(selected_chunks(batches, chosen), batches, chosen)


def needs_conversion(
    batches: Sequence[Batch], target: str | None, annotation: Annotation | None
) -> bool:
    """Return whether records have another format than their output asks for.

    Parquet input and annotated lines go out as JSON Lines anyway; Parquet output is not meant.
    """
    if target not in ("jsonl", "csv", "tsv"):
        return False
    return any(own_format(batch, annotation) != target for batch in batches)


def own_format(batch: Batch, annotation: Annotation | None) -> str:
    """Return the format in which records are written unless they are converted."""
    if holds_objects(batch) or (annotation and batch.format == "lines"):
        return "jsonl"
    return batch.format


def check_target(batches: Sequence[Batch], path: str | None, *, annotated: bool) -> None:
    """Raise OutputError where nothing converts records to the format of the output's suffix."""
    target = target_of(path, None)
    for batch in batches if target in ("jsonl", "csv", "tsv") else ():
        own = "jsonl" if annotated and batch.format == "lines" else own_format(batch, None)
        if own != target:
            reason = f"the records are written as {own}; use the suffix .{own}"
            raise OutputError(path or "", reason)


def output_dialect(batches: Sequence[Batch], target: str | None) -> Dialect | None:
    """Return the dialect of an output, None where it is not a table."""
    if needs_conversion(batches, target, None):
        return DIALECTS.get(target or "")
    return dialect_of(batches[0]) if batches and is_table(batches[0]) else None


def convert_records(
    batches: Sequence[Batch],
    target: str,
    chosen: NDArray[np.bool_],
    annotation: Annotation | None = None,
) -> Iterator[bytes]:
    """Yield the chosen records as JSON Lines or as a table, in chunks of whole records.

    A table has a column for each member that any record has: members of objects have dotted names,
    an array is a cell of JSON, and null is an empty cell. As JSON Lines the cells of
    a table are strings, and what was JSON keeps its bytes. Raises InputError for a record that has
    the key of the annotation already, and for a table with two columns of one name.
    """
    for batch in batches:
        if is_table(batch):
            csv_names(batch, "JSON Lines" if target == "jsonl" else target.upper())
        if holds_objects(batch) and annotation and target == "jsonl":
            check_key_is_free(batch, annotation.into, annotation.keys)
    if target == "jsonl":
        yield from json_chunks(batches, chosen, annotation)
    else:
        yield from table_chunks(batches, DIALECTS[target], chosen, annotation)


def json_chunks(
    batches: Sequence[Batch], chosen: NDArray[np.bool_], annotation: Annotation | None
) -> Iterator[bytes]:
    """Yield the chosen records as JSON Lines."""
    for start, batch, wanted in chosen_parts(batches, chosen):
        if holds_objects(batch):
            rows = annotation.rows(start, start + len(batch)) if annotation else []
            part = pick_records(batch, wanted)
            if annotation:
                yield splice_members(part, [rows[at] for at in wanted.tolist()], annotation.into)
            else:
                yield from selected_chunks([part], np.ones(len(part), bool))
            continue
        records = batch_records(batch)
        yield b"".join(
            orjson.dumps(
                annotated(records[at], annotation, batch, start, at),
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for at in wanted.tolist()
        )


def annotated(
    record: dict[str, Any], annotation: Annotation | None, batch: Batch, start: int, at: int
) -> dict[str, Any]:
    """Return a record with its annotation; raises InputError where it has that key already."""
    if annotation is None:
        return record
    if annotation.into in record:
        raise taken_error(batch.path, int(batch.lines[at]), annotation.into)
    [row] = annotation.rows(start + at, start + at + 1)
    return {**record, annotation.into: row}


def table_chunks(
    batches: Sequence[Batch],
    dialect: Dialect,
    chosen: NDArray[np.bool_],
    annotation: Annotation | None,
) -> Iterator[bytes]:
    """Yield the chosen records as rows under one header."""
    columns: dict[str, None] = {}
    for _, batch, wanted in chosen_parts(batches, chosen):
        for record in picked_records(batch, wanted):
            columns.update(dict.fromkeys(record))
    into, keys = (annotation.into, annotation.keys) if annotation else ("", ())
    names, added = list(columns), [f"{into}_{key}" for key in keys]
    for name in added:
        if name in columns:
            raise taken_error(batches[0].path, None, name)
    yield csv_row([*names, *added], dialect)
    for start, batch, wanted in chosen_parts(batches, chosen):
        rows = annotation.rows(start, start + len(batch)) if annotation else []
        chunk: list[bytes] = []
        for at, record in zip(wanted.tolist(), picked_records(batch, wanted), strict=True):
            cells = [record.get(name, "") for name in names]
            cells += [cell_text(rows[at].get(key, "")) for key in keys]
            chunk.append(csv_row(cells, dialect))
        yield b"".join(chunk)


def picked_records(batch: Batch, wanted: NDArray[np.int64]) -> Iterator[dict[str, str]]:
    """Yield some records of a batch as cells by the dotted names of their members."""
    records = batch_records(batch) if len(wanted) else []
    return (flat_record(records[at]) for at in wanted.tolist())


def write_objects(
    records: Iterable[dict[str, Any]], target: str, names: Sequence[str]
) -> Iterator[bytes]:
    """Yield objects as JSON Lines, or as a table of the members of these dotted names."""
    dialect = DIALECTS.get(target)
    if dialect:
        yield csv_row(names, dialect)
    for record in records:
        if dialect:
            cells = flat_record(record)
            yield csv_row((cells.get(name, "") for name in names), dialect)
        else:
            yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def flat_record(record: dict[str, Any]) -> dict[str, str]:
    """Return a record as cells by the dotted names of its members.

    >>> flat_record({"id": 1, "source": {"name": "Wire"}, "tags": ["a"], "by": None})
    {'id': '1', 'source.name': 'Wire', 'tags': '["a"]', 'by': ''}
    """
    found: dict[str, str] = {}
    for name, value in record.items():
        if isinstance(value, dict) and value:
            inner = flat_record(value).items()
            found |= {f"{name}.{key}": text for key, text in inner if f"{name}.{key}" not in found}
        elif isinstance(value, str):
            found[name] = value
        else:
            found[name] = "" if value is None else as_json(value)
    return found


def as_json(value: Any) -> str:  # noqa: ANN401 - whatever the JSON held
    """Return a value as JSON writes it; a number beyond 64 bits in its digits."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return str(value)


def batch_records(batch: Batch) -> list[dict[str, Any]]:
    """Return the records of a batch: objects, rows of tables by column, and lines as ``text``."""
    if is_table(batch):
        return list(csv_records(batch))
    spans = zip(batch.starts.tolist(), batch.ends.tolist(), strict=True)
    lines = (batch.data[start:end] for start, end in spans)
    if batch.format == "lines":
        return [{TEXT: line.decode()} for line in lines]
    return [parse_object(line) for line in lines]


def parse_object(line: bytes) -> dict[str, Any]:
    """Return an object of JSON, its whole numbers exact or else too large for 64 bits."""
    if LONG.search(line):
        found: dict[str, Any] = json.loads(line, parse_int=parse_int)
    else:
        found = orjson.loads(line)
    return found


def parse_int(digits: str) -> int:
    """Return a whole number, unless it is endless."""
    return int(digits) if len(digits) <= MOST_DIGITS else TOO_LARGE
