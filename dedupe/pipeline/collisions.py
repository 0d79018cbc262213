"""Hashes that stand for texts and records, told apart where two of them share one.

At 10^8 values the odds that two share 64 bits are 1 to 3,700; who writes the texts can see to it.
So what shares a hash is compared by a second one, and all but the first get another hash, which
hangs on nothing but what is there: not on its order, nor on the engine.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dedupe.hashing import BASE, changes, find, mix64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

LENGTH = np.uint64(32)


def resolved(
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
    held = np.flatnonzero(find(twice, hashes) >= 0)
    pairs = np.stack([hashes[held], checks(held)], axis=1)
    if count(mix64(pairs[:, 0]) + pairs[:, 1]) == count(twice):
        return hashes
    told = apart(np.unique(pairs, axis=0).tolist(), hashes)
    settled = hashes.copy()
    settled[held] = np.array([told[own, check] for own, check in pairs.tolist()], np.uint64)
    return settled


def count(values: NDArray[np.uint64]) -> int:
    """How many distinct values there are."""
    return int(np.count_nonzero(changes(np.sort(values))))


def apart(
    values: Iterable[Sequence[int]], hashes: NDArray[np.uint64]
) -> dict[tuple[int, int], int]:
    """A hash for each value, given sorted by its hash and check; none of what others have."""
    told: dict[tuple[int, int], int] = {}
    given = {0}
    for own, sharing in groupby(values, itemgetter(0)):
        chosen = own
        for rank, (_, check) in enumerate(sharing):
            while rank and (chosen in given or (hashes == chosen).any()):
                chosen = int(mix64(np.array([chosen], np.uint64) + BASE)[0])
            given.add(chosen)
            told[own, check] = chosen
    return told


def check_bytes(values: Iterable[bytes]) -> NDArray[np.uint64]:
    """A second hash of some bytes: their checksum, and how many they are."""
    held = list(values)
    sums = np.fromiter(map(crc32, held), np.uint64, len(held))
    return sums | np.fromiter(map(len, held), np.uint64, len(held)) << LENGTH


def check_texts(
    letters: Iterable[str],
    hashes: NDArray[np.uint64],
    zones: NDArray[np.uint8],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> NDArray[np.uint64]:
    """A second hash of folded texts: of the letters, the words, and the zones of the words."""
    words = hashes + zones * BASE
    spans = zip(starts.tolist(), stops.tolist(), strict=True)
    digests = b"".join(blake2b(words[a:b].tobytes(), digest_size=8).digest() for a, b in spans)
    spelled = check_bytes(text.encode("utf-8", "surrogatepass") for text in letters)
    return mix64(np.frombuffer(digests, np.uint64) ^ spelled)
