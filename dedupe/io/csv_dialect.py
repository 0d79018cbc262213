"""Detect how a table is written: its delimiter, its header, what its columns are."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from dedupe.config_values import Field
from dedupe.field_names import SURE_HEADLINES, plain_name
from dedupe.io.csv_write import DIALECTS, read_cells
from dedupe.io.dates import parse_timestamp
from dedupe.io.field_lookup import DATE, Unreadable, all_roles, check_names, text_roles
from dedupe.models import NO_TIME, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dedupe.config import Settings

    Row = Sequence[str]

DELIMITERS = (",", ";", "\t", "|")
ESCAPE = "\\"
SEP_LINE = re.compile(r"sep=([,;|\t])\s*", re.IGNORECASE)
"""The line before the header in which Excel names the delimiter."""
LONGEST_NAME, MOST_WORDS = 40, 4
SAMPLE = 50
DATE_LENGTH, HEADLINE_LENGTH, HEADLINE_WORDS, WIDE_HEADLINE = 8, 15, 3, 6
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*%?")
URL = re.compile(r"\w+://\S+")


def sample_rows(lines: Iterable[str], dialect: Dialect) -> list[list[str]]:
    """Return the cells of some rows, valid or not."""
    return list(read_cells((line.replace("\r", " ") for line in lines), dialect))


def choose_dialect(kind: str, lines: Sequence[str], settings: Settings) -> Dialect:
    """Return how a table is written that begins with some lines.

    The usual delimiter of its kind, unless the header names a text only under another one; without
    a header the one that splits all lines alike.
    """
    escape = ESCAPE if settings.csv_escape else ""
    if settings.delimiter:
        return Dialect(settings.delimiter, escape)
    usual = DIALECTS[kind].delimiter
    order = [usual, *(each for each in DELIMITERS if each != usual)]
    rows = {each: sample_rows(lines, Dialect(each, escape)) for each in order}
    if settings.no_header:
        fit = [each for each in order if len({len(row) for row in rows[each]}) == 1]
        best = max(fit or order, key=lambda each: min(map(len, rows[each]), default=0))
    else:
        named = (each for each in order if rows[each] and names_text(rows[each][0], settings))
        widest = max(order, key=lambda each: len(rows[each][0]) if rows[each] else 0)
        best = next(named, widest)
    return Dialect(best, escape)


def names_text(cells: Row, settings: Settings) -> bool:
    """Return whether a header has the name of a text."""
    try:
        check_names(dict.fromkeys((cell.strip() for cell in cells), ""), settings)
    except Unreadable:
        return False
    return True


def is_header(lines: Sequence[str], settings: Settings) -> bool:
    """Return whether a text whose kind is unknown begins with the header of a table.

    That is a line of short names, one of which is that of a headline and another known too, or as
    many as the next line has cells.
    """
    if not lines:
        return False
    dialect = choose_dialect("csv", lines[:1], settings)
    header, *rows = sample_rows(lines, dialect)
    names = [cell.strip() for cell in header]
    short = all(len(name) <= LONGEST_NAME and len(name.split()) <= MOST_WORDS for name in names)
    if len(names) < 2 or not short or len(set(names)) < len(names):  # noqa: PLR2004 - a table has columns
        return False
    plain = {plain_name(name) for name in names}
    sure = {name for role in text_roles(settings) for name in role.names if not role.usual}
    if not plain & {plain_name(name) for name in (*SURE_HEADLINES, *sure)}:
        return False
    known = {plain_name(name) for role in all_roles(settings) for name in role.names}
    return len(plain & known) > 1 or any(len(row) == len(names) for row in rows[:1])


def looks_like_data(cells: Row) -> bool:
    """Return whether a first row is a record rather than a header."""
    return any(
        NUMBER.fullmatch(cell)
        or URL.fullmatch(cell)
        or len(cell.split()) > MOST_WORDS
        or (len(cell) >= DATE_LENGTH and parse_timestamp(cell, NO_TIME) != NO_TIME)
        for cell in map(str.strip, cells)
    )


def guess_columns(rows: Sequence[Row], settings: Settings) -> Settings:
    """Return settings that name the columns of a table without a header.

    Columns that settings name stay. Else the headline is the first column of longer texts, the
    lede the next one, and the date the first column of dates.
    """
    roles = text_roles(settings)
    columns = list(zip(*rows, strict=False))
    kinds = [column_kind(column) for column in columns]
    changed = settings
    if roles[0].usual:
        texts = [number for number, kind in enumerate(kinds, 1) if kind == "text"]
        if not texts:
            short = [number for number, kind in enumerate(kinds, 1) if kind == "word"]
            texts = short[-1:]
        names = [(role.name, *map(str, texts[at : at + 1])) for at, role in enumerate(roles)]
        changed = replace(changed, field=tuple(map(Field, names)))
    if DATE in kinds and settings == replace(settings, date_field=type(settings)().date_field):
        changed = replace(changed, date_field=f"{DATE}|{kinds.index(DATE) + 1}")
    return changed


def column_kind(values: Row) -> str:
    """Return what most values of a column are: date, number, url, word or text."""
    present = [value.strip() for value in values if value.strip()][:SAMPLE]
    if not present:
        return "word"
    tests = {
        "number": lambda value: bool(NUMBER.fullmatch(value)),
        "url": lambda value: bool(URL.fullmatch(value)),
        DATE: lambda value: (
            len(value) >= DATE_LENGTH and parse_timestamp(value, NO_TIME) != NO_TIME
        ),
        "text": is_headline_like,
    }
    for kind, test in tests.items():
        if 2 * sum(map(test, present)) > len(present):
            return kind
    return "word"


def is_headline_like(value: str) -> bool:
    """Return whether a cell is long enough for a headline; scripts without spaces need less."""
    if value.isascii():
        return len(value) >= HEADLINE_LENGTH and len(value.split()) >= HEADLINE_WORDS
    return len(value) >= WIDE_HEADLINE
