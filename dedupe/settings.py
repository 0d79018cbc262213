"""Every knob once: its default, its check and its help.

The flags, the environment, ``[tool.dedupe]`` and the run's manifest are all made from ``KNOBS``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dedupe.errors import SettingsError
from dedupe.parsers import (
    KEEP_KEYS,
    Field,
    one_of,
    parse_duration,
    parse_field,
    parse_jobs,
    parse_key,
    parse_links,
    parse_name,
    parse_on_error,
    parse_ratio,
    parse_seed,
    parse_share,
    parse_size,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


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
        "pairs across them reach the threshold on average. With --window always leader. "
        "Default: average.",
    ),
    Knob(
        "updates",
        one_of("merge", "split"),
        "merge",
        "merge|split",
        "merge: versions of a running story (UPDATE 1-, UPDATE 2-) are one story. split: headlines "
        "whose tags state different versions are never in one cluster; one without a number is "
        "version 0. Default: merge.",
    ),
    Knob(
        "numbers",
        one_of("strict", "weigh", "ignore"),
        "weigh",
        "strict|weigh|ignore",
        "Numbers that stand on both sides without counterpart. weigh: they count against a match, "
        "as other words do and more. strict: in the headline, or the first field that both have, "
        "they rule a match out. ignore: no number counts for or against. Default: weigh.",
    ),
    Knob(
        "links",
        parse_links,
        None,
        "FILE",
        "Labelled pairs that overrule the decision, as dedupe label writes them (a,b,label as CSV "
        "or JSONL): a duplicate is always in one cluster, a not never. An update counts as not "
        "with --updates split, and for nothing otherwise.",
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
    Knob(
        "seed",
        parse_seed,
        1,
        "N|random",
        "Seed of the MinHash permutations; random draws one, which --stats tells. Default: 1.",
    ),
    Knob(
        "max_line",
        parse_size,
        1 << 26,
        "SIZE",
        "Refuse an input with a longer line, or row of a table, as in 512k, 64m or 1g; 0 is no "
        "limit. Default: 64m.",
    ),
    Knob(
        "max_ratio",
        parse_ratio,
        200,
        "N",
        "Refuse an input that decompresses to more than 64 MiB and more than N times its size; 0 "
        "is no limit. Default: 200.",
    ),
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
    updates: str = "merge"
    numbers: str = "weigh"
    links: str | None = None
    jobs: int = 0
    on_error: str = "fail"
    into: str = "dedupe"
    seed: int = 1
    max_line: int = 1 << 26
    max_ratio: int = 200

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
