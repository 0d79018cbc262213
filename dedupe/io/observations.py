"""Note what reading a batch showed: columns used, records without text, dates, placeholders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dedupe.io.dates import DATE_DIGITS, parse_timestamp
from dedupe.io.field_lookup import DATE, SOURCE, all_roles
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.config import Settings
    from dedupe.io.field_lookup import Record
    from dedupe.io.fields import Columns
    from dedupe.models import Batch, ReadStats

MOST_FIELDS = 64
LEAST_DATE = 8
"""Digits and letters that a value needs to look like a date."""
OUTLET_WORDS = re.compile(
    r"source|outlet|publish|paper|media|agency|channel|site|domain|host|feed|portal|medium|quelle"
)
LONGEST_OUTLET = 40
MOST_SHOWN = 60
MOST_PLACEHOLDERS = 20


def observe(batch: Batch, columns: Columns, settings: Settings, read_stats: ReadStats) -> None:
    """Add what a batch showed to the read statistics; examples are the first of their kind."""
    for role, names in columns.used.items():
        counts = read_stats.columns.setdefault(role, {})
        for name, count in names.items():
            counts[name] = counts.get(name, 0) + count
    if columns.sample:
        note_fields(columns.sample, settings, read_stats)
    textless = columns.textless
    if textless:
        read_stats.empty_texts |= columns.empty_texts
        read_stats.without_text += len(textless)
        place = place_of(batch, textless[0])
        lacking = settings.field[0].name
        read_stats.examples.setdefault("without_text", f"{place}: no {lacking}")
    if columns.unread:
        read_stats.undated += len(columns.unread)
        position, value = columns.unread[0]
        shown = f'{place_of(batch, position)} "{str(value)[:MOST_SHOWN]}"'
        read_stats.examples.setdefault("undated", shown)
    for title, count in columns.placeholders.items():
        held = read_stats.placeholders
        if title in held or len(held) < MOST_PLACEHOLDERS:
            held[title] = held.get(title, 0) + count


def place_of(batch: Batch, position: int) -> str:
    """Return the file and line of a record."""
    return f"{batch.path}:{int(batch.lines[position])}"


def note_fields(sample: Sequence[Record], settings: Settings, read_stats: ReadStats) -> None:
    """Keep the names of fields, and a column that looks like a missing date or outlet."""
    for record in sample:
        for name in record:
            if len(read_stats.fields) < MOST_FIELDS and name not in read_stats.fields:
                read_stats.fields.append(name)
    used = {name for names in read_stats.columns.values() for name in names}
    unused = [name for name in read_stats.fields if name not in used]
    tests = {DATE: looks_like_dates, SOURCE: looks_like_outlets}
    for role in all_roles(settings):
        if role.name not in tests or role.name in read_stats.columns:
            continue
        for name in unused:
            values = [record[name] for record in sample if record.get(name) not in (None, "")]
            if values and tests[role.name](name, values):
                read_stats.likely.setdefault(role.name, name)
                break


def looks_like_dates(_name: str, values: Sequence[Any]) -> bool:
    """Return whether most values can be read as dates, and are no plain numbers of another kind."""
    dates = [
        value
        for value in values
        if isinstance(value, str)
        and len(value) >= LEAST_DATE
        and (not value.isdigit() or DATE_DIGITS.fullmatch(value))
        and parse_timestamp(value, NO_TIME) != NO_TIME
    ]
    return 2 * len(dates) > len(values)


def looks_like_outlets(name: str, values: Sequence[Any]) -> bool:
    """Return whether a column is named like one of outlets, and holds short texts."""
    if not OUTLET_WORDS.search(name.casefold()):
        return False
    texts = [value for value in values if isinstance(value, str) and len(value) <= LONGEST_OUTLET]
    return 2 * len(texts) > len(values)
