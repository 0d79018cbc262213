"""Settings as a TOML file that ``--config`` takes, with the reason for them above."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dedupe.settings import KNOBS, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

OF_THE_RUN = ("jobs", "on_error", "seed")
"""Settings that say how a run goes and not which pairs it joins."""


def settings_file(settings: Settings, comments: Iterable[str]) -> bytes:
    """The settings that differ from the defaults, and the threshold, under some comments."""
    usual = Settings()
    lines = [f"# {comment}".rstrip() for comment in comments]
    for knob in KNOBS:
        value = getattr(settings, knob.name)
        told = knob.name == "threshold" or value != getattr(usual, knob.name)
        if told and value is not None and knob.name not in OF_THE_RUN:
            lines.append(f"{knob.name} = {toml_value(value)}")
    return ("\n".join(lines) + "\n").encode()


def toml_value(value: object) -> str:
    """A number, a text or several texts in TOML.

    >>> toml_value(("a", "b"))
    '["a", "b"]'
    """
    if isinstance(value, tuple):
        return "[" + ", ".join(toml_value(str(item)) for item in value) + "]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    # A JSON string is a TOML string, but for DEL and pairs of escapes for one character.
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
