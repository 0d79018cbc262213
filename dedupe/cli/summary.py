"""What a run came to, in a line or two for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dedupe.reports.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dedupe.stories import Tally


__all__ = ["counted", "spent", "summed_up", "told"]


def told(facts: Iterable[str], seconds: float) -> str:
    """Join what there is to tell, with the time that it took."""
    return ", ".join([*facts, f"{seconds:,.1f} s"])


def summed_up(found: Mapping[str, Any], tally: Tally, seconds: float) -> str:
    """Word the outcome of a run, with what was left out or not understood."""
    facts = [
        counted(found["records"], "record"),
        f"{found['unique']:,} unique",
        f"{counted(found['clusters'], 'cluster')} of two or more",
    ]
    mishaps = {
        "skipped": tally.skipped,
        "quarantined": tally.quarantined,
        "with an unreadable date": tally.undated,
    }
    return told([*facts, *(f"{n:,} {what}" for what, n in mishaps.items() if n)], seconds)


def spent(stats: Mapping[str, Any]) -> str:
    """Word where the time went and which caps were hit, for ``-v``."""
    times = [f"{stage} {seconds:,.2f} s" for stage, seconds in stats["seconds"].items()]
    effort = [
        counted(stats["candidate_pairs"], "candidate pair"),
        counted(stats["pairs"], "verified pair"),
        counted(stats["hot_buckets"], "hot bucket"),
    ]
    return ", ".join([*times, *effort])
