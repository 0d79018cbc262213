"""Where the settings of a run come from: flags, the environment, a TOML file, the defaults."""

from __future__ import annotations

import os
import stat
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.config import BY_NAME, Settings, check_name, resolve
from dedupe.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PREFIX = "DEDUPE_"
OTHER_VARIABLES = ("DEDUPE_PURE", "DEDUPE_ERROR_FORMAT")
"""Variables that no result depends on, which are no settings of a run."""
PROJECT_FILE = "pyproject.toml"
TABLE = "[tool.dedupe]"
FLAGS = "the command line"
ENVIRONMENT = "the environment"
DEFAULT = "the default"
REPOSITORY_MARKS = (".git", ".hg")
QUARANTINE = "quarantine="

Layer = tuple[str, dict[str, object]]
"""Where some settings come from, and their values by name."""


def resolve_settings(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str | None
) -> Settings:
    """Return the settings of a run; see :func:`settings_layers` for the arguments.

    Raises SettingsError, which names the flag, the variable, or the file and key.
    """
    try:
        return resolve(settings_layers(flags, environ, config))
    except SettingsError as error:
        raise with_user_spelling(error) from None


def settings_layers(
    flags: Mapping[str, object], environ: Mapping[str, str], config: str | None
) -> list[Layer]:
    """Return the layers that give settings, the strongest first.

    ``flags`` holds every setting; one that is not given is None or empty. ``config`` is the file
    that ``--config`` names; without, the nearest pyproject.toml is read.
    """
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    return [(FLAGS, given), (ENVIRONMENT, from_environment(environ)), from_file(config)]


def setting_origins(layers: Sequence[Layer]) -> dict[str, str]:
    """Return for each setting who gives it: the flag, the variable, the file, or the default."""
    origins = dict.fromkeys(BY_NAME, DEFAULT)
    for origin, layer in reversed(layers):
        for name in layer:
            setting = check_name(name, origin)
            spelling = {FLAGS: setting.flag, ENVIRONMENT: PREFIX + setting.name.upper()}
            origins[setting.name] = spelling.get(origin, origin)
    return origins


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Return the settings of the non-empty ``DEDUPE_*`` variables; spaces separate values."""
    layer: dict[str, object] = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable not in OTHER_VARIABLES and text.strip():
            setting = check_name(variable.removeprefix(PREFIX).lower(), ENVIRONMENT)
            layer[setting.name] = text.split() if setting.many else text
    return layer


def from_file(config: str | None) -> Layer:
    """Read the named file, or the nearest pyproject.toml with a ``[tool.dedupe]`` table."""
    if config is not None:
        return settings_table(load_toml(config), config)
    for path in project_files():
        origin, table = settings_table(load_toml(path), path)
        if table:
            folder = Path(path).parent
            return origin, table if folder == Path() else relocate_paths(table, folder)
    return PROJECT_FILE, {}


def project_files() -> Iterator[str]:
    """Yield the pyproject.toml of this folder and of its parents, the nearest first.

    The search ends at the root of a repository, at the home folder and at the file system's root. A
    parent folder that everybody may write to, such as /tmp, is passed over: a file that somebody
    else left there must not change a run.
    """
    try:
        here = Path.cwd()
    except FileNotFoundError:  # somebody has removed it
        return
    home = Path("~").expanduser()
    for folder in (here, *here.parents):
        with suppress(PermissionError):  # of a parent that is closed to us
            path = Path(os.path.relpath(folder / PROJECT_FILE))
            if path.is_file() and (folder == here or not is_world_writable(folder)):
                yield str(path)
            if folder in (home, home.resolve()):
                return
            if any((folder / mark).exists() for mark in REPOSITORY_MARKS):
                return


def is_world_writable(folder: Path) -> bool:
    """Return whether every user may create files in a folder."""
    return bool(folder.stat().st_mode & stat.S_IWOTH)


def relocate_paths(table: dict[str, object], folder: Path) -> dict[str, object]:
    """Return settings whose paths, relative to a folder, are relative to this one."""
    moved = dict(table)
    for name, value in table.items():
        known, text = name.replace("-", "_"), str(value)
        if known == "links" and text:
            moved[name] = str(folder / text)
        elif known == "on_error" and text.startswith(QUARANTINE):
            moved[name] = f"{QUARANTINE}{folder / text.removeprefix(QUARANTINE)}"
    return moved


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
