"""What a run came to: one line for a person, one JSON object for ``--stats``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from dedupe.cli.version import version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dedupe.settings import Settings
    from dedupe.stories import Tally


def counted(number: int, noun: str) -> str:
    """Word a number of things.

    >>> counted(1, "record"), counted(2051, "pair")
    ('1 record', '2,051 pairs')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def told(facts: Iterable[str], seconds: float) -> str:
    """Join what there is to tell, with the time that it took."""
    return ", ".join([*facts, f"{seconds:,.1f} s"])


def mishaps(tally: Tally) -> list[str]:
    """Word what was left out or not understood; empty when all went well."""
    said = {
        "skipped": tally.skipped,
        "quarantined": tally.quarantined,
        "with an unreadable date": tally.undated,
    }
    return [f"{number:,} {what}" for what, number in said.items() if number]


def manifest(
    command: str, settings: Settings, tally: Tally, outcome: Mapping[str, object]
) -> bytes:
    """All that one needs to tell two runs apart, as JSON with a final newline."""
    facts = {
        "version": version(),
        "command": command,
        "settings": settings.manifest(),
        "input": asdict(tally),
        **outcome,
    }
    return json.dumps(facts, indent=2).encode() + b"\n"
