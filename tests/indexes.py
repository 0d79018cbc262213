"""What the tests of the index share: small indexes, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dedupe.api import cluster
from dedupe.index.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from corpora import Story


def filled(path: Path, parts: Iterable[Sequence[Story]], **settings: Any) -> Index:
    """A new index to which some stories were added, part by part."""
    index = Index.create(str(path), **settings)
    for part in parts:
        index.add(part)
    return index


def held(index: Index) -> set[tuple[str, frozenset[str]]]:
    """The clusters as canonical id and ids."""
    return {
        (group["canonical_id"], frozenset(story["id"] for story in group["stories"]))
        for group in index.export()
    }


def batch(stories: Sequence[Story], **settings: Any) -> set[tuple[str, frozenset[str]]]:
    """The same of a batch run."""
    found = cluster(stories, **settings)
    ids = found.record_ids
    return {(ids[group.canonical], frozenset(ids[i] for i in group.members)) for group in found}
