"""Check the settings of a call, and phrase errors with its keywords instead of flags."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from dedupe.config import BY_NAME, FOR_FILES, Settings, check_name, resolve
from dedupe.errors import InputError, SettingsError
from dedupe.frames import kind_of
from dedupe.io.source import QUARANTINE

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "stories"
FLAG = re.compile(r"--([a-z]+(?:-[a-z]+)*)(?: ('[^']*'|[^\s'();,]+))?")
NAMING = ("field", "id_field", "date_field", "source_field")


def position_label(position: int, name: str = NAME) -> str:
    """Return how a record is named in an error."""
    return f"{name}[{position}]"


def checked_settings(
    settings: Settings | None,
    given: Mapping[str, object],
    call: str,
    *,
    may_skip: bool = False,
) -> Settings:
    """Return the settings with keywords over them; raises SettingsError.

    ``may_skip``: what cannot be read may be passed over.
    """
    present = {name: value for name, value in given.items() if value is not None}
    checked = resolve([(call, present)])
    names = [check_name(name, call).name for name in present]
    for name in names:
        if name in FOR_FILES:
            raise SettingsError(name, "applies to files only", call)
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise TypeError(f"{call}: settings must be a dedupe.Settings, got {kind_of(settings)}")
    chosen = replace(settings, **{name: getattr(checked, name) for name in names})
    if chosen.on_error.startswith(QUARANTINE):
        raise SettingsError("on_error", "must be fail or skip: only files can be quarantined", call)
    if chosen.on_error != "fail" and not may_skip:
        raise SettingsError("on_error", "must be fail: only cluster() can skip records", call)
    return chosen


def raise_with_position(error: InputError, raw: bytes, header: bytes = b"") -> NoReturn:  # noqa: ARG001 - a Reject
    """Raise an error that names a bad record by its position; the reader counts lines, from 1."""
    raise InputError(position_label((error.line or 1) - 1), None, with_keywords(error.reason))


def with_keywords(reason: str) -> str:
    """Return a message with keywords instead of flags.

    >>> with_keywords("no record has outlet_nam (--source-field); did you mean --field headline?")
    "no record has outlet_nam (source_field); did you mean field='headline'?"
    """

    def keyword(found: re.Match[str]) -> str:
        name, value = found[1].replace("-", "_"), found[2]
        if name not in BY_NAME:
            return found[0]
        if value is None or name not in NAMING:
            return name + (f" {value}" if value else "")
        mark = "?" if value.endswith("?") else ""
        return f"{name}={value.rstrip('?').strip(chr(39))!r}{mark}"

    return FLAG.sub(keyword, reason)
