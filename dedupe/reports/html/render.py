"""Render the report page: one HTML file with its style, script and data inside."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from dedupe.escape import escape_controls
from dedupe.models import DIGITS
from dedupe.reports.format import count_noun, cut_and_escape
from dedupe.reports.html.data import (
    BINS,
    LONGEST_SHOWN,
    cluster_payload,
    count_by_day,
    count_by_source,
    group_clusters,
    score_counts,
    size_counts,
    time_unit,
)
from dedupe.reports.html.elements import (
    Html,
    definition_list,
    details,
    html_table,
    isolate_direction,
    mark_differences,
    share_bar,
)
from dedupe.reports.svg import Axis, Bar, column_chart, curve_chart
from dedupe.text.word_diff import word_diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dedupe.reports.html.data import ClusterGroups, ReportData

ASSETS = files("dedupe.reports.html") / "assets"
SLOT = re.compile(r"\{\{(\w+)\}\}")
TOTALS = {
    "records": "Records",
    "unique": "Unique",
    "duplicates": "Duplicates",
    "clusters": "Clusters of two or more",
    "largest_cluster": "Largest cluster",
    "weakest_link": "Weakest link",
}
"""The figures of ``--stats`` that stand at the top."""
NONE = "none"


def render_page(report: ReportData) -> bytes:
    """Write the whole page; equal data give equal bytes."""
    groups = group_clusters(report.clustering)
    parts = page_sections(report, groups)
    filled = SLOT.sub(lambda slot: parts[slot[1]], read_asset("page.html"))
    return filled.encode()


def read_asset(name: str) -> str:
    """Return one of the files that the page is put together from."""
    return (ASSETS / name).read_text(encoding="utf-8")


def page_sections(report: ReportData, groups: ClusterGroups) -> dict[str, str]:
    """Return what goes into each slot of the page."""
    facts = report.facts
    totals = {key: (name, facts[key]) for key, name in TOTALS.items()}
    return {
        "title": escape(escape_controls(report.title)),
        "style": read_asset("page.css"),
        "script": read_asset("page.js"),
        "version": escape(facts["version"]),
        "fields": escape(", ".join(field.split("|")[0] for field in facts["settings"]["field"])),
        "totals": definition_list(totals),
        "scores": score_chart(report),
        "sizes": size_chart(groups),
        "days": day_chart(report),
        "recall": recall_chart(report),
        "sources": source_table(report),
        "largest": largest_clusters(report, groups),
        "weakest": weakest_clusters(report, groups),
        "settings": settings_table(facts["settings"]),
        "run": run_table(facts),
        "data": cluster_payload(report, groups),
    }


def settings_table(settings: Mapping[str, Any]) -> Html:
    """Return a table of the settings of the run."""
    rows = [
        ("--" + name.replace("_", "-"), setting_text(value)) for name, value in settings.items()
    ]
    return html_table("Settings of the run", ("Setting", "Value"), rows)


def setting_text(value: object) -> str:
    """Return a setting's value in words."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NONE
    return NONE if value is None else str(value)


def run_table(facts: Mapping[str, Any]) -> Html:
    """Return a table of all figures of the run."""
    rows = [(name, stat_text(value, name)) for name, value in flatten(facts)]
    return html_table("What was read and done", ("Figure", "Value"), rows)


def stat_text(value: object, name: str) -> Html:
    """Return a figure that can be found by its name."""
    if isinstance(value, int | float):
        return Html(f'<data id="run-{name}" value="{value}">{value:,}</data>')
    return Html(
        f'<data id="run-{name}" value="{escape(str(value))}">{isolate_direction(str(value))}</data>'
    )


def flatten(facts: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the figures of a run and of its input, without those that have their own table."""
    for name, value in facts.items():
        if name == "input":
            yield from ((f"input_{inner}", figure) for inner, figure in value.items())
        elif not isinstance(value, dict):
            yield name, value


TENTHS = [(step / 10, f"{step / 10:.1f}") for step in range(0, 11, 2)]
MOST_TICKS = 4
"""Names of days that fit side by side under a chart."""
AS_TABLE = "As a table"


def chart_figure(head: str, says: str, drawing: str, rows: Html) -> Html:
    """Return a chart under its heading, with words on what it covers and its figures to open."""
    return Html(
        f"<figure><h3>{head}</h3>\n{drawing}\n"
        f"<figcaption>{says}</figcaption>\n{details(AS_TABLE, rows)}</figure>"
    )


def score_chart(report: ReportData) -> Html:
    """Return the chart of duplicates by score, with the threshold."""
    counts, equal = score_counts(report.clustering)
    threshold = report.facts["settings"]["threshold"]
    names = [f"{i / BINS:.2f} to {(i + 1) / BINS:.2f}" for i in range(BINS)]
    bars = [Bar(i / BINS, (i + 1) / BINS, n, f"{names[i]}: {n:,}") for i, n in enumerate(counts)]
    mark = [(threshold, f"threshold {threshold:g}")]
    says = (
        "How similar each duplicate is to the version that is kept. "
        f"Not drawn: {equal:,} with score 1, which are equal once normalised or joined by a label. "
        "Duplicates below the threshold are in clusters that were merged on average."
    )
    rows = [(name, n) for name, n in zip(names, counts, strict=True) if n]
    drawing = column_chart("Duplicates by score", bars, Axis("score", TENTHS, mark))
    data = html_table("Duplicates by score", ("Score", "Duplicates"), [*rows, ("1", equal)])
    return chart_figure("Scores", says, drawing, data)


def size_chart(groups: ClusterGroups) -> Html:
    """Return the chart of clusters by size."""
    rows = size_counts(groups.sizes)
    step = 1 / max(len(rows), 1)
    bars = [
        Bar(
            (i + 0.1) * step,
            (i + 0.9) * step,
            clusters,
            f"{name} records: {count_noun(clusters, 'cluster')}",
        )
        for i, (name, clusters, _) in enumerate(rows)
    ]
    ticks = [((i + 0.5) * step, name) for i, (name, _, _) in enumerate(rows)]
    drawing = column_chart("Clusters by size", bars, Axis("records in the cluster", ticks))
    says = "How many records each cluster has. Records without a duplicate are left out."
    headings = ("Records in the cluster", "Clusters", "Records")
    return chart_figure(
        "Cluster sizes", says, drawing, html_table("Clusters by size", headings, rows)
    )


def day_chart(report: ReportData) -> Html:
    """Return the chart of duplicates by day."""
    rows = count_by_day(report.corpus, report.clustering)
    unit = time_unit(rows)
    step = 1 / max(len(rows), 1)
    bars = [
        Bar(i * step, (i + 1) * step, row.duplicates, f"{row.name}: {row.duplicates:,}")
        for i, row in enumerate(rows)
    ]
    drawing = column_chart(
        f"Duplicates by {unit}",
        bars,
        Axis(f"{unit} (UTC)", label_positions([row.name for row in rows])),
    )
    undated = len(report.corpus) - sum(row.records for row in rows)
    says = f"When the duplicates were published. Without a readable time: {undated:,} records."
    dated = [(row.name, row.records, row.duplicates) for row in rows if row.records]
    headings = (unit.capitalize(), "Records", "Duplicates")
    return chart_figure(
        f"By {unit}", says, drawing, html_table(f"Duplicates by {unit}", headings, dated)
    )


def label_positions(names: Sequence[str]) -> list[tuple[float, str]]:
    """Return a few of the names, evenly spaced, at the middle of their columns."""
    step = max(1, -(-len(names) // MOST_TICKS))
    return [((i + 0.5) / len(names), names[i]) for i in range(step // 2, len(names), step)]


def recall_chart(report: ReportData) -> Html:
    """Return the chance that two texts are compared at all, by how alike they are."""
    shares = report.recall
    last = len(shares) - 1
    blocking = report.facts["blocking"]
    aim = blocking["aim"]
    near = next((i / last for i, share in enumerate(shares) if share >= aim), 1.0)
    axis = Axis("Jaccard similarity of their shingles", TENTHS, [(near, f"{aim:.0%} at {near:g}")])
    says = (
        f"The chance that two texts share one of {blocking['bands']} MinHash bands of "
        f"{blocking['rows']} values. Texts that share two of their {blocking['rare_stems']} "
        "rarest word stems are compared as well, so that fewer pairs are missed than shown."
    )
    rows = [(f"{i / last:.2f}", share) for i, share in enumerate(shares) if i % 5 == 0]
    drawing = curve_chart("Chance of being compared, by similarity", shares, axis)
    headings = ("Similarity", "Chance")
    return chart_figure(
        "Candidate recall", says, drawing, html_table("Candidate recall", headings, rows)
    )


FIRST = 10
MOST = 500
"""Outlets that are listed one by one."""


def source_table(report: ReportData) -> Html:
    """Return the table of duplicates by outlet; the rest of a long list opens on a click."""
    rows = [
        (row.name, row.records, row.duplicates, share_bar(row.duplicates, row.records))
        for row in count_by_source(report.corpus, report.clustering)
    ]
    headings = ("Source", "Records", "Duplicates", "Share of its records")
    first = html_table("Duplicates by source", headings, rows[:FIRST])
    rest = rows[FIRST:MOST]
    if not rest:
        return first
    beyond = f" (of {len(rows) - FIRST:,})" if len(rows) > MOST else ""
    more = html_table("Further sources", headings, rest)
    return Html(f"{first}\n{details(f'{len(rest):,} more sources{beyond}', more)}")


def headline_text(report: ReportData, position: int) -> str:
    """Return the first text that a record has, as it is shown."""
    return next(
        (
            cut_and_escape(column[position], LONGEST_SHOWN)
            for column in report.corpus.texts
            if column[position]
        ),
        "",
    )


def record_link(report: ReportData, position: int, words: Html) -> Html:
    """Return words that link to a record's cluster in the list."""
    key = report.clustering.keys[int(report.clustering.canonical[position])]
    return Html(f'<a href="#c-{escape(key)}">{words or "(no text)"}</a>')


def largest_clusters(report: ReportData, groups: ClusterGroups) -> Html:
    """Return the clusters of most records."""
    rows = [
        (
            size,
            round(weakest, DIGITS),
            record_link(report, position, isolate_direction(headline_text(report, position))),
        )
        for size, weakest, position in zip(
            groups.sizes[:FIRST].tolist(),
            groups.weakest[:FIRST].tolist(),
            groups.records[groups.starts[:FIRST]].tolist(),
            strict=True,
        )
    ]
    return html_table("Largest clusters", ("Records", "Weakest score", "Kept version"), rows)


def weakest_clusters(report: ReportData, groups: ClusterGroups) -> Html:
    """Return the clusters whose duplicates are least like the version that is kept."""
    chosen = np.argsort(groups.weakest, kind="stable")[:FIRST]
    rows = []
    for group in chosen.tolist():
        first = int(groups.starts[group])
        kept = int(groups.records[first])
        worst = int(groups.records[first + int(groups.sizes[group]) - 1])  # they stand by score
        left, right = word_diff(headline_text(report, kept), headline_text(report, worst))
        score = round(float(groups.weakest[group]), DIGITS)
        rows.append(
            (score, record_link(report, kept, mark_differences(left)), mark_differences(right))
        )
    return html_table("Weakest links", ("Score", "Kept version", "Duplicate"), rows)
