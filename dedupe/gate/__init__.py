"""The verdict on a run: which duplicates are new, and whether they are too many."""

from dedupe.gate.baseline import Entry, read_baseline, written
from dedupe.gate.findings import accepting, inspect

__all__ = ["Entry", "accepting", "inspect", "read_baseline", "written"]
