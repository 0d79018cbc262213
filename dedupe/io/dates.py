"""Convert dates to seconds since 1970: one value, or a column at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.io.written_dates import parse_written_date
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
DAY, DAYS_OF_YEAR = 86400, 365
# From here on (the year 5138) a count is in milli-, micro- or nanoseconds.
MOST_SECONDS = 10**11
FINER_UNITS = 3
# 20250430 and 20250430022300 are dates run together; other long numbers count from 1970.
DATE_DIGITS = re.compile(r"(?:19|20)\d{6}(?:\d{6})?")
# Nanoseconds have twenty digits at most; Python refuses to convert endless ones.
COUNT = re.compile(r"-?\d{9,20}(?:\.\d+)?")
MAIL_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, ?)?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(?::\d\d)? "
    r"(?:[+-]\d{4}|GMT|UTC?|Z|[ECMP][SD]T)"
)
PARTS = 6
"""Year, month, day, hour, minute and second, as feedparser has them in a list."""
WRAPPERS = ("$date", "$numberLong")
"""Members under which MongoDB's exports hold a date."""


def parse_timestamp(value: object, otherwise: int) -> int:
    """Return the seconds of a date; ``otherwise`` when it cannot be read.

    Reads ISO 8601, RFC 2822, a count since 1970, a list of year, month, day, hour, minute and
    second, and what :func:`dedupe.io.written_dates.parse_written_date` reads. A time without a zone
    is UTC; fractions are cut off, towards the past.
    """
    found = None
    if isinstance(value, str):
        try:
            return datetime_seconds(datetime.fromisoformat(value))
        except ValueError:
            found = parse_unusual_date(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = (
            parse_unusual_date(str(value))
            if DATE_DIGITS.fullmatch(str(value))
            else epoch_seconds(value)
        )
    elif isinstance(value, list | dict):
        found = parse_structured_date(value)
    return otherwise if found is None else found


def datetime_seconds(when: datetime) -> int:
    """Return the seconds since 1970; a naive time is taken as UTC."""
    since = when - (NAIVE_EPOCH if when.tzinfo is None else EPOCH)
    return since.days * DAY + since.seconds


def parse_unusual_date(text: str) -> int | None:
    """Read what is not plain ISO 8601: run together, a count, zoned by name, or written out."""
    if COUNT.fullmatch(text) and not DATE_DIGITS.fullmatch(text):
        return epoch_seconds(float(text) if "." in text else int(text))
    if DATE_DIGITS.fullmatch(text):
        text = f"{text[:8]}T{text[8:]}".removesuffix("T")
    try:
        return datetime_seconds(datetime.fromisoformat(parse_named_offset(text)))
    except ValueError:
        readers = (parse_mail_date, parse_written_date)
        # The lenient reader of mail ignores "PM" and "GMT+0200", so it comes last.
        for read in readers if MAIL_DATE.fullmatch(text) else reversed(readers):
            if (found := read(text)) is not None:
                return found
        return None


def parse_named_offset(text: str) -> str:
    """Return a date with a zone UTC or GMT in the notation of ISO 8601."""
    return text[:-3].rstrip() + "Z" if text.endswith(("UTC", "GMT")) else text


def epoch_seconds(count: float) -> int | None:
    """Return the seconds of a count since 1970 in seconds, milli-, micro- or nanoseconds."""
    if not abs(count) < MOST_SECONDS * 1000**FINER_UNITS:
        return None  # an endless integer cannot be divided
    for _ in range(FINER_UNITS):
        if abs(count) >= MOST_SECONDS:
            count /= 1000
    return int(count // 1) if abs(count) < MOST_SECONDS else None


def parse_mail_date(text: str) -> int | None:
    """Read RFC 2822, as in feeds: ``Wed, 30 Apr 2025 02:23:00 GMT``."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to import, seldom needed

    try:
        return datetime_seconds(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # its parser is lenient and fails in several ways


def parse_structured_date(value: list[Any] | dict[str, Any]) -> int | None:
    """Read a date that JSON holds in parts, or in an object as MongoDB writes it."""
    if isinstance(value, dict):
        inner = next((value[name] for name in WRAPPERS if name in value), None)
        nested = isinstance(inner, dict) and any(name in WRAPPERS for name in inner)
        if inner is None or (isinstance(inner, dict) and not nested) or len(value) > 1:
            return None
        if isinstance(inner, int):  # MongoDB counts milliseconds, however few there are
            return inner // 1000 if abs(inner) < MOST_SECONDS * 1000 else None
        found = parse_timestamp(inner, NO_TIME)
        return None if found == NO_TIME else found
    parts = value[:PARTS]
    if len(parts) < PARTS or any(type(part) is not int for part in parts):
        return None
    try:
        return datetime_seconds(datetime(*parts))  # noqa: DTZ001 - in UTC, as feedparser says
    except (ValueError, OverflowError):
        return None


# The usual forms of a day, a time, and a time with a zone; 0 stands for any digit.
SHAPES = {
    len(shape): shape
    for shape in (
        b"0000-00-00",
        b"0000-00-00T00:00:00",
        b"0000-00-00T00:00:00Z",
        b"0000-00-00T00:00:00.000Z",
        b"0000-00-00T00:00:00+00:00",
    )
}
SPAN = {b"0"[0]: 9, b"+"[0]: 2}
"""How far above the character of a shape the one of a date may be: to 9, and to a minus."""
SPACE, SEPARATOR, COMMA, ZERO = b" T,0"
PAIRS = (0, 2, 5, 8, 11, 14, 17, 20, 23)
"""Where two digits begin: of century, year, month, day, hour, minute, second, and of the zone."""
TIME_AT, ZONE_AT, WITH_ZONE = 10, 19, 25
MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def parse_column(values: Sequence[Any], date_format: str | None = None) -> NDArray[np.int64]:
    """Return the seconds of each date, ``NO_TIME`` where one is absent or cannot be read.

    ``date_format``, as strptime takes it, is tried before the usual formats.
    """
    times = np.full(len(values), NO_TIME)
    rest: Iterable[int] = range(len(values))
    if date_format is None and set(map(type, values)) == {str}:
        rest = parse_iso_column(values, times)
    known: dict[Any, int] = {}
    for position in rest:
        value = values[position]
        if value is None or value == "":
            continue
        key = (type(value), value) if isinstance(value, str | int | float) else None
        found = known.get(key) if key else None
        if found is None:
            found = parse_formatted(value, date_format)
            if key:
                known[key] = found
        times[position] = found
    return times


def parse_formatted(value: object, date_format: str | None) -> int:
    """Return the seconds of a date in a format of its own, else in a usual one, or ``NO_TIME``."""
    if date_format is not None and isinstance(value, str | int):
        try:
            # A year below 1900 or a zone at the edge of time would leave the range.
            return datetime_seconds(datetime.strptime(str(value).strip(), date_format))  # noqa: DTZ007 - UTC where it says none
        except (ValueError, OverflowError):
            pass
    return parse_timestamp(value, NO_TIME)


def parse_iso_column(texts: Sequence[str], times: NDArray[np.int64]) -> Sequence[int]:
    """Set the times of the texts that are plain ISO 8601; returns the positions of the others."""
    sizes = set(map(len, texts))
    if len(sizes) == 1 and sizes <= SHAPES.keys():
        times[:] = iso_seconds(texts, SHAPES[sizes.pop()])
    else:
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        for size in sizes & SHAPES.keys():
            rows = np.flatnonzero(lengths == size)
            times[rows] = iso_seconds([texts[row] for row in rows.tolist()], SHAPES[size])
    left: list[int] = np.flatnonzero(times == NO_TIME).tolist()
    return left


def iso_seconds(texts: Sequence[str], shape: bytes) -> NDArray[np.int64]:
    """Return the seconds of texts of one length, ``NO_TIME`` for one of another shape."""
    # A character that is not ASCII becomes a question mark, which no shape has.
    joined = "".join(texts).encode("ascii", "replace")
    columns = np.frombuffer(joined, np.uint8).reshape(len(texts), len(shape)).T.copy()
    if len(shape) > TIME_AT:
        time_at = columns[TIME_AT]
        time_at[time_at == SPACE] = SEPARATOR
    least = np.frombuffer(shape, np.uint8)[:, None]
    span = np.array([SPAN.get(wanted, 0) for wanted in shape], np.uint8)[:, None]
    fine = (columns - least <= span).all(axis=0)  # less than the least wraps around
    century, year, month, day, *clock = digit_pairs(columns, shape)
    year += 100 * century
    fine &= (year > 0) & (month > 0) & (month <= 12)  # noqa: PLR2004 - December
    year_starts, month_starts = year_and_month_starts()
    starts = year_starts.take(year, mode="clip")
    is_leap = year_starts.take(year + 1, mode="clip") - starts > DAYS_OF_YEAR
    at = is_leap * (len(MONTH_DAYS) + 1) + month
    before = month_starts.take(at - 1, mode="clip")
    fine &= (day > 0) & (day <= month_starts.take(at, mode="clip") - before)
    seconds = (starts + before + day - 1) * DAY
    if clock:
        hour, minute, second = clock[:3]
        fine &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004 - of a day, an hour, a minute
        seconds += (hour * 60 + minute) * 60 + second
    if len(shape) == WITH_ZONE:
        hours, minutes = clock[3:]
        ahead = COMMA - columns[ZONE_AT].astype(np.int64)  # 1 for a plus, -1 for a minus
        fine &= (hours < 24) & (minutes < 60) & (ahead != 0)  # noqa: PLR2004 - as above
        seconds -= ahead * (hours * 60 + minutes) * 60
    return np.where(fine, seconds, NO_TIME)


def digit_pairs(columns: NDArray[np.uint8], shape: bytes) -> NDArray[np.int64]:
    """Return the numbers of two digits in texts of one shape, a row for each place of ``PAIRS``."""
    at = np.array([at for at in PAIRS if shape[at : at + 2] == b"00"])
    digits = columns - ZERO
    pairs: NDArray[np.int64] = (digits[at] * 10 + digits[at + 1]).astype(np.int64)
    return pairs


@lru_cache(maxsize=1)
def year_and_month_starts() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the days before each year, 0 to 10000, since 1970, and before each month of a year.

    The months of a leap year follow those of a common one, each with the end of the year.
    """
    years = np.arange("0000", "10001", dtype="datetime64[Y]").astype("datetime64[D]")
    common = np.cumsum([0, *MONTH_DAYS])
    leap = common + (np.arange(len(common)) > 1)
    return years.astype(np.int64), np.concatenate([common, leap])


def mark_days_only(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which times are days alone: midnight, as a date without a time of day is read."""
    midnight: NDArray[np.bool_] = (times != NO_TIME) & (times % DAY == 0)
    return midnight
