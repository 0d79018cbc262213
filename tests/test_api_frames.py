"""Data frames in and out: every library, every type of column, and what is no frame of records."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commandline import dedupe as command
from commandline import environment

import dedupe
from dedupe import InputError, cluster, unique

if TYPE_CHECKING:
    from pathlib import Path

FERRY = "Ferry tolls at Pell Point to rise in June"
AGAIN = "UPDATE 1-Ferry tolls at Pell Point to rise in June"
LAMP = "Old lighthouse stays lit"
ROWS = [
    {"id": "a", "title": FERRY, "published": "2026-03-03T08:00:00", "source": "Herald", "n": 1.5},
    {"id": "b", "title": LAMP, "published": None, "source": "Post", "n": None},
    {"id": "c", "title": AGAIN, "published": "2026-03-03T09:00:00", "source": None, "n": 2.0},
    {"id": "d", "title": None, "published": "2026-03-04T09:00:00", "source": "Post", "n": 0.25},
]
KEPT = ["b", "c", "d"]


class Stream:
    """A frame of a library that nobody knows, which exports an Arrow stream."""

    def __init__(self, table: pa.Table | pl.DataFrame) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def table() -> pa.Table:
    return pa.Table.from_pylist(ROWS)


FRAMES = {
    "pandas": (lambda: pd.DataFrame(ROWS), pd.DataFrame),
    "pandas, types of arrow": (lambda: table().to_pandas(types_mapper=pd.ArrowDtype), pd.DataFrame),
    "polars": (lambda: pl.DataFrame(ROWS), pl.DataFrame),
    "a table": (table, pa.Table),
    "a table in pieces": (lambda: pa.concat_tables([table()[:1], table()[1:]]), pa.Table),
    "a record batch": (lambda: table().to_batches()[0], pa.RecordBatch),
    "a reader": (lambda: table().to_reader(), pa.Table),
    "a stream": (lambda: Stream(table()), pa.Table),
    "a stream of views": (lambda: Stream(pl.DataFrame(ROWS)), pa.Table),
}


@pytest.mark.parametrize("make", [make for make, _ in FRAMES.values()], ids=FRAMES)
def test_a_frame_gives_what_its_rows_give(make):
    found, wanted = cluster(make()), cluster(ROWS)
    assert found.canonical.tolist() == wanted.canonical.tolist() == [2, 1, 2, 3]
    assert list(found.record_ids) == list("abcd")
    assert found.scores.tolist() == wanted.scores.tolist()
    assert found.reasons == wanted.reasons


@pytest.mark.parametrize(("make", "kind"), FRAMES.values(), ids=FRAMES)
def test_the_rows_that_are_kept_come_in_their_own_kind(make, kind):
    found = unique(make())
    assert type(found) is kind
    of_arrow = kind in (pa.Table, pa.RecordBatch)
    assert list(found.schema.names if of_arrow else found.columns) == list(ROWS[0])
    assert (found["id"].to_pylist() if of_arrow else found["id"].to_list()) == KEPT


def test_rows_of_pandas_keep_their_index_and_types():
    frame = pd.DataFrame(ROWS, index=pd.Index([9, 9, 7, 5], name="place"))
    pd.testing.assert_frame_equal(unique(frame), frame.iloc[[1, 2, 3]])
    annotated = cluster(frame).to_frame()
    pd.testing.assert_frame_equal(annotated[frame.columns], frame)


def test_columns_that_are_added_are_those_of_the_command_line(tmp_path: Path):
    pq.write_table(table(), tmp_path / "in.parquet")
    done = command("cluster", "in.parquet", "-o", "out.parquet", folder=tmp_path)
    assert done.code == 0
    found, told = cluster(table()).to_arrow(), pq.read_table(tmp_path / "out.parquet")
    assert found.to_pylist() == told.to_pylist()
    assert found.schema.types == told.schema.types
    assert found.schema.names == told.schema.names


@pytest.mark.parametrize(("make", "kind"), FRAMES.values(), ids=FRAMES)
def test_a_frame_becomes_one_of_any_library(make, kind):
    found = cluster(make())
    rows = cluster(table()).to_arrow().to_pylist()
    own = found.to_frame()
    assert type(own) is (pa.Table if kind is pa.RecordBatch else kind)
    assert found.to_arrow().to_pylist() == rows
    assert found.to_polars().to_dicts() == rows
    assert found.to_pandas()["dedupe_cluster"].tolist() == [row["dedupe_cluster"] for row in rows]
    assert found.to_pandas()["dedupe_version"].tolist() == [pd.NA, pd.NA, 1, pd.NA]


def test_into_names_the_columns_that_are_added():
    frame = cluster(pl.DataFrame(ROWS)).to_frame()
    again = cluster(frame, into="mine")
    assert again.to_frame().columns[-1] == "mine_version"
    with pytest.raises(InputError, match="already have a column dedupe_cluster; name others"):
        cluster(frame).to_frame()


TIMES = ["2026-03-03T08:00:00", "2026-03-09T08:00:00", None]
MOMENTS = [None if time is None else datetime.fromisoformat(time) for time in TIMES]
ZONED = [moment and moment.replace(tzinfo=UTC) for moment in MOMENTS]
DAYS = [moment and moment.date() for moment in MOMENTS]
DATED = {
    "texts": lambda: pd.DataFrame({"date": TIMES}),
    "datetime64": lambda: pd.DataFrame({"date": pd.to_datetime(TIMES)}),
    "datetime64 in seconds": lambda: pd.DataFrame({"date": pd.to_datetime(TIMES).as_unit("s")}),
    "with a zone": lambda: pd.DataFrame(
        {"date": pd.to_datetime(TIMES).tz_localize("UTC").tz_convert("Asia/Tokyo")}
    ),
    "objects": lambda: pd.DataFrame({"date": pd.Series(ZONED, dtype=object)}),
    "days": lambda: pd.DataFrame({"date": pd.Series(DAYS, dtype=object)}),
    "polars, moments": lambda: pl.DataFrame({"date": MOMENTS}),
    "polars, with a zone": lambda: pl.DataFrame({"date": ZONED}),
    "polars, days": lambda: pl.DataFrame({"date": DAYS}),
    "date32": lambda: pa.table({"date": pa.array(DAYS, pa.date32())}),
    "seconds since 1970": lambda: pl.DataFrame(
        {"date": [zoned and int(zoned.timestamp()) for zoned in ZONED]}
    ),
}


@pytest.mark.parametrize("make", DATED.values(), ids=DATED)
def test_times_of_any_type_count(make):
    frame = make()
    titles = [FERRY] * 3
    if isinstance(frame, pd.DataFrame):
        frame["title"] = titles
    elif isinstance(frame, pl.DataFrame):
        frame = frame.with_columns(title=pl.Series(titles))
    else:
        frame = frame.append_column("title", pa.array(titles))
    near, far = cluster(frame, window="5d"), cluster(frame, window="7d")
    assert near.canonical[0] != near.canonical[1]
    assert far.canonical[0] == far.canonical[1]


TITLES = [FERRY, LAMP, FERRY, None]
TEXTS = {
    "objects": lambda: pd.Series(TITLES, dtype=object),
    "objects with NaN": lambda: pd.Series([FERRY, LAMP, FERRY, np.nan]),
    "string": lambda: pd.Series(TITLES, dtype="string"),
    "string of arrow": lambda: pd.Series(TITLES, dtype="string[pyarrow]"),
    "categories": lambda: pd.Series(TITLES, dtype="category"),
    "polars": lambda: pl.Series(TITLES),
    "polars, categories": lambda: pl.Series(TITLES, dtype=pl.Categorical),
    "polars, enumeration": lambda: pl.Series(TITLES, dtype=pl.Enum([LAMP, FERRY])),
    "an array": lambda: pa.array(TITLES),
    "an array of categories": lambda: pa.array(TITLES).dictionary_encode(),
    "an array in pieces": lambda: pa.chunked_array([TITLES[:2], TITLES[2:]]),
    "an array of views": lambda: pa.array(TITLES, pa.string_view()),
}


@pytest.mark.parametrize("make", TEXTS.values(), ids=TEXTS)
def test_a_column_of_texts_is_taken_as_records_and_within_a_frame(make):
    texts = make()
    assert cluster(texts, keep="first").canonical.tolist() == [0, 1, 0, 3]
    kept = unique(texts, keep="first")
    assert type(kept) is (pa.ChunkedArray if isinstance(texts, pa.ChunkedArray) else type(texts))
    assert len(kept) == 3
    frame = {
        "pandas": lambda: pd.DataFrame({"title": texts, "source": texts}),
        "polars": lambda: pl.DataFrame({"title": texts, "source": texts}),
        "pyarrow": lambda: pa.table({"title": texts, "source": texts}),
    }[type(texts).__module__.partition(".")[0]]()
    found = cluster(frame, keep="first")
    assert found.canonical.tolist() == [0, 1, 0, 3]
    assert found.to_polars()["title"].to_list() == TITLES


def test_a_column_keeps_its_name_and_index():
    texts = pd.Series([FERRY, LAMP, FERRY], name="head", index=[4, 5, 6])
    found = cluster(texts, keep="first").to_frame()
    assert found["head"].tolist() == texts.tolist()
    assert found.index.tolist() == [4, 5, 6]
    assert cluster(pl.Series([FERRY])).to_frame().columns[0] == "title"


def test_columns_that_json_does_not_have_are_no_obstacle():
    odd = pd.DataFrame(
        {
            "title": [FERRY, 12, FERRY],
            "waited": pd.to_timedelta([1, None, 3], unit="h"),
            "year": pd.period_range("2024", periods=3, freq="Y"),
            "bag": [{"a": 1}, [2], "c"],
            7: [1, 2, 3],
        }
    )
    assert cluster(odd, keep="first").canonical.tolist() == [0, 1, 0]
    pd.testing.assert_frame_equal(unique(odd, keep="first"), odd.iloc[:2])
    lasting = pl.DataFrame({"title": [FERRY, LAMP], "waited": [timedelta(1), None]})
    assert unique(lasting).equals(lasting)


def test_absent_values_of_pandas_in_dicts_are_absent():
    rows = [{"title": FERRY, "date": "2026-03-03"}, *[{"title": pd.NA, "date": pd.NaT}] * 2]
    found, wanted = cluster(rows), cluster([rows[0], *[{"title": None, "date": None}] * 2])
    assert found.canonical.tolist() == [0, 1, 2]
    assert list(found.keys) == list(wanted.keys)


def test_fields_are_found_by_the_names_of_columns():
    frame = pd.DataFrame({"story": [FERRY, LAMP, AGAIN], "day": [date(2026, 3, 3)] * 3})
    assert len(cluster(frame, field="story", date_field="day")) == 2
    nested = pa.table({"meta": [{"title": FERRY}, {"title": AGAIN}]})
    assert len(cluster(nested, field="meta.title")) == 1


def test_an_empty_frame_has_no_clusters():
    for empty in (pd.DataFrame(), pd.DataFrame({"title": []}), pl.DataFrame(), table()[:0]):
        assert len(cluster(empty)) == 0
        assert len(unique(empty)) == 0
        assert "dedupe_cluster" in cluster(empty).to_pandas().columns


def test_a_row_that_cannot_be_read_is_named_or_stands_alone():
    frame = pa.table({"title": [FERRY, FERRY, FERRY], "n": [1.0, float("inf"), 2.0]})
    with pytest.raises(InputError, match=r"stories\[1\]: n: infinity is not a JSON number"):
        cluster(frame)
    found = cluster(frame, on_error="skip", keep="first")
    assert found.canonical.tolist() == [0, 1, 0]


class Spark(list):
    """What a DataFrame of Spark is known by, for one who has none."""

    __module__ = "pyspark.sql.dataframe"


class Other:
    """A frame of a library that is not supported."""

    columns = ("title",)


REFUSED = {
    "no column of ours": (
        lambda: pd.DataFrame({"a": ["b"], "c": ["d"]}),
        InputError,
        "the columns are a, c; name the column of headlines, as in field='story'",
    ),
    "a column that is named and not there": (
        lambda: pl.DataFrame({"title": [FERRY]}),
        InputError,
        "no record has outlet (source_field); the records have title",
    ),
    "two columns of one name": (
        lambda: pd.DataFrame([[FERRY, LAMP]], columns=["title", "title"]),
        InputError,
        "title: there are two columns of this name",
    ),
    "a title that is binary": (
        lambda: pa.table({"title": [b"a"]}),
        InputError,
        "title: expected a string, got binary",
    ),
    "a lazy frame": (lambda: pl.LazyFrame({"title": [FERRY]}), TypeError, "call collect()"),
    "a column of numbers": (
        lambda: pd.Series([1, 2]),
        TypeError,
        "expected a pandas.Series of strings, got int at 0",
    ),
    "columns in a dict": (
        lambda: {"title": [FERRY, AGAIN]},
        TypeError,
        "got one dict; for columns, pass a data frame made of it",
    ),
    "a frame of Spark": (Spark, TypeError, "go to dedupe.backends.spark.cluster"),
    "the class of a frame": (
        lambda: pl.DataFrame,
        TypeError,
        "expected an iterable of dicts or strings, or a data frame, got type",
    ),
    "a frame of another library": (
        Other,
        TypeError,
        "got test_api_frames.Other; convert it to pandas, polars or pyarrow first",
    ),
}


@pytest.mark.parametrize(("make", "kind", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_frame_of_records_is_refused(make, kind, says):
    given = {"source_field": "outlet"} if "outlet" in says else {}
    with pytest.raises(kind) as caught:
        cluster(make(), **given)
    assert says in str(caught.value)


def test_an_index_takes_frames_too():
    with dedupe.Index(":memory:") as index:
        assert [answer.new for answer in index.add(pd.DataFrame(ROWS))] == [True] * 4
        assert len(index.match(pl.Series([FERRY]))) == 1
        with pytest.raises(InputError, match="the columns are a"):
            index.add(pl.DataFrame({"a": ["b"]}))


def test_no_library_is_loaded_for_dicts():
    script = (
        "import sys, dedupe\n"
        "dedupe.unique([{'title': 'a'}])\n"
        "print(sorted({'pandas', 'polars', 'pyarrow'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(), capture_output=True, text=True, check=False
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_without_pyarrow_a_frame_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'pyarrow>=18'"):
        cluster(pl.DataFrame(ROWS))
    assert len(cluster(pl.Series([FERRY, LAMP]))) == 2
