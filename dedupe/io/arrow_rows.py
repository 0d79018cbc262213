"""Read the rows of an Arrow table in memory as lines of JSON, as those of a Parquet file are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyarrow import types

from dedupe.errors import InputError
from dedupe.io.field_lookup import Unreadable, check_names
from dedupe.io.parquet_read import ParquetRow, parse_row, sample_record
from dedupe.io.parquet_values import column_problem, column_values, name_values, table_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.config import Settings

ROWS_AT_ONCE = 1 << 12


def read_rows(table: pa.Table, settings: Settings, call: str) -> Iterator[ParquetRow]:
    """Yield the rows of a table, numbered from 1.

    A column whose type JSON does not have, as a duration, is read as texts. Raises InputError for
    two columns of one name, and for a table that has rows and no column of texts.
    """
    table = with_json_types(table)
    problem = table_problem(table.schema)
    if problem:
        raise InputError(call, None, problem)
    if table.num_rows:
        check_text_columns(table.schema, settings, call)
    number = 0
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        columns = [column_values(column) for column in batch.columns]
        for number, record in enumerate(  # noqa: B020 - goes on counting
            name_values(table.schema.names, columns, len(batch)), number + 1
        ):
            yield parse_row(number, record)


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


def check_text_columns(schema: pa.Schema, settings: Settings, call: str) -> None:
    """Raise InputError where no column is a text to compare, with the columns that there are."""
    try:
        check_names(sample_record(schema), settings)
    except Unreadable as bad:
        reason = str(bad).replace("the record has", "the columns are")
        hint = "; name the column of headlines, as in field='story'"
        raise InputError(call, None, reason + hint * ("the columns are" in reason)) from None
