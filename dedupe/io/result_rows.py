"""Write pairs and clusters as rows, and check that an output has every row that it should."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson

from dedupe.errors import AccountingError
from dedupe.io.csv_dialect import DIALECTS, csv_row, is_table
from dedupe.models import DIGITS, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.models import Batch, Clustering, Corpus, Pairs

NEWLINE = b"\n"
PAIRS_A_CHUNK = 4096
COLUMNS = ("cluster", "size", "canonical", "score", "reason", "id", "date", "source")
PLACE = ("file", "line")


def pair_objects(corpus: Corpus, pairs: Pairs, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield an object of JSON values for each pair.

    A record without an id is named by the digest of its bytes, as in ``Clustering.record_ids``.
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
    """The location of each record: its id, its line, and its file if there are several."""

    def __init__(self, corpus: Corpus) -> None:
        batches = corpus.batches
        self._corpus = corpus
        self.lines = np.concatenate([np.zeros(0, np.int64), *(batch.lines for batch in batches)])
        self._ends = np.cumsum([len(batch) for batch in batches])
        self._paths = [batch.path for batch in batches]
        self.several = len(set(self._paths)) > 1

    def id(self, position: int) -> str:
        """Return the id of a record, given or made from its bytes."""
        return self._corpus.ids[position] or f"{int(self._corpus.digests[position]):016x}"

    def path(self, position: int) -> str:
        """Return the file of a record."""
        return self._paths[int(np.searchsorted(self._ends, position, "right"))]


def as_utf8(path: str) -> str:
    """Return a file's name as JSON can hold it; bytes that are not UTF-8 are escaped."""
    return path.encode(errors="backslashreplace").decode()


def pair_object(
    pairs: Pairs, row: int, names: Sequence[str], positions: RecordLocations
) -> dict[str, Any]:
    """Return a pair as JSON values."""
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


def write_cluster_table(
    corpus: Corpus, clustering: Clustering, settings: Settings, kind: str = "csv"
) -> Iterator[bytes]:
    """Yield a table of all records in clusters of two or more, the canonical one of each first.

    Clusters are numbered from 1 in the order of their first records. The columns are those of
    ``COLUMNS``, the compared fields, and the file and line.
    """
    dialect = DIALECTS[kind]
    names = [field.name for field in settings.field]
    yield csv_row([*COLUMNS, *names, *PLACE], dialect)
    places = RecordLocations(corpus)
    order, numbers = cluster_order(clustering)
    for position, number in zip(order.tolist(), numbers.tolist(), strict=True):
        canonical = clustering.canonical[position] == position
        cells = [
            number,
            clustering.sizes[position],
            "yes" if canonical else "no",
            round(float(clustering.scores[position]), DIGITS),
            clustering.reasons[position],
            clustering.record_ids[position],
            date_text(int(corpus.times[position])),
            corpus.sources[position],
            *(texts[position] for texts in corpus.texts),
            places.path(position),
            places.lines[position],
        ]
        yield csv_row(map(cell, cells), dialect)


def cell(value: object) -> str:
    """Return a value as a cell; bytes of a file's name that are not UTF-8 are escaped."""
    return str(value).encode(errors="backslashreplace").decode()


def cluster_order(clustering: Clustering) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the records of clusters of two or more, cluster by cluster, and the clusters' numbers.

    Of each cluster the canonical record comes first, then the others in input order.
    """
    canonical = clustering.canonical
    members = np.flatnonzero(np.asarray(clustering.sizes) > 1)
    leaders, firsts, inverse = np.unique(canonical[members], return_index=True, return_inverse=True)
    ranks = np.empty(len(leaders), np.int64)
    ranks[np.argsort(firsts)] = np.arange(1, len(leaders) + 1)
    numbers = ranks[inverse]
    order = np.lexsort((members, canonical[members] != members, numbers))
    return members[order], numbers[order]


def date_text(seconds: int) -> str:
    """Return a time as spreadsheets read it, ``""`` for none.

    >>> date_text(0)
    '1970-01-01 00:00:00'
    """
    if seconds == NO_TIME:
        return ""
    return str(np.datetime64(seconds, "s")).replace("T", " ")


def check_output(
    chunks: Iterable[bytes],
    batches: Sequence[Batch],
    chosen: NDArray[np.bool_] | None = None,
    *,
    header: bool = True,
) -> Iterator[bytes]:
    """Pass on the chunks of an output that holds the chosen records, or all, each once.

    ``header``: a table's header comes first. Raises AccountingError at the end where the chunks
    have another number of line endings than the records, each of which has at least one.
    """
    found = 0
    for chunk in chunks:
        found += chunk.count(NEWLINE)
        yield chunk
    expected = sum(batch_lines(batch, part) for batch, part in output_parts(batches, chosen))
    if header and batches and is_table(batches[0]):
        expected += ending_count(batches[0].header)
    if found != expected:
        raise AccountingError("lines of output", expected, found)


def output_parts(
    batches: Sequence[Batch], chosen: NDArray[np.bool_] | None
) -> Iterator[tuple[Batch, NDArray[np.bool_]]]:
    """Yield each batch with its part of the choice."""
    start = 0
    for batch in batches:
        size = len(batch)
        yield batch, np.ones(size, bool) if chosen is None else chosen[start : start + size]
        start += size
    if chosen is not None and len(chosen) != start:
        raise AccountingError("records decided about", start, len(chosen))


def batch_lines(batch: Batch, chosen: NDArray[np.bool_]) -> int:
    """Count the line endings of some records; a missing last one counts too."""
    endings = np.flatnonzero(np.frombuffer(batch.data, np.uint8) == ord(NEWLINE))
    spans = np.searchsorted(endings, batch.limits) - np.searchsorted(endings, batch.starts)
    lacking = len(batch) and chosen[-1] and not batch.data.endswith(NEWLINE)
    return int(spans[chosen].sum()) + bool(lacking)


def ending_count(line: bytes) -> int:
    """Return the line endings of a header, which may lack its last; 0 without a header."""
    return line.count(NEWLINE) + (bool(line) and not line.endswith(NEWLINE))


@dataclass(frozen=True, slots=True)
class RowChecksum:
    """The number of lines, and the sum of their hashes.

    >>> RowChecksum.of([b"a", b"b"]) == RowChecksum.of([b"b"]) + RowChecksum.of([b"a"])
    True
    """

    SIZE: ClassVar[int] = 16

    count: int = 0
    sum: int = 0

    @classmethod
    def of(cls, lines: Iterable[bytes]) -> RowChecksum:
        """Return the checksum of lines without their endings."""
        hashes = [blake2b(line, digest_size=cls.SIZE).digest() for line in lines]
        return cls(len(hashes), sum(map(int.from_bytes, hashes)) % (1 << 8 * cls.SIZE))

    def __add__(self, other: RowChecksum) -> RowChecksum:
        return RowChecksum(self.count + other.count, (self.sum + other.sum) % (1 << 8 * self.SIZE))

    @property
    def checksum(self) -> str:
        """The sum as hex digits."""
        return f"{self.sum:0{2 * self.SIZE}x}"


class RowCounter:
    """A counter of the lines in chunks; ``rows`` are those so far."""

    def __init__(self) -> None:
        self.rows = RowChecksum()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass on chunks, which may end within a line."""
        rest = b""
        for chunk in chunks:
            *lines, rest = (rest + chunk).split(NEWLINE)
            self.rows += RowChecksum.of(lines)
            yield chunk
        if rest:
            self.rows += RowChecksum.of([rest])
