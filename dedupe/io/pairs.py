"""Write scored pairs as JSON Lines, with the location of both records."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.config import Settings
    from dedupe.models import Corpus, Pairs

PAIRS_A_CHUNK = 4096
DIGITS = 4


def pair_objects(corpus: Corpus, pairs: Pairs, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield an object of JSON values for each pair.

    A record without an id goes by the digest of its bytes, as in ``Clustering.record_ids``.
    """
    names = [field.name for field in settings.field]
    positions = RecordLocations(corpus)
    return (pair_object(pairs, row, names, positions) for row in range(len(pairs)))


def write_pairs(corpus: Corpus, pairs: Pairs, settings: Settings) -> Iterator[bytes]:
    """Yield one JSON object a pair, in chunks of whole lines."""
    objects = pair_objects(corpus, pairs, settings)
    while chunk := list(islice(objects, PAIRS_A_CHUNK)):
        yield b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in chunk)


def pair_columns(settings: Settings, *, several: bool) -> list[str]:
    """Return the names of a pair's members as columns; ``several`` files are named too."""
    paths = ["a_path", "b_path"] if several else []
    scores = [f"fields.{field.name}" for field in settings.field]
    return ["a", "b", *paths, "a_line", "b_line", "score", *scores, "reason"]


class RecordLocations:
    """How to name each record: its id, its line, and its file if there are several."""

    def __init__(self, corpus: Corpus) -> None:
        batches = corpus.batches
        self._corpus = corpus
        self.lines = np.concatenate([np.zeros(0, np.int64), *(batch.lines for batch in batches)])
        self._ends = np.cumsum([len(batch) for batch in batches])
        self._paths = [batch.path for batch in batches]
        self.several = len(set(self._paths)) > 1

    def id(self, position: int) -> str:
        """The id of a record, given or made from its bytes."""
        return self._corpus.ids[position] or f"{int(self._corpus.digests[position]):016x}"

    def path(self, position: int) -> str:
        """The file of a record."""
        return self._paths[int(np.searchsorted(self._ends, position, "right"))]


def as_utf8(path: str) -> str:
    """A file's name as JSON can hold it; bytes of it that are no UTF-8 are shown by escapes."""
    return path.encode(errors="backslashreplace").decode()


def pair_object(
    pairs: Pairs, row: int, names: Sequence[str], positions: RecordLocations
) -> dict[str, Any]:
    """One pair as JSON values."""
    left, right = int(pairs.left[row]), int(pairs.right[row])
    record: dict[str, Any] = {"a": positions.id(left), "b": positions.id(right)}
    if positions.several:
        record |= {
            "a_path": as_utf8(positions.path(left)),
            "b_path": as_utf8(positions.path(right)),
        }
    record |= {"a_line": int(positions.lines[left]), "b_line": int(positions.lines[right])}
    parts = pairs.parts[:, row].tolist()
    record["score"] = round(float(pairs.scores[row]), DIGITS)
    record["fields"] = {
        name: round(part, DIGITS) for name, part in zip(names, parts, strict=True) if part >= 0
    }
    record["reason"] = pairs.reasons[row]
    return record
