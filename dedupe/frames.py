"""Data frames of other libraries: their rows as Arrow, a choice of rows, and columns added.

A frame is recognised without importing its library: whoever has one has loaded it. pandas, polars
and pyarrow give back their own kind; what else exports an Arrow stream comes out as a pyarrow
table.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from dedupe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

Library = Literal["pandas", "polars", "pyarrow"]
STREAM = "__arrow_c_stream__"
NEEDS_ARROW = "a data frame needs pyarrow: pip install 'pyarrow>=18'"
LAZY = "call collect() on the LazyFrame first"
SPARK = "of Spark go to dedupe.backends.spark.cluster"
OTHER = "convert it to pandas, polars or pyarrow first, or give a list of dicts"


class Column(NamedTuple):
    """Values to add to a frame; an integer may be None."""

    kind: Literal["string", "integer", "boolean", "number"]
    values: Sequence[Any]

    def pandas(self) -> Any:  # noqa: ANN401 - of another library
        """Return the values as pandas takes them."""
        import pandas as pd  # noqa: PLC0415 - of who has a frame of it

        absent = self.kind == "integer" and None in self.values
        return pd.array(self.values, "Int64") if absent else self.values

    def polars(self, name: str) -> Any:  # noqa: ANN401 - as above
        """Return the values as a series of polars."""
        import polars as pl  # noqa: PLC0415 - as above

        types = {
            "string": pl.String,
            "integer": pl.Int64,
            "boolean": pl.Boolean,
            "number": pl.Float64,
        }
        return pl.Series(name, self.values, types[self.kind])

    def arrow(self) -> Any:  # noqa: ANN401 - as above
        """Return the values as an array of pyarrow."""
        pa = import_pyarrow()
        types = {
            "string": pa.string(),
            "integer": pa.int64(),
            "boolean": pa.bool_(),
            "number": pa.float64(),
        }
        return pa.array(self.values, types[self.kind])


@dataclass(frozen=True)
class Frame(ABC):
    """A table of one library."""

    native: Any

    @abstractmethod
    def table(self) -> Any:  # noqa: ANN401 - of Arrow, which has no types
        """Return the rows as a pyarrow table."""

    @abstractmethod
    def names(self) -> list[str]:
        """Return the names of the columns."""

    @abstractmethod
    def filter(self, wanted: Mask) -> Any:  # noqa: ANN401 - of another library
        """Return the wanted rows in their own kind."""

    @abstractmethod
    def widen(self, columns: Mapping[str, Column]) -> Any:  # noqa: ANN401 - the same
        """Return all rows in their own kind, with columns added."""

    def __len__(self) -> int:
        return len(self.native)


class PandasFrame(Frame):
    """A ``pandas.DataFrame``."""

    def table(self) -> Any:  # noqa: ANN401 - as above
        """Return the rows without their index; a column of mixed types becomes texts."""
        pa = import_pyarrow()
        names = list(map(str, self.native.columns))
        columns = [self.native.iloc[:, at] for at in range(len(names))]
        return pa.Table.from_arrays([arrow_column(pa, column) for column in columns], names)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(map(str, self.native.columns))

    def filter(self, wanted: Mask) -> Any:  # noqa: ANN401 - as above
        """Return the wanted rows with their index."""
        return self.native.loc[wanted]

    def widen(self, columns: Mapping[str, Column]) -> Any:  # noqa: ANN401 - as above
        """Return a copy with columns added, the index kept."""
        found = self.native.copy()
        for name, column in columns.items():
            found[name] = column.pandas()
        return found


def arrow_column(pa: Any, column: Any) -> Any:  # noqa: ANN401 - of pandas and Arrow
    """Return a column of pandas as Arrow has it; texts where its values are of several types."""
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        absent = column.isna().tolist()
        return pa.array(
            [None if no else str(value) for value, no in zip(column, absent, strict=True)],
            pa.string(),
        )


class PolarsFrame(Frame):
    """A ``polars.DataFrame``."""

    def table(self) -> Any:  # noqa: ANN401 - as above
        """Return the rows."""
        return import_pyarrow().table(self.native)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.native.columns)

    def filter(self, wanted: Mask) -> Any:  # noqa: ANN401 - as above
        """Return the wanted rows."""
        return self.native.filter(wanted)

    def widen(self, columns: Mapping[str, Column]) -> Any:  # noqa: ANN401 - as above
        """Return the rows with columns added."""
        return self.native.with_columns([column.polars(name) for name, column in columns.items()])


class ArrowFrame(Frame):
    """A ``pyarrow.Table``, or a ``RecordBatch``, which becomes a table where columns are added."""

    def table(self) -> Any:  # noqa: ANN401 - as above
        """Return the rows."""
        pa = import_pyarrow()
        return self.native if isinstance(self.native, pa.Table) else pa.table(self.native)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.native.schema.names)

    def filter(self, wanted: Mask) -> Any:  # noqa: ANN401 - as above
        """Return the wanted rows."""
        columns = [filter_column(column, wanted) for column in self.native.columns]
        return type(self.native).from_arrays(columns, schema=self.native.schema)

    def widen(self, columns: Mapping[str, Column]) -> Any:  # noqa: ANN401 - as above
        """Return a table with columns added."""
        found = self.table()
        for name, column in columns.items():
            found = found.append_column(name, column.arrow())
        return found

    def __len__(self) -> int:
        return int(self.native.num_rows)


def filter_column(column: Any, wanted: Mask) -> Any:  # noqa: ANN401 - of Arrow
    """Return the wanted values of an array; of a type that pyarrow cannot filter by way of one."""
    pa = import_pyarrow()
    mask = pa.array(wanted)
    try:
        return column.filter(mask)
    except pa.ArrowNotImplementedError:
        plain = pa.large_string() if pa.types.is_string_view(column.type) else pa.large_binary()
        return column.cast(plain).filter(mask).cast(column.type)


@dataclass(frozen=True)
class Series:
    """One column of a library: ``values`` has None for null, ``filter`` chooses rows.

    ``frame`` makes a frame of it, under a name that it is given.
    """

    native: Any
    values: Callable[[], list[Any]]
    filter: Callable[[Mask], Any]
    frame: Callable[[str], Frame]


def frame_of(value: Any) -> Frame | None:  # noqa: ANN401 - whatever a program gave
    """Return a table of any library, None for other values; raises TypeError for a lazy one."""
    if isinstance(value, type):
        return None
    for library, name, kind in (
        ("pandas", "DataFrame", PandasFrame),
        ("polars", "DataFrame", PolarsFrame),
        ("pyarrow", "Table", ArrowFrame),
        ("pyarrow", "RecordBatch", ArrowFrame),
    ):
        if is_instance(value, library, name):
            return kind(value)
    if hasattr(value, STREAM):
        return ArrowFrame(import_pyarrow().table(value))
    if is_instance(value, "polars", "LazyFrame"):
        raise TypeError(f"expected records, got a LazyFrame; {LAZY}")
    if type(value).__module__.startswith("pyspark."):
        raise TypeError(f"data frames {SPARK}")
    if hasattr(value, "columns"):
        raise TypeError(f"expected records, got {kind_of(value)}; {OTHER}")
    return None


def series_of(value: Any) -> Series | None:  # noqa: ANN401 - as above
    """Return a column of pandas, polars or pyarrow, None for other values."""
    if is_instance(value, "pandas", "Series"):
        return Series(
            value,
            lambda: [
                None if no else each for each, no in zip(value, value.isna().tolist(), strict=True)
            ],
            lambda wanted: value.loc[wanted],
            lambda name: PandasFrame(value.to_frame(name)),
        )
    if is_instance(value, "polars", "Series"):
        return Series(
            value, value.to_list, value.filter, lambda name: PolarsFrame(value.to_frame(name))
        )
    if is_instance(value, "pyarrow", "Array") or is_instance(value, "pyarrow", "ChunkedArray"):
        pa = import_pyarrow()
        return Series(
            value,
            value.to_pylist,
            lambda wanted: filter_column(value, wanted),
            lambda name: ArrowFrame(pa.table({name: value})),
        )
    return None


def is_instance(value: object, library: str, name: str) -> bool:
    """Return whether a value is of a class of a library, which is not loaded for it."""
    loaded = sys.modules.get(library)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def kind_of(value: object) -> str:
    """Name the type of a value."""
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    return kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}"


def import_pyarrow() -> Any:  # noqa: ANN401 - it has no types
    """Return pyarrow; raises InputError where it is missing."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - an extra
    except ImportError:
        raise InputError("stories", None, NEEDS_ARROW) from None
    return pa


def frame_from_records(rows: list[dict[Any, Any]], library: Library) -> Frame:
    """Return dicts as a frame with a column for each key that any of them has."""
    if library == "pandas":
        import pandas as pd  # noqa: PLC0415 - of who asks for it

        return PandasFrame(pd.DataFrame(rows))
    names = dict.fromkeys(name for row in rows for name in row)
    if library == "polars":
        import polars as pl  # noqa: PLC0415 - of who asks for it

        columns = {str(name): [row.get(name) for row in rows] for name in names}
        series = [pl.Series(name, values, strict=False) for name, values in columns.items()]
        return PolarsFrame(pl.DataFrame(series))
    pa = import_pyarrow()
    arrays = [records_column(pa, [row.get(name) for row in rows]) for name in names]
    return ArrowFrame(pa.Table.from_arrays(arrays, list(map(str, names))))


def records_column(pa: Any, values: list[Any]) -> Any:  # noqa: ANN401 - of Arrow
    """Return values as a column; texts where they are of several types."""
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def convert(frame: Frame, library: Library) -> Frame:
    """Return a frame as one of a library."""
    if library == "pandas" and not isinstance(frame, PandasFrame):
        return PandasFrame(frame.table().to_pandas())
    if library == "polars" and not isinstance(frame, PolarsFrame):
        import polars as pl  # noqa: PLC0415 - of who asks for it

        return PolarsFrame(pl.DataFrame(frame.table()))
    if library == "pyarrow" and not isinstance(frame, ArrowFrame):
        return ArrowFrame(frame.table())
    return frame


def frame_of_columns(columns: Mapping[str, Column], library: Library) -> Any:  # noqa: ANN401 - of that library
    """Return columns as a frame of a library."""
    if library == "pandas":
        import pandas as pd  # noqa: PLC0415 - of who asks for it

        return pd.DataFrame({name: column.pandas() for name, column in columns.items()})
    if library == "polars":
        import polars as pl  # noqa: PLC0415 - of who asks for it

        return pl.DataFrame([column.polars(name) for name, column in columns.items()])
    return import_pyarrow().table({name: column.arrow() for name, column in columns.items()})


class Tabular(ABC):
    """What can be had as a frame of any library."""

    __slots__ = ()

    @abstractmethod
    def as_frame(self, library: Library) -> Any:  # noqa: ANN401 - of that library
        """Return it as a frame of a library."""

    def to_pandas(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """Return it as a ``pandas.DataFrame``."""
        return self.as_frame("pandas")

    def to_polars(self) -> Any:  # noqa: ANN401 - as above
        """Return it as a ``polars.DataFrame``."""
        return self.as_frame("polars")

    def to_arrow(self) -> Any:  # noqa: ANN401 - as above
        """Return it as a ``pyarrow.Table``."""
        return self.as_frame("pyarrow")
