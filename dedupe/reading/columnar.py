"""What is said to be Parquet, before anything looks into it: whether it is, and can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.errors import InputError
from dedupe.tables import ENCRYPTED, MAGIC, MISSING, UNREADABLE, is_installed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dedupe.reading.source import Source
    from dedupe.stories import Batch
    from dedupe.tables import Tables

NOT_PARQUET = "not Parquet data, though it is said to be"
TRUNCATED = "truncated Parquet data"


def stored(source: Source, path: str, pieces: Iterable[bytes], tables: Tables) -> Iterator[Batch]:
    """Batches of Parquet; raises InputError for what is none, and where pyarrow is missing."""
    file = tables.hold(source.path, path, pieces)
    file.seek(0)
    head = file.read(len(MAGIC))
    file.seek(max(file.seek(0, 2) - len(MAGIC), 0))
    tail = file.read()
    if ENCRYPTED in (head, tail):
        raise InputError(source.path, None, UNREADABLE)
    if head != MAGIC:
        raise InputError(source.path, None, NOT_PARQUET)
    if tail != MAGIC:
        raise InputError(source.path, None, TRUNCATED)
    if not is_installed():
        raise InputError(source.path, None, MISSING)
    from dedupe.reading.parquet import batches  # noqa: PLC0415 - an extra

    yield from batches(source, file)
