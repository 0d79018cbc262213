"""Convert Parquet values to JSON values, and infer the Parquet schema of records."""

from __future__ import annotations

from base64 import b64encode
from itertools import accumulate, pairwise
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NO_ROOM = "cannot be stored in JSON"
UUIDS = "arrow.uuid"
LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)
BLOBS = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view)
STRINGS = (types.is_string, types.is_large_string, types.is_string_view)
TIMES = (types.is_timestamp, types.is_time, types.is_date)
OTHERS = (types.is_null, types.is_boolean, types.is_integer, types.is_floating, types.is_decimal)
ONE_TYPE = "Parquet has one type a column"
WORDS = {
    bool: "a boolean",
    int: "a whole number",
    float: "a fraction",
    str: "a string",
    list: "an array",
    dict: "an object",
}
PLAIN = {bool: pa.bool_(), str: pa.string()}
SIGNED, UNSIGNED, EXACT = 1 << 63, 1 << 64, 1 << 53


class Unwritable:
    """The text of a value that JSON cannot hold, and the reason."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return self.text


def matches_any(kind: pa.DataType, tests: Iterable[Callable[[pa.DataType], bool]]) -> bool:
    """Return whether one of several tests holds for a type."""
    return any(test(kind) for test in tests)


def table_problem(fields: Iterable[pa.Field]) -> str:
    """Return why columns, or members, cannot be JSON, with a name; ``""`` if they can.

    >>> table_problem(pa.schema([("a", pa.list_(pa.duration("s"))), ("b", pa.int8())]))
    'a: duration[s] cannot be stored in JSON'
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
    """Return why a column of a type cannot be JSON, ``""`` if it can."""
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
    """Return the type of the values of a dictionary or an extension, or the type itself."""
    while isinstance(kind, pa.BaseExtensionType) or types.is_dictionary(kind):
        kind = kind.value_type if types.is_dictionary(kind) else kind.storage_type
    return kind


def column_values(column: Any) -> list[Any]:  # noqa: ANN401 - an array of Arrow, which has no types
    """Return each value as orjson can write it: None for null, Unwritable where it cannot."""
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
    """Return structs as objects."""
    names = [field.name for field in column.type]
    rows = name_values(names, [column_values(part) for part in column.flatten()], len(column))
    return mask_nulls(column, rows)


def name_values(
    names: Sequence[str], columns: Sequence[list[Any]], count: int
) -> list[dict[str, Any]]:
    """Return columns as one dict a row, without nulls."""
    if not columns:
        return [{} for _ in range(count)]
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ]


def mask_nulls(column: pa.Array, found: list[Any]) -> list[Any]:
    """Return converted values, None where the value is null."""
    if not column.null_count:
        return found
    valid = column.is_valid().to_pylist()
    return [each if there else None for each, there in zip(found, valid, strict=True)]


def list_values(column: Any) -> list[Any]:  # noqa: ANN401 - as above
    """Return lists as arrays."""
    flat = column_values(column.flatten())
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_pylist()
    cuts = pairwise(accumulate(sizes, initial=0))
    return mask_nulls(column, [flat[start:end] for start, end in cuts])


def map_values(column: pa.MapArray) -> list[Any]:
    """Return maps as objects; one that has a key twice cannot be written."""
    return [
        pairs if pairs is None else object_from_pairs(pairs)
        for pairs in list_values(map_pairs(column))
    ]


def map_pairs(column: pa.MapArray) -> pa.ListArray:
    """Return maps as lists of pairs."""
    kind = column.type
    pair = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
    return column.cast(pa.list_(pair))


def object_from_pairs(pairs: list[dict[str, Any]]) -> dict[str, Any] | Unwritable:
    """Return the pairs of a map as an object."""
    found = {pair["key"]: pair.get("value") for pair in pairs}
    if len(found) < len(pairs):
        return Unwritable(str(found), "a map that has a key twice")
    return {key: value for key, value in found.items() if value is not None}


def string_values(column: pa.Array) -> list[Any]:
    """Return texts, some of which may not be UTF-8, for Arrow does not check that."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        wide = pa.large_binary() if types.is_large_string(column.type) else pa.binary()
        found = column.cast(wide).to_pylist()
        return [data if data is None else decode_text(data) for data in found]


def decode_text(data: bytes) -> str | Unwritable:
    """Return a text from its bytes."""
    try:
        return data.decode()
    except UnicodeDecodeError as bad:
        reason = f"invalid UTF-8 at byte {bad.start + 1}"
        return Unwritable(data.decode(errors="backslashreplace"), reason)


def float_values(column: pa.Array) -> list[Any]:
    """Return numbers in the fewest digits that are exact for their width."""
    if not types.is_float64(column.type):
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    found = column.to_pylist()
    return [value if value is None or isfinite(value) else float_text(value) for value in found]


def float_text(value: float) -> Unwritable | None:
    """Return what NaN and infinity become: null, and an unwritable value."""
    return None if value != value else Unwritable(str(value), "infinity is not a JSON number")  # noqa: PLR0124 - only NaN is not itself


def decimal_values(column: pa.Array) -> list[Any]:
    """Return decimals with all their digits."""
    return [value and orjson.Fragment(value) for value in column.cast(pa.string()).to_pylist()]


def timestamp_values(column: pa.Array) -> list[Any]:
    """Return timestamps in ISO 8601."""
    kind = column.type
    if kind.tz is None:
        return time_values(column)
    stored = column.view(pa.int64()).view(pa.timestamp(kind.unit))  # in UTC
    return time_values(stored, "Z")


def time_values(column: pa.Array, zone: str = "") -> list[Any]:
    """Return dates or times in ISO 8601, their fractions without trailing groups of zeros."""
    texts = pc.replace_substring(column.cast(pa.string()), " ", "T", max_replacements=1)
    for zeros in (r"(\.\d{6})000$", r"(\.\d{3})000$", r"()\.000$"):
        texts = pc.replace_substring_regex(texts, zeros, r"\1")
    return [
        Unwritable(text, "a time out of range")
        if text and text.startswith("<")
        else text and text + zone
        for text in texts.to_pylist()
    ]


def binary_values(column: pa.Array) -> list[Any]:
    """Return binary values in base64."""
    return [data if data is None else b64encode(data).decode() for data in column.to_pylist()]


def uuid_values(column: pa.Array) -> list[Any]:
    """Return values of sixteen bytes as UUIDs."""
    return [data and str(UUID(bytes=data)) for data in column.to_pylist()]


READERS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], list[Any]]], ...] = (
    (types.is_struct, struct_values),
    (types.is_map, map_values),
    (types.is_floating, float_values),
    (types.is_decimal, decimal_values),
    (types.is_timestamp, timestamp_values),
    (types.is_time, time_values),
    (types.is_date, time_values),
    *((test, list_values) for test in LISTS),
    *((test, string_values) for test in STRINGS),
    *((test, binary_values) for test in BLOBS),
)


class ValueLocation(NamedTuple):
    """Where a value was found; locations sort in input order."""

    batch: int
    line: int
    path: str


class ColumnShape:
    """The values of one column seen so far; ``name`` is its path in messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kinds: dict[type, ValueLocation] = {}
        self._low = self._high = 0
        self._wide: ValueLocation | None = None
        self._members: dict[str, ColumnShape] = {}
        self._items: ColumnShape | None = None

    def see(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        """Add values of a column with their locations; raises InputError for too large numbers."""
        kinds = list(map(type, values))
        for kind in set(kinds) - {type(None)}:
            self._kinds.setdefault(kind, locations[kinds.index(kind)])
        if int in self._kinds:
            self._measure(values, locations)
        if list in self._kinds:
            self._see_items(values, locations)
        if dict in self._kinds:
            self.see_members(values, locations)

    def see_members(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        """Add the members of objects."""
        objects = [
            (value, at) for value, at in zip(values, locations, strict=True) if type(value) is dict
        ]
        for name in dict.fromkeys(name for value, _ in objects for name in value):
            path = f"{self.name}.{name}" if self.name else name
            member = self._members.setdefault(name, ColumnShape(path))
            member.see([value.get(name) for value, _ in objects], [at for _, at in objects])

    def _see_items(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        self._items = self._items or ColumnShape(f"{self.name}[]")
        located = zip(values, locations, strict=True)
        items = [(item, at) for value, at in located if type(value) is list for item in value]
        self._items.see([item for item, _ in items], [at for _, at in items])

    def _measure(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        for value, at in zip(values, locations, strict=True):
            if type(value) is int:
                self._low, self._high = min(self._low, value), max(self._high, value)
                if self._wide is None and not -EXACT <= value <= EXACT:
                    self._wide = at
                if not -SIGNED <= self._low <= self._high < (SIGNED if self._low else UNSIGNED):
                    raise self._refused(at, "whole numbers that do not fit one 64-bit type")

    def arrow(self) -> pa.DataType:
        """Return the type of the column; raises InputError where no type fits all values."""
        kinds = sorted(self._kinds, key=self._kinds.__getitem__)
        if not kinds:
            return pa.null()
        if {*kinds} == {int, float}:
            if self._wide:
                raise self._refused(self._wide, "a whole number that a float cannot hold exactly")
            return pa.float64()
        if len(kinds) > 1:
            first, other = (WORDS[kind] for kind in kinds[:2])
            at, before = self._kinds[kinds[1]], self._kinds[kinds[0]]
            where = f"line {before.line}" + (f" of {before.path}" * (before.path != at.path))
            raise self._refused(at, f"{other}, where {where} has {first}; {ONE_TYPE}")
        return self._type_of(kinds[0])

    def _type_of(self, kind: type) -> pa.DataType:
        if kind is list and self._items:
            return pa.list_(self._items.arrow())
        if kind is dict and not self._members:
            raise self._refused(self._kinds[dict], "Parquet cannot hold an object without members")
        if kind is dict:
            return pa.struct(self.fields())
        if kind is int:
            return pa.uint64() if self._high >= SIGNED else pa.int64()
        return PLAIN.get(kind, pa.float64())

    def fields(self) -> list[pa.Field]:
        """Return the members in the order in which they first came; raises as ``arrow``."""
        return [pa.field(name, member.arrow()) for name, member in self._members.items()]

    def _refused(self, at: ValueLocation, reason: str) -> InputError:
        return InputError(at.path, at.line, f"cannot be Parquet: {self.name}: {reason}")


def infer_schema(batches: Iterable[tuple[str, Sequence[Any], Sequence[int]]]) -> pa.Schema:
    """Return the columns of records, which come batch by batch with their path and lines.

    Raises InputError, with the place, for values that cannot be one column.
    """
    root = ColumnShape("")
    for number, (path, records, lines) in enumerate(batches):
        root.see_members(records, [ValueLocation(number, line, path) for line in lines])
    return pa.schema(root.fields())
