"""Clusters as an indented list for a terminal: the version that is kept, then what repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.cli.screen import (
    Look,
    bracketed,
    columns,
    cut_short,
    faint,
    line_columns,
    painted,
    safe,
)
from dedupe.cli.summary import counted
from dedupe.difference import Token, difference
from dedupe.writing.pairing import Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.pipeline import Result
    from dedupe.stories import Cluster

BRANCH, LAST = "\u251c\u2500 ", "\u2514\u2500 "


def tree(result: Result, look: Look) -> Iterator[str]:
    """The clusters of two or more, the largest first, a line a record, and at last the totals.

    What a record has and the kept version lacks is marked, by colour or by brackets.
    """
    places = Places(result.corpus)
    for cluster in result.clustering:
        if len(cluster.members) > 1:
            yield from cluster_lines(result, cluster, places, look)
            yield "\n"
    found = result.clustering.stats
    facts = (counted(found["records"], "record"), f"{found['unique']:,} unique")
    yield f"{', '.join(facts)}, {counted(found['clusters'], 'cluster')} of two or more\n"


def cluster_lines(result: Result, cluster: Cluster, places: Places, look: Look) -> Iterator[str]:
    """One cluster: the kept version, then the others, the likest first."""
    scores = result.clustering.scores
    kept = headline(result, cluster.canonical)
    others = [member for member in cluster.members if member != cluster.canonical]
    others.sort(key=lambda member: (-scores[member], member))
    size = f"  {counted(len(cluster.members), 'record')}"
    head = f"{where(result, cluster.canonical, places)}  "
    yield line(head, [Token(kept)], size, look)
    for place, member in enumerate(others):
        branch = LAST if place == len(others) - 1 else BRANCH
        told = difference(kept, headline(result, member))[1]
        about = f"{branch}{scores[member]:.2f}  {where(result, member, places)}  "
        reason = f"  {safe(result.clustering.reasons[member])}"
        yield line(about, told, reason, look)


def line(head: str, tokens: Iterable[Token], tail: str, look: Look) -> str:
    """A record on a line that the window holds: the headline gives way, then what follows it."""
    marked = list(tokens) if look.color else bracketed(list(tokens))
    room = look.width - columns(head)
    short = cut_short(marked, max(room - columns(tail), room // 2))
    left = room - line_columns(short)
    told = "".join(token.text for token in cut_short([Token(tail)], left))
    return f"{faint(head, look)}{painted(short, look)}{faint(told, look)}".rstrip() + "\n"


def where(result: Result, position: int, places: Places) -> str:
    """The line and source of a record, and its file where there are several."""
    source = safe(result.corpus.sources[position])
    path = safe(places.path(position)) if places.several else ""
    spot = f"{path}:{int(places.lines[position])}"
    return f"{spot} {source}" if source else spot


def headline(result: Result, position: int) -> str:
    """The first text that a record has."""
    return safe(next((texts[position] for texts in result.corpus.texts if texts[position]), ""))
