"""Report the outcome of a run: its notes, its summary, and the ``--stats`` file."""

from __future__ import annotations

import difflib
import json
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedupe import installed_version
from dedupe.cli.console import join_facts
from dedupe.config import DEFAULT_KEEP
from dedupe.errors import AccountingError
from dedupe.hashing import CLUSTERS, SIGNATURES
from dedupe.io.convert import own_format
from dedupe.io.files import split_suffix
from dedupe.io.ids import ID, URL, split_keys
from dedupe.io.labels import read_label_links
from dedupe.io.output import open_output
from dedupe.io.read_notes import column_shares, columns_line, reading_notes
from dedupe.models import HOUR, NO_TIME
from dedupe.reports.format import count_noun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dedupe.cli.console import Console
    from dedupe.cli.options import Request
    from dedupe.config import Settings
    from dedupe.io.output import Output
    from dedupe.models import Corpus, ReadStats
    from dedupe.pipeline import Result


def run_notes(
    command: str, request: Request, read_stats: ReadStats, result: Result, own: str | None = None
) -> list[tuple[str, str]]:
    """Return the notes of a run with their levels, none with ``-q``.

    ``own`` is the format of an output that is not records. What was read must still be there.
    """
    if request.console.quiet:
        return []
    warnings = (
        *effect_notes(request.settings, result.corpus),
        *same_notes(request.settings, result),
        *suffix_notes(command, request, result, own),
    )
    return [
        *read_notes(request.settings, read_stats),
        *(("warning", note) for note in warnings),
    ]


def read_notes(settings: Settings, read_stats: ReadStats) -> list[tuple[str, str]]:
    """Return the notes on what was read, with their levels."""
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


def suffix_notes(command: str, request: Request, result: Result, own: str | None) -> Iterator[str]:
    """Yield a note where the suffix of the output names a format that is not written.

    ``own`` is the format of an output that is not records.
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


def say_summary(
    console: Console,
    stats: Mapping[str, Any],
    read_stats: ReadStats,
    notes: Iterable[tuple[str, str]],
    seconds: float,
) -> None:
    """Print the timings, the notes and the outcome of a run, as far as the console wants them."""
    if console.verbose:
        console.say(timing_summary(stats))
    if not console.quiet:
        for level, note in notes:
            console.say(note, level=level)
        console.say(run_summary(stats, read_stats, seconds))


def run_summary(found: Mapping[str, Any], read_stats: ReadStats, seconds: float) -> str:
    """Describe the outcome of a run, with what was left out or not understood."""
    facts = [
        count_noun(found["records"], "record"),
        f"{found['unique']:,} unique",
        f"{count_noun(found['clusters'], 'cluster')} of two or more",
    ]
    exceptions = {
        "skipped": read_stats.skipped,
        "quarantined": read_stats.quarantined,
        "with an unreadable date": read_stats.undated,
    }
    return join_facts([*facts, *(f"{n:,} {what}" for what, n in exceptions.items() if n)], seconds)


def timing_summary(stats: Mapping[str, Any]) -> str:
    """Describe where the time went and how often a budget cut candidates, for ``-v``."""
    times = [f"{stage} {seconds:,.2f} s" for stage, seconds in stats["seconds"].items()]
    effort = [
        "1 pass" if stats["passes"] == 1 else f"{stats['passes']:,} passes",
        count_noun(stats["candidate_pairs"], "candidate pair"),
        count_noun(stats["pairs"], "verified pair"),
        count_noun(stats["cut_look_backs"], "look-back") + " cut",
    ]
    return ", ".join([*times, *effort])


MANIFEST_OPENING = b'{\n  "version"'


def check_record_counts(read_stats: ReadStats, result: Result) -> None:
    """Raise AccountingError if a stage has lost a record or repeated one."""
    for what, found in (
        ("records to compare", len(result.corpus)),
        ("records clustered", len(result.clustering.canonical)),
    ):
        if found != read_stats.records:
            raise AccountingError(what, read_stats.records, found)


def record_counts(read_stats: ReadStats, out: int | None) -> dict[str, int]:
    """Return what became of the records: ``in`` is the sum of all that follow it."""
    left = {} if out is None else {"out": out, "left_out": read_stats.records - out}
    outcome = left or {"read": read_stats.records}
    return {
        "in": read_stats.met - read_stats.blank,
        **outcome,
        "skipped": read_stats.skipped,
        "quarantined": read_stats.quarantined,
    }


def check_stats_file(path: str | None) -> None:
    """Refuse to replace a file that does not hold the statistics of a run.

    ``dedupe unique --stats stories.jsonl`` is meant to count, and would cost the stories.
    """
    if not path or not Path(path).is_file():
        return
    with Path(path).open("rb") as file:
        opening = file.read(len(MANIFEST_OPENING))
    if opening and opening != MANIFEST_OPENING:
        raise click.UsageError(
            f"--stats: {path} exists and holds no statistics of a run, so it is not replaced; "
            "--stats takes the name of the file to write"
        )


@dataclass(frozen=True, slots=True)
class StatsFile:
    """The ``--stats`` file of a command, if one is asked for."""

    command: str
    output: Output | None

    def write(
        self, settings: Settings, read_stats: ReadStats, outcome: Mapping[str, object]
    ) -> None:
        """Write the outcome of a run."""
        if self.output:
            self.output.write(run_manifest(self.command, settings, read_stats, outcome))


@contextmanager
def open_stats(command: str, request: Request, inputs: Sequence[str]) -> Iterator[StatsFile]:
    """Open the ``--stats`` file, which appears whole or not at all and must not be an input."""
    check_stats_file(request.stats)
    if not request.stats:
        yield StatsFile(command, None)
        return
    with open_output(request.stats, inputs) as output:
        yield StatsFile(command, output)


def run_manifest(
    command: str, settings: Settings, read_stats: ReadStats, outcome: Mapping[str, object]
) -> bytes:
    """Return the facts that distinguish two runs as JSON, with a final newline."""
    facts = {
        "version": installed_version(),
        "formats": {"signatures": SIGNATURES, "clusters": CLUSTERS},
        "command": command,
        "settings": settings.manifest(),
        "input": {**asdict(read_stats), "columns": column_shares(settings, read_stats)},
        **outcome,
    }
    return json.dumps(facts, indent=2).encode() + b"\n"
