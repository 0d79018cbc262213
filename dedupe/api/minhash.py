"""MinHash signatures of texts, for programs that keep an index of their own with datasketch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dedupe.api.keywords import checked_settings
from dedupe.api.records import open_records
from dedupe.blocking.keys import SCHEME, SLOTS, compared_letters, shingle_hashes
from dedupe.prepare import prepare_texts
from dedupe.text.prepare import PreparedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datasketch import LeanMinHash

    from dedupe.tokens import PreparedTexts


CHUNK = 1 << 12
"""Texts that are prepared at once."""


def signatures(texts: Iterable[str], *, seed: int = 1, num_perm: int = SLOTS) -> list[LeanMinHash]:
    """Return the MinHash signature of each text, as ``datasketch.LeanMinHash``.

    They are taken over the shingles that dedupe compares, so ``UPDATE 1-``, an outlet's name at the
    end, case and accents make no difference. With the default of 48 permutations the values are
    those of which a run makes its blocking keys; more permutations estimate the Jaccard similarity
    better. A text without letters has the signature of an empty set.

    >>> from dedupe import signatures
    >>> one, other = signatures(["Ferry tolls rise in June", "UPDATE 1-Ferry tolls rise in June"])
    >>> one.jaccard(other)
    1.0
    """
    settings = checked_settings(None, {"seed": seed}, "signatures()")
    if num_perm < 1:
        raise ValueError(f"num_perm must be at least 1, got {num_perm}")
    items = list(open_records(texts, settings, "signatures()").items)
    for at, text in enumerate(items):
        if not isinstance(text, str):
            raise TypeError(f"signatures(): expected strings, got {type(text).__name__} at {at}")
    found: list[LeanMinHash] = []
    for start in range(0, len(items), CHUNK):
        some = items[start : start + CHUNK]
        prepared = prepare_texts(some, [], np.full(len(some), -1, np.int32), settings.seed)
        own = (text_of_column(prepared, at) for at in range(len(prepared)))
        found += lean_minhashes(own, settings.seed, num_perm)
    return found


def text_of_column(texts: PreparedTexts, at: int) -> PreparedText:
    """Return one of several prepared texts."""
    letters = texts.letters[texts.letter_offsets[at] : texts.letter_offsets[at + 1]]
    low, high = texts.fingerprints[at].tolist()
    return PreparedText(
        tokens=texts.tokens[texts.offsets[at] : texts.offsets[at + 1]],
        letters=letters.tobytes(),
        fingerprint=(low, high),
        language=int(texts.languages[at]),
        version=int(texts.versions[at]),
        facts=int(texts.facts[at]),
        length=int(texts.lengths[at]),
    )


def lean_minhashes(
    texts: Iterable[PreparedText], seed: int, num_perm: int
) -> Iterator[LeanMinHash]:
    """Yield the signature of each text, over the shingles that blocking compares.

    A text without letters has the signature of an empty set.
    """
    from datasketch import LeanMinHash, MinHash  # noqa: PLC0415 - it loads scipy

    first = MinHash(num_perm=num_perm, seed=seed, scheme=SCHEME, hashfunc=int)
    for text in texts:
        letters, spaceless = compared_letters(text)
        minhash = first.copy()
        if letters:
            minhash.update_batch(shingle_hashes(letters, spaceless=spaceless))
        yield LeanMinHash(minhash)
