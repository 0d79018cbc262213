"""Convert date strings and numbers to seconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)
DAY = 86400
# Past this (the year 5138) a count is not of seconds but of milli-, micro- or nanoseconds.
MOST_SECONDS = 10**11
FINER_UNITS = 3
# 20250430 and 20250430022300 are dates run together; other long numbers count from 1970.
DATE_DIGITS = re.compile(r"(?:19|20)\d{6}(?:\d{6})?")
# Nanoseconds of such a count have twenty digits at most; endless ones are no number of Python's.
COUNT = re.compile(r"-?\d{9,20}(?:\.\d+)?")


def parse_timestamp(value: object, otherwise: int) -> int:
    """Read ISO 8601, RFC 2822, or a count since 1970; ``otherwise`` when it is none of these.

    A time without a zone is UTC; fractions are cut off, towards the past.
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
    return otherwise if found is None else found


def datetime_seconds(when: datetime) -> int:
    """Seconds since 1970, of a naive time as UTC."""
    since = when - (NAIVE_EPOCH if when.tzinfo is None else EPOCH)
    return since.days * DAY + since.seconds


def parse_unusual_date(text: str) -> int | None:
    """Read what is not plain ISO 8601: run together, a count, zoned by name, or RFC 2822."""
    if COUNT.fullmatch(text) and not DATE_DIGITS.fullmatch(text):
        return epoch_seconds(float(text) if "." in text else int(text))
    if DATE_DIGITS.fullmatch(text):
        text = f"{text[:8]}T{text[8:]}".removesuffix("T")
    try:
        return datetime_seconds(datetime.fromisoformat(parse_named_offset(text)))
    except ValueError:
        return parse_mail_date(text)


def parse_named_offset(text: str) -> str:
    """Write the zone as ISO 8601 does, where a date is told to be UTC or GMT."""
    return text[:-3].rstrip() + "Z" if text.endswith(("UTC", "GMT")) else text


def epoch_seconds(count: float) -> int | None:
    """Seconds, or the milli-, micro- or nanoseconds that a larger number must be."""
    if not abs(count) < MOST_SECONDS * 1000**FINER_UNITS:
        return None  # an endless integer cannot be divided into a float
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
        return None  # its parser is lenient and falls over in several ways
