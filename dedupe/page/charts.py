"""The four charts of the page, each with its figures in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.page.figures import BINS, by_day, score_counts, size_counts, unit_of
from dedupe.page.plots import Axis, Bar, columns, curve
from dedupe.page.tables import Html, table, unfolded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.page.overview import Groups, Overview

TENTHS = [(step / 10, f"{step / 10:.1f}") for step in range(0, 11, 2)]
MOST_TICKS = 5
AS_TABLE = "As a table"


def figure(head: str, says: str, drawing: str, rows: Html) -> Html:
    """A chart under its heading, with words on what it covers and its figures to open."""
    return Html(
        f"<figure><h3>{head}</h3>\n{drawing}\n"
        f"<figcaption>{says}</figcaption>\n{unfolded(AS_TABLE, rows)}</figure>"
    )


def scores(overview: Overview) -> Html:
    """Duplicates by their score, and where the threshold lies."""
    counts, equal = score_counts(overview.clustering)
    threshold = overview.facts["settings"]["threshold"]
    names = [f"{i / BINS:.2f} to {(i + 1) / BINS:.2f}" for i in range(BINS)]
    bars = [Bar(i / BINS, (i + 1) / BINS, n, f"{names[i]}: {n:,}") for i, n in enumerate(counts)]
    mark = [(threshold, f"threshold {threshold:g}")]
    says = (
        "How like the version that is kept each duplicate is. "
        f"Not drawn: {equal:,} of score 1, which are equal after folding or linked by hand. "
        "Below the threshold stand those whose cluster joined on average."
    )
    rows = [(name, n) for name, n in zip(names, counts, strict=True) if n]
    drawing = columns("Duplicates by score", bars, Axis("score", TENTHS, mark))
    data = table("Duplicates by score", ("Score", "Duplicates"), [*rows, ("1", equal)])
    return figure("Scores", says, drawing, data)


def sizes(groups: Groups) -> Html:
    """Clusters by size."""
    rows = size_counts(groups.sizes)
    step = 1 / max(len(rows), 1)
    bars = [
        Bar((i + 0.1) * step, (i + 0.9) * step, clusters, f"{name} records: {clusters:,} clusters")
        for i, (name, clusters, _) in enumerate(rows)
    ]
    ticks = [((i + 0.5) * step, name) for i, (name, _, _) in enumerate(rows)]
    drawing = columns("Clusters by size", bars, Axis("records in the cluster", ticks))
    says = "How many records tell one story. Stories told once are left out."
    heads = ("Records in the cluster", "Clusters", "Records")
    return figure("Cluster sizes", says, drawing, table("Clusters by size", heads, rows))


def days(overview: Overview) -> Html:
    """Duplicates by day."""
    rows = by_day(overview.corpus, overview.clustering)
    unit = unit_of(rows)
    step = 1 / max(len(rows), 1)
    bars = [
        Bar(i * step, (i + 1) * step, row.duplicates, f"{row.name}: {row.duplicates:,}")
        for i, row in enumerate(rows)
    ]
    drawing = columns(
        f"Duplicates by {unit}", bars, Axis(f"{unit} (UTC)", spread([row.name for row in rows]))
    )
    undated = len(overview.corpus) - sum(row.records for row in rows)
    says = f"When the duplicates were published. Without a readable time: {undated:,} records."
    told = [(row.name, row.records, row.duplicates) for row in rows if row.records]
    heads = (unit.capitalize(), "Records", "Duplicates")
    return figure(f"By {unit}", says, drawing, table(f"Duplicates by {unit}", heads, told))


def spread(names: Sequence[str]) -> list[tuple[float, str]]:
    """A few of the names, evenly spaced, at the middle of their columns."""
    step = max(1, -(-len(names) // MOST_TICKS))
    return [((i + 0.5) / len(names), names[i]) for i in range(step // 2, len(names), step)]


def recall(overview: Overview) -> Html:
    """The chance that two texts are compared at all, by how alike they are."""
    shares = overview.recall
    last = len(shares) - 1
    sketch = overview.facts["sketch"]
    near = next((i / last for i, share in enumerate(shares) if share >= sketch["aim"]), 1.0)
    axis = Axis(
        "Jaccard similarity of their shingles", TENTHS, [(near, f"{sketch['aim']:.0%} at {near:g}")]
    )
    says = (
        f"The chance that two texts share one of {sketch['bands']} MinHash bands of "
        f"{sketch['rows']} values and so are compared. It covers the bands alone: texts that "
        f"share two of their {sketch['anchors']} rarest word stems are compared as well, and equal "
        "texts need neither, so that fewer are missed than it says."
    )
    rows = [(f"{i / last:.2f}", share) for i, share in enumerate(shares) if i % 5 == 0]
    drawing = curve("Chance of being compared, by similarity", shares, axis)
    heads = ("Similarity", "Chance")
    return figure("Candidate recall", says, drawing, table("Candidate recall", heads, rows))
