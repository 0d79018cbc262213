"""Which of the paths that were named a file belongs to, and how messages call it."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence


class PathOrder:
    """Paths as they were named: files, folders or patterns, local ones or with a scheme."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._given = list(paths)
        self._positions = [place_of(path) for path in paths]

    def rank(self, uri: str) -> tuple[int, str]:
        """Return the rank of a file: by the path that names it, within one path by its own name."""
        own = unquote(urlsplit(uri).path)
        found = (i for i, position in enumerate(self._positions) if is_inside(own, position))
        return next(found, len(self._given)), own

    def shown(self, uri: str) -> str:
        """Return the name of a file in messages: as it was given, else its whole path."""
        rank, own = self.rank(uri)
        if rank < len(self._given) and self._positions[rank] == own:
            return self._given[rank]
        return uri if urlsplit(uri).netloc else own


def place_of(path: str) -> str:
    """Return a path on its file system."""
    return urlsplit(path).path if "://" in path else os.path.abspath(path)  # noqa: PTH100 - keeps patterns and links as they are


def is_inside(own: str, position: str) -> bool:
    """Return whether a file is what a path names, or in a folder that it names."""
    return (
        own == position or own.startswith(position.rstrip("/") + "/") or fnmatchcase(own, position)
    )
