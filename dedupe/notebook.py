"""Show a clustering in a line, and as a table in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dedupe.models import Clustering

SHOWN_CLUSTERS = 10
SHOWN_LETTERS = 120


def summary_line(clustering: Clustering) -> str:
    """Describe a clustering in figures."""
    starts = clustering.layout.starts
    sizes = starts[1:] - starts[:-1]
    several = int((sizes > 1).sum())
    facts = [
        f"{len(clustering.canonical):,} records",
        f"{len(clustering):,} clusters",
        f"{several:,} of two or more",
    ]
    return ", ".join([*facts, f"the largest of {int(sizes[0]):,}"] if several else facts)


def cluster_table(clustering: Clustering) -> str:
    """Return the largest clusters of two or more as a table of HTML."""
    rows = []
    for group in clustering[:SHOWN_CLUSTERS]:
        if len(group) > 1:
            text = clustering.texts[group.canonical] if clustering.texts else ""
            cells = [f"{len(group):,}", shorten(text), clustering.record_ids[group.canonical]]
            rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    head = "<tr><th>records</th><th>canonical</th><th>id</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table>"
    return f"<p>{summary_line(clustering)}</p>" + (table if rows else "")


def shorten(text: str) -> str:
    """Return a text as far as a table shows it."""
    return text if len(text) <= SHOWN_LETTERS else text[: SHOWN_LETTERS - 1] + "\u2026"
