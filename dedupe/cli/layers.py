"""Where settings come from: flags, then the environment, then a TOML file, then the defaults."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.errors import SettingsError
from dedupe.settings import BY_NAME, Settings, check_name, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "DEDUPE_"
PURE = "DEDUPE_PURE"
"""Chooses the path of computation, which no result depends on: no setting of a run."""
PROJECT_FILE = "pyproject.toml"
TABLE = "[tool.dedupe]"
FLAGS = "the command line"
ENVIRONMENT = "the environment"

Layer = tuple[str, dict[str, object]]


def settle(flags: Mapping[str, object], environ: Mapping[str, str], config: str | None) -> Settings:
    """Make the settings of a run, the strongest layer first.

    ``flags`` holds every knob; one not given is None or empty. Raises SettingsError, which
    names the flag, the variable, or the file and key.
    """
    given = {name: value for name, value in flags.items() if value not in (None, ())}
    try:
        return resolve(
            [(FLAGS, given), (ENVIRONMENT, from_environment(environ)), from_file(config)]
        )
    except SettingsError as error:
        raise as_spelled(error) from None


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    """Take the non-empty ``DEDUPE_*`` variables; those of many values part them by spaces."""
    layer: dict[str, object] = {}
    for variable, text in environ.items():
        if variable.startswith(PREFIX) and variable != PURE and text.strip():
            knob = check_name(variable.removeprefix(PREFIX).lower(), ENVIRONMENT)
            layer[knob.name] = text.split() if knob.many else text
    return layer


def from_file(config: str | None) -> Layer:
    """Read the named file, or the ``[tool.dedupe]`` of a pyproject.toml in this folder."""
    if config is not None:
        return table_of(load(config), config)
    if Path(PROJECT_FILE).is_file():
        return table_of(load(PROJECT_FILE), PROJECT_FILE)
    return PROJECT_FILE, {}


def load(path: str) -> dict[str, Any]:
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


def table_of(document: dict[str, Any], path: str) -> Layer:
    """Find our settings in a document: ``[tool.dedupe]``, or its top level without a tool table."""
    if "tool" not in document and Path(path).name != PROJECT_FILE:
        return path, document
    tools = document.get("tool")
    table = tools.get("dedupe", {}) if isinstance(tools, dict) else {}
    if not isinstance(table, dict):
        raise SettingsError(TABLE, "expected a table", path)
    return f"{path} {TABLE}", table


def as_spelled(error: SettingsError) -> SettingsError:
    """Name a setting as its user wrote it: a flag, a variable, or a key in a file."""
    if error.origin == FLAGS:
        return SettingsError(BY_NAME[error.name].flag, error.reason)
    if error.origin == ENVIRONMENT:
        return SettingsError(PREFIX + error.name.upper(), error.reason)
    return error
