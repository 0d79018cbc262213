"""The settings, each defined once, and the layers that set them.

The flags, the environment, ``[tool.dedupe]`` and the run's manifest are all made from ``SETTINGS``.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.config_reading import READING_SETTINGS
from dedupe.config_values import (
    KEEP_KEYS,
    Field,
    Setting,
    choice_parser,
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
        "Compare this field; repeat for several. Dots reach into objects, A|B takes the first "
        "that is there. Default: the usual names of headlines (title, headline, text and others) "
        "and of ledes (lede, summary, description and others), in any case.",
        many=True,
    ),
    Setting(
        "id_field",
        parse_name,
        "|".join(IDS),
        "NAME",
        "Where a record's id stands. Default: id, guid, url or link.",
    ),
    Setting(
        "date_field",
        parse_name,
        "|".join(DATES),
        "NAME",
        "Where a record's time stands. Default: the usual names (published, date, pubDate, "
        "created_at and others).",
    ),
    Setting(
        "source_field",
        parse_name,
        "|".join(SOURCES),
        "NAME",
        "Where a record's outlet stands. Default: the usual names (source, outlet, publisher, "
        "domain and others), else the host of its url.",
    ),
    Setting(
        "threshold",
        parse_share,
        0.5,
        "SHARE",
        "Join pairs that score at least this (0 to 1). Higher: fewer and surer; lower: more.",
    ),
    Setting(
        "window",
        parse_duration,
        None,
        "DURATION",
        "Never join records further apart in time than this, as in 36h, 2d or 1w.",
        show=lambda value: None if value is None else f"{value}s",
    ),
    Setting(
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
    Setting(
        "prefer",
        parse_key,
        (),
        "KEY",
        "A key to ask before those of --keep, as in --prefer source:reuters,ap.",
        many=True,
    ),
    Setting(
        "linkage",
        choice_parser("average", "leader"),
        "average",
        "average|leader",
        "leader: every member matches its canonical. average: such clusters also join when the "
        "pairs across them reach the threshold on average. With --window always leader. "
        "Default: average.",
    ),
    Setting(
        "updates",
        choice_parser("merge", "split"),
        "merge",
        "merge|split",
        "merge: versions of a running story (UPDATE 1-, UPDATE 2-) are one story. split: headlines "
        "whose tags state different versions are never in one cluster; one without a number is "
        "version 0. Default: merge.",
    ),
    Setting(
        "numbers",
        choice_parser("strict", "weigh", "ignore"),
        "weigh",
        "strict|weigh|ignore",
        "Numbers that stand on both sides without counterpart. weigh: they count against a match, "
        "as other words do and more. strict: in the headline, or the first field that both have, "
        "they rule a match out. ignore: no number counts for or against. Default: weigh.",
    ),
    Setting(
        "links",
        parse_links,
        None,
        "FILE",
        "Labelled pairs that overrule the decision, as dedupe label writes them (a,b,label as CSV "
        "or JSONL): a duplicate is always in one cluster, a not never. An update counts as not "
        "with --updates split, and for nothing otherwise.",
    ),
    Setting("jobs", parse_jobs, 0, "N", "Threads to use; 0 is one a core. The result is the same."),
    Setting(
        "on_error",
        parse_on_error,
        "fail",
        "fail|skip|quarantine=FILE",
        "What to do with a record that cannot be read. Default: fail.",
    ),
    Setting("into", parse_name, "dedupe", "KEY", "The key that cluster adds. Default: dedupe."),
    Setting(
        "seed",
        parse_seed,
        1,
        "N|random",
        "Seed of the MinHash permutations; random draws one, which --stats tells. Default: 1.",
    ),
    Setting(
        "max_line",
        parse_size,
        1 << 26,
        "SIZE",
        "Refuse an input with a longer line, or row of a table, as in 512k, 64m or 1g; 0 is no "
        "limit. Default: 64m.",
    ),
    Setting(
        "max_ratio",
        parse_ratio,
        200,
        "N",
        "Refuse an input that decompresses to more than 64 MiB and more than N times its size; 0 "
        "is no limit. Default: 200.",
    ),
    *READING_SETTINGS,
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
        """All settings as plain JSON values, for ``--stats``."""
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
    """Settings from layers of ``(origin, {name: value})``, the strongest first.

    Raises SettingsError for an unknown name or an unusable value, in any layer.
    """
    chosen: dict[str, Any] = {}
    for origin, layer in layers:
        for name, given in layer.items():
            setting = check_name(name, origin)
            value = setting.read(given, origin)
            chosen.setdefault(setting.name, value)
    return Settings(**chosen)


PREFIX = "DEDUPE_"
PURE = "DEDUPE_PURE"
"""Chooses the path of computation, which no result depends on: no setting of a run."""
PROJECT_FILE = "pyproject.toml"
TABLE = "[tool.dedupe]"
FLAGS = "the command line"
ENVIRONMENT = "the environment"

Layer = tuple[str, dict[str, object]]


def resolve_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str | None
) -> Settings:
    """Make the settings of a run, the strongest layer first.

    ``flags`` holds every setting; one not given is None or empty. Raises SettingsError, which
    names the flag, the variable, or the file and key.
    """
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        return resolve(
            [(FLAGS, given), (ENVIRONMENT, from_environment(environ)), from_file(config)]
        )
    except SettingsError as error:
        raise with_user_spelling(error) from None


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Take the non-empty ``DEDUPE_*`` variables; those of many values part them by spaces."""
    layer: dict[str, object] = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable != PURE and text.strip():
            setting = check_name(variable.removeprefix(PREFIX).lower(), ENVIRONMENT)
            layer[setting.name] = text.split() if setting.many else text
    return layer


def from_file(config: str | None) -> Layer:
    """Read the named file, or the ``[tool.dedupe]`` of a pyproject.toml in this folder."""
    if config is not None:
        return settings_table(load_toml(config), config)
    if Path(PROJECT_FILE).is_file():
        return settings_table(load_toml(PROJECT_FILE), PROJECT_FILE)
    return PROJECT_FILE, {}


def load_toml(path: str) -> dict[str, Any]:
    """Read a TOML file; raises SettingsError with the path."""
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(path, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise SettingsError(path, f"not UTF-8 at byte {error.start}") from None
    except ValueError as error:  # TOMLDecodeError, and a number with too many digits
        raise SettingsError(path, f"not TOML: {error}") from None
    except RecursionError:
        raise SettingsError(path, "not TOML: nested too deep") from None


def settings_table(document: dict[str, Any], path: str) -> Layer:
    """Find our settings in a document: ``[tool.dedupe]``, or its top level without a tool table."""
    if "tool" not in document and Path(path).name != PROJECT_FILE:
        return path, document
    tools = document.get("tool")
    table = tools.get("dedupe", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise SettingsError(TABLE, "expected a table", path)
    return f"{path} {TABLE}", table


def with_user_spelling(error: SettingsError) -> SettingsError:
    """Name a setting as its user wrote it: a flag, a variable, or a key in a file."""
    if error.origin == FLAGS:
        return SettingsError(BY_NAME[error.name].flag, error.reason)
    if error.origin == ENVIRONMENT:
        return SettingsError(PREFIX + error.name.upper(), error.reason)
    return error
