"""Pack what scoring reads of a record into bytes, to be kept or sent, and unpack it again.

A record's bytes are a head for each field, then the tokens of all fields, then their letters. The
index stores them, and Spark sends them to the workers that compare records.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dedupe.arrays import concat_ranges
from dedupe.tokens import TOKEN, PreparedTexts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

HEAD = np.dtype([("tokens", "<u4"), ("letters", "<u4"), ("facts", "<u4")])


def pack_texts(texts: PreparedTexts, rows: NDArray[np.int32]) -> Iterator[bytes]:
    """Return the bytes of each record; ``rows`` has the text of each field of it, -1 for none."""
    fields, count = rows.shape
    places = np.maximum(rows, 0)
    headers = np.zeros((count, fields), HEAD)
    columns = {
        "tokens": np.diff(texts.offsets),
        "letters": np.diff(texts.letter_offsets),
        "facts": texts.facts,
    }
    for name, values in columns.items():
        if len(values):
            headers[name] = np.where(rows >= 0, values[places], 0).T
    fronts = cut(headers.tobytes(), np.arange(count + 1) * HEAD.itemsize * fields)
    tokens = cut(texts.tokens.tobytes(), texts.offsets * TOKEN.itemsize)
    letters = cut(texts.letters.tobytes(), texts.letter_offsets)
    own = rows.tolist()  # -1 for a field without a text is the end of what was cut
    chosen = [map(parts.__getitem__, column) for parts in (tokens, letters) for column in own]
    return map(b"".join, zip(fronts, *chosen, strict=False))


def cut(data: bytes, bounds: NDArray[np.int64]) -> list[bytes]:
    """Return the parts of some bytes from bound to bound, and an empty one at the end."""
    return [data[start:end] for start, end in pairwise(bounds.tolist())] + [b""]


def unpack_texts(blobs: list[bytes], fields: int) -> tuple[PreparedTexts, NDArray[np.int32]]:
    """Return the texts of records, and the text of each field of each, -1 for none.

    Blocking keys, and all else that scoring does not need, are left out. Raises ValueError where
    bytes do not fit together.
    """
    sizes = np.fromiter(map(len, blobs), np.int64, len(blobs))
    data = np.frombuffer(b"".join(blobs), np.uint8)
    starts = np.cumsum(sizes) - sizes
    head = HEAD.itemsize * fields
    if (sizes < head).any():
        raise ValueError("prepared texts are cut short")
    headers = data[concat_ranges(starts, np.full(len(blobs), head))].view(HEAD).reshape(-1, fields)
    tokens, letters = headers["tokens"].astype(np.int64), headers["letters"].astype(np.int64)
    token_bytes = tokens.sum(axis=1) * TOKEN.itemsize
    if (head + token_bytes + letters.sum(axis=1) != sizes).any():
        raise ValueError("prepared texts have another length")
    present = tokens > 0
    rows = np.full(headers.shape, -1, np.int32)
    rows[present] = np.arange(present.sum())
    token_starts = starts + head
    texts = scored_texts(
        data[concat_ranges(token_starts, token_bytes)].view(TOKEN),
        tokens[present],
        data[concat_ranges(token_starts + token_bytes, letters.sum(axis=1))],
        letters[present],
        headers["facts"][present].astype(np.uint8),
    )
    return texts, np.ascontiguousarray(rows.T)


@cache
def no_texts() -> PreparedTexts:
    """Return empty texts, for callers that need only the facts of records."""
    return unpack_texts([], 1)[0]


def join_texts(parts: Sequence[PreparedTexts]) -> PreparedTexts:
    """Return several texts in a row, as :func:`unpack_texts`."""
    return scored_texts(
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([np.diff(part.offsets) for part in parts]),
        np.concatenate([part.letters for part in parts]),
        np.concatenate([np.diff(part.letter_offsets) for part in parts]),
        np.concatenate([part.facts for part in parts]),
    )


def scored_texts(
    tokens: NDArray[np.void],
    token_counts: NDArray[np.int64],
    letters: NDArray[np.uint8],
    letter_counts: NDArray[np.int64],
    facts: NDArray[np.uint8],
) -> PreparedTexts:
    """Return texts of which only what scoring reads is known."""
    count = len(facts)
    return PreparedTexts(
        tokens=tokens,
        offsets=np.concatenate([[0], np.cumsum(token_counts)]),
        letters=letters,
        letter_offsets=np.concatenate([[0], np.cumsum(letter_counts)]),
        fingerprints=np.zeros((count, 2), np.uint64),
        band_keys=np.zeros((count, 0), np.uint32),
        rare_keys=np.zeros((count, 0), np.uint32),
        languages=np.zeros(count, np.uint8),
        versions=np.zeros(count, np.uint8),
        facts=facts,
        lengths=np.zeros(count, np.uint32),
    )
