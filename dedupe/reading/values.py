"""Columns of Arrow to values that JSON holds, by rules that lose nothing that JSON can tell.

Numbers stay numbers: decimals with all their digits, floats of 32 and 16 bits as short as tells
them from their neighbours, not-a-number as null. Times are ISO 8601, with ``Z`` where they are of
a zone, and with 3, 6 or 9 digits of a second where there are any. Binary is base64, a UUID is
spelled as usual. A null member of an object is left out.
"""

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


def is_any(kind: pa.DataType, tests: Iterable[Callable[[pa.DataType], bool]]) -> bool:
    """Whether one of several tests holds for a type."""
    return any(test(kind) for test in tests)


def problem(fields: Iterable[pa.Field]) -> str:
    """What keeps columns, or members of an object, from being JSON, with a name; ``""`` if nothing.

    >>> problem(pa.schema([("a", pa.list_(pa.duration("s"))), ("b", pa.int8())]))
    'a: duration[s] has no place in JSON'
    """
    names: set[str] = set()
    for field in fields:
        if field.name in names:
            return f"{field.name}: there are two columns of this name"
        names.add(field.name)
        if found := problem_of(field.type):
            return f"{field.name}: {found}"
    return ""


def problem_of(kind: pa.DataType) -> str:
    """Why no column of a type can be JSON, ``""`` if it can."""
    kind = bare(kind)
    if types.is_map(kind):
        named = is_any(bare(kind.key_type), STRINGS)
        return problem_of(kind.item_type) if named else f"a map by {kind.key_type} {NO_ROOM}"
    if is_any(kind, LISTS):
        return problem_of(kind.value_type)
    if types.is_struct(kind):
        return problem(kind)
    return "" if is_any(kind, (*STRINGS, *BLOBS, *TIMES, *OTHERS)) else f"{kind} {NO_ROOM}"


def bare(kind: pa.DataType) -> pa.DataType:
    """The type of what a dictionary or an extension holds, or the type itself."""
    while isinstance(kind, pa.BaseExtensionType) or types.is_dictionary(kind):
        kind = kind.value_type if types.is_dictionary(kind) else kind.storage_type
    return kind


def values(column: Any) -> list[Any]:  # noqa: ANN401 - an array of Arrow, which has no types
    """What orjson is to write for each value of a column; None for null, else maybe Unwritable."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return (uuids if kind.extension_name == UUIDS else values)(column.storage)
    if types.is_dictionary(kind):
        return values(column.dictionary_decode())
    for test, read in READERS:
        if test(kind):
            return read(column)
    return list(column.to_pylist())


def objects(column: pa.StructArray) -> list[Any]:
    """Structs as objects."""
    names = [field.name for field in column.type]
    rows = named(names, [values(part) for part in column.flatten()], len(column))
    return where(column, rows)


def named(names: Sequence[str], columns: Sequence[list[Any]], count: int) -> list[dict[str, Any]]:
    """Columns as one dict a row, without what is null."""
    if not columns:
        return [{} for _ in range(count)]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def where(column: pa.Array, found: list[Any]) -> list[Any]:
    """What was found of each value, None where that is null."""
    if not column.null_count:
        return found
    valid = column.is_valid().to_pylist()
    return [each if there else None for each, there in zip(found, valid, strict=True)]


def arrays(column: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Lists as arrays."""
    flat = values(column.flatten())
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    cuts = pairwise(accumulate(sizes, initial=0))
    return where(column, [flat[start:end] for start, end in cuts])


def maps(column: pa.MapArray) -> list[Any]:
    """Maps as objects; one that names a key twice cannot be written."""
    return [pairs if pairs is None else object_of(pairs) for pairs in arrays(pairs_of(column))]


def pairs_of(column: pa.MapArray) -> pa.ListArray:
    """Maps as lists of pairs."""
    kind = column.type
    pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
    return column.cast(pa.list_(pair))


def object_of(pairs: list[dict[str, Any]]) -> dict[str, Any] | Unwritable:
    """The pairs of a map as an object."""
    found = {pair["key"]: pair.get("value") for pair in pairs}
    if len(found) < len(pairs):
        return Unwritable(str(found), "a map that names a key twice")
    return {key: value for key, value in found.items() if value is not None}


def strings(column: pa.Array) -> list[Any]:
    """Texts, which Arrow has not looked into."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        wide = pa.large_binary() if types.is_large_string(column.type) else pa.binary()
        found = column.cast(wide).to_pylist()
        return [data if data is None else text_of(data) for data in found]


def text_of(data: bytes) -> str | Unwritable:
    """One text."""
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        reason = f"invalid UTF-8 at byte {bad.start + 1}"
        return Unwritable(data.decode(errors="backslashreplace"), reason)


def floats(column: pa.Array) -> list[Any]:
    """Numbers as short as tells them from others of their width."""
    if not types.is_float64(column.type):
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    found = column.to_pylist()
    return [value if value is None or isfinite(value) else odd(value) for value in found]


def odd(value: float) -> Unwritable | None:
    """What becomes of a number that is none."""
    return None if value != value else Unwritable(str(value), "infinity is no JSON number")  # noqa: PLR0124 - what NaN is known by


def decimals(column: pa.Array) -> list[Any]:
    """Numbers with all their digits."""
    return [value and orjson.Fragment(value) for value in column.cast(pa.string()).to_pylist()]


def moments(column: pa.Array) -> list[Any]:
    """Points in time in ISO 8601."""
    kind = column.type
    zone = "" if kind.tz is None else "Z"
    if zone:
        column = column.view(pa.int64()).view(pa.timestamp(kind.unit))  # what is stored is in UTC
    spelled = pc.replace_substring(clocks(column), " ", "T", max_replacements=1)
    return [told and in_range(told + zone) for told in spelled.to_pylist()]


def days(column: pa.Array) -> list[Any]:
    """Dates and times of day in ISO 8601."""
    return [told and in_range(told) for told in clocks(column).to_pylist()]


def in_range(told: str) -> str | Unwritable:
    """A date or time, unless it is beyond the years that can be told."""
    return Unwritable(told, "a time that is out of range") if told.startswith("<") else told


def clocks(column: pa.Array) -> pa.Array:
    """Dates or times, their fractions without three zeros at the end."""
    spelled = column.cast(pa.string())
    for zeros in (r"(\.\d{6})000$", r"(\.\d{3})000$", r"()\.000$"):
        spelled = pc.replace_substring_regex(spelled, zeros, r"\1")
    return spelled


def blobs(column: pa.Array) -> list[Any]:
    """Binary in base64."""
    return [data if data is None else b64encode(data).decode() for data in column.to_pylist()]


def uuids(column: pa.Array) -> list[Any]:
    """Sixteen bytes each as a UUID."""
    return [data and str(UUID(bytes=data)) for data in column.to_pylist()]


READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], list[Any]]], ...] = (
    (types.is_struct, objects),
    (types.is_map, maps),
    (types.is_floating, floats),
    (types.is_decimal, decimals),
    (types.is_timestamp, moments),
    (types.is_time, days),
    (types.is_date, days),
    *((test, arrays) for test in LISTS),
    *((test, strings) for test in STRINGS),
    *((test, blobs) for test in BLOBS),
)
