"""A corpus folded, sketched and counted: each distinct text once, whatever its copies."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.columns import coded
from dedupe.folding import fold, learn_outlets
from dedupe.hashing import ranges
from dedupe.pipeline.collisions import check_texts, resolved
from dedupe.sketch import sketch
from dedupe.threads import workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.folding import Folded, Tokens
    from dedupe.stories import Corpus

CHUNK = 4096
NO_LETTER = np.uint32(0)
NO_OUTLETS = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is kept of some folded texts: their words in a row, and one value or row a text.

    ``spelled`` has the hash of each word, by its folded spelling.
    """

    hashes: NDArray[np.uint64]
    zones: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    prints: NDArray[np.uint64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]
    bands: NDArray[np.uint64]
    anchors: NDArray[np.uint64]
    texts: list[str]
    spelled: dict[str, int]


@dataclass(frozen=True, slots=True)
class View(Chunk):
    """One field's distinct texts; ``rows`` gives the text of each record.

    The words of text ``i`` are ``hashes[offsets[i]:offsets[i + 1]]``. The keys of a band lie
    side by side.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Description:
    """The views of all fields, and the kind of each record: records alike in all texts.

    ``kinds`` numbers the distinct combinations of texts, -1 for a record without any;
    ``view_rows[f][k]`` is the text of kind ``k`` in the view of field ``f``.
    """

    views: tuple[View, ...]
    kinds: NDArray[np.int64]
    view_rows: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.view_rows[0]) if self.view_rows else 0

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version that each record's first text states in its tags, 0 for none."""
        views = [(view.rows, view.prints, view.versions) for view in self.views]
        return stated_versions(views, len(self.kinds))


def stated_versions(
    views: Sequence[tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int16]]], count: int
) -> NDArray[np.int64]:
    """The version that the first text of each of so many records states, 0 for none.

    ``views`` has the text of each record, and the print and the version of each text, by field.
    """
    versions = np.zeros(count, dtype=np.int64)
    for rows, prints, stated in reversed(views):
        filled = prints[rows] != 0
        versions[filled] = stated[rows[filled]]
    return versions


def describe(
    corpus: Corpus, seed: int, jobs: int, progress: Callable[[float], None]
) -> Description:
    """Describe every field of a corpus; ``progress`` is told the share done."""
    sources = coded(corpus.sources).numbers
    count = len(corpus.texts)
    views = tuple(
        view_of(
            texts,
            sources,
            seed,
            jobs,
            lambda done, field=field: progress((field + done) / count),  # type: ignore[misc]  # mypy cannot see the default
        )
        for field, texts in enumerate(corpus.texts)
    )
    return tie_together(views, corpus.times)


def tie_together(views: tuple[View, ...], times: NDArray[np.int64]) -> Description:
    """Number the distinct combinations of texts over all fields, by time, then content.

    What is compared is mostly near in time, and so near in memory.
    """
    kinds, view_rows = kinds_of([view.prints for view in views], [v.rows for v in views], times)
    return Description(views, kinds, view_rows)


def kinds_of(
    prints: Sequence[NDArray[np.uint64]],
    rows: Sequence[NDArray[np.int64]],
    times: NDArray[np.int64],
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], ...]]:
    """The ``kinds`` and ``view_rows`` of a Description.

    They are told by the print of each text and the text of each record, a field each.
    """
    firsts_of = [one_row_a_print(own)[row] for own, row in zip(prints, rows, strict=True)]
    printed = np.stack([own[row] for own, row in zip(prints, rows, strict=True)], axis=1)
    filled = np.flatnonzero((printed != 0).any(axis=1))
    kinds = np.full(len(times), -1)
    _, firsts, inverse = np.unique(printed[filled], axis=0, return_index=True, return_inverse=True)
    earliest = np.full(len(firsts), np.iinfo(np.int64).max)
    np.minimum.at(earliest, inverse.ravel(), times[filled])
    order = np.argsort(earliest, kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    kinds[filled] = places[inverse.ravel()]
    return kinds, tuple(row[filled[firsts[order]]] for row in firsts_of)


def one_row_a_print(prints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each text the first that folds like it: raw texts may differ, what is counted not."""
    _, firsts, inverse = np.unique(prints, return_index=True, return_inverse=True)
    return firsts[inverse]


def view_of(
    texts: Sequence[str],
    sources: NDArray[np.int32],
    seed: int,
    jobs: int,
    progress: Callable[[float], None],
) -> View:
    """Fold and sketch the distinct texts of one field."""
    places: dict[str, int] = {}
    rows = np.array([places.setdefault(text, len(places)) for text in texts], dtype=np.int64)
    distinct = list(places)
    del places
    writers = np.zeros(len(distinct), dtype=np.int64)
    writers[rows[::-1]] = sources[::-1]
    outlets = outlets_of(distinct, writers)
    pieces = [distinct[i : i + CHUNK] for i in range(0, len(distinct), CHUNK)] or [[""]]
    chunks: list[Chunk] = []
    spelled: dict[str, int] = {}
    with workers(jobs) as spread:
        for chunk in spread(lambda piece: describe_chunk(piece, outlets, seed), pieces):
            spelled.update(chunk.spelled)
            chunks.append(replace(chunk, spelled={}))
            progress(len(chunks) / len(pieces))
    return told_apart(join(rows, chunks, spelled))


def outlets_of(texts: Sequence[str], writers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Learn outlet marks from the texts that could close with one.

    The marks are spelled out, for a loop over them costs ten times as much.
    """
    marked = marked_of(texts)
    return marks_of([texts[i] for i in marked], writers[marked], np.bincount(writers))


def marked_of(texts: Sequence[str]) -> list[int]:
    """The places of the texts that could close with an outlet."""
    return [
        i
        for i, text in enumerate(texts)
        if " - " in text or "|" in text or " \u2013 " in text or " \u2014 " in text
        or "\u00b7" in text or "\u2022" in text or "\u00bb" in text
    ]  # fmt: skip


def marks_of(
    texts: Sequence[str], writers: NDArray[np.int64], written: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Learn outlet marks from marked texts; ``written`` counts all texts of each writer."""
    return learn_outlets(texts, writers, written) if texts else NO_OUTLETS


def describe_chunk(texts: Sequence[str], outlets: NDArray[np.uint64], seed: int) -> Chunk:
    """Fold and sketch some texts."""
    folded = fold(texts, outlets)
    bands, anchors = sketch(folded, seed)
    return Chunk(
        hashes=folded.tokens.hashes,
        zones=folded.zones(),
        lengths=np.diff(folded.tokens.offsets),
        texts=folded.texts(),
        prints=folded.prints,
        versions=folded.core.versions,
        withdrawn=folded.core.withdrawn,
        bands=bands,
        anchors=anchors,
        spelled=spellings(folded),
    )


def spellings(folded: Folded) -> dict[str, int]:
    """The hash of each distinct token, by its folded spelling."""
    firsts = first_seen(folded.tokens)
    return dict(zip(spelled_at(folded, firsts), folded.tokens.hashes[firsts].tolist(), strict=True))


def spelled_at(folded: Folded, places: NDArray[np.int64]) -> list[str]:
    """The folded spelling of some tokens."""
    tokens = folded.tokens
    starts = tokens.starts[places]
    sizes = tokens.stops[places] - starts + 1
    codes = np.append(tokens.codes, NO_LETTER)[ranges(starts, sizes)]
    codes[np.cumsum(sizes) - 1] = NO_LETTER
    *words, _ = codes.tobytes().decode("utf-32-le", "surrogatepass").split("\0")
    return words


def first_seen(tokens: Tokens) -> NDArray[np.int64]:
    """The first place of each distinct token, in no promised order.

    Tokens of one hash are taken for one by their letters alone.
    """
    if not kernel.available():
        return first_seen_plainly(tokens)
    firsts = np.empty(len(tokens.hashes), dtype=np.int64)
    taken = tokens.hashes, tokens.starts, tokens.stops, tokens.codes
    return firsts[: kernel.first_seen(*taken, firsts)]


def first_seen_plainly(tokens: Tokens) -> NDArray[np.int64]:
    """The same by numpy; a spelling of a hash that several share may come more than once."""
    _, firsts, inverse = np.unique(tokens.hashes, return_index=True, return_inverse=True)
    ones = firsts[inverse]
    sizes = tokens.stops - tokens.starts
    others = sizes != sizes[ones]
    alike = np.flatnonzero(~others)
    starts = tokens.starts[alike], tokens.starts[ones[alike]]
    differing = np.not_equal(*(tokens.codes[ranges(at, sizes[alike])] for at in starts))
    others[np.repeat(alike, sizes[alike])[differing]] = True
    return np.concatenate([firsts, np.flatnonzero(others)])


def join(rows: NDArray[np.int64], chunks: Sequence[Chunk], spelled: dict[str, int]) -> View:
    """One view of consecutive chunks, which leave the spelling of their words aside."""
    joined = {
        field.name: np.concatenate([getattr(chunk, field.name) for chunk in chunks])
        for field in fields(Chunk)
        if field.name not in ("bands", "texts", "spelled")
    }
    return View(
        **joined,
        bands=np.concatenate([chunk.bands.T for chunk in chunks], axis=1).T,
        texts=[text for chunk in chunks for text in chunk.texts],
        spelled=spelled,
        rows=rows,
        offsets=np.concatenate(([0], np.cumsum(joined["lengths"]))),
    )


def told_apart(view: View) -> View:
    """A view whose texts have one print where they are the same, and there alone."""

    def checks(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        letters = (view.texts[row] for row in rows.tolist())
        starts, stops = view.offsets[rows], view.offsets[rows + 1]
        return check_texts(letters, view.hashes, view.zones, starts, stops)

    return replace(view, prints=resolved(view.prints, checks))


def checks_of(chunk: Chunk) -> NDArray[np.uint64]:
    """What tells the texts of a chunk apart where they share a print."""
    ends = np.concatenate(([0], np.cumsum(chunk.lengths)))
    return check_texts(chunk.texts, chunk.hashes, chunk.zones, ends[:-1], ends[1:])
