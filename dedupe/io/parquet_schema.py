"""Infer the Parquet schema of JSON and CSV records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


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


class ValueLocation(NamedTuple):
    """Where a value stands; places are in input order."""

    batch: int
    line: int
    path: str


class ColumnShape:
    """The values of one column that were met so far; ``name`` is its path in messages."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kinds: dict[type, ValueLocation] = {}
        self._low = self._high = 0
        self._wide: ValueLocation | None = None
        self._members: dict[str, ColumnShape] = {}
        self._items: ColumnShape | None = None

    def see(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        """Take in values of a column, each with its place; raises InputError for one too large."""
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
        """Take in the members of objects."""
        held = [
            (value, at) for value, at in zip(values, locations, strict=True) if type(value) is dict
        ]
        for name in dict.fromkeys(name for value, _ in held for name in value):
            path = f"{self.name}.{name}" if self.name else name
            member = self._members.setdefault(name, ColumnShape(path))
            member.see([value.get(name) for value, _ in held], [at for _, at in held])

    def _see_items(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        self._items = self._items or ColumnShape(f"{self.name}[]")
        held = zip(values, locations, strict=True)
        items = [(item, at) for value, at in held if type(value) is list for item in value]
        self._items.see([item for item, _ in items], [at for _, at in items])

    def _measure(self, values: Sequence[Any], locations: Sequence[ValueLocation]) -> None:
        for value, at in zip(values, locations, strict=True):
            if type(value) is int:
                self._low, self._high = min(self._low, value), max(self._high, value)
                if self._wide is None and not -EXACT <= value <= EXACT:
                    self._wide = at
                if not -SIGNED <= self._low <= self._high < (SIGNED if self._low else UNSIGNED):
                    raise self._refused(at, "whole numbers that 64 bits do not hold together")

    def arrow(self) -> pa.DataType:
        """The type of the column; raises InputError where there is none that fits all."""
        kinds = sorted(self._kinds, key=self._kinds.__getitem__)
        if not kinds:
            return pa.null()
        if {*kinds} == {int, float}:
            if self._wide:
                raise self._refused(self._wide, "a whole number that is no exact fraction")
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
            raise self._refused(self._kinds[dict], "an object without members has no place there")
        if kind is dict:
            return pa.struct(self.fields())
        if kind is int:
            return pa.uint64() if self._high >= SIGNED else pa.int64()
        return PLAIN.get(kind, pa.float64())

    def fields(self) -> list[pa.Field]:
        """The members that were met, in the order in which they first came; raises as ``arrow``."""
        return [pa.field(name, member.arrow()) for name, member in self._members.items()]

    def _refused(self, at: ValueLocation, reason: str) -> InputError:
        return InputError(at.path, at.line, f"cannot be Parquet: {self.name}: {reason}")


def infer_schema(batches: Iterable[tuple[str, Sequence[Any], Sequence[int]]]) -> pa.Schema:
    """The columns of records, given with their path and their lines batch by batch.

    Raises InputError, with the place, for values that cannot be one column.
    """
    root = ColumnShape("")
    for number, (path, records, lines) in enumerate(batches):
        root.see_members(records, [ValueLocation(number, line, path) for line in lines])
    return pa.schema(root.fields())
