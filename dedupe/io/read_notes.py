"""Note which columns were used and what was missing, say so, and refuse a run without texts."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from dedupe.config import BY_NAME
from dedupe.errors import InputError
from dedupe.field_names import plain_name
from dedupe.io.dates import DATE_DIGITS, parse_timestamp
from dedupe.io.field_lookup import (
    DATE,
    ID,
    LEDE,
    SOURCE,
    TITLE,
    all_roles,
    looked_for,
    naming_hint,
    nearest_name,
    quoted,
    text_roles,
)
from dedupe.models import DIGITS, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedupe.config import Settings
    from dedupe.io.field_lookup import Record, Role
    from dedupe.io.fields import Columns
    from dedupe.models import Batch, ReadStats

PLAIN_LINES = "plain lines"
"""What stands for a column where a file has none."""
MOST_KEPT_FIELDS = 64
LEAST_DATE = 8
"""Digits and letters that a value needs to look like a date."""
OUTLET_WORDS = re.compile(
    r"source|outlet|publish|paper|media|agency|channel|site|domain|host|feed|portal|medium|quelle"
)
LONGEST_OUTLET = 40
MOST_SHOWN = 60
MOST_KEPT_PLACEHOLDERS = 20
FEW = 0.1
"""A warning is given if a smaller share of the records has a named field."""
MOST_NAMES = 3
MOST_FIELDS = 12
MOST_PLACEHOLDERS = 5
SHORT_YEAR = 2
NUMERIC_DATE = re.compile(
    r'"\d{1,2}([/.-])\d{1,2}\1(\d{4}|\d\d)(?: (\d{1,2}:\d\d)(:\d\d)?( [AaPp][Mm])?)?"'
)
FLAGS = {DATE: "--date-field", SOURCE: "--source-field", ID: "--id-field"}
NOUNS = {DATE: "date", SOURCE: "outlet", TITLE: "title"}
COSTS = {
    (DATE, SOURCE): "without dates and outlets the words alone decide",
    (DATE,): "without dates, records of any age are joined",
    (SOURCE,): "without outlets, a title that one outlet repeats is easily taken for a copy",
}


def observe(batch: Batch, columns: Columns, settings: Settings, read_stats: ReadStats) -> None:
    """Add what a batch showed to the read statistics; examples are the first of their kind."""
    for role, names in columns.used.items():
        counts = read_stats.columns.setdefault(role, {})
        for name, count in names.items():
            counts[name] = counts.get(name, 0) + count
    if batch.format == "lines" and text_roles(settings)[0].usual:
        counts = read_stats.columns.setdefault(TITLE, {})
        counts[PLAIN_LINES] = counts.get(PLAIN_LINES, 0) + len(batch)
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
        counts = read_stats.placeholders
        if title in counts or len(counts) < MOST_KEPT_PLACEHOLDERS:
            counts[title] = counts.get(title, 0) + count


def place_of(batch: Batch, position: int) -> str:
    """Return the file and line of a record."""
    return f"{batch.path}:{int(batch.lines[position])}"


def note_fields(sample: Sequence[Record], settings: Settings, read_stats: ReadStats) -> None:
    """Keep the names of fields, and a column that looks like a missing date or outlet."""
    new = [
        name for name in dict.fromkeys(chain.from_iterable(sample)) if name not in read_stats.fields
    ]
    read_stats.fields += new[: MOST_KEPT_FIELDS - len(read_stats.fields)]
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
    """Return whether most values can be read as dates, and are not plain numbers."""
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
    """Return whether a column has the name of an outlet and short texts."""
    if not OUTLET_WORDS.search(name.casefold()):
        return False
    texts = [value for value in values if isinstance(value, str) and len(value) <= LONGEST_OUTLET]
    return 2 * len(texts) > len(values)


def check_texts(path: str, settings: Settings, read_stats: ReadStats) -> None:
    """Raise InputError where no record has a text, or no record has a field that was named.

    The message names the nearest field that the records have, at ``path``. All texts may be empty.
    """
    if not read_stats.records:
        return
    for role in all_roles(settings) if read_stats.fields else ():
        if not role.usual and role.name not in read_stats.columns:
            raise InputError(path, None, named_field_problem(role, read_stats))
    if not filled_texts(settings, read_stats):
        shown = ", ".join(read_stats.fields[:MOST_FIELDS]) or "no fields"
        hint = naming_hint(read_stats.fields, settings)
        facts = f"looked for {looked_for(settings)}; the records have {shown}{hint}"
        reason = f"no record has a text: {facts}"
        raise InputError(path, None, reason)


def filled_texts(settings: Settings, read_stats: ReadStats) -> bool:
    """Return whether a record has a text, even an empty one."""
    if read_stats.without_text < read_stats.records or read_stats.empty_texts:
        return True
    return any(role.name in read_stats.columns for role in text_roles(settings))


def named_field_problem(role: Role, read_stats: ReadStats) -> str:
    """Return the message that no record has a named field, with the nearest name."""
    flag = FLAGS.get(role.name, "--field")
    near = nearest_name(role.names, reversed(read_stats.fields))
    if near in role.names:
        if role.name == DATE:
            return f"no record has a date in {near} ({flag}); --date-format names its form"
        return f"no record has a text in {near} ({flag})"
    hint = f"did you mean {near} ({flag} {quoted(near)})?" if near else ""
    several = next((name for name in role.names if "," in name), "")
    if several and flag == "--field":
        parts = [part.strip() for part in several.split(",") if part.strip()]
        hint = "repeat it for several: " + " ".join(f"--field {quoted(part)}" for part in parts)
    hint = hint or f"the records have {', '.join(read_stats.fields[:MOST_FIELDS])}"
    return f"no record has {' or '.join(role.names)} ({flag}); {hint}"


def columns_line(settings: Settings, read_stats: ReadStats) -> str:
    """Return which columns were used and what is missing, ``""`` where the input has no columns.

    An example is ``using title, published (98%), source.name (100%)``.
    """
    if not read_stats.fields or not read_stats.records:
        return ""
    used = [
        text
        for role in all_roles(settings)
        if role.name != ID
        for text in role_columns(role, read_stats)
    ]
    facts = [f"using {', '.join(used)}"]
    missing = tuple(name for name in (DATE, SOURCE) if name not in read_stats.columns)
    if missing:
        facts.append(COSTS[missing])
    for name in missing:
        likely = read_stats.likely.get(name)
        if likely:
            facts.append(f"{likely} looks like {article_noun(name)} ({FLAGS[name]} {likely})")
    lede = unused_lede(settings, read_stats)
    if lede:
        facts.append(f"{lede} is not compared (add --field {quoted(lede)})")
    return "; ".join(facts)


def unused_lede(settings: Settings, read_stats: ReadStats) -> str:
    """Return the field that has the name of a lede where one other field alone was named."""
    roles = text_roles(settings)
    if len(roles) > 1 or roles[0].usual or LEDE in roles[0].names:
        return ""
    known = {plain_name(name) for name in BY_NAME["field"].default[1].names}
    used = {name for names in read_stats.columns.values() for name in names}
    unused = (name for name in read_stats.fields if name not in used)
    return next((name for name in unused if plain_name(name) in known), "")


def article_noun(role: str) -> str:
    """Return the name of a role with its article, such as ``an outlet``."""
    noun = NOUNS[role]
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


def role_columns(role: Role, read_stats: ReadStats) -> Iterator[str]:
    """Yield the columns that a role was taken from, with the share of records that have each.

    That of the title is left out where every record has it.
    """
    counts = read_stats.columns.get(role.name, {})
    most_used = sorted(counts, key=lambda name: -counts[name])
    for name in most_used[:MOST_NAMES]:
        everywhere = counts[name] == read_stats.records
        yield (
            name
            if role.name == TITLE and everywhere
            else f"{name} ({percent(counts[name], read_stats.records)})"
        )


def percent(part: int, whole: int) -> str:
    """Return a share in whole percent; only all of it is 100%.

    >>> percent(999, 1000), percent(1, 1000), percent(2, 2)
    ('99%', 'under 1%', '100%')
    """
    share = 100 * part // whole
    return f"{share}%" if share else "under 1%"


def column_shares(settings: Settings, read_stats: ReadStats) -> dict[str, dict[str, float]]:
    """Return the share of records that each role was taken from each column, for ``--stats``."""
    total = max(read_stats.records, 1)
    found = {}
    for role in all_roles(settings):
        counts = read_stats.columns.get(role.name, {})
        found[role.name] = {name: round(count / total, DIGITS) for name, count in counts.items()}
    return found


def reading_notes(settings: Settings, read_stats: ReadStats) -> Iterator[str]:
    """Yield what the user should know about the input, a line each."""
    line = columns_line(settings, read_stats)
    if line:
        yield line
    examples = read_stats.examples
    if read_stats.without_text:
        textless = records(read_stats.without_text)
        yield f"{examples['without_text']}; kept as a record of its own ({textless})"
    if read_stats.undated:
        dates = "1 date" if read_stats.undated == 1 else f"{read_stats.undated:,} dates"
        yield f"{dates} cannot be read, as {examples['undated']}{format_hint(examples['undated'])}"
    for role in all_roles(settings):
        count = sum(read_stats.columns.get(role.name, {}).values())
        if not role.usual and read_stats.fields and count < FEW * read_stats.records:
            flag = FLAGS.get(role.name, "--field")
            names = "|".join(role.names)
            yield f"{flag} {names}: only {count:,} of {records(read_stats.records)} have it"
    if read_stats.repeated_headers:
        yield f"{rows(read_stats.repeated_headers)} that repeat the header left out"
    if "left_out" in examples and read_stats.skipped + read_stats.quarantined:
        yield f"first record left out: {examples['left_out']}"
    if read_stats.placeholders:
        yield placeholder_note(read_stats.placeholders)


def placeholder_note(titles: Mapping[str, int]) -> str:
    """Return the note on titles of failed downloads, the most frequent first."""
    ordered = sorted(titles.items(), key=lambda item: -item[1])
    shown = [f"{title} ({count:,})" for title, count in ordered[:MOST_PLACEHOLDERS]]
    more = ", ..." if len(ordered) > MOST_PLACEHOLDERS else ""
    listed = ", ".join(shown) + more
    return (
        f"titles look like placeholders of failed downloads: {listed}; "
        "each kept as a record of its own"
    )


def format_hint(example: str) -> str:
    """Return the formats that would read a date; ``""`` where it has no numbers.

    >>> format_hint('a.csv:2 "8/4/2016 11:52"')
    "; name their format: --date-format '%d/%m/%Y %H:%M', or '%m/%d/%Y %H:%M'"
    """
    found = NUMERIC_DATE.search(example)
    if not found:
        return "; --date-format reads another format" if any(map(str.isdigit, example)) else ""
    mark, year, clock, seconds, half = found.groups()
    end = f"{mark}%{'Y' if len(year) > SHORT_YEAR else 'y'}"
    if clock:
        end += f" %{'I' if half else 'H'}:%M{':%S' if seconds else ''}{(half and ' %p') or ''}"
    return f"; name their format: --date-format '%d{mark}%m{end}', or '%m{mark}%d{end}'"


def records(count: int) -> str:
    """Return a number of records in words."""
    return "1 record" if count == 1 else f"{count:,} records"


def rows(count: int) -> str:
    """Return a number of rows in words."""
    return "1 row" if count == 1 else f"{count:,} rows"
