"""Say on standard error what a run read, and what a person should know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.io.columns_used import column_shares, reading_notes
from dedupe.io.same import ID, URL, split_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.cli.options import Request
    from dedupe.config import Settings
    from dedupe.models import ReadStats
    from dedupe.pipeline import Result

__all__ = ["column_shares", "say_notes"]


def say_notes(request: Request, read_stats: ReadStats, result: Result) -> None:
    """Write the notes of a run, a line each."""
    for note in reading_notes(request.settings, read_stats):
        request.console.say(note)
    for note in same_notes(request.settings, result):
        request.console.say(note)


def same_notes(settings: Settings, result: Result) -> Iterator[str]:
    """Yield a note where ids, or urls, stand on records that ``--same`` would have joined."""
    for key in (ID, URL):
        if key in settings.same:
            continue
        found = split_keys(result.corpus, result.clustering.canonical, key)
        if found.count:
            stands = f"1 {key} stands" if found.count == 1 else f"{found.count:,} {key}s stand"
            example = f", as {found.example}" if found.example else ""
            yield f"{stands} on records of different clusters{example}; --same {key} joins them"
            return
