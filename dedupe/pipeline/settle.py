"""Runs to leaders, round by round, until the survivors hold no duplicate among themselves.

Word counts shift a little when duplicates go, and with them a verdict or two. So the survivors
are judged again under counts of their own, and what is found joins the accepted pairs, until a
whole round finds nothing: then a second run on the output of the first finds nothing either.
Rounds between look only at pairs that nearly passed. A whole round leaves out the hopeless, which
fell far short even if nothing recurred: what is left is a shift of word counts, and that carries no
pair from two fifths of the threshold over it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import distinct, outside
from dedupe.pipeline.bonds import best_of_groups, bonds_of, codes_of
from dedupe.pipeline.heads import NO_RECORDS, alive_heads, run_heads, split_off, stray_copies
from dedupe.pipeline.judged import Judged, Settled, by_hand, nothing_judged, passes_anew
from dedupe.pipeline.judging import judge_lot
from dedupe.pipeline.leaders import lead_heads, ranks_of
from dedupe.pipeline.proposing import Agenda

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from dedupe.candidates import Candidates
    from dedupe.pipeline.hopeless import Hopeless
    from dedupe.pipeline.outline import Outline
    from dedupe.pipeline.proposing import Lot
    from dedupe.pipeline.register import Counts

FAR_SHORT = 0.4
"""The share of the threshold below which a pair is hopeless."""
WORTHWHILE = 64
"""So many pairs must have passed anew for a round of near misses to spare a whole one."""
LOW = 0xFFFFFFFF


def settle(outline: Outline, progress: Callable[[float], None]) -> Settled:
    """Find every record's leader; ``progress`` is told the share of a round's pairs judged."""
    leaders = heads = outline.keep(run_heads(outline))
    judged = nothing_judged(len(outline.settings.field))
    effort = dict.fromkeys(("rounds", "candidate_pairs", "hot_buckets", "largest_bucket"), 0)
    hopeless = outline.hopeless()
    floor = outline.settings.threshold * FAR_SHORT
    whole = True
    agenda = Agenda(outline)
    while True:
        alive = outline.keep(alive_heads(outline, leaders))
        counts = agenda.begin(alive)
        if whole:
            lot = agenda.all_pairs(judged, hopeless, alive)
            note(effort, lot.found)
        else:
            lot = agenda.near_misses(judged, alive)
        first = effort["rounds"] == 0
        lot = permitted(outline, heads, lot)
        judge = outline.judge(counts, floor, screened=first)
        fresh = judge_lot(outline, lot, judge, hopeless, progress)
        links_wait = first and outline.links.must.size > 0
        passed = passes_anew(judged, fresh, outline.settings.threshold)
        done = whole and not passed and not links_wait
        judged = outline.keep(judged | fresh)
        effort["rounds"] += 1
        strays = stray_copies(outline, heads, leaders) if done else NO_RECORDS
        if done and not len(strays):
            return close(outline, counts, heads, leaders, judged, hopeless, effort)
        if len(strays):
            heads, agenda = outline.keep(split_off(outline, heads, strays)), Agenda(outline)
        leaders = outline.keep(lead_heads(outline, heads, judged, hopeless))
        whole = passed < WORTHWHILE


def note(effort: dict[str, int], found: Candidates | None) -> None:
    """Keep the largest figures of all rounds that asked for all candidates."""
    if found is None:
        return
    for name, value in (
        ("candidate_pairs", found.count),
        ("hot_buckets", found.hot_buckets),
        ("largest_bucket", found.largest_bucket),
    ):
        effort[name] = max(effort[name], value)


def permitted(outline: Outline, heads: NDArray[np.int64], lot: Lot) -> Lot:
    """The pairs of heads that neither links nor versions keep apart."""
    bonds = bonds_of(outline, heads)
    if not bonds:
        return lot
    return replace(lot, parts=(bonds.permitted(codes) for codes in lot.parts))


def close(
    outline: Outline,
    counts: Counts,
    heads: NDArray[np.int64],
    leaders: NDArray[np.int64],
    judged: Judged,
    hopeless: Hopeless,
    effort: dict[str, int],
) -> Settled:
    """The result, with a verdict on each head and leader that were not accepted as a pair."""
    bonds = bonds_of(outline, heads)
    accepted = judged.where(judged.scores >= outline.settings.threshold)
    best = best_of_groups(bonds, heads, ranks_of(outline, heads, accepted))
    linked = best != np.arange(len(best))
    members = (heads == np.arange(len(heads))) & (leaders != heads)
    averaged = np.flatnonzero(members & ~linked)
    codes = outside(accepted.codes, distinct(codes_of(averaged, leaders[averaged])))
    distant, _ = outline.judge(counts, 0.0, screened=False)(codes, lambda _: None)
    by_links = np.flatnonzero(members & linked)
    stars = [
        by_hand(codes_of(by_links, ends[by_links]), accepted, distant) for ends in (leaders, best)
    ]
    stars[0] |= distant
    return Settled(heads, leaders, judged, hopeless, accepted, stars[0], stars[1], effort)
