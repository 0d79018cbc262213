"""Convert Parquet values to JSON values."""

from __future__ import annotations

from base64 import b64encode
from itertools import accumulate, pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NO_ROOM = "has no place in JSON"
UUIDS = "arrow.uuid"
LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
BLOBS = (
    types.is_binary,
    types.is_large_binary,
    types.is_fixed_size_binary,
    types.is_binary_view,
)
STRINGS = (types.is_string, types.is_large_string, types.is_string_view)
TIMES = (types.is_timestamp, types.is_time, types.is_date)
OTHERS = (types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)


class Unwritable:
    """A value that JSON cannot hold, as text, and why."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return self.text


def matches_any(kind: pa.DataType, tests: Iterable[Callable[[pa.DataType], bool]]) -> bool:
    """Whether one of several tests holds for a type."""
    return any(test(kind) for test in tests)


def table_problem(fields: Iterable[pa.Field]) -> str:
    """What keeps columns, or members of an object, from being JSON, with a name; ``""`` if nothing.

    >>> table_problem(pa.schema([("a", pa.list_(pa.duration("s"))), ("b", pa.int8())]))
    'a: duration[s] has no place in JSON'
    """
    names: set[str] = set()
    for field in fields:
        if field.name in names:
            return f"{field.name}: there are two columns of this name"
        names.add(field.name)
        if found := column_problem(field.type):
            return f"{field.name}: {found}"
    return ""


def column_problem(kind: pa.DataType) -> str:
    """Why no column of a type can be JSON, ``""`` if it can."""
    kind = storage_type(kind)
    if types.is_map(kind):
        named = matches_any(storage_type(kind.key_type), STRINGS)
        return column_problem(kind.item_type) if named else f"a map by {kind.key_type} {NO_ROOM}"
    if matches_any(kind, LISTS):
        return column_problem(kind.value_type)
    if types.is_struct(kind):
        return table_problem(kind)
    return "" if matches_any(kind, (*STRINGS, *BLOBS, *TIMES, *OTHERS)) else f"{kind} {NO_ROOM}"


def storage_type(kind: pa.DataType) -> pa.DataType:
    """The type of what a dictionary or an extension holds, or the type itself."""
    while isinstance(kind, pa.BaseExtensionType) or types.is_dictionary(kind):
        kind = kind.value_type if types.is_dictionary(kind) else kind.storage_type
    return kind


def column_values(column: Any) -> list[Any]:  # noqa: ANN401 - an array of Arrow, which has no types
    """What orjson is to write for each value of a column; None for null, else maybe Unwritable."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return (uuid_values if kind.extension_name == UUIDS else column_values)(column.storage)
    if types.is_dictionary(kind):
        return column_values(column.dictionary_decode())
    for test, read in READERS:
        if test(kind):
            return read(column)
    return list(column.to_pylist())


def struct_values(column: pa.StructArray) -> list[Any]:
    """Structs as objects."""
    names = [field.name for field in column.type]
    rows = name_values(names, [column_values(part) for part in column.flatten()], len(column))
    return find_unwritable(column, rows)


def name_values(
    names: Sequence[str], columns: Sequence[list[Any]], count: int
) -> list[dict[str, Any]]:
    """Columns as one dict a row, without what is null."""
    if not columns:
        return [{} for _ in range(count)]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def find_unwritable(column: pa.Array, found: list[Any]) -> list[Any]:
    """What was found of each value, None where that is null."""
    if not column.null_count:
        return found
    valid = column.is_valid().to_pylist()
    return [each if there else None for each, there in zip(found, valid, strict=True)]


def list_values(column: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Lists as arrays."""
    flat = column_values(column.flatten())
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    cuts = pairwise(accumulate(sizes, initial=0))
    return find_unwritable(column, [flat[start:end] for start, end in cuts])


def map_values(column: pa.MapArray) -> list[Any]:
    """Maps as objects; one that names a key twice cannot be written."""
    return [
        pairs if pairs is None else object_from_pairs(pairs)
        for pairs in list_values(map_pairs(column))
    ]


def map_pairs(column: pa.MapArray) -> pa.ListArray:
    """Maps as lists of pairs."""
    kind = column.type
    pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
    return column.cast(pa.list_(pair))


def object_from_pairs(pairs: list[dict[str, Any]]) -> dict[str, Any] | Unwritable:
    """The pairs of a map as an object."""
    found = {pair["key"]: pair.get("value") for pair in pairs}
    if len(found) < len(pairs):
        return Unwritable(str(found), "a map that names a key twice")
    return {key: value for key, value in found.items() if value is not None}


def string_values(column: pa.Array) -> list[Any]:
    """Texts, which Arrow has not looked into."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        wide = pa.large_binary() if types.is_large_string(column.type) else pa.binary()
        found = column.cast(wide).to_pylist()
        return [data if data is None else decode_text(data) for data in found]


def decode_text(data: bytes) -> str | Unwritable:
    """One text."""
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        reason = f"invalid UTF-8 at byte {bad.start + 1}"
        return Unwritable(data.decode(errors="backslashreplace"), reason)


def float_values(column: pa.Array) -> list[Any]:
    """Numbers as short as tells them from others of their width."""
    if not types.is_float64(column.type):
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    found = column.to_pylist()
    return [value if value is None or isfinite(value) else float_text(value) for value in found]


def float_text(value: float) -> Unwritable | None:
    """What becomes of a number that is none."""
    return None if value != value else Unwritable(str(value), "infinity is no JSON number")  # noqa: PLR0124 - what NaN is known by


def decimal_values(column: pa.Array) -> list[Any]:
    """Numbers with all their digits."""
    return [value and orjson.Fragment(value) for value in column.cast(pa.string()).to_pylist()]


def timestamp_values(column: pa.Array) -> list[Any]:
    """Points in time in ISO 8601."""
    kind = column.type
    zone = "" if kind.tz is None else "Z"
    if zone:
        column = column.view(pa.int64()).view(pa.timestamp(kind.unit))  # what is stored is in UTC
    spellings = pc.replace_substring(time_values(column), " ", "T", max_replacements=1)
    return [told and check_year(told + zone) for told in spellings.to_pylist()]


def date_values(column: pa.Array) -> list[Any]:
    """Dates and times of day in ISO 8601."""
    return [told and check_year(told) for told in time_values(column).to_pylist()]


def check_year(told: str) -> str | Unwritable:
    """A date or time, unless it is beyond the years that can be told."""
    return Unwritable(told, "a time that is out of range") if told.startswith("<") else told


def time_values(column: pa.Array) -> pa.Array:
    """Dates or times, their fractions without three zeros at the end."""
    spellings = column.cast(pa.string())
    for zeros in (r"(\.\d{6})000$", r"(\.\d{3})000$", r"()\.000$"):
        spellings = pc.replace_substring_regex(spellings, zeros, r"\1")
    return spellings


def binary_values(column: pa.Array) -> list[Any]:
    """Binary in base64."""
    return [data if data is None else b64encode(data).decode() for data in column.to_pylist()]


def uuid_values(column: pa.Array) -> list[Any]:
    """Sixteen bytes each as a UUID."""
    return [data and str(UUID(bytes=data)) for data in column.to_pylist()]


READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], list[Any]]], ...] = (
    (types.is_struct, struct_values),
    (types.is_map, map_values),
    (types.is_floating, float_values),
    (types.is_decimal, decimal_values),
    (types.is_timestamp, timestamp_values),
    (types.is_time, date_values),
    (types.is_date, date_values),
    *((test, list_values) for test in LISTS),
    *((test, string_values) for test in STRINGS),
    *((test, binary_values) for test in BLOBS),
)
