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

from dedupe.candidates import Candidates, Family, propose
from dedupe.hashing import distinct, merged, outside
from dedupe.pipeline.bonds import best_of_groups, bonds_of, codes_of, kin
from dedupe.pipeline.case import Case, evidence_among
from dedupe.pipeline.expand import Nodes, expand
from dedupe.pipeline.heads import NO_RECORDS, alive_heads, run_heads, split_off, stray_copies
from dedupe.pipeline.judged import Judged, Settled, by_hand, nothing_judged, passes_anew
from dedupe.pipeline.leaders import lead_heads, ranks_of
from dedupe.stories import HOUR
from dedupe.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FAR_SHORT = 0.4
SHORT = 0.5
"""Shares of the threshold: of what is hopeless, and of what nearly passes."""
SLICE = 1 << 19
LOW = 0xFFFFFFFF


def settle(case: Case, progress: Callable[[float], None]) -> Settled:
    """Find every record's leader; ``progress`` is told the share of a round's pairs judged."""
    heads = run_heads(case)
    leaders = heads
    judged = nothing_judged(len(case.corpus.texts))
    effort = dict.fromkeys(("rounds", "candidate_pairs", "hot_buckets", "largest_bucket"), 0)
    hopeless = NO_RECORDS
    floor = case.settings.threshold * FAR_SHORT
    whole = True
    while True:
        alive = alive_heads(case, leaders)
        if whole:
            found = candidates_among(case, alive)
            note(effort, found)
            codes = outside(hopeless, meetings(case, found, alive))
        else:
            codes = near_misses(judged, case.settings.threshold * SHORT, alive)
        codes = permitted(case, heads, codes)
        first = effort["rounds"] == 0
        fresh, far = judge(case, codes, alive, floor, progress, screened=first)
        links_wait = first and case.links.must.size > 0
        passed = links_wait or passes_anew(judged, fresh, case.settings.threshold)
        judged |= fresh
        hopeless = merged(hopeless, far)
        effort["rounds"] += 1
        strays = stray_copies(case, heads, leaders) if whole and not passed else NO_RECORDS
        if whole and not passed and not len(strays):
            return close(case, heads, leaders, judged, hopeless, effort)
        heads = split_off(case, heads, strays) if len(strays) else heads
        leaders = lead_heads(case, heads, judged, hopeless)
        whole = not passed


def note(effort: dict[str, int], found: Candidates) -> None:
    """Keep the largest figures of all rounds."""
    for name, value in (
        ("candidate_pairs", len(found.left)),
        ("hot_buckets", found.hot_buckets),
        ("largest_bucket", found.largest_bucket),
    ):
        effort[name] = max(effort[name], value)


def candidates_among(case: Case, alive: NDArray[np.int64]) -> Candidates:
    """Candidate pairs of the kinds that are alive, over the keys of every field."""
    description = case.description
    by_time = alive[np.lexsort((case.times[alive], case.kinds[alive]))]
    kinds, firsts = np.unique(case.kinds[by_time], return_index=True)
    kinds = kinds[np.lexsort((kinds, case.times[by_time[firsts]]))]
    families = [
        Family(keys, rows)
        for view, row_of in zip(description.views, description.view_rows, strict=True)
        for rows in (row_of[kinds],)
        for keys in (*view.bands.T[:, :, None], view.anchors)
    ]
    return propose(families, kinds, case.settings.jobs)


def meetings(case: Case, found: Candidates, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """The candidate pairs of living heads within the window, as codes."""
    alive = alive[np.argsort(case.corpus.digests[alive], kind="stable")]
    nodes = Nodes.of(alive, case.kinds[alive], case.times[alive])
    codes = expand(nodes, found.left, found.right)
    if case.links.cannot.size:
        codes = distinct(np.concatenate([codes, kin(case, alive)]))
    if case.settings.window is None:
        return codes
    hours = case.hours(codes >> 32, codes & LOW)
    return codes[~(hours * HOUR > case.settings.window)]


def permitted(case: Case, heads: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The pairs of heads that neither links nor versions keep apart."""
    return codes[~bonds_of(case, heads).part(codes >> 32, codes & LOW)]


def near_misses(judged: Judged, floor: float, alive: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of the living that scored at least ``floor`` when they were judged before."""
    codes = judged.codes[judged.scores >= floor]
    highest = max(int(alive.max(initial=0)), int((codes & LOW).max(initial=0)))
    lives = np.zeros(highest + 1, dtype=bool)
    lives[alive] = True
    return np.asarray(codes[lives[codes >> 32] & lives[codes & LOW]])


def judge(
    case: Case,
    codes: NDArray[np.int64],
    alive: NDArray[np.int64],
    floor: float,
    progress: Callable[[float], None],
    *,
    screened: bool,
) -> tuple[Judged, NDArray[np.int64]]:
    """The verdicts on coded pairs of records under counts over the living, and what is hopeless.

    The hopeless are the codes of those that cannot come to ``floor``. ``screened`` tells them by
    their words first, which pays where they are most. A slice at a time keeps memory flat.
    """
    evidence = replace(evidence_among(case, alive), floor=floor if screened else 0)
    judged, hopeless = [nothing_judged(len(evidence.columns))], [NO_RECORDS]
    for first in range(0, len(codes), SLICE):
        part = codes[first : first + SLICE]
        left, right = part >> 32, part & LOW
        verdicts = verify(
            evidence,
            case.kinds[left],
            case.kinds[right],
            case.hours(left, right),
            case.same_source(left, right),
            within(progress, first / len(codes), len(part) / len(codes)),
        )
        held = verdicts.hopes >= floor
        judged.append(Judged(part, verdicts.scores, verdicts.parts).where(held))
        hopeless.append(part[~held])
    return Judged.joined(judged), np.concatenate(hopeless)


def within(
    progress: Callable[[float], None], before: float, share: float
) -> Callable[[float], None]:
    """Progress of a part, told as that of the whole."""
    return lambda done: progress(before + done * share)


def close(
    case: Case,
    heads: NDArray[np.int64],
    leaders: NDArray[np.int64],
    judged: Judged,
    hopeless: NDArray[np.int64],
    effort: dict[str, int],
) -> Settled:
    """The result, with a verdict on each head and leader that were not accepted as a pair."""
    bonds = bonds_of(case, heads)
    accepted = judged.where(judged.scores >= case.settings.threshold)
    best = best_of_groups(bonds, heads, ranks_of(case, heads, accepted))
    linked = best != np.arange(len(best))
    members = (heads == np.arange(len(heads))) & (leaders != heads)
    averaged = np.flatnonzero(members & ~linked)
    codes = outside(accepted.codes, distinct(codes_of(averaged, leaders[averaged])))
    alive = alive_heads(case, leaders)
    distant, _ = judge(case, codes, alive, 0.0, lambda _: None, screened=False)
    by_links = np.flatnonzero(members & linked)
    stars = [
        by_hand(codes_of(by_links, ends[by_links]), accepted, distant) for ends in (leaders, best)
    ]
    stars[0] |= distant
    return Settled(heads, leaders, judged, hopeless, accepted, stars[0], stars[1], effort)
