"""Every knob once: its default, its check and its help.

The flags, the environment, ``[tool.dedupe]`` and the run's manifest are all made from ``KNOBS``.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dedupe.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
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
        raise ValueError(f"the weight {weight!r} is not a number") from None
    if not names or "" in names.split("|"):
        raise ValueError("a field needs a name")
    if not 0 < value <= 100:  # noqa: PLR2004 - a weight beyond this is a typing error
        raise ValueError("a weight lies above 0 and up to 100")
    return Field(tuple(names.split("|")), value)


def parse_duration(text: str) -> int:
    """Read ``36h``, ``2d``, ``90m``, ``1w`` or plain seconds; raises ValueError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw]?)", text.strip().lower())
    if not match:
        raise ValueError(f"{text!r} is not a duration such as 36h, 2d or 1w")
    return round(float(match[1]) * UNITS[match[2] or "s"])


def parse_share(text: str) -> float:
    """Read a number in 0..1; raises ValueError."""
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError("it lies between 0 and 1")
    return value


def parse_jobs(text: str) -> int:
    """Read a thread count, 0 for one a core; raises ValueError."""
    value = int(text)
    if not 0 <= value <= 1024:  # noqa: PLR2004 - beyond this it is a typing error
        raise ValueError("it lies between 0 (one a core) and 1024")
    return value


def parse_seed(text: str) -> int:
    """Read a 32-bit seed; raises ValueError."""
    value = int(text)
    if not 0 <= value < 2**32:
        raise ValueError("it lies between 0 and 4294967295")
    return value


def parse_key(text: str) -> str:
    """Read one key of the canonical policy; raises ValueError."""
    if text.startswith("source:"):
        if not all(part.strip() for part in text[7:].split(",")):
            raise ValueError("source: needs outlets, as in source:reuters,ap")
        return text
    if text not in KEEP_KEYS:
        near = difflib.get_close_matches(text, KEEP_KEYS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"{text!r} is not source:A,B or one of {', '.join(KEEP_KEYS)}{hint}")
    return text


def parse_on_error(text: str) -> str:
    """Read ``fail``, ``skip`` or ``quarantine=FILE``; raises ValueError."""
    if text in ("fail", "skip") or (
        text.startswith("quarantine=") and len(text) > len("quarantine=")
    ):
        return text
    raise ValueError("it is fail, skip or quarantine=FILE")


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that takes one of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text

    return parse


def parse_name(text: str) -> str:
    """Read a non-empty name; raises ValueError."""
    if not text:
        raise ValueError("it is empty")
    return text


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting: ``parse`` turns its text into a value or raises ValueError."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    metavar: str
    help: str
    many: bool = False

    @property
    def flag(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    def read(self, given: object, origin: str) -> Any:  # noqa: ANN401 - as varied as the knobs
        """Check a value from a flag, the environment or a file; raises SettingsError."""
        values = given if isinstance(given, list | tuple) else [given]
        if len(values) != 1 and not self.many:
            raise SettingsError(self.name, "takes one value", origin)
        if any(isinstance(v, bool | dict | list) or v is None for v in values):
            raise SettingsError(self.name, f"expected {self.metavar}", origin)
        try:
            parsed = tuple(self.parse(str(v)) for v in values)
        except ValueError as error:
            raise SettingsError(self.name, str(error), origin) from None
        return parsed if self.many else parsed[0]


DEFAULT_FIELDS = (
    Field(("title", "headline", "text")),
    Field(("lede", "summary", "description", "abstract")),
)
DEFAULT_KEEP = ("not-withdrawn", "most-complete", "central", "longest", "earliest")

KNOBS = (
    Knob(
        "field",
        parse_field,
        DEFAULT_FIELDS,
        "NAME[:WEIGHT]",
        "Compare this field; repeat for several. Dots reach into objects, A|B takes the first "
        "that is there. Default: title|headline|text and lede|summary|description|abstract.",
        many=True,
    ),
    Knob(
        "id_field",
        parse_name,
        "id|guid|url",
        "NAME",
        "Where a record's id stands. Default: id|guid|url.",
    ),
    Knob(
        "date_field",
        parse_name,
        "published|published_at|date|datetime|time",
        "NAME",
        "Where a record's time stands. Default: published|published_at|date|datetime|time.",
    ),
    Knob(
        "source_field",
        parse_name,
        "source|outlet|publisher",
        "NAME",
        "Where a record's outlet stands. Default: source|outlet|publisher.",
    ),
    Knob(
        "threshold",
        parse_share,
        0.5,
        "SHARE",
        "Join pairs that score at least this (0 to 1). Higher: fewer and surer; lower: more.",
    ),
    Knob(
        "window",
        parse_duration,
        None,
        "DURATION",
        "Never join records further apart in time than this, as in 36h, 2d or 1w.",
    ),
    Knob(
        "keep",
        parse_key,
        DEFAULT_KEEP,
        "KEY",
        "How the canonical version is chosen: the first key that tells two apart decides; repeat "
        "in order. Keys: source:A,B, "
        + ", ".join(KEEP_KEYS)
        + ". Default: "
        + ", ".join(DEFAULT_KEEP)
        + ".",
        many=True,
    ),
    Knob(
        "prefer",
        parse_key,
        (),
        "KEY",
        "A key to ask before those of --keep, as in --prefer source:reuters,ap.",
        many=True,
    ),
    Knob(
        "linkage",
        one_of("average", "leader"),
        "average",
        "average|leader",
        "leader: every member matches its canonical. average: such clusters also join when the "
        "pairs across them reach the threshold on average. Default: average.",
    ),
    Knob("jobs", parse_jobs, 0, "N", "Threads to use; 0 is one a core. The result is the same."),
    Knob(
        "on_error",
        parse_on_error,
        "fail",
        "fail|skip|quarantine=FILE",
        "What to do with a record that cannot be read. Default: fail.",
    ),
    Knob("into", parse_name, "dedupe", "KEY", "The key that cluster adds. Default: dedupe."),
    Knob("seed", parse_seed, 1, "N", "Seed of the MinHash permutations. Default: 1."),
)
BY_NAME = {knob.name: knob for knob in KNOBS}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is told; build it with :func:`resolve` or by keyword.

    >>> Settings(threshold=0.8).threshold
    0.8
    """

    field: tuple[Field, ...] = DEFAULT_FIELDS
    id_field: str = BY_NAME["id_field"].default
    date_field: str = BY_NAME["date_field"].default
    source_field: str = BY_NAME["source_field"].default
    threshold: float = 0.5
    window: int | None = None
    keep: tuple[str, ...] = DEFAULT_KEEP
    prefer: tuple[str, ...] = ()
    linkage: str = "average"
    jobs: int = 0
    on_error: str = "fail"
    into: str = "dedupe"
    seed: int = 1

    def manifest(self) -> dict[str, object]:
        """All settings as plain JSON values, for ``--stats``."""
        shown: dict[str, object] = {}
        for knob in KNOBS:
            value = getattr(self, knob.name)
            shown[knob.name] = [str(v) for v in value] if knob.many else value
        return shown


def check_name(name: str, origin: str) -> Knob:
    """Find a knob by its name in a file or call; raises SettingsError with a suggestion."""
    known = name.replace("-", "_")
    if known in BY_NAME:
        return BY_NAME[known]
    near = difflib.get_close_matches(known, BY_NAME, 1)
    hint = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
    raise SettingsError(name, f"unknown setting{hint}", origin)


def resolve(layers: Iterable[tuple[str, Mapping[str, object]]]) -> Settings:
    """Settings from layers of ``(origin, {name: value})``, the strongest first.

    Raises SettingsError for an unknown name or an unusable value, in any layer.
    """
    chosen: dict[str, Any] = {}
    for origin, layer in layers:
        for name, given in layer.items():
            knob = check_name(name, origin)
            value = knob.read(given, origin)
            chosen.setdefault(knob.name, value)
    return Settings(**chosen)
