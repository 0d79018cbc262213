"""Turn parsed records into columns: the texts to compare, ids, outlets, times and urls.

Columns are filled one at a time, which is several times faster than record by record. Each record
takes the first of the names under which it has something usable.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.field_names import LONG_TEXTS, LONGEST_LEDE, plain_name
from dedupe.io.dates import mark_days_only, parse_column
from dedupe.io.field_lookup import (
    DATE,
    ID,
    SOURCE,
    URL_ROLE,
    Accessor,
    accessors,
    all_roles,
    setting_role,
    text_roles,
    wrong_type_message,
)
from dedupe.io.ids import fill_urls
from dedupe.models import NO_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.field_lookup import Record, Role

    Convert = Callable[[list[Any], Accessor], list[Any]]
ALL_TEXT = {str}
SAMPLE = 50
"""The number of records of a batch that are searched for unnamed dates and outlets."""
LONGEST_PLACEHOLDER = 48
PLACEHOLDER = re.compile(
    r"""\W*(?:
    removed | deleted | account\ (?:has\ been\ )?suspended | suspended\ (?:page|domain)
    | (?:error\ ?)?(?:404|410)(?:\ error)?(?:\W+(?:page\ |file\ )?not\ found)?
    | (?:page|file|site|domain)\ not\ found
    | not\ found | (?:error\ ?)?403(?:\W+forbidden)? | forbidden | access\ (?:is\ )?denied
    | (?:error\ ?)?5[0-9][0-9]\W+[\w\ ]*error | internal\ server\ error | bad\ gateway
    | gateway\ time-?out
    | service\ (?:temporarily\ )?unavailable | (?:error\ ?)?50[234]\ [\w\ ]+
    | just\ a\ moment | one\ moment,?\ please | please\ wait | checking\ your\ browser
    | attention\ required | are\ you\ (?:a\ robot|human) | security\ check | human\ verification
    | robot\ check | captcha | verify\ you\ are\ human
    | (?:please\ )?enable\ (?:javascript|cookies).*
    | javascript\ is\ (?:disabled|required)
    | (?:page|content|article|video)\ (?:is\ )?(?:un|not\ )available
    | this\ page\ (?:is\ not\ available|isn't\ available|does\ not\ exist|could\ not\ be\ found)
    | domain\ (?:for\ sale|parked|expired|suspended)
    | (?:this\ )?(?:site|website)\ (?:is\ )?under\ (?:construction|maintenance)
    | under\ construction | index\ of\ /.* | default\ web\ site\ page | welcome\ to\ nginx
    | untitled(?:\ (?:document|page))? | no\ title | redirecting | loading | log\ ?in | sign\ in
    | subscribe\ to\ (?:read|continue).* | seite\ nicht\ gefunden | page\ introuvable
    | página\ no\ encontrada | pagina\ non\ trovata | страница\ не\ найдена
    )\W*(?:\s[-|:\u2013\u2014\u00b7]\s.*|\|.*)?""",
    re.VERBOSE,
)
"""Titles of such pages, with or without the name of the site."""
BEGINNINGS = frozenset(
    (
        "403", "404", "410", "acc", "are", "art", "att", "bad", "cap", "che", "con", "def", "del",
        "dom", "ena", "err", "fil", "for", "gat", "hum", "ind", "int", "jav", "jus", "loa", "log",
        "no ", "not", "one", "pag", "ple", "pág", "red", "rem", "rob", "sec", "sei", "ser", "sig",
        "sit", "sub", "sus", "thi", "und", "unt", "ver", "vid", "web", "wel", "стр",
        *(str(code) for code in range(500, 600)),
    )
)  # fmt: skip
"""The first three characters of a placeholder, unless it begins with a sign: a fast test."""
FIRST_THREE = itemgetter(slice(3))


@dataclass(slots=True)
class Columns:
    """The columns of a Batch, and what was found on the way.

    ``used`` counts, by role and name, the records that a name served. ``unread`` are the dates that
    cannot be read, with their positions. If ``refused`` has reasons why records cannot be read, by
    position, the columns are not filled. ``placeholders`` counts the titles of failed downloads,
    whose records get no text, lest they be duplicates. ``empty_texts``: some texts are empty.
    """

    texts: tuple[list[str], ...] = ()
    ids: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    times: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    url_keys: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    used: dict[str, dict[str, int]] = field(default_factory=dict)
    unread: list[tuple[int, Any]] = field(default_factory=list)
    placeholders: dict[str, int] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    blanked: frozenset[int] = frozenset()
    empty_texts: bool = False
    sample: Sequence[Record] = ()

    @property
    def days_only(self) -> NDArray[np.bool_]:
        """Mark the times that are days without a time of day."""
        return mark_days_only(self.times)

    @property
    def textless(self) -> list[int]:
        """Return the positions of the records without any text, placeholders aside."""
        if any(map(all, self.texts)):
            return []
        rows = zip(*self.texts, strict=True)
        found = [position for position, row in enumerate(rows) if not any(row)]
        return [position for position in found if position not in self.blanked]

    def count(self, role: str, name: str, records: int) -> None:
        """Count records that took a role from a name."""
        if records:
            counts = self.used.setdefault(role, {})
            counts[name] = counts.get(name, 0) + records


class Records:
    """Parsed objects as lists of values by key, for the keys that a role may use.

    Objects come in ``chunks`` of a few hundred and are dropped again while they are in the cache of
    the processor, but for a ``sample``.
    """

    def __init__(self, chunks: Iterable[Sequence[Record]], settings: Settings) -> None:
        self.keys: frozenset[str] = frozenset()
        self.sample: list[Record] = []
        self._count = 0
        self._columns: dict[str, list[Any]] = {}
        roles = (*all_roles(settings), URL_ROLE)
        for chunk in chunks:
            new = self.keys.union(*chunk)
            if len(new) > len(self.keys):
                self.keys = new
                for key in {way.key for role in roles for way in accessors(role, new)}:
                    self._columns.setdefault(key, [None] * self._count)
            for key, column in self._columns.items():
                column.extend(key_values(chunk, key))
            self.sample += chunk[: SAMPLE - len(self.sample)]
            self._count += len(chunk)

    def __len__(self) -> int:
        return self._count

    def values(self, way: Accessor) -> list[Any]:
        """Return the value of each record, None where it has none."""
        column = self._columns[way.key]
        return list(map(way.follow, column)) if way.steps else column[:]

    def keep(self, positions: Sequence[int]) -> None:
        """Drop all records but those at some positions."""
        self._count = len(positions)
        for key, column in self._columns.items():
            self._columns[key] = [column[position] for position in positions]


def key_values(records: Sequence[Record], key: str) -> list[Any]:
    """Return the value of each record under a key, None where it has none."""
    try:
        return list(map(itemgetter(key), records))
    except KeyError:
        return [record.get(key) for record in records]


def extract_columns(records: Records, settings: Settings) -> Columns:
    """Return the columns of parsed objects."""
    columns = Columns(sample=records.sample)
    roles = text_roles(settings)
    columns.texts = tuple(text_column(records, role, columns) for role in roles)
    if columns.refused:
        return columns
    clear_placeholders(columns)
    columns.ids = label_column(records, setting_role(settings, ID), columns)
    sources = setting_role(settings, SOURCE)
    columns.sources = label_column(records, sources, columns)
    fill_times(records, settings, columns)
    fill_urls(records, settings, columns)
    return columns


def first_values(records: Records, role: Role, columns: Columns, convert: Convert) -> list[Any]:
    """Return the value of each record under the first name that serves it, None without one.

    ``convert`` makes None of what does not serve; by the usual names an empty text does not.
    """
    found: list[Any] | None = None
    for way in accessors(role, records.keys):
        values = records.values(way)
        is_text = set(map(type, values)) == ALL_TEXT
        if not is_text:
            values = convert(values, way)
        is_full = all(values)
        if role.usual and not is_full:
            values = [value or None for value in values]
        if role.is_lede and plain_name(way.name) in LONG_TEXTS:
            values = [value and value[:LONGEST_LEDE] for value in values]
        if found is None and is_text and is_full:
            columns.count(role.name, way.name, len(values))
            return values
        if found is None:
            found, lacking = values, len(values)
        else:
            lacking = found.count(None)
            pairs = zip(found, values, strict=True)
            found = [new if old is None else old for old, new in pairs]
        left = found.count(None)
        columns.count(role.name, way.name, lacking - left)
        if not left:
            break
    return [None] * len(records) if found is None else found


def text_column(records: Records, role: Role, columns: Columns) -> list[str]:
    """Return the texts of one field, ``""`` where absent; a number is read as a text.

    A record whose only value is not a text is refused, but for a lede under a usual name.
    """
    wrong: dict[int, str] = {}

    def convert(values: list[Any], way: Accessor) -> list[Any]:
        texts = [value if type(value) is str else as_text(value) for value in values]
        if not role.is_lede:
            for position, (text, value) in enumerate(zip(texts, values, strict=True)):
                if text is None and value is not None:
                    wrong.setdefault(position, wrong_type_message(way.name, value))
        return texts

    found = first_values(records, role, columns, convert)
    if all(found):
        return found
    if not columns.empty_texts:
        ways = accessors(role, records.keys)
        columns.empty_texts = any("" in records.values(way) for way in ways)
    for position, reason in wrong.items():
        if found[position] is None:
            columns.refused.setdefault(position, reason)
    return [text or "" for text in found] if any(found) else [""] * len(found)


def clear_placeholders(columns: Columns) -> None:
    """Drop the titles of failed downloads, and other such texts of their records."""
    titles = columns.texts[0]
    blank = find_placeholders(titles)
    for position in blank:
        title = titles[position]
        columns.placeholders[title] = columns.placeholders.get(title, 0) + 1
    columns.blanked = frozenset(blank)
    for texts in columns.texts if blank else ():
        others = [texts[position] for position in blank]
        for at in find_placeholders(others):
            texts[blank[at]] = ""


def find_placeholders(titles: Sequence[str]) -> list[int]:
    """Return the positions of the titles that are those of failed downloads.

    >>> find_placeholders(["[Removed]", "404 Not Found - Pell Times", "Removed statue returns"])
    [0, 1]
    """
    short = [position for position, title in enumerate(titles) if len(title) <= LONGEST_PLACEHOLDER]
    starts = map(FIRST_THREE, map(titles.__getitem__, short))
    suspects = compress(short, map(may_begin, starts))
    return [position for position in suspects if is_placeholder(titles[position])]


@lru_cache(maxsize=1 << 14)
def may_begin(start: str) -> bool:
    """Return whether a placeholder may begin with three characters."""
    return start.casefold() in BEGINNINGS or not start[:1].isalnum()


def is_placeholder(title: str) -> bool:
    """Return whether a short title is that of a failed download."""
    return PLACEHOLDER.fullmatch(title.casefold()) is not None


def as_text(value: object) -> str | None:
    """Return a text as it is, a number in its digits, None for anything else."""
    return as_label(value) or None if not isinstance(value, str) else value


def label_column(records: Records, role: Role, columns: Columns) -> list[str]:
    """Return ids or outlets as texts; ``""`` for any other value."""

    def convert(values: list[Any], _way: Accessor) -> list[Any]:
        labels = [value if value is None else as_label(value) for value in values]
        return [label or None for label in labels] if role.usual else labels

    found = first_values(records, role, columns, convert)
    return found if all(found) else [label or "" for label in found]


def as_label(value: object) -> str:
    """Return a string as it is, a number as a string, else ``""``."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else ""


def fill_times(records: Records, settings: Settings, columns: Columns) -> None:
    """Set the times in seconds, or NO_TIME: of each record the first date that can be read."""
    role = setting_role(settings, DATE)
    times = np.full(len(records), NO_TIME)
    unread: dict[int, Any] = {}
    left = np.arange(len(records))
    for way in accessors(role, records.keys):
        values = records.values(way)
        some = values if len(left) == len(values) else [values[position] for position in left]
        times[left] = read = parse_column(some, settings.date_format)
        lacking = np.flatnonzero(read == NO_TIME)
        columns.count(role.name, way.name, len(left) - len(lacking))
        left = left[lacking]
        for position in left.tolist():
            if values[position] not in (None, ""):
                unread.setdefault(position, values[position])
        if not len(left):
            break
    columns.times = times
    columns.unread = [
        (position, unread[position]) for position in left.tolist() if unread.get(position)
    ]
