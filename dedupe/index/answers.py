"""What an index says of a story."""

from __future__ import annotations

from typing import Any, NamedTuple

DIGITS = 4


class Answer(NamedTuple):
    """One story's place in the index, as of the end of the call.

    ``cluster`` stays the same as the cluster grows. ``score`` is the likeness to the story's
    canonical version when it came; ``version`` what the headline's tag states, 0 for nothing.
    ``new`` tells whether the index did not hold the story; ``merged`` names the clusters that this
    story brought into its own, and ``canonical_changed`` the id of the canonical version that it
    took the place of.
    """

    cluster: str
    size: int
    canonical: bool
    canonical_id: str
    score: float
    reason: str
    version: int
    new: bool
    merged: tuple[str, ...] = ()
    canonical_changed: str | None = None
    opens: bool = False
    """Whether the story is the first of its cluster, so that ``unique`` lets it through."""

    def row(self) -> dict[str, Any]:
        """As the object that goes into a record."""
        row: dict[str, Any] = {
            "cluster": self.cluster,
            "size": self.size,
            "canonical": self.canonical,
            "canonical_id": self.canonical_id,
            "score": round(self.score, DIGITS),
            "reason": self.reason,
        }
        if self.version:
            row["version"] = self.version
        row["new"] = self.new
        if self.merged:
            row["merged"] = list(self.merged)
        if self.canonical_changed is not None:
            row["canonical_changed"] = self.canonical_changed
        return row
