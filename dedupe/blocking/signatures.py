"""MinHash signatures of prepared texts as datasketch has them, for programs that run an LSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dedupe.blocking.keys import SCHEME, compared_letters, shingle_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from datasketch import LeanMinHash

    from dedupe.text.prepare import PreparedText


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
