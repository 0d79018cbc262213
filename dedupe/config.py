"""The settings, each defined once: flags, variables, keys and the manifest are made from them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from dedupe.config_values import (
    KEEP_KEYS,
    Field,
    Setting,
    choice_parser,
    parse_date_format,
    parse_delimiter,
    parse_duration,
    parse_encoding,
    parse_field,
    parse_jobs,
    parse_key,
    parse_links,
    parse_name,
    parse_on_error,
    parse_ratio,
    parse_same,
    parse_seed,
    parse_share,
    parse_size,
    parse_switch,
)
from dedupe.errors import SettingsError
from dedupe.field_names import DATES, HEADLINES, IDS, LEDES, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


DEFAULT_FIELDS = (Field(HEADLINES), Field(LEDES))
DEFAULT_KEEP = ("not-withdrawn", "most-complete", "central", "longest", "earliest")

SETTINGS = (
    Setting(
        "field",
        parse_field,
        DEFAULT_FIELDS,
        "NAME[:WEIGHT]",
        "Compare this field; repeat for several. Dots reach into objects; A|B is the first of "
        "the two that is present; NAME:2 doubles its weight. Default: the usual names of "
        "headlines (title, headline, text and others) and of ledes (lede, summary, description "
        "and others), in any case.",
        many=True,
    ),
    Setting(
        "id_field",
        parse_name,
        "|".join(IDS),
        "NAME",
        "Field that holds the id of a record. Default: id, guid, url or link.",
    ),
    Setting(
        "date_field",
        parse_name,
        "|".join(DATES),
        "NAME",
        "Field that holds the time of publication. Default: the usual names (published, date, "
        "pubDate, created_at and others).",
    ),
    Setting(
        "source_field",
        parse_name,
        "|".join(SOURCES),
        "NAME",
        "Field that holds the outlet. Default: the usual names (source, outlet, publisher, domain "
        "and others), else the host of the record's url.",
    ),
    Setting(
        "threshold",
        parse_share,
        0.5,
        "SHARE",
        "Score from which two records are one story. Between 0 and 1; a higher threshold merges "
        "fewer, safer pairs.",
    ),
    Setting(
        "window",
        parse_duration,
        None,
        "DURATION",
        "Join no record to one further apart in time. Every record is within this time of the "
        "canonical version; two others can be twice as far apart. A record without a date fits "
        "any window. A duration such as 36h, 2d or 1w.",
        show=lambda value: None if value is None else f"{value}s",
    ),
    Setting(
        "keep",
        parse_key,
        DEFAULT_KEEP,
        "KEY",
        "How to choose the canonical version. The first key that prefers one of two records "
        "decides; repeat in order of importance. Keys: source:A,B, "
        + ", ".join(KEEP_KEYS)
        + ". Default: "
        + ", ".join(DEFAULT_KEEP)
        + ".",
        many=True,
    ),
    Setting(
        "prefer",
        parse_key,
        (),
        "KEY",
        "Key to apply before those of --keep. Example: --prefer source:reuters,ap.",
        many=True,
    ),
    Setting(
        "linkage",
        choice_parser("average", "leader"),
        "average",
        "average|leader",
        "How to group pairs into clusters. leader: every member matches the canonical version. "
        "average: clusters also merge when the pairs across them reach the threshold on average. "
        "--window implies leader. Default: average.",
    ),
    Setting(
        "updates",
        choice_parser("merge", "split"),
        "merge",
        "merge|split",
        "Merge or split the versions of a running story. merge: UPDATE 1- and UPDATE 2- are one "
        "story. split: headlines whose tags state different versions are never in one cluster; a "
        "headline without a number is version 0. Default: merge.",
    ),
    Setting(
        "numbers",
        choice_parser("strict", "weigh", "ignore"),
        "weigh",
        "strict|weigh|ignore",
        "How to treat numbers that differ. weigh: they count against a match, more than other "
        "words do. strict: when both records have a number that the other lacks, they never "
        "match; this looks at the headline, or at the first field that both have. ignore: "
        "numbers count neither for nor against a match. Default: weigh.",
    ),
    Setting(
        "links",
        parse_links,
        None,
        "FILE",
        "Labelled pairs that overrule the decision. A file from dedupe label, or CSV or JSONL "
        "with a, b and label. Records labelled duplicate are always in one cluster, those "
        "labelled not never are. An update counts as not with --updates split, else it is "
        "ignored.",
    ),
    Setting(
        "jobs",
        parse_jobs,
        0,
        "N",
        "Number of threads; 0 means one per core. The result is the same. Default: 0.",
    ),
    Setting(
        "on_error",
        parse_on_error,
        "fail",
        "fail|skip|quarantine=FILE",
        "What to do with a record that cannot be read. fail: stop with an error. skip: count it "
        "and go on. quarantine=FILE: write it to FILE and go on. Default: fail.",
    ),
    Setting(
        "into", parse_name, "dedupe", "KEY", "Key under which the result is added. Default: dedupe."
    ),
    Setting(
        "seed",
        parse_seed,
        1,
        "N|random",
        "Seed of the MinHash permutations. random draws one, which --stats records. Default: 1.",
    ),
    Setting(
        "max_line",
        parse_size,
        1 << 26,
        "SIZE",
        "Refuse an input with a longer line. The limit also holds for a row of a table. A size "
        "such as 512k, 64m or 1g; 0 means no limit. Default: 64m.",
    ),
    Setting(
        "max_ratio",
        parse_ratio,
        200,
        "N",
        "Refuse an input that expands more than N times. It holds for inputs of more than 64 MiB "
        "once decompressed; 0 means no limit. Default: 200.",
    ),
    Setting(
        "encoding",
        parse_encoding,
        None,
        "NAME",
        "Character encoding of the input. A name such as cp1252, cp949 or gb18030; the output is "
        "UTF-8. Default: UTF-8, or UTF-16 and UTF-32 with a byte order mark.",
    ),
    Setting(
        "delimiter",
        parse_delimiter,
        None,
        "CHAR",
        "Character between the cells of CSV. A character such as ';' or '|', or the word tab. "
        "Default: found in the header.",
    ),
    Setting(
        "no_header",
        parse_switch,
        False,  # noqa: FBT003 - a default
        "BOOL",
        "Read the first row of CSV as a record. Columns are named 1, 2, 3. Default: it is a "
        "header.",
        switch=True,
    ),
    Setting(
        "csv_escape",
        parse_switch,
        False,  # noqa: FBT003 - a default
        "BOOL",
        r"A backslash in CSV escapes the next character. \" is then a quote. Default: a "
        "backslash is a character like others.",
        switch=True,
    ),
    Setting(
        "date_format",
        parse_date_format,
        None,
        "FORMAT",
        "Format of dates, such as %d/%m/%Y. Written as for strptime. Default: the usual formats, "
        "see docs/inputs.md.",
    ),
    Setting(
        "same",
        parse_same,
        (),
        "id|url",
        "Join records with the same id or url. Their texts do not matter; tracking parameters of a "
        "url are ignored. Repeat for both.",
        many=True,
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run, checked however they are made.

    A value may be text, as on the command line. Raises SettingsError for one that is out of range.

    >>> Settings(threshold=0.8, window="36h", keep="earliest").window
    129600
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
    encoding: str | None = None
    delimiter: str | None = None
    no_header: bool = False
    csv_escape: bool = False
    date_format: str | None = None
    same: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            value = setting.check(getattr(self, setting.name), "Settings")
            object.__setattr__(self, setting.name, value)

    def manifest(self) -> dict[str, object]:
        """Return all settings as plain JSON values, for ``--stats``."""
        shown: dict[str, object] = {}
        for setting in SETTINGS:
            value = getattr(self, setting.name)
            shown[setting.name] = [str(v) for v in value] if setting.many else setting.show(value)
        return shown


def check_name(name: str, origin: str) -> Setting:
    """Find a setting by its name in a file or call; raises SettingsError with a suggestion."""
    known = name.replace("-", "_")
    if known in BY_NAME:
        return BY_NAME[known]
    near = difflib.get_close_matches(known, BY_NAME, 1)
    hint = f"; did you mean {near[0].replace('_', '-')}?" if near else ""
    raise SettingsError(name, f"unknown setting{hint}", origin)


def resolve(layers: Iterable[tuple[str, Mapping[str, object]]]) -> Settings:
    """Return settings from layers of ``(origin, {name: value})``, the strongest first.

    Raises SettingsError for an unknown name or an unusable value, in any layer.
    """
    chosen: dict[str, Any] = {}
    for origin, layer in layers:
        for name, given in layer.items():
            setting = check_name(name, origin)
            value = setting.read(given, origin)
            chosen.setdefault(setting.name, value)
    return Settings(**chosen)


class SettingsKeywords(TypedDict, total=False):
    """The settings that matter for records in memory; None is as if not given."""

    field: str | Field | Sequence[str | Field] | None
    id_field: str | None
    date_field: str | None
    source_field: str | None
    threshold: float | None
    window: str | timedelta | None
    keep: str | Sequence[str] | None
    prefer: str | Sequence[str] | None
    linkage: Literal["average", "leader"] | None
    updates: Literal["merge", "split"] | None
    numbers: Literal["strict", "weigh", "ignore"] | None
    links: str | None
    jobs: int | None
    on_error: Literal["fail", "skip"] | None
    into: str | None
    seed: int | Literal["random"] | None
    date_format: str | None
    same: Literal["id", "url"] | Sequence[Literal["id", "url"]] | None


FOR_FILES = ("max_line", "max_ratio", "encoding", "delimiter", "no_header", "csv_escape")
"""The other settings, which say how files are read."""
