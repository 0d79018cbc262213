"""The hashes of words and records: the same in plain Python, in numpy and in the kernel."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from dedupe import kernel

if TYPE_CHECKING:
    from collections.abc import Iterable
    from mmap import mmap

    from numpy.typing import NDArray

BASE = 0x9E3779B97F4A7C15
MASK64 = (1 << 64) - 1
SIGNATURES = 5
"""How a text is normalised, hashed and cut into keys; an older index must be compacted."""
CLUSTERS = 5
"""How cluster ids are made, and which records of one input share one.

Neither number may stay when what it counts changes: a golden digest
(``tests/test_reproducible.py``) notices, and is written again only under a higher number. The file
of an index has its own number, in ``dedupe.index.schema``.
"""


@overload
def mix64(value: int) -> int: ...
@overload
def mix64(value: NDArray[np.uint64]) -> NDArray[np.uint64]: ...
def mix64(value: Any) -> Any:
    """Return the 64-bit finalizer of MurmurHash3 (Appleby, public domain), of a column of each."""
    value = (value ^ (value >> 33)) * 0xFF51AFD7ED558CCD & MASK64
    value = (value ^ (value >> 33)) * 0xC4CEB9FE1A85EC53 & MASK64
    return value ^ (value >> 33)


def poly(values: Iterable[int], start: int = 0) -> int:
    """Return the running polynomial hash of some numbers, before it is mixed.

    It can be continued: ``poly("abc") == poly("c", poly("ab"))``, so that all prefixes of a word
    are hashed in one go.
    """
    for value in values:
        start = (start * BASE + value + 1) & MASK64
    return start


def key32(running: int) -> int:
    """Return the 32-bit key of a running hash; never 0, which stands for no key."""
    return mix64(running) >> 32 or 1


def word_key(word: str) -> int:
    """Return the 32-bit key of a normalised word.

    >>> word_key("ferry") == word_key("ferr" + "y")
    True
    """
    return key32(poly(map(ord, word)))


def salted_key(running: int, salt: int) -> int:
    """Return a 32-bit key of a running hash for one use of it, so that uses do not mix."""
    return mix64((running ^ (salt * BASE & MASK64)) & MASK64) >> 32 or 1


def span_digests(
    data: bytes | bytearray | mmap, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return BLAKE2b of ``data[starts[i] : ends[i]]``, 8 bytes as a number."""
    if kernel.available():
        digests = np.empty(len(starts), np.uint64)
        kernel.digest_records(np.frombuffer(data, np.uint8), starts, ends, digests)
        return digests
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    joined = b"".join([blake2b(data[start:end], digest_size=8).digest() for start, end in spans])
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64)
