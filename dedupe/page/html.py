"""The report as one HTML page that needs nothing else: style, script and data are in it."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from dedupe.page import charts, extremes
from dedupe.page.overview import groups_of
from dedupe.page.payload import payload
from dedupe.page.tables import Html, bidi, facts_list, table
from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dedupe.page.overview import Groups, Overview

ASSETS = files("dedupe.page") / "assets"
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


def page(overview: Overview) -> bytes:
    """Write the whole page; equal overview give equal bytes."""
    groups = groups_of(overview.clustering)
    parts = sections(overview, groups)
    filled = SLOT.sub(lambda slot: parts[slot[1]], asset("page.html"))
    return filled.encode()


def asset(name: str) -> str:
    """One of the files that the page is put together from."""
    return (ASSETS / name).read_text(encoding="utf-8")


def sections(overview: Overview, groups: Groups) -> dict[str, str]:
    """What goes into each slot of the page."""
    facts = overview.facts
    totals = {key: (name, facts[key]) for key, name in TOTALS.items()}
    return {
        "title": escape(visible(overview.title)),
        "style": asset("page.css"),
        "script": asset("page.js"),
        "version": escape(facts["version"]),
        "fields": escape(", ".join(field.split("|")[0] for field in facts["settings"]["field"])),
        "totals": facts_list(totals),
        "scores": charts.scores(overview),
        "sizes": charts.sizes(groups),
        "days": charts.days(overview),
        "recall": charts.recall(overview),
        "sources": extremes.sources(overview),
        "largest": extremes.largest(overview, groups),
        "weakest": extremes.weakest(overview, groups),
        "settings": settings_table(facts["settings"]),
        "run": run_table(facts),
        "data": payload(overview, groups),
    }


def settings_table(settings: Mapping[str, Any]) -> Html:
    """All settings of the run."""
    rows = [("--" + name.replace("_", "-"), worded(value)) for name, value in settings.items()]
    return table("Settings of the run", ("Setting", "Value"), rows)


def worded(value: object) -> str:
    """A setting's value in words."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NONE
    return NONE if value is None else str(value)


def run_table(facts: Mapping[str, Any]) -> Html:
    """What was read and what was done, down to the last figure."""
    rows = [(name, number_of(value, name)) for name, value in flat(facts)]
    return table("What was read and done", ("Figure", "Value"), rows)


def number_of(value: object, name: str) -> Html:
    """A figure that can be found by its name."""
    if isinstance(value, int | float):
        return Html(f'<data id="run-{name}" value="{value}">{value:,}</data>')
    return Html(f'<data id="run-{name}" value="{escape(str(value))}">{bidi(str(value))}</data>')


def flat(facts: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """The figures of a run and of its input, without what has a table of its own."""
    for name, value in facts.items():
        if name == "input":
            yield from ((f"input_{inner}", held) for inner, held in value.items())
        elif not isinstance(value, dict):
            yield name, value
