"""Dates in the usual spellings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.io.dates import mark_days_only, parse_column, parse_timestamp
from dedupe.models import NO_TIME

NOON = 1746014400  # 2025-04-30 12:00 UTC
MIDNIGHT = NOON - 12 * 3600

READ: dict[Any, int] = {
    "2025-04-30T12:00:00Z": NOON,
    "2025-04-30T12:00Z": NOON,
    "2025-04-30 12:00:00": NOON,
    "2025-04-30T12:00:00.999": NOON,
    "2025-04-30T14:00:00+02:00": NOON,
    "2025-04-30 07:00:00 -0500": NOON,
    "2025-04-30 12:00:00 UTC": NOON,
    "  2025-04-30T12:00:00Z\t": NOON,
    "2025-04-30": MIDNIGHT,
    "20250430": MIDNIGHT,
    "20250430T120000": NOON,
    "20250430120000": NOON,
    "Wed, 30 Apr 2025 12:00:00 GMT": NOON,
    "Wed, 30 Apr 2025 08:00:00 -0400": NOON,
    "30 Apr 2025 12:00:00 +0000": NOON,
    "1746014400": NOON,
    "1746014400000": NOON,
    "1746014400.75": NOON,
    NOON: NOON,
    NOON + 0.75: NOON,
    NOON * 10**3: NOON,
    NOON * 10**6: NOON,
    NOON * 10**9: NOON,
    20250430: MIDNIGHT,
    0: 0,
    -1: -1,
    -0.5: -1,
    "1969-12-31T23:59:59.5Z": -1,
    "1066-10-14": -28502755200,
}
UNREAD: list[Any] = [
    "",
    "soon",
    "2025",
    "2025-13-01",
    "20251301",
    "03/04/2025",
    "12:00",
    "9" * 40,
    "9" * 400,
    "-" + "9" * 5000,
    "9" * 5000 + ".5",
    "Wed, 30 Apr " + "9" * 5000 + " 12:00:00 GMT",
    "(" * 5000,
    10**40,
    10**400,
    1e300,
    True,
    [],
    {"$date": None},
    {"date": 0},
]


@pytest.mark.parametrize(("given", "expected"), READ.items(), ids=map(repr, READ))
def test_read(given: object, expected: int):
    assert parse_timestamp(given, NO_TIME) == expected


@pytest.mark.parametrize("given", UNREAD, ids=repr)
def test_unread(given: object):
    assert parse_timestamp(given, NO_TIME) == NO_TIME


@given(st.text() | st.text("0123456789-:.+TZ GMTJan,", max_size=40) | st.integers() | st.floats())
def test_anything_is_a_64_bit_time_or_none(value: object):
    assert -(2**63) <= parse_timestamp(value, NO_TIME) < 2**63


WRITTEN = {
    "30.04.2025": MIDNIGHT,
    "30.4.2025 12:00": NOON,
    "30. April 2025": MIDNIGHT,
    "Mittwoch, 30. April 2025, 12:00 Uhr": NOON,
    "2025/04/30": MIDNIGHT,
    "2025/4/30 12:00:00": NOON,
    "30/04/2025": MIDNIGHT,
    "4/30/2025": MIDNIGHT,
    "4/30/2025 12:00:00 PM": NOON,
    "04/04/2025": MIDNIGHT - 26 * 86400,
    "April 30, 2025": MIDNIGHT,
    "Apr 30, 2025 12:00 pm": NOON,
    "30 April 2025": MIDNIGHT,
    "30-Apr-2025": MIDNIGHT,
    "30-Apr-25": MIDNIGHT,
    "Wednesday, April 30, 2025": MIDNIGHT,
    "30 avril 2025": MIDNIGHT,
    "30 de abril de 2025": MIDNIGHT,
    "30 Nisan 2025": MIDNIGHT,
    "30 апреля 2025, 12:00": NOON,
    "2025年4月30日": MIDNIGHT,
    "2025年04月30日 12:00": NOON,
    "2025년 4월 30일 오후 12:00": NOON,
    "2025.04.30. 오후 12:00": NOON,
    "2025.04.30": MIDNIGHT,
    "Apr 30, 2025 8:00 AM EDT": NOON,
    "2025-04-30 12:00:00 UTC": NOON,
    "20250430T120000Z": NOON,
}
NOT_CERTAIN = [
    "3/4/2025",
    "03-04-2025",
    "1/9/15 0:00",
    "2025-04",
    "April 2025",
    "2 hours ago",
    "yesterday",
]


@pytest.mark.parametrize(("given", "expected"), WRITTEN.items(), ids=WRITTEN)
def test_a_date_as_people_and_portals_write_it(given: str, expected: int):
    assert parse_timestamp(given, NO_TIME) == expected


@pytest.mark.parametrize("given", NOT_CERTAIN)
def test_a_date_that_is_not_certain_is_none(given: str):
    assert parse_timestamp(given, NO_TIME) == NO_TIME


FIRST, LAST = (datetime(year, 1, 1) for year in (1, 9998))  # noqa: DTZ001 - written with a zone
FORMATS = {
    "%d/%m/%Y": ("3/4/2025", MIDNIGHT - 27 * 86400),
    "%m/%d/%Y": ("4/3/2025", MIDNIGHT - 27 * 86400),
    "%m/%d/%y %H:%M": ("4/30/25 12:00", NOON),
    "%d %b %Y": ("2025-04-30", MIDNIGHT),
}


@pytest.mark.parametrize(("date_format", "case"), FORMATS.items(), ids=FORMATS)
def test_a_format_of_ones_own_comes_first(date_format: str, case: tuple[str, int]):
    text, expected = case
    assert parse_column([text, None, ""], date_format).tolist() == [expected, NO_TIME, NO_TIME]


@given(st.lists(st.datetimes(min_value=FIRST, max_value=LAST), max_size=9))
def test_a_column_is_read_as_each_value_alone(moments: list[datetime]):
    for shape in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+02:00"):
        texts = [moment.strftime(shape).rjust(len("0001-01-01"), "0") for moment in moments]
        alone = [parse_timestamp(text, NO_TIME) for text in texts]
        assert parse_column(texts).tolist() == alone


NEARLY_ISO = st.from_regex(
    r"[0-2][0-9]{3}-[0-2][0-9]-[0-4][0-9]"
    r"([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|[.][0-9]{3}Z|[-+,*][0-2][0-9]:[0-6][0-9])?)?",
    fullmatch=True,
)


@given(st.lists(NEARLY_ISO, max_size=9))
def test_a_column_of_dates_that_may_not_exist_is_read_as_each_value_alone(texts: list[str]):
    for some in (texts, texts[:1] * 3):
        assert parse_column(some).tolist() == [parse_timestamp(text, NO_TIME) for text in some]


def test_days_without_a_time_of_day_are_marked():
    times = parse_column(["2025-04-30", "30.04.2025", "2025-04-30T12:00:00Z", "soon"])
    assert mark_days_only(times).tolist() == [True, True, False, False]
