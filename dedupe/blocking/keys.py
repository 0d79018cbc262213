"""The blocking keys of a text: texts that share one become a candidate pair.

Two kinds of keys: pairs of the five rarest word stems, for stories told in other words, and bands
of a MinHash signature, for texts that share most of their letters. Rarity is that of the shipped
word lists, so that keys depend on the text alone and an index can keep them. Numbers are no
stems: a date would make each edition of a series look like news of its own.
The plain implementation; its compiled twin is ``_kernel/blocking/keys.c``.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dedupe.hashing import BASE, MASK64, mix64, salted_key
from dedupe.tokens import COMPARED, Flag, Meaning, TokenKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.text.prepare import PreparedText

RARE_STEMS = 5
CONCEPT_SALT = 0x5EED
BANDS = 12
BAND_ROWS = 4
SLOTS = BANDS * BAND_ROWS
SHINGLE = 4
SPACELESS_SHINGLE = 2
SCHEME = "affine32"
"""The permutations, by datasketch's name for them."""


def rare_keys(prepared: PreparedText) -> list[int]:
    """Return a key a pair of the rarest stems of a text; of a single stem one key.

    The rarest are those of the most information; of equal ones those with the lowest keys.
    """
    weights: dict[int, int] = {}
    tokens = prepared.tokens
    for at, token in enumerate(tokens):
        if token["zone"] not in COMPARED or token["flags"] & Flag.FUNCTION:
            continue
        key, weight = 0, int(token["weight"])
        if token["kind"] == TokenKind.WORD:
            key = stem_key(token["concepts"].tolist(), int(token["stem"]))
        elif opens_pair(tokens, at):
            key, weight = int(token["key"]), weight + int(tokens["weight"][at + 1])
        if key:
            weights[key] = max(weight, weights.get(key, 0))
    rarest = sorted(weights, key=lambda key: (-weights[key], key))[:RARE_STEMS]
    if len(rarest) == 1:
        return [pair_of_stems(rarest[0], rarest[0])]
    return [pair_of_stems(*sorted(pair)) for pair in combinations(rarest, 2)]


def opens_pair(tokens: NDArray[np.void], at: int) -> bool:
    """Return whether a token is an ideograph that forms a pair with the one behind it."""
    kind, flags = int(tokens["kind"][at]), int(tokens["flags"][at])
    opens = kind == TokenKind.IDEOGRAPH and flags & Flag.OPENS_PAIR != 0
    return opens and at + 1 < len(tokens)


def stem_key(concepts: Sequence[int], stem: int) -> int:
    """Return the key of a word's first concept, else of its stem."""
    for concept in concepts:
        if concept >= Meaning.FIRST_CONCEPT:
            return salted_key(concept, CONCEPT_SALT)
    return stem


def pair_of_stems(low: int, high: int) -> int:
    """Return the key of two stems."""
    return mix64(low << 32 | high) >> 32 or 1


def compared_letters(prepared: PreparedText) -> tuple[str, bool]:
    """Return the letters that are compared, words apart, and whether the text sets no spaces."""
    parts: list[str] = []
    ideographs = 0
    columns = (prepared.tokens[name].tolist() for name in ("zone", "flags", "kind"))
    for at, (zone, flags, kind) in enumerate(zip(*columns, strict=True)):
        if zone in COMPARED:
            joined = not parts or flags & Flag.JOINED
            parts.append(("" if joined else " ") + prepared.spelling(at))
            ideographs += kind == TokenKind.IDEOGRAPH
    return "".join(parts), 2 * ideographs > len(parts)


def shingle_hashes(text: str, *, spaceless: bool) -> list[int]:
    """Return the 32-bit hashes of a text's shingles, of four letters or of two ideographs.

    The text has a space at either end; a shorter one is one shingle.
    """
    width = SPACELESS_SHINGLE if spaceless else SHINGLE
    padded = f" {text} ".ljust(width)
    letters = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), np.uint32)
    values = np.zeros(len(padded) - width + 1, np.uint64)
    for at in range(width):  # arrays of 64 bits wrap, as C does
        values = values * np.uint64(BASE) + letters[at : at + len(values)]
    hashes: list[int] = (mix64(values) >> np.uint64(32)).tolist()
    return hashes


def signature(hashes: Sequence[int], seed: int) -> list[int]:
    """Return the MinHash signature of some shingles, by datasketch."""
    from datasketch import MinHash  # noqa: PLC0415 - it loads scipy

    minhash = MinHash(num_perm=SLOTS, seed=seed, scheme=SCHEME, hashfunc=int)
    minhash.update_batch(hashes)
    values: list[int] = minhash.hashvalues.tolist()
    return values


def band_keys(prepared: PreparedText, seed: int) -> list[int]:
    """Return a key a band of a text's signature; none for a text without letters."""
    text, spaceless = compared_letters(prepared)
    if not text:
        return []
    return keys_of_bands(signature(shingle_hashes(text, spaceless=spaceless), seed))


def keys_of_bands(values: Sequence[int]) -> list[int]:
    """Return a key a band of a signature."""
    keys = []
    for band in range(BANDS):
        key = band + 1
        for value in values[band * BAND_ROWS : (band + 1) * BAND_ROWS]:
            key = mix64((key * BASE + value) & MASK64)
        keys.append(key >> 32 or 1)
    return keys
