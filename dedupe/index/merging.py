"""One index into another, as if its stories were added in the order in which they came to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.errors import StoreError
from dedupe.index.adding import add
from dedupe.index.schema import check_settings
from dedupe.index.whole import all_rows

if TYPE_CHECKING:
    from dedupe.index.store import Store

AT_ONCE = 1 << 14


def merge(into: Store, other: Store) -> int:
    """Add all stories of another index; returns how many were new.

    All or nothing: it is one transaction. Raises StoreError for other settings and for one file
    given twice.
    """
    check_settings(into.path, into.kept, other.kept)
    with other.reading():
        seqs = all_rows(other.database)
        added = 0
        with into.writing():
            if same_file(into, other):
                raise StoreError(into.path, "cannot be merged into itself")
            for start in range(0, len(seqs), AT_ONCE):
                answers = add(into, other.stories(seqs[start : start + AT_ONCE]))
                added += sum(answer.new for answer in answers)
    return added


def same_file(one: Store, other: Store) -> bool:
    """Whether two stores are of one file."""
    from pathlib import Path  # noqa: PLC0415 - nothing else here knows files

    return Path(one.path).samefile(other.path)
