"""Word what a run read, and what a person should know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.io.ids import ID, URL, split_keys
from dedupe.io.read_notes import reading_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.config import Settings
    from dedupe.models import ReadStats
    from dedupe.pipeline import Result


def run_notes(settings: Settings, read_stats: ReadStats, result: Result) -> list[str]:
    """Return the notes of a run, a line each; what it read must still be there."""
    return [*reading_notes(settings, read_stats), *same_notes(settings, result)]


def same_notes(settings: Settings, result: Result) -> Iterator[str]:
    """Yield a note where ids, or urls, stand on records that ``--same`` would have joined."""
    for key in (ID, URL):
        if key in settings.same:
            continue
        found = split_keys(result.corpus, result.clustering.canonical, key)
        if found.keys:
            stands = f"1 {key} stands" if found.keys == 1 else f"{found.keys:,} {key}s stand"
            example = f", as {found.example}" if found.example else ""
            yield f"{stands} on records of different clusters{example}; --same {key} joins them"
            return
