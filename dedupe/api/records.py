"""Turn the records and settings of a call into what a run takes.

Records (dicts, strings, a data frame) become lines as a file has them; settings are checked; errors
name keywords and positions instead of flags and lines.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import length_hint
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import orjson

from dedupe.config import BY_NAME, FOR_FILES, Settings, check_name, resolve
from dedupe.errors import InputError, SettingsError
from dedupe.frames import convert, frame_from_records, frame_of, kind_of, series_of
from dedupe.io.jsonl import read_jsonl
from dedupe.io.read_notes import check_texts
from dedupe.io.source import QUARANTINE, Source
from dedupe.models import ReadStats

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from dedupe.frames import Column, Frame, Library, Series
    from dedupe.io.source import Reject
    from dedupe.models import Batch

NAME = "stories"
FLAG = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: ('[^']*'|[^\s'();,]+))?")
NAMING = ("field", "id_field", "date_field", "source_field")


def position_label(position: int, name: str = NAME) -> str:
    """Return how a record is named in an error."""
    return f"{name}[{position}]"


def checked_settings(
    settings: Settings | None,
    given: Mapping[str, object],
    call: str,
    *,
    may_skip: bool = False,
) -> Settings:
    """Return the settings with keywords over them; raises SettingsError.

    ``may_skip``: what cannot be read may be passed over.
    """
    present = {name: value for name, value in given.items() if value is not None}
    checked = resolve([(call, present)])
    names = [check_name(name, call).name for name in present]
    for name in names:
        if name in FOR_FILES:
            raise SettingsError(name, "applies to files only", call)
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise TypeError(f"{call}: settings must be a dedupe.Settings, got {kind_of(settings)}")
    chosen = replace(settings, **{name: getattr(checked, name) for name in names})
    if chosen.on_error.startswith(QUARANTINE):
        raise SettingsError("on_error", "must be fail or skip: only files can be quarantined", call)
    if chosen.on_error != "fail" and not may_skip:
        raise SettingsError("on_error", "must be fail: only cluster() can skip records", call)
    return chosen


def raise_with_position(error: InputError, raw: bytes, header: bytes = b"") -> NoReturn:  # noqa: ARG001 - a Reject
    """Raise an error that names a bad record by its position; the reader counts lines, from 1."""
    raise InputError(position_label((error.line or 1) - 1), None, with_keywords(error.reason))


def with_keywords(reason: str) -> str:
    """Return a message with keywords instead of flags.

    >>> with_keywords("no record has outlet_nam (--source-field); did you mean --field headline?")
    "no record has outlet_nam (source_field); did you mean field='headline'?"
    """

    def keyword(found: re.Match[str]) -> str:
        name, value = found[1].replace("-", "_"), found[2]
        if name not in BY_NAME:
            return found[0]
        if value is None or name not in NAMING:
            return name + (f" {value}" if value else "")
        mark = "?" if value.endswith("?") else ""
        return f"{name}={value.rstrip('?').strip(chr(39))!r}{mark}"

    return FLAG.sub(keyword, reason)


OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
EMPTY = b"{}\n"
ABSENT = ("NAType", "NaTType")
"""The types of what pandas has for an absent value or time."""
FILE_NAME = re.compile(r"\S+\.(jsonl?|csv|tsv|txt|parquet|gz|zst)")


class ArrowStream(Protocol):
    """A data frame: of pandas, polars, pyarrow, or another that exports an Arrow stream."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return the stream."""


Record = str | Mapping[str, Any]
Input = Iterable[Record] | ArrowStream
"""What the functions take as records."""


@dataclass(frozen=True)
class Records:
    """What a program gave: a frame, a column of one, or some dicts and strings.

    ``text`` is the column that plain strings are taken for, ``into`` the beginning of the names of
    columns that are added.
    """

    items: Iterable[Any]
    text: str
    into: str
    frame: Frame | None = None
    series: Series | None = None

    def __len__(self) -> int:
        """Return how many there are, 0 where that is not known."""
        return len(self.frame) if self.frame is not None else length_hint(self.items)

    @property
    def is_frame(self) -> bool:
        """Whether they are a frame, or a column of one."""
        return self.frame is not None or self.series is not None

    def lines(
        self, settings: Settings, name: str, unreadable: bytes | None = None
    ) -> Iterator[bytes]:
        """Yield each record as the line of JSON that it would be in a file.

        Raises InputError for one that JSON cannot hold, or yields ``unreadable`` in its place.
        """
        if self.frame is not None:
            return encode_rows(self.frame, settings, name, unreadable)
        return encode_records(self.items, settings, name, unreadable)

    def select(self, wanted: NDArray[np.bool_]) -> Any:  # noqa: ANN401 - of the kind that was given
        """Return the wanted records, of the kind that was given: a list of dicts and strings."""
        if self.series is not None:
            return self.series.filter(wanted)
        if self.frame is not None:
            return self.frame.filter(wanted)
        return [item for item, chosen in zip(self.items, wanted.tolist(), strict=True) if chosen]

    def widen(self, columns: Mapping[str, Column], library: Library | None) -> Any:  # noqa: ANN401 - of a library
        """Return the records as a frame with columns added; of their own library for None.

        Raises InputError where there is such a column.
        """
        frame = self.as_frame(library)
        if library:
            frame = convert(frame, library)
        added = {f"{self.into}_{name}": column for name, column in columns.items()}
        for name in added:
            if name in frame.names():
                reason = f"already have a column {name}; name others, as in into='mine'"
                raise InputError(NAME, None, reason)
        return frame.widen(added)

    def as_frame(self, library: Library | None) -> Frame:
        """Return the records as a frame; dicts and strings as one of the library."""
        if self.frame is not None:
            return self.frame
        if self.series is not None:
            return self.series.frame(str(getattr(self.series.native, "name", None) or self.text))
        rows = [{self.text: item} if isinstance(item, str) else item for item in self.items]
        usable = [dict(row) if isinstance(row, Mapping) else {} for row in rows]
        return frame_from_records(usable, library or "pandas")

    @property
    def lasting(self) -> Records | None:
        """The records, or None if they cannot be iterated again."""
        return self if self.is_frame or isinstance(self.items, Sequence) else None


def open_records(stories: Any, settings: Settings, call: str) -> Records:  # noqa: ANN401 - whatever came
    """Return the given records; raises TypeError for other values."""
    place = settings.field[0].names[0], settings.into
    check_collection(stories, call)
    frame = open_frame(stories, call)
    if frame is not None:
        return Records((), *place, frame=frame)
    series = series_of(stories)
    if series is not None:
        return Records(list(series_items(series, call)), *place, series=series)
    if not isinstance(stories, Iterable):
        expected = "expected an iterable of dicts or strings, or a data frame"
        raise TypeError(f"{call}: {expected}, got {kind_of(stories)}")
    return Records(stories, *place)


def open_frame(stories: Any, call: str) -> Frame | None:  # noqa: ANN401 - as above
    """Return a table of any library, None for other values, such as a column."""
    if series_of(stories) is not None:
        return None
    try:
        return frame_of(stories)
    except TypeError as error:
        raise TypeError(f"{call}: {error}") from None


def check_collection(stories: object, call: str) -> None:
    """Raise TypeError for a single record in the place of several, with what to pass."""
    if not isinstance(stories, str | bytes | Mapping):
        return
    kind = type(stories).__name__
    hint = "put it into a list"
    if isinstance(stories, str) and FILE_NAME.fullmatch(stories):
        hint = "it takes records, not the name of a file; dedupe on the command line reads files"
    elif isinstance(stories, Mapping) and (key := list_of_dicts(stories)) is not None:
        hint = f"pass its list: ...[{key!r}]"
    elif isinstance(stories, Mapping) and has_columns(stories):
        hint = "for columns, pass a data frame made of it; for one record, put it into a list"
    raise TypeError(f"{call}: expected an iterable of records, got one {kind}; {hint}")


def list_of_dicts(record: Mapping[Any, Any]) -> object:
    """Return the key of the only value that is a list of dicts, None where there is not just one.

    >>> list_of_dicts({"status": "ok", "articles": [{"title": "Lamp out"}]})
    'articles'
    """
    keys = [
        key
        for key, value in record.items()
        if isinstance(value, list | tuple) and value and all(isinstance(v, Mapping) for v in value)
    ]
    return keys[0] if len(keys) == 1 else None


def has_columns(stories: Mapping[Any, Any]) -> bool:
    """Return whether all values of a dict are columns of one length."""
    values = list(stories.values())
    if not values or not all(isinstance(value, list | tuple) for value in values):
        return False
    return len({len(value) for value in values}) == 1


def series_items(series: Series, call: str) -> Iterator[Record]:
    """Yield the values of a column as records, null as one without a text."""
    for at, value in enumerate(series.values()):
        if value is not None and not isinstance(value, str | Mapping):
            reason = f"expected a {kind_of(series.native)} of strings, got {kind_of(value)}"
            raise TypeError(f"{call}: {reason} at {at}")
        yield {} if value is None else value


def read_records(records: Records, settings: Settings, name: str) -> Iterator[Batch]:
    """Yield the batches of some records; messages name a record ``name[position]``.

    Raises InputError for a bad record unless ``on_error`` is skip, and where no record has a text.
    """
    if settings.on_error == "fail":
        lines = records.lines(settings, name)
    else:
        lines = iter(without_unreadable(records, settings, name))

    def refuse(error: InputError, raw: bytes, header: bytes = b"") -> NoReturn:  # noqa: ARG001 - a Reject
        reason = with_keywords(error.reason)
        raise InputError(position_label((error.line or 1) - 1, name), None, reason)

    read_stats = ReadStats()
    yield from read_jsonl(Source(name, "jsonl", lines, settings, read_stats, refuse))
    try:
        check_texts(name, settings, read_stats)
    except InputError as error:
        reason, hint = error.reason, response_hint(records, name)
        reason = reason.partition("; name it: ")[0] + hint if hint else reason
        raise InputError(error.path, error.line, with_keywords(reason)) from None


def response_hint(records: Records, name: str) -> str:
    """Return what to pass where the only record is the answer of an API, with a list of records."""
    if records.is_frame or not isinstance(records.items, Sequence) or len(records.items) != 1:
        return ""
    item = records.items[0]
    key = list_of_dicts(item) if isinstance(item, Mapping) else None
    return "" if key is None else f"; pass its list: {name}[0][{key!r}]"


def without_unreadable(records: Records, settings: Settings, name: str) -> list[bytes]:
    """Return records as lines, with an empty object for each that cannot be read."""
    lines = list(records.lines(settings, name, unreadable=EMPTY))
    refused: list[int] = []

    def note(error: InputError, raw: bytes, header: bytes = b"") -> None:  # noqa: ARG001 - a Reject
        refused.append((error.line or 1) - 1)

    reject: Reject = note
    source = Source(name, "jsonl", iter(lines), settings, ReadStats(), reject)
    deque(read_jsonl(source), maxlen=0)
    for position in refused:
        lines[position] = EMPTY
    return lines


def encode_records(
    stories: Iterable[Record],
    settings: Settings,
    name: str = NAME,
    unreadable: bytes | None = None,
) -> Iterator[bytes]:
    """Yield dicts and strings as lines of JSON; raises as :meth:`Records.lines`."""
    first = settings.field[0].names[0]
    for position, story in enumerate(stories):
        try:
            yield orjson.dumps(
                {first: story} if isinstance(story, str) else as_dict(story),
                default=json_default,
                option=OPTIONS,
            )
        except TypeError as error:
            if unreadable is not None:
                yield unreadable
                continue
            raise InputError(position_label(position, name), None, str(error)) from None


def encode_rows(
    frame: Frame, settings: Settings, name: str, unreadable: bytes | None
) -> Iterator[bytes]:
    """Yield the rows of a frame as lines of JSON; raises as :meth:`Records.lines`."""
    table = frame.table()
    from dedupe.io.parquet_read import read_rows  # noqa: PLC0415 - pyarrow is an extra

    for row in read_rows(table, settings, name):
        if not row.problem:
            yield row.line
        elif unreadable is not None:
            yield unreadable
        else:
            raise InputError(position_label(row.number - 1, name), None, row.problem)


def as_dict(story: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping as a dict; raises TypeError for other values."""
    if not isinstance(story, Mapping):
        raise TypeError(f"expected a dict or a string, got {type(story).__name__}")
    return story if isinstance(story, dict) else dict(story)


def json_default(value: object) -> object:
    """Convert a value that JSON has no type for."""
    if type(value).__name__ in ABSENT:
        return None
    return dict(value) if isinstance(value, Mapping) else str(value)
