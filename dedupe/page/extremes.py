"""Tables of what to look at first: outlets, the largest clusters, the weakest links."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from dedupe.difference import difference
from dedupe.page.figures import by_source
from dedupe.page.payload import DIGITS, cut
from dedupe.page.tables import Html, bidi, marked, share_bar, table, unfolded

if TYPE_CHECKING:
    from dedupe.page.overview import Groups, Overview

FIRST = 10
MOST = 500
"""Outlets that are told one by one."""


def sources(overview: Overview) -> Html:
    """Duplicates by outlet, the rest of a long list folded away."""
    rows = [
        (row.name, row.records, row.duplicates, share_bar(row.duplicates, row.records))
        for row in by_source(overview.corpus, overview.clustering)
    ]
    heads = ("Source", "Records", "Duplicates", "Share of its records")
    first = table("Duplicates by source", heads, rows[:FIRST])
    rest = rows[FIRST:MOST]
    if not rest:
        return first
    beyond = f" (of {len(rows) - FIRST:,})" if len(rows) > MOST else ""
    more = table("Further sources", heads, rest)
    return Html(f"{first}\n{unfolded(f'{len(rest):,} more sources{beyond}', more)}")


def headline(overview: Overview, place: int) -> str:
    """The first text that a record has, as it is shown."""
    return next((cut(column[place]) for column in overview.corpus.texts if column[place]), "")


def link(overview: Overview, place: int, words: Html) -> Html:
    """Words that lead to a record's cluster in the list."""
    key = overview.clustering.keys[int(overview.clustering.canonical[place])]
    return Html(f'<a href="#c-{escape(key)}">{words or "(no text)"}</a>')


def largest(overview: Overview, groups: Groups) -> Html:
    """The clusters of most records."""
    rows = [
        (size, round(weakest, DIGITS), link(overview, place, bidi(headline(overview, place))))
        for size, weakest, place in zip(
            groups.sizes[:FIRST].tolist(),
            groups.weakest[:FIRST].tolist(),
            groups.records[groups.starts[:FIRST]].tolist(),
            strict=True,
        )
    ]
    return table("Largest clusters", ("Records", "Weakest score", "Kept version"), rows)


def weakest(overview: Overview, groups: Groups) -> Html:
    """The clusters with the duplicates that are least like what is kept for them."""
    chosen = np.argsort(groups.weakest, kind="stable")[:FIRST]
    rows = []
    for group in chosen.tolist():
        first = int(groups.starts[group])
        kept = int(groups.records[first])
        worst = int(groups.records[first + int(groups.sizes[group]) - 1])  # they stand by score
        one, other = difference(headline(overview, kept), headline(overview, worst))
        score = round(float(groups.weakest[group]), DIGITS)
        rows.append((score, link(overview, kept, marked(one)), marked(other)))
    return table("Weakest links", ("Score", "Kept version", "Duplicate"), rows)
