"""Preprocess a corpus: normalise each field, compute its blocking keys, number the contents."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe import kernel
from dedupe.arrays import concat_ranges
from dedupe.blocking.keys import blocking_keys
from dedupe.io.string_columns import code_strings
from dedupe.parallel import thread_map
from dedupe.text.affixes import learn_outlets
from dedupe.text.fingerprints import check_texts, resolve_collisions
from dedupe.text.normalize import normalize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dedupe.models import Corpus
    from dedupe.text.normalize import NormalizedTexts
    from dedupe.text.tokenize import Tokens

CHUNK = 4096
NO_LETTER = np.uint32(0)
NO_OUTLETS = np.zeros(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class TextChunk:
    """What is kept of some normalised texts: their words in a row, and one value or row a text.

    ``spellings`` has the hash of each word, by its normalised spelling.
    """

    hashes: NDArray[np.uint64]
    zones: NDArray[np.uint8]
    lengths: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    versions: NDArray[np.int16]
    withdrawn: NDArray[np.bool_]
    bands: NDArray[np.uint64]
    rare_pairs: NDArray[np.uint64]
    texts: list[str]
    spellings: dict[str, int]


@dataclass(frozen=True, slots=True)
class FieldContents(TextChunk):
    """One field's distinct texts; ``rows`` gives the text of each record.

    The words of text ``i`` are ``hashes[offsets[i]:offsets[i + 1]]``. The keys of a band lie
    side by side.
    """

    rows: NDArray[np.int64]
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Contents:
    """The views of all fields, and the kind of each record: records alike in all texts.

    ``content_ids`` numbers the distinct combinations of texts, -1 for a record without any;
    ``view_rows[f][k]`` is the text of kind ``k`` in the view of field ``f``.
    """

    views: tuple[FieldContents, ...]
    content_ids: NDArray[np.int64]
    view_rows: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.view_rows[0]) if self.view_rows else 0

    @property
    def versions(self) -> NDArray[np.int64]:
        """The version that each record's first text states in its tags, 0 for none."""
        views = [(view.rows, view.fingerprints, view.versions) for view in self.views]
        return stated_versions(views, len(self.content_ids))


def stated_versions(
    views: Sequence[tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int16]]], count: int
) -> NDArray[np.int64]:
    """The version that the first text of each of so many records states, 0 for none.

    ``views`` has the text of each record, and the print and the version of each text, by field.
    """
    versions = np.zeros(count, dtype=np.int64)
    for rows, fingerprints, stated in reversed(views):
        filled = fingerprints[rows] != 0
        versions[filled] = stated[rows[filled]]
    return versions


def preprocess(corpus: Corpus, seed: int, jobs: int, progress: Callable[[float], None]) -> Contents:
    """Describe every field of a corpus; ``progress`` is told the share done."""
    sources = code_strings(corpus.sources).numbers
    count = len(corpus.texts)
    views = tuple(
        field_contents(
            texts,
            sources,
            seed,
            jobs,
            lambda done, field=field: progress((field + done) / count),  # type: ignore[misc]  # mypy cannot see the default
        )
        for field, texts in enumerate(corpus.texts)
    )
    return assign_content_ids(views, corpus.times)


def assign_content_ids(views: tuple[FieldContents, ...], times: NDArray[np.int64]) -> Contents:
    """Number the distinct combinations of texts over all fields, by time, then content.

    What is compared is mostly near in time, and so near in memory.
    """
    content_ids, view_rows = content_ids_of(
        [view.fingerprints for view in views], [v.rows for v in views], times
    )
    return Contents(views, content_ids, view_rows)


def content_ids_of(
    fingerprints: Sequence[NDArray[np.uint64]],
    rows: Sequence[NDArray[np.int64]],
    times: NDArray[np.int64],
) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], ...]]:
    """The ``content_ids`` and ``view_rows`` of a Description.

    They are told by the print of each text and the text of each record, a field each.
    """
    firsts_of = [
        first_row_per_fingerprint(own)[row] for own, row in zip(fingerprints, rows, strict=True)
    ]
    printed = np.stack([own[row] for own, row in zip(fingerprints, rows, strict=True)], axis=1)
    filled = np.flatnonzero((printed != 0).any(axis=1))
    content_ids = np.full(len(times), -1)
    _, firsts, inverse = np.unique(printed[filled], axis=0, return_index=True, return_inverse=True)
    earliest = np.full(len(firsts), np.iinfo(np.int64).max)
    np.minimum.at(earliest, inverse.ravel(), times[filled])
    order = np.argsort(earliest, kind="stable")
    positions = np.empty(len(order), dtype=np.int64)
    positions[order] = np.arange(len(order))
    content_ids[filled] = positions[inverse.ravel()]
    return content_ids, tuple(row[filled[firsts[order]]] for row in firsts_of)


def first_row_per_fingerprint(fingerprints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each text the first that normalises to the same: raw texts may differ."""
    _, firsts, inverse = np.unique(fingerprints, return_index=True, return_inverse=True)
    return firsts[inverse]


def field_contents(
    texts: Sequence[str],
    sources: NDArray[np.int32],
    seed: int,
    jobs: int,
    progress: Callable[[float], None],
) -> FieldContents:
    """Fold and sketch the distinct texts of one field."""
    positions: dict[str, int] = {}
    rows = np.array([positions.setdefault(text, len(positions)) for text in texts], dtype=np.int64)
    distinct = list(positions)
    del positions
    writers = np.zeros(len(distinct), dtype=np.int64)
    writers[rows[::-1]] = sources[::-1]
    outlets = learn_field_outlets(distinct, writers)
    pieces = [distinct[i : i + CHUNK] for i in range(0, len(distinct), CHUNK)] or [[""]]
    chunks: list[TextChunk] = []
    spellings: dict[str, int] = {}
    with thread_map(jobs) as spread:
        for chunk in spread(lambda piece: preprocess_chunk(piece, outlets, seed), pieces):
            spellings.update(chunk.spellings)
            chunks.append(replace(chunk, spellings={}))
            progress(len(chunks) / len(pieces))
    return separate_fingerprints(join_chunks(rows, chunks, spellings))


def learn_field_outlets(texts: Sequence[str], writers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Learn outlet marks from the texts that could close with one.

    The marks are spelled out, for a loop over them costs ten times as much.
    """
    marked = outlet_marks(texts)
    return learn_marks([texts[i] for i in marked], writers[marked], np.bincount(writers))


def outlet_marks(texts: Sequence[str]) -> list[int]:
    """The places of the texts that could close with an outlet."""
    return [
        i
        for i, text in enumerate(texts)
        if " - " in text or "|" in text or " \u2013 " in text or " \u2014 " in text
        or "\u00b7" in text or "\u2022" in text or "\u00bb" in text
    ]  # fmt: skip


def learn_marks(
    texts: Sequence[str], writers: NDArray[np.int64], written: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Learn outlet marks from marked texts; ``written`` counts all texts of each writer."""
    return learn_outlets(texts, writers, written) if texts else NO_OUTLETS


def preprocess_chunk(texts: Sequence[str], outlets: NDArray[np.uint64], seed: int) -> TextChunk:
    """Fold and sketch some texts."""
    normalized = normalize(texts, outlets)
    bands, rare_pairs = blocking_keys(normalized, seed)
    return TextChunk(
        hashes=normalized.tokens.hashes,
        zones=normalized.zones(),
        lengths=np.diff(normalized.tokens.offsets),
        texts=normalized.texts(),
        fingerprints=normalized.fingerprints,
        versions=normalized.core.versions,
        withdrawn=normalized.core.withdrawn,
        bands=bands,
        rare_pairs=rare_pairs,
        spellings=token_texts(normalized),
    )


def token_texts(normalized: NormalizedTexts) -> dict[str, int]:
    """The hash of each distinct token, by its normalised spelling."""
    firsts = first_seen(normalized.tokens)
    return dict(
        zip(
            token_text_at(normalized, firsts),
            normalized.tokens.hashes[firsts].tolist(),
            strict=True,
        )
    )


def token_text_at(normalized: NormalizedTexts, positions: NDArray[np.int64]) -> list[str]:
    """The normalised spelling of some tokens."""
    tokens = normalized.tokens
    starts = tokens.starts[positions]
    sizes = tokens.ends[positions] - starts + 1
    codes = np.append(tokens.codes, NO_LETTER)[concat_ranges(starts, sizes)]
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
    taken = tokens.hashes, tokens.starts, tokens.ends, tokens.codes
    return firsts[: kernel.first_seen(*taken, firsts)]


def first_seen_plainly(tokens: Tokens) -> NDArray[np.int64]:
    """The same by numpy; a spelling of a hash that several share may come more than once."""
    _, firsts, inverse = np.unique(tokens.hashes, return_index=True, return_inverse=True)
    ones = firsts[inverse]
    sizes = tokens.ends - tokens.starts
    others = sizes != sizes[ones]
    alike = np.flatnonzero(~others)
    starts = tokens.starts[alike], tokens.starts[ones[alike]]
    differing = np.not_equal(*(tokens.codes[concat_ranges(at, sizes[alike])] for at in starts))
    others[np.repeat(alike, sizes[alike])[differing]] = True
    return np.concatenate([firsts, np.flatnonzero(others)])


def join_chunks(
    rows: NDArray[np.int64], chunks: Sequence[TextChunk], spellings: dict[str, int]
) -> FieldContents:
    """One view of consecutive chunks, which leave the spelling of their words aside."""
    joined = {
        field.name: np.concatenate([getattr(chunk, field.name) for chunk in chunks])
        for field in fields(TextChunk)
        if field.name not in ("bands", "texts", "spellings")
    }
    return FieldContents(
        **joined,
        bands=np.concatenate([chunk.bands.T for chunk in chunks], axis=1).T,
        texts=[text for chunk in chunks for text in chunk.texts],
        spellings=spellings,
        rows=rows,
        offsets=np.concatenate(([0], np.cumsum(joined["lengths"]))),
    )


def separate_fingerprints(view: FieldContents) -> FieldContents:
    """A view whose texts have one print where they are the same, and there alone."""

    def checks(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        letters = (view.texts[row] for row in rows.tolist())
        starts, ends = view.offsets[rows], view.offsets[rows + 1]
        return check_texts(letters, view.hashes, view.zones, starts, ends)

    return replace(view, fingerprints=resolve_collisions(view.fingerprints, checks))


def check_fingerprints(chunk: TextChunk) -> NDArray[np.uint64]:
    """What tells the texts of a chunk apart where they share a print."""
    ends = np.concatenate(([0], np.cumsum(chunk.lengths)))
    return check_texts(chunk.texts, chunk.hashes, chunk.zones, ends[:-1], ends[1:])
