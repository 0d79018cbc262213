"""Hashes that stand for texts and records, told apart where two of them share one.

At 10^8 values the odds that two share 64 bits are 1 to 3,700; who writes the texts can see to it.
So what shares a hash is compared by a second one, and all but the first get another hash, which
hangs on nothing but what is there: not on its order, nor on the backend.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dedupe.arrays import change_mask, find_positions
from dedupe.hashing import BASE, mix64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

LENGTH = np.uint64(32)


def resolve_collisions(
    hashes: NDArray[np.uint64], checks: Callable[[NDArray[np.int64]], NDArray[np.uint64]]
) -> NDArray[np.uint64]:
    """The hashes of some values, another for each of those that share one and are not the same.

    ``checks`` gives a second hash of the values at some places: the least of one hash keeps it.
    0 is only ever the first one's.
    """
    ranked = np.sort(hashes)
    twice = ranked[1:][ranked[1:] == ranked[:-1]]
    if not len(twice):
        return hashes
    shared = np.flatnonzero(find_positions(twice, hashes) >= 0)
    pairs = np.stack([hashes[shared], checks(shared)], axis=1)
    if count_distinct(mix64(pairs[:, 0]) + pairs[:, 1]) == count_distinct(twice):
        return hashes
    assigned = assign_hashes(np.unique(pairs, axis=0).tolist(), hashes)
    resolved = hashes.copy()
    resolved[shared] = np.array([assigned[own, check] for own, check in pairs.tolist()], np.uint64)
    return resolved


def count_distinct(values: NDArray[np.uint64]) -> int:
    """How many distinct values there are."""
    return int(np.count_nonzero(change_mask(np.sort(values))))


def assign_hashes(
    values: Iterable[Sequence[int]], hashes: NDArray[np.uint64]
) -> dict[tuple[int, int], int]:
    """A hash for each value, given sorted by its hash and check; none of what others have."""
    assigned: dict[tuple[int, int], int] = {}
    present = {0}
    for own, sharing in groupby(values, itemgetter(0)):
        chosen = own
        for rank, (_, check) in enumerate(sharing):
            while rank and (chosen in present or (hashes == chosen).any()):
                chosen = int(mix64(np.array([chosen], np.uint64) + BASE)[0])
            present.add(chosen)
            assigned[own, check] = chosen
    return assigned


def check_bytes(values: Iterable[bytes]) -> NDArray[np.uint64]:
    """A second hash of some bytes: their checksum, and how many they are."""
    shared = list(values)
    sums = np.fromiter(map(crc32, shared), np.uint64, len(shared))
    return sums | np.fromiter(map(len, shared), np.uint64, len(shared)) << LENGTH


def check_texts(
    letters: Iterable[str],
    hashes: NDArray[np.uint64],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """A second hash of normalised texts: of the letters, the words, and the zones of the words."""
    words = hashes + zones * BASE
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    digests = b"".join(blake2b(words[a:b].tobytes(), digest_size=8).digest() for a, b in spans)
    spellings = check_bytes(text.encode("utf-8", "surrogatepass") for text in letters)
    return mix64(np.frombuffer(digests, np.uint64) ^ spellings)
