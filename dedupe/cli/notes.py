"""Word the notes of a run: what was read, and which settings and labels had no effect."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from dedupe.config import DEFAULT_KEEP
from dedupe.io.convert import own_format
from dedupe.io.files import split_suffix
from dedupe.io.ids import ID, URL, split_keys
from dedupe.io.read_notes import columns_line, reading_notes
from dedupe.links import read_label_links
from dedupe.models import HOUR, NO_TIME
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.cli.options import Request
    from dedupe.config import Settings
    from dedupe.models import Corpus, ReadStats
    from dedupe.pipeline import Result


def run_notes(settings: Settings, read_stats: ReadStats, result: Result) -> list[tuple[str, str]]:
    """Return the notes of a run with their levels; what it read must still be there."""
    return [
        *read_notes(settings, read_stats),
        *(("warning", note) for note in effect_notes(settings, result.corpus)),
        *(("warning", note) for note in same_notes(settings, result)),
    ]


def read_notes(settings: Settings, read_stats: ReadStats) -> list[tuple[str, str]]:
    """Return the notes on what was read with their levels: which fields were used is no warning."""
    used = columns_line(settings, read_stats)
    notes = reading_notes(settings, read_stats)
    return [("info" if note == used else "warning", note) for note in notes]


def same_notes(settings: Settings, result: Result) -> Iterator[str]:
    """Yield a note where ids, or urls, stand on records that ``--same`` would have joined."""
    for key in (ID, URL):
        if key in settings.same:
            continue
        found = split_keys(result.corpus, result.clustering.canonical, key)
        if found.keys:
            subject = f"1 {key} is" if found.keys == 1 else f"{found.keys:,} {key}s are"
            example = f", as {found.example}" if found.example else ""
            yield f"{subject} on records of different clusters{example}; --same {key} joins them"
            return


WRITTEN = {
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "tsv": "TSV",
    "lines": "plain lines",
    "text": "text",
}
OTHER_FORMATS = (
    ".xlsx", ".xls", ".ods", ".numbers", ".pdf", ".doc", ".docx", ".odt", ".html", ".htm", ".xml",
    ".yaml", ".yml", ".sqlite", ".db", ".zip", ".arrow", ".feather", ".avro", ".orc",
)  # fmt: skip
"""Suffixes of formats that no command but report writes."""
PAGES = (".html", ".htm", ".xhtml", "")
SHEETS = (".xlsx", ".xls", ".ods", ".numbers")


def suffix_notes(
    command: str, request: Request, result: Result, own: str | None = None
) -> Iterator[str]:
    """Yield a note where the suffix of the output names a format that is not written.

    ``own`` is the format of what is not records.
    """
    suffix = split_suffix(request.output or "")[0]
    if command == "report":
        if suffix not in PAGES:
            yield f"{request.output} holds HTML, whatever the suffix; use .html"
        return
    if suffix not in OTHER_FORMATS or command not in ("cluster", "unique", "pairs"):
        return
    batches = result.corpus.batches
    records = own_format(batches[0], None) if batches else "jsonl"
    if command == "pairs" or (command == "cluster" and records == "lines"):
        records = "jsonl"
    written = WRITTEN[own or request.target or records]
    hint = "; a spreadsheet opens .csv" if suffix in SHEETS else ""
    yield f"{request.output} holds {written}, whatever the suffix{hint}"


def effect_notes(settings: Settings, corpus: Corpus) -> Iterator[str]:
    """Yield a note for each setting, and for labels, that change nothing in this corpus."""
    if not len(corpus):
        return
    if not (corpus.times != NO_TIME).any():
        if settings.window is not None:
            yield f"--window {settings.window / HOUR:g}h has no effect: no record has a date"
        yield from dateless_key_notes(settings)
    yield from outlet_notes(settings, corpus)
    unknown = read_label_links(corpus, settings).unknown
    if unknown:
        names = "names" if unknown == 1 else "name"
        yield f"{settings.links}: {count_noun(unknown, 'label')} {names} a record that is not here"


def dateless_key_notes(settings: Settings) -> Iterator[str]:
    """Yield a note for each key of the canonical policy that was given and needs dates."""
    keep = () if settings.keep == DEFAULT_KEEP else settings.keep
    for flag, keys in (("--prefer", settings.prefer), ("--keep", keep)):
        for key in keys:
            if key in ("earliest", "latest"):
                yield (
                    f"{flag} {key} has no effect: no record has a date; ties are broken by a hash "
                    "of the record"
                )


def outlet_notes(settings: Settings, corpus: Corpus) -> Iterator[str]:
    """Yield a note for each outlet of a ``source:`` key that no record has."""
    wanted = {
        name.strip(): None
        for key in (*settings.prefer, *settings.keep)
        if key.startswith("source:")
        for name in key.removeprefix("source:").split(",")
    }
    if not wanted:
        return
    known = {source.strip().casefold(): source.strip() for source in corpus.sources if source}
    for name in wanted:
        if name.casefold() in known:
            continue
        near = difflib.get_close_matches(name.casefold(), known, 1)
        hint = f"; did you mean source:{known[near[0]]}?" if near else ""
        yield f"source:{name}: no record has this outlet{hint}"
