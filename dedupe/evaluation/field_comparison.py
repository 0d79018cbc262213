"""Compare one field of two records: normalised texts, shared keys, unmatched words."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dedupe.blocking.keys import BANDING
from dedupe.blocking.lsh import MAX_BUCKET
from dedupe.blocking.minhash import SHINGLE, SPACELESS_SHINGLE, shingles, signatures
from dedupe.blocking.rare_pairs import STEM_LENGTH, pair_hashes
from dedupe.scoring.align import CONCEPT_MATCH, LONGEST, WHOLE, align, build_side
from dedupe.scoring.numbers import IGNORE
from dedupe.text.char_table import CharClass
from dedupe.text.tokenize import tokenize
from dedupe.text.vocabulary import SCALE, by_hash, word_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.backends.memory import MemoryBackend
    from dedupe.scoring.align import Side
    from dedupe.scoring.pair_context import ScoringContext
    from dedupe.text.preprocess import FieldContents

CORE, TAG, OUTLET = range(3)
JOINERS = re.compile(r"[^\W\d_]['\u2019][^\W\d_]|\b[^\W\d_]\.|\d,\d{3}(?!\d)")
"""Int'l, U.S., 1,000"""
HOW = {WHOLE: "spelling", CONCEPT_MATCH: "meaning"}


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """A text as given and as normalised, with what was taken off and the rules that changed it."""

    raw: str
    normalized: str
    tags: str
    outlet: str
    version: int
    withdrawn: bool
    spaceless: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """A word without a counterpart, or with part of one, and the bits that it leaves over."""

    text: str
    bits: float
    is_number: bool


@dataclass(frozen=True, slots=True)
class Match:
    """Two words that stand for one another though they are not the same, and by what."""

    left: str
    right: str
    how: str


@dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of two records.

    ``counts`` are the shingles of the left, of the right and of both; ``exact`` and ``estimated``
    are their Jaccard similarity and the sketch's estimate; ``chance`` is that of sharing a band.
    ``bands`` and ``rare_pairs`` are the keys that met; ``bucket_size`` is how many texts the least
    oversized of them holds.
    """

    name: str
    left: NormalizedText
    right: NormalizedText
    counts: tuple[int, int, int]
    shared: tuple[str, ...]
    exact: float
    estimated: float
    chance: float
    bands: tuple[int, ...]
    rare_pairs: tuple[str, ...]
    bucket_size: int
    matches: tuple[Match, ...]
    left_only: tuple[Word, ...]
    right_only: tuple[Word, ...]

    @property
    def is_candidate(self) -> bool:
        """Whether the texts share a key, and so are compared."""
        return bool(self.bands or self.rare_pairs)

    @property
    def is_oversized(self) -> bool:
        """Whether every shared key is too common to pair all who have it."""
        return self.bucket_size > MAX_BUCKET


def compare_field(
    backend: MemoryBackend, scoring_context: ScoringContext, field: int, left: int, right: int
) -> FieldComparison:
    """Compare one field of two records."""
    view = backend.description.views[field]
    rows = int(view.rows[left]), int(view.rows[right])
    texts = backend.corpus.texts[field]
    one, other = (
        normalized_text(view, rows[0], texts[left]),
        normalized_text(view, rows[1], texts[right]),
    )
    ours, theirs = shingle_set(one), shingle_set(other)
    both = ours & theirs
    exact = len(both) / len(ours | theirs) if ours | theirs else 0.0
    bands, rare_pairs, bucket_size = shared_keys(view, rows)
    matches, loose = compare_words(backend, scoring_context, field, rows)
    return FieldComparison(
        name=backend.settings.field[field].name,
        left=one,
        right=other,
        counts=(len(ours), len(theirs), len(both)),
        shared=tuple(sorted(both)),
        exact=exact,
        estimated=estimate_jaccard(one, other, backend.settings.seed),
        chance=BANDING.recall(exact),
        bands=bands,
        rare_pairs=rare_pairs,
        bucket_size=bucket_size,
        matches=matches,
        left_only=loose[0],
        right_only=loose[1],
    )


def normalized_text(view: FieldContents, row: int, raw: str) -> NormalizedText:
    """What normalising made of one text."""
    span = slice(int(view.offsets[row]), int(view.offsets[row + 1]))
    zones = view.zones[span]
    words = tokens_of(view, row)
    own = tokenize([raw]).classes[zones == CORE]
    version, withdrawn = int(view.versions[row]), bool(view.withdrawn[row])
    return NormalizedText(
        raw=raw,
        normalized=view.texts[row],
        tags=" ".join(w for w, z in zip(words, zones, strict=True) if z == TAG),
        outlet=" ".join(w for w, z in zip(words, zones, strict=True) if z == OUTLET),
        version=version,
        withdrawn=withdrawn,
        spaceless=bool(2 * (own == CharClass.IDEOGRAPH).sum() > len(own)),
        rules=tuple(applied_rules(raw)),
    )


def tokens_of(view: FieldContents, row: int) -> list[str]:
    """The normalised tokens of one text, tags and outlet too."""
    span = slice(int(view.offsets[row]), int(view.offsets[row + 1]))
    spellings = by_hash(view.spellings)
    return [spellings[key] for key in view.hashes[span].tolist()]


def applied_rules(raw: str) -> list[str]:
    """Which contents of normalising rules a text gives occasion to."""
    letters = [char for char in raw if char.isalnum() and not char.isascii()]
    classes = {unicodedata.category(char) for char in raw}
    rules = {
        "capitals": any(char.isupper() for char in raw),
        "accents, widths and ligatures": any(
            not unicodedata.is_normalized("NFKD", char) for char in letters
        ),
        "invisible characters": not classes.isdisjoint(("Cf", "Mn")),
        "marks inside words": JOINERS.search(raw) is not None,
        "punctuation": any(kind.startswith(("P", "S")) for kind in classes),
    }
    return [rule for rule, applies in rules.items() if applies]


def shingle_set(text: NormalizedText) -> set[str]:
    """The shingles of a text's own words, as :func:`dedupe.blocking.minhash.shingles` cuts them."""
    if not text.normalized:
        return set()
    width = SPACELESS_SHINGLE if text.spaceless else SHINGLE
    padded = f" {text.normalized} "
    return {padded[at : at + width] for at in range(max(len(padded) - width + 1, 1))}


def estimate_jaccard(left: NormalizedText, right: NormalizedText, seed: int) -> float:
    """The Jaccard similarity by the sketches: the share of equal slots."""
    if not left.normalized or not right.normalized:
        return 0.0
    codes = np.frombuffer((left.normalized + right.normalized).encode("utf-32-le"), dtype=np.uint32)
    ends = np.array([len(left.normalized), len(codes)])
    starts = np.array([0, len(left.normalized)])
    spaceless = np.array([left.spaceless, right.spaceless])
    signed = signatures(*shingles(codes, starts, ends, spaceless), BANDING.slots, seed)
    return float((signed[0] == signed[1]).mean())


def shared_keys(
    view: FieldContents, rows: tuple[int, int]
) -> tuple[tuple[int, ...], tuple[str, ...], int]:
    """The bands (from 1) and the pairs of rare words that met, and the least crowd at one."""
    left, right = rows
    bands = np.flatnonzero((view.bands[left] == view.bands[right]) & (view.bands[left] != 0))
    keys = np.intersect1d(view.rare_pairs[left], view.rare_pairs[right])
    keys = keys[keys != 0]
    bucket_sizes = [
        int((view.bands[:, band] == view.bands[left, band]).sum()) for band in bands.tolist()
    ]
    bucket_sizes += [int((view.rare_pairs == key).any(axis=1).sum()) for key in keys]
    names = rare_pair_names(view, left, keys)
    return tuple((bands + 1).tolist()), names, min(bucket_sizes, default=0)


def rare_pair_names(view: FieldContents, row: int, keys: NDArray[np.uint64]) -> tuple[str, ...]:
    """The two words behind each rare-pair key of a text."""
    stems = {word[:STEM_LENGTH]: word for word in reversed(tokens_of(view, row))}
    pairs = list(combinations(sorted(stems), 2))
    if not pairs or not len(keys):
        return ()
    hashes = word_hash([stem for pair in pairs for stem in pair]).reshape(-1, 2)
    shared = np.isin(pair_hashes(hashes)[:, 0], keys)
    return tuple(
        f"{stems[a]} + {stems[b]}"
        for (a, b), hit in zip(pairs, shared.tolist(), strict=True)
        if hit
    )


def compare_words(
    backend: MemoryBackend, scoring_context: ScoringContext, field: int, rows: tuple[int, int]
) -> tuple[tuple[Match, ...], tuple[tuple[Word, ...], tuple[Word, ...]]]:
    """Words matched by more than themselves, and the words left over on either side."""
    view = backend.description.views[field]
    column = replace(
        scoring_context.columns[field],
        ids=backend.corpus_stats.held[field].words,
        zones=view.zones,
        starts=view.offsets[:-1],
        ends=view.offsets[1:],
    )
    words = [tokens_of(view, row) for row in rows]
    if not all(words):
        return (), ((), ())
    width = min(max(map(len, words)), LONGEST)
    left, right = (build_side(column, np.array([row]), width) for row in rows)
    found = align(left, right)
    matches = [
        Match(word, words[1][position], HOW.get(similarity, "stem"))
        for word, similarity, position in zip(
            words[0], found.left_match[0].tolist(), found.left_place[0].tolist(), strict=False
        )
        if similarity and word != words[1][position]
    ]
    heard = backend.settings.numbers != IGNORE
    loose = (
        unmatched_words(words[0], left, found.left_match),
        unmatched_words(words[1], right, found.right_match),
    )
    ours, theirs = (tuple(w for w in side if heard or not w.is_number) for side in loose)
    return tuple(matches), (ours, theirs)


def unmatched_words(words: list[str], side: Side, match: NDArray[np.int64]) -> tuple[Word, ...]:
    """The story's words without a whole counterpart, heaviest first."""
    bits = (side.weights * (WHOLE - match) / WHOLE / SCALE)[0].tolist()
    rows = zip(words, bits, side.numbers[0].tolist(), side.core[0].tolist(), strict=False)
    loose = [Word(word, weight, number) for word, weight, number, core in rows if core and weight]
    return tuple(sorted(loose, key=lambda word: -word.bits))
