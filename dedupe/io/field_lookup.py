"""Find the values of a role, such as the title or the date, under the names that it may have."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dedupe.config import BY_NAME
from dedupe.field_names import URLS, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dedupe.config import Settings

    Record = dict[str, Any]

TITLE, LEDE = (each.name for each in BY_NAME["field"].default)
DATE, SOURCE, ID = "date", "source", "id"
MOST_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Role:
    """What a column is for, and the names under which it is found.

    ``usual`` names come from the built-in table and match in any case; given ones match exactly.
    """

    name: str
    names: tuple[str, ...]
    usual: bool

    @property
    def is_lede(self) -> bool:
        """Whether this is the lede, found by the usual names."""
        return self.usual and self.name == LEDE


@dataclass(frozen=True, slots=True)
class Accessor:
    """One way to the values of a role: a key of the record, and steps into its value."""

    name: str
    key: str
    steps: tuple[str, ...] = ()

    def value(self, record: Record) -> Any:  # noqa: ANN401 - whatever the JSON held
        """Return the value of a record, None where it has none."""
        return self.follow(record.get(self.key))

    def follow(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """Return what the steps lead to in the value of the key, None where they end early."""
        return descend(value, self.steps)


@dataclass(frozen=True, slots=True)
class AnyCaseAccessor(Accessor):
    """An accessor whose steps match in any case."""

    def follow(self, value: Any) -> Any:  # noqa: ANN401 - as above
        """Return what the steps lead to in the value of the key, None where they end early."""
        return descend_any_case(value, self.steps)


def text_roles(settings: Settings) -> tuple[Role, ...]:
    """Return the roles of the compared fields."""
    usual = settings.field == BY_NAME["field"].default
    return tuple(Role(each.name, each.names, usual) for each in settings.field)


def looked_for(settings: Settings) -> str:
    """Return the names of texts that were looked for; of the usual ones only the first.

    >>> from dedupe.config import Settings
    >>> looked_for(Settings())
    'title, headline, lede, summary and other usual names (docs/inputs.md)'
    """
    roles = text_roles(settings)
    if not roles[0].usual:
        return ", ".join(name for role in roles for name in role.names)
    plain = ([name for name in role.names if "." not in name] for role in roles)
    shown = ", ".join(name for names in plain for name in names[:MOST_SHOWN])
    return f"{shown} and other usual names (docs/inputs.md)"


def setting_role(settings: Settings, name: str) -> Role:
    """Return the role of dates, outlets or ids."""
    given = getattr(settings, f"{name}_field")
    return Role(name, tuple(given.split("|")), given == BY_NAME[f"{name}_field"].default)


def all_roles(settings: Settings) -> tuple[Role, ...]:
    """Return the roles of the compared fields, then of dates, outlets and ids."""
    others = (setting_role(settings, name) for name in (DATE, SOURCE, ID))
    return (*text_roles(settings), *others)


URL_ROLE = Role("url", URLS, usual=True)


@lru_cache(maxsize=1 << 10)
def accessors(role: Role, keys: frozenset[str]) -> tuple[Accessor, ...]:
    """Return the ways to a role's values among the keys of some records, in order of preference."""
    return tuple(usual_accessors(role, keys) if role.usual else given_accessors(role, keys))


def given_accessors(role: Role, keys: frozenset[str]) -> Iterator[Accessor]:
    """Yield the ways to values by names that were given: as a key, else as a path."""
    for name in role.names:
        if name in keys:
            yield Accessor(name, name)
        key, *steps = name.split(".")
        if steps and key in keys:
            yield Accessor(name, key, tuple(steps))


def usual_accessors(role: Role, keys: Iterable[str]) -> Iterator[Accessor]:
    """Yield the ways to values by the usual names; of one name the exact spelling comes first."""
    by_name: dict[str, list[str]] = {}
    for key in sorted(keys):
        by_name.setdefault(plain_name(key), []).append(key)
    for name in role.names:
        for key in sorted(by_name.get(plain_name(name), ()), key=lambda key: key != name):
            yield Accessor(key, key)
        first, *steps = name.split(".")
        for key in by_name.get(plain_name(first), ()) if steps else ():
            yield AnyCaseAccessor(".".join([key, *steps]), key, tuple(steps))


def descend(value: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401 - whatever the JSON held
    """Follow a path into nested objects; None where it ends early."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def descend_any_case(value: Any, steps: Sequence[str]) -> Any:  # noqa: ANN401 - as above
    """Follow a path of names in any case into nested objects; None where it ends early."""
    for step in steps:
        if not isinstance(value, dict):
            return None
        inner = value.get(step)
        if inner is None:
            wanted = plain_name(step)
            inner = next((value[key] for key in value if plain_name(key) == wanted), None)
        value = inner
    return value


def values_under(records: Sequence[Record], name: str) -> list[Any]:
    """Return the value of each record under a key, else at a dotted path, else None."""
    values = [record.get(name) for record in records]
    if "." not in name:
        return values
    steps = name.split(".")
    return [
        descend(record, steps) if value is None else value
        for record, value in zip(records, values, strict=True)
    ]


TYPE_NAMES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
    bytes: "binary",
}
NO_TEXT = "no text"
"""The beginning of the message on a record, or a table, without any."""
LONGEST_NUMBERING = 3
"""Names such as no, nr and pos seldom have a text."""
MAX_NAMES = 12
MAX_NAME_LENGTH = 40


class Unreadable(ValueError):  # noqa: N818 - a reason; InputError is the error
    """The reason why a record cannot be read, raised where its line is not known."""


def check_names(sample: Record, settings: Settings) -> None:
    """Raise Unreadable where the columns of a table hold no text; ``sample`` has one of each type.

    A table that lacks a field by the name that was given for it is refused as a whole, too.
    """
    keys = frozenset(sample)
    wrong = []
    for role in text_roles(settings):
        for way in accessors(role, keys):
            value = way.value(sample)
            if isinstance(value, str):
                return
            if value is not None and not role.is_lede:
                wrong.append(wrong_type_message(way.name, value))
    raise Unreadable(wrong[0] if wrong else no_text_message(sample, settings))


def wrong_type_message(name: str, value: object) -> str:
    """Return the message for a text that is not a string, with the name of its field."""
    if isinstance(value, dict) and value:
        inner = next((key for key in value if isinstance(value[key], str)), next(iter(value)))
        return (
            f"{name}: expected a string, got an object; --field '{name}.{shorten(inner)}' reads it"
        )
    return f"{name}: expected a string, got {TYPE_NAMES.get(type(value), 'an object')}"


def no_text_message(record: Record, settings: Settings) -> str:
    """Return the message for a record without any text, with the names wanted and present."""
    names = list(map(shorten, record))
    if len(names) > MAX_NAMES:
        names[MAX_NAMES:] = ["..."]
    has = ", ".join(names) or "nothing"
    return f"{NO_TEXT}: looked for {looked_for(settings)}; the record has {has}"


def naming_hint(names: Sequence[str], settings: Settings) -> str:
    """Return how to name a text among the fields that there are, ``""`` where none seems to be one.

    For a name that was given it is the nearest one, else the first that no role has.

    >>> from dedupe.config import Settings
    >>> naming_hint(["id", "kicker", "date"], Settings())
    '; name it: --field kicker'
    """
    roles = text_roles(settings)
    if not roles[0].usual:
        near = nearest_name(roles[0].names, names)
        return f"; did you mean {near} (--field {quoted(near)})?" if near else ""
    taken = {plain_name(name) for role in (*all_roles(settings), URL_ROLE) for name in role.names}
    free = [name for name in names if name and plain_name(name) not in taken]
    long = [name for name in free if not name.isascii() or len(name) > LONGEST_NUMBERING]
    return f"; name it: --field {quoted((long or free)[0])}" if free else ""


def nearest_name(wanted: Iterable[str], names: Iterable[str]) -> str:
    """Return the name most like one of those wanted, ``""`` where none is."""
    by_plain = {plain_name(name): name for name in names}
    near = (difflib.get_close_matches(plain_name(name), by_plain, 1) for name in wanted)
    return next((by_plain[found[0]] for found in near if found), "")


def quoted(name: str) -> str:
    """Return a name as a shell takes it."""
    return f"'{name}'" if " " in name else name


def shorten(name: str) -> str:
    """Return a name as messages show it."""
    return name if len(name) <= MAX_NAME_LENGTH else name[:MAX_NAME_LENGTH] + "..."
