"""Parse setting values from text; every parser raises ValueError with a reason for the user."""

from __future__ import annotations

import difflib
import math
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from dedupe.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

Number = TypeVar("Number", int, float)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
MAX_SECONDS = 1e12
"""About 32,000 years; differences of times stay far inside 64 bits."""
MAX_BYTES = 1 << 62
MAX_SHOWN = 20
"""Longer values are not repeated in a message."""
KEEP_KEYS = (
    "not-withdrawn",
    "most-complete",
    "central",
    "longest",
    "shortest",
    "earliest",
    "latest",
    "first",
)
KEEP_SYNONYMS = {"oldest": "earliest", "newest": "latest"}
"""What the letters alone would take for another key."""


SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}
DELIMITER_NAMES = {"tab": "\t", r"\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
SAME_KEYS = ("id", "url")
SOME_DAY = datetime(2004, 12, 31, 23, 58, 59, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: ``parse`` turns its text into a value or raises ValueError.

    A ``switch`` is on or off. ``show`` turns a value into JSON from which it can be parsed again.
    """

    name: str
    parse: Callable[[str], Any]
    default: Any
    metavar: str
    help: str
    many: bool = False
    switch: bool = False
    show: Callable[[Any], object] = field(default=lambda value: value)

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    def read(self, given: object, origin: str) -> Any:  # noqa: ANN401 - as varied as the settings
        """Check a value from a flag, a keyword, the environment or a file; raises SettingsError."""
        values = given if isinstance(given, list | tuple) else [given]
        if len(values) != 1 and not self.many:
            raise SettingsError(self.name, "takes one value", origin)
        if not values and self.default:
            raise SettingsError(self.name, "needs at least one value", origin)
        wrong = (dict, list) if self.switch else (bool, dict, list)
        if any(isinstance(v, wrong) or v is None for v in values):
            raise SettingsError(self.name, f"expected {self.metavar}", origin)
        try:
            parsed = tuple(map(self.parse_value, values))
        except ValueError as error:
            raise SettingsError(self.name, str(error), origin) from None
        return parsed if self.many else parsed[0]

    def parse_value(self, value: object) -> Any:  # noqa: ANN401 - as above
        """Parse one value, which may be text or what Python has for it; raises ValueError."""
        if isinstance(value, timedelta):
            value = f"{value.total_seconds():f}s"
        parsed = self.parse(str(value))
        return value if isinstance(value, Field) else parsed  # text would round its weight

    def check(self, value: object, origin: str) -> Any:  # noqa: ANN401 - as above
        """Check a value that a program gives, parsed or as text; raises SettingsError.

        What is None by default may be None; a number of seconds needs no unit.
        """
        if value is None and self.default is None:
            return None
        is_text = self.many or isinstance(value, str | bool | list | dict | tuple | timedelta)
        return self.read(value if is_text else self.show(value), origin)


@dataclass(frozen=True, slots=True)
class Field:
    """One compared text: the names it goes by, first found first taken, and its weight."""

    names: tuple[str, ...]
    weight: float = 1.0

    @property
    def name(self) -> str:
        """The name under which the field is reported."""
        return self.names[0]

    def __str__(self) -> str:
        return f"{'|'.join(self.names)}:{self.weight:g}"


def parse_field(text: str) -> Field:
    """Read ``NAME[|NAME...][:WEIGHT]``; raises ValueError."""
    names, colon, weight = text.rpartition(":")
    if not colon:
        names, weight = text, "1"
    try:
        value = float(weight)
    except ValueError:
        raise ValueError(f"a weight must be a number, got {shortened(weight)}") from None
    if not names or "" in names.split("|"):
        raise ValueError("must have a name, as in title or title:2")
    if not 0 < value <= 100:  # noqa: PLR2004 - a weight beyond this is a typing error
        raise ValueError(f"a weight must be above 0 and at most 100, got {weight}")
    return Field(tuple(names.split("|")), value)


def parse_duration(text: str) -> int:
    """Read ``36h``, ``2d``, ``90m`` or ``1w`` as seconds; raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", text.strip().lower())
    if not match:
        raise ValueError(f"must be a duration such as 36h, 2d or 1w, got {shortened(text)}")
    if not match[2]:
        raise ValueError(f"must have a unit, as in 36h, 2d or 1w, got {shortened(text)}")
    seconds = float(match[1]) * UNITS[match[2]]
    if seconds > MAX_SECONDS:
        raise ValueError(f"must be shorter than {MAX_SECONDS / 86400:.0f}d, got {shortened(text)}")
    return round(seconds)


def parse_size(text: str) -> int:
    """Read a number of bytes such as ``512k``, ``64m`` or ``1.5GiB``; raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?b)?", text.strip().lower(), re.ASCII)
    if not match:
        raise ValueError(f"must be a size such as 512k, 64m or 1g, got {shortened(text)}")
    return int(min(float(match[1]) * SIZES[match[2]], MAX_BYTES))


def read_number(
    read: Callable[[str], Number], text: str, least: float, most: float, allowed: str
) -> Number:
    """Read a number within bounds; raises ValueError with what is allowed."""
    try:
        value = read(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise ValueError(f"must be {allowed}, got {shortened(text)}")
    return value


def shortened(text: str) -> str:
    """Return a value as a message repeats it."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def parse_share(text: str) -> float:
    """Read a number in 0..1; raises ValueError."""
    return read_number(float, text, 0, 1, "between 0 and 1")


def parse_jobs(text: str) -> int:
    """Read a thread count, 0 for one a core; raises ValueError."""
    return read_number(int, text, 0, 1024, "between 0 (one per core) and 1024")


def parse_ratio(text: str) -> int:
    """Read how many times its size something may have, 0 for any; raises ValueError."""
    return read_number(int, text, 0, math.inf, "0 (no limit) or more")


def parse_seed(text: str) -> int:
    """Read a 32-bit seed, or draw one for ``random``; raises ValueError."""
    if text == "random":
        return secrets.randbits(32)
    return read_number(int, text, 0, 2**32 - 1, "random, or between 0 and 4294967295")


def parse_key(text: str) -> str:
    """Read one key of the canonical policy; raises ValueError."""
    if text.startswith("source:"):
        if not all(part.strip() for part in text[7:].split(",")):
            raise ValueError("source: needs outlets, as in source:reuters,ap")
        return text
    if text not in KEEP_KEYS:
        near = [KEEP_SYNONYMS[text]] if text in KEEP_SYNONYMS else None
        near = near or difflib.get_close_matches(text, KEEP_KEYS, 1)
        hint = (
            f"; did you mean {near[0]}?" if near else f"; for an outlet: source:{shortened(text)}"
        )
        allowed = f"source:A,B or one of {', '.join(KEEP_KEYS)}"
        raise ValueError(f"must be {allowed}, got {shortened(text)}{hint}")
    return text


def parse_on_error(text: str) -> str:
    """Read ``fail``, ``skip`` or ``quarantine=FILE``; raises ValueError."""
    if text in ("quarantine=-", "quarantine=/dev/stdout"):
        raise ValueError("quarantine needs a file: standard output is for the data")
    if text in ("fail", "skip") or (
        text.startswith("quarantine=") and len(text) > len("quarantine=")
    ):
        return text
    raise ValueError(f"must be fail, skip or quarantine=FILE, got {shortened(text)}")


def choice_parser(*choices: str) -> Callable[[str], str]:
    """Return a parser that takes one of some words."""
    *others, last = choices
    allowed = f"{', '.join(others)} or {last}"

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be {allowed}, got {shortened(text)}")
        return text

    return parse


def parse_name(text: str) -> str:
    """Read a non-empty name; raises ValueError."""
    if not text:
        raise ValueError("must not be empty")
    return text


def parse_links(text: str) -> str:
    """Read the path of a file of links; raises ValueError."""
    if text == "-":
        raise ValueError("must be a file: standard input is for the records")
    return parse_name(text)


def parse_switch(text: str) -> bool:
    """Read yes or no; raises ValueError."""
    found = SWITCHES.get(text.strip().lower())
    if found is None:
        raise ValueError(f"must be true or false, got {shortened(text)}")
    return found


def parse_encoding(text: str) -> str:
    """Read the name of a character encoding that Python knows; raises ValueError."""
    try:
        b" ".decode(text, "ignore")  # also refuses what does not decode to text, as base64
    except (LookupError, ValueError):
        raise ValueError(
            f"must be an encoding such as cp1252, cp949 or gb18030, got {shortened(text)}"
        ) from None
    return text


def parse_delimiter(text: str) -> str:
    """Read one character, or the name of one; raises ValueError."""
    found = DELIMITER_NAMES.get(text.lower(), text)
    if len(found) != 1 or found in '"\r\n\\' or not found.isascii():
        raise ValueError(f"must be one character such as ';', '|' or tab, got {shortened(text)}")
    return found


def parse_date_format(text: str) -> str:
    """Read a format as strptime takes it; raises ValueError."""
    try:
        parsed = datetime.strptime(SOME_DAY.strftime(text), text)  # noqa: DTZ007 - compared as a day
    except (ValueError, IndexError):
        raise ValueError(f"must be a format such as %d/%m/%Y, got {shortened(text)}") from None
    if (parsed.month, parsed.day) != (SOME_DAY.month, SOME_DAY.day):
        raise ValueError(f"must name a day, as %d/%m/%Y does, got {shortened(text)}")
    return text


def parse_same(text: str) -> str:
    """Read ``id`` or ``url``; raises ValueError."""
    if text not in SAME_KEYS:
        raise ValueError(f"must be id or url, got {shortened(text)}")
    return text
