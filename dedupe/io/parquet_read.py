"""Read the rows of a Parquet file or Arrow table as records, with limits for hostile files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from dedupe.errors import InputError
from dedupe.io.field_lookup import Unreadable, check_names
from dedupe.io.fields import Records, extract_columns
from dedupe.io.files import GRACE
from dedupe.io.jsonl import parse_block
from dedupe.io.parquet import UNREADABLE, MalformedError, open_parquet, read_row_groups
from dedupe.io.parquet_values import (
    BLOBS,
    Unwritable,
    column_problem,
    column_values,
    map_pairs,
    matches_any,
    name_values,
    storage_type,
    table_problem,
)
from dedupe.io.source import MOST_BYTES, MOST_RECORDS, split_blocks, too_long_message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

    from dedupe.config import Settings
    from dedupe.io.parquet import RowGroup
    from dedupe.io.source import Source
    from dedupe.models import Batch


LONG = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
"""Types whose values may be of any length."""
AT_ONCE = 1 << 21
NULLS = 8
"""Values of a column that take at least a byte, since a null takes a bit."""


class ParquetRow(NamedTuple):
    """A row's number and its line, and what is wrong with it."""

    number: int
    line: bytes
    problem: str = ""


def read_parquet(source: Source, file: BinaryIO) -> Iterator[Batch]:
    """Yield batches of the rows, numbered from 1; the header is the schema, as Arrow packs it.

    A file without rows gives one empty batch, which keeps its schema. Raises InputError for a file
    that is corrupt, has a column that JSON cannot hold, has no text, or unpacks to too much.
    """
    size = file.seek(0, 2)
    groups = read_metadata(source, file)
    with open_parquet(source.path, file) as table:
        check_types(source.path, table.schema_arrow)
        check_columns(source.path, table.schema_arrow, source.settings)
        header = bytes(table.schema_arrow.serialize())
        check_metadata(source, table, groups, size)
    empty = True
    for block in split_blocks(valid_rows(source, file, groups), lambda row: len(row.line)):
        numbers = np.array([row.number for row in block], np.int64)
        raws = [row.line for row in block]
        for batch in parse_block(raws, numbers, source, header):
            yield batch
            empty = False
    if empty:
        columns = extract_columns(Records([], source.settings), source.settings)
        yield source.batch([], np.zeros(0, np.int64), columns, header)


def check_columns(path: str, schema: pa.Schema, settings: Settings, hint: str = "") -> None:
    """Raise InputError where no column is a text to compare, with the columns that there are."""
    try:
        check_names(sample_record(schema), settings)
    except Unreadable as bad:
        reason = str(bad).replace("the record has", "the columns are")
        raise InputError(path, None, reason + hint * ("the columns are" in reason)) from None


def check_types(path: str, schema: pa.Schema) -> None:
    """Raise InputError for a column that JSON cannot hold, and for two of one name."""
    problem = table_problem(schema)
    if problem:
        raise InputError(path, None, problem)


def sample_record(fields: pa.Schema | pa.StructType) -> dict[str, Any]:
    """Return a record with all columns and members: binary ones as bytes, others as texts."""
    return {field.name: sample_value(storage_type(field.type)) for field in fields}


def sample_value(kind: pa.DataType) -> Any:  # noqa: ANN401 - as varied as JSON
    """Return a value for :func:`sample_record`."""
    if types.is_struct(kind):
        return sample_record(kind)
    if types.is_map(kind):
        return AnyKey()
    return b"" if matches_any(kind, BLOBS) else ""


class AnyKey(dict[str, str]):
    """An object that has any key."""

    def get(self, _key: str, _default: object = None) -> str:
        """Return a text."""
        return ""


def read_metadata(source: Source, file: BinaryIO) -> list[RowGroup]:
    """Return the row groups that a file claims to have; raises InputError where it is corrupt."""
    try:
        return read_row_groups(file)
    except MalformedError as error:
        reason = str(error)
        if reason != UNREADABLE:
            reason = f"corrupt Parquet data ({reason})"
        raise InputError(source.path, None, reason) from None


def check_metadata(source: Source, table: Any, groups: Sequence[RowGroup], size: int) -> None:  # noqa: ANN401 - of Arrow, which has no types
    """Raise InputError where a file claims to unpack to more than its size allows."""
    leaves = [is_repeated(table.schema.column(i)) for i in range(len(table.schema))]
    if any(len(group.columns) != len(leaves) for group in groups):
        raise InputError(source.path, None, "corrupt Parquet data (columns without a name)")
    claimed = sum(
        max(pages.size, pages.values // (1 if repeated else NULLS))
        for group in groups
        for pages, repeated in zip(group.columns, leaves, strict=True)
    )
    if 0 < allowed_bytes(source, size) < claimed:
        raise too_much_message(source)


def allowed_bytes(source: Source, size: int) -> int:
    """Return the bytes that a file of ``size`` bytes may unpack to, 0 for no limit."""
    most = source.settings.max_ratio
    return max(GRACE, most * size) if most else 0


def too_much_message(source: Source) -> InputError:
    """Return the error for an input that unpacks to too much."""
    most = source.settings.max_ratio
    reason = f"decompresses to more than {most} times its size; --max-ratio allows more"
    return InputError(source.path, None, reason)


def valid_rows(source: Source, file: BinaryIO, groups: Sequence[RowGroup]) -> Iterator[ParquetRow]:
    """Pass on the rows that can be written, and refuse the others.

    Raises InputError for a line that is too long, and for more than the size of the file allows.
    """
    most, longest = allowed_bytes(source, file.seek(0, 2)), source.settings.max_line
    taken = 0
    for row in iterate_rows(source, file, groups, most):
        source.read_stats.met += 1
        taken += len(row.line)
        if 0 < longest < len(row.line):
            raise InputError(source.path, row.number, too_long_message(longest))
        if 0 < most < taken:
            raise too_much_message(source)
        if row.problem:
            source.refuse(row.number, row.problem, row.line)
        else:
            yield row


def iterate_rows(
    source: Source, file: BinaryIO, groups: Sequence[RowGroup], most: int
) -> Iterator[ParquetRow]:
    """Yield all rows; raises InputError where their number is not the one in the footer."""
    number = 0
    with open_parquet(source.path, file, is_repeated) as table:
        names = table.schema_arrow.names
        for batch in bounded_batches(source, file, table, groups):
            for part in split_batch(batch):
                check_row_bytes(source, part, number, most)
                yield from parse_rows(part, names, number)
                number += len(part)
    expected = sum(group.rows for group in groups)
    if number != expected:
        reason = f"corrupt Parquet data ({number:,} rows, where the footer has {expected:,})"
        raise InputError(source.path, None, reason)


def is_repeated(column: Any) -> bool:  # noqa: ANN401 - as above
    """Return whether a record may hold any number of values of a column."""
    return bool(column.max_repetition_level)


def bounded_batches(
    source: Source,
    file: BinaryIO,
    table: Any,  # noqa: ANN401 - as above
    groups: Sequence[RowGroup],
) -> Iterator[pa.RecordBatch]:
    """Yield all rows in batches of some hundred KiB, or a few MiB in the worst case.

    In the worst case each text is the longest one: a text that a file holds once may be in a
    million rows.
    """
    for number, group in enumerate(groups):
        with open_parquet(source.path, file, lambda _column: True) as packed:
            first = next(packed.iter_batches(1, [number], use_threads=False), None)
        longest = 0 if first is None else sum(map(longest_value, first.columns))
        size = sum(pages.size for pages in group.columns) or 1
        count = min(MOST_RECORDS, MOST_BYTES * group.rows // size, AT_ONCE // (longest or 1))
        yield from table.iter_batches(max(count, 1), [number], use_threads=False)


def longest_value(column: Any) -> int:  # noqa: ANN401 - as above
    """Return the bytes of the longest texts that a record may hold, lists aside."""
    if isinstance(column.type, pa.BaseExtensionType):
        return longest_value(column.storage)
    if types.is_struct(column.type):
        return sum(map(longest_value, column.flatten()))
    if types.is_dictionary(column.type) and matches_any(storage_type(column.type), LONG):
        return int(pc.max(pc.binary_length(column.dictionary)).as_py() or 0)
    return 0


def split_batch(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in parts of a few MiB each, or of a single row."""
    if len(batch) <= 1 or row_bytes(batch.to_struct_array()) <= AT_ONCE:
        yield batch
        return
    half = len(batch) // 2
    yield from split_batch(batch.slice(0, half))
    yield from split_batch(batch.slice(half))


def check_row_bytes(source: Source, part: pa.RecordBatch, above: int, most: int) -> None:
    """Raise InputError for rows that unpack to too much, before they become Python values."""
    least, longest = row_bytes(part.to_struct_array()), source.settings.max_line
    if 0 < most < least:
        raise too_much_message(source)
    if len(part) == 1 and 0 < longest < least:
        raise InputError(source.path, above + 1, too_long_message(longest))


def row_bytes(column: Any) -> int:  # noqa: ANN401 - as above
    """Return the least number of bytes of a column as JSON."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return row_bytes(column.storage)
    if types.is_struct(kind):
        return sum(map(row_bytes, column.flatten()))
    if types.is_map(kind):
        return row_bytes(map_pairs(column))
    if types.is_nested(kind):
        items = column.flatten()
        return row_bytes(items) + len(items)
    if not matches_any(storage_type(kind), LONG):
        return len(column) - int(column.null_count)
    if types.is_dictionary(kind):
        sizes = pc.binary_length(column.dictionary).cast(pa.int64()).take(column.indices)
    else:
        sizes = pc.binary_length(column).cast(pa.int64())
    return int(pc.sum(sizes).as_py() or 0)


def parse_rows(part: pa.RecordBatch, names: Sequence[str], above: int) -> Iterator[ParquetRow]:
    """Yield rows as lines of JSON; ``above`` is the number of the row before them."""
    columns = [column_values(column) for column in part.columns]
    for number, record in enumerate(name_values(names, columns, len(part)), above + 1):
        yield parse_row(number, record)


def parse_row(number: int, record: Mapping[str, Any]) -> ParquetRow:
    """Return a row as a line of JSON."""
    option = orjson.OPT_APPEND_NEWLINE
    try:
        return ParquetRow(number, orjson.dumps(record, option=option))
    except TypeError:
        name, found = next(
            (name, found) for name, found in record.items() if unwritable_reason(found)
        )
        return ParquetRow(
            number, orjson.dumps(record, str, option), f"{name}: {unwritable_reason(found)}"
        )


def unwritable_reason(value: object) -> str:
    """Return why a value, or one within it, cannot be written; ``""`` if it can."""
    if isinstance(value, Unwritable):
        return value.reason
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next(filter(None, map(unwritable_reason, within)), "")


ROWS_AT_ONCE = 1 << 12
NAME_THE_COLUMN = "; name the column of headlines, as in field='story'"


def read_rows(table: pa.Table, settings: Settings, call: str) -> Iterator[ParquetRow]:
    """Yield the rows of a table, numbered from 1.

    A column whose type JSON does not have, as a duration, is read as texts. Raises InputError for
    two columns of one name, and for a table that has rows and no column of texts.
    """
    table = with_json_types(table)
    check_types(call, table.schema)
    if table.num_rows:
        check_columns(call, table.schema, settings, NAME_THE_COLUMN)
    number = 0
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        yield from parse_rows(batch, table.schema.names, number)
        number += len(batch)


def with_json_types(table: pa.Table) -> pa.Table:
    """Return a table whose columns can all be written as JSON."""
    for at, field in enumerate(table.schema):
        if column_problem(field.type):
            texts = [None if value is None else str(value) for value in table[at].to_pylist()]
            table = table.set_column(at, field.name, pa.array(texts, pa.string()))
        elif types.is_dictionary(field.type) and types.is_string_view(field.type.value_type):
            table = table.set_column(at, field.name, with_plain_strings(table[at]))
    return table


def with_plain_strings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a categorical column of polars with strings that pyarrow can take by their numbers."""
    return pa.chunked_array(
        [
            pa.DictionaryArray.from_arrays(part.indices, part.dictionary.cast(pa.string()))
            for part in column.chunks
        ],
        pa.dictionary(column.type.index_type, pa.string()),
    )
