"""Dates in the usual spellings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.io.dates import parse_timestamp
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
