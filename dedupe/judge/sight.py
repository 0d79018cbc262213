"""Two texts side by side: what folding made of them, what they share, and which keys met."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from dedupe.candidates import HOT
from dedupe.folding.scan import scan
from dedupe.folding.table import Kind
from dedupe.sketch import BANDING
from dedupe.sketch.anchors import PREFIX, anchor_keys
from dedupe.sketch.minhash import SHINGLE, SPACELESS_SHINGLE, shingles, signatures
from dedupe.verify import IGNORE
from dedupe.verify.align import CONCEPT_MATCH, LONGEST, WHOLE, align, take_side
from dedupe.words import SCALE, by_hash, word_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dedupe.pipeline.case import Case
    from dedupe.pipeline.describe import View
    from dedupe.verify import Evidence
    from dedupe.verify.align import Side

STORY, TAG, OUTLET = range(3)
JOINERS = re.compile(r"[^\W\d_]['\u2019][^\W\d_]|\b[^\W\d_]\.|\d,\d{3}(?!\d)")
"""Int'l, U.S., 1,000"""
HOW = {WHOLE: "spelling", CONCEPT_MATCH: "meaning"}


@dataclass(frozen=True, slots=True)
class Text:
    """A text as given and as folded, with what was taken off and the rules that changed it."""

    raw: str
    folded: str
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
class Sight:
    """One field of two records.

    ``counts`` are the shingles of the left, of the right and of both; ``exact`` and ``estimated``
    are their Jaccard similarity and the sketch's estimate; ``chance`` is that of sharing a band.
    ``bands`` and ``anchors`` are the keys that met; ``crowd`` is how many texts the least crowded
    of them holds.
    """

    name: str
    left: Text
    right: Text
    counts: tuple[int, int, int]
    shared: tuple[str, ...]
    exact: float
    estimated: float
    chance: float
    bands: tuple[int, ...]
    anchors: tuple[str, ...]
    crowd: int
    matches: tuple[Match, ...]
    left_only: tuple[Word, ...]
    right_only: tuple[Word, ...]

    @property
    def met(self) -> bool:
        """Whether the texts share a key, and so are compared."""
        return bool(self.bands or self.anchors)

    @property
    def crowded(self) -> bool:
        """Whether every shared key is too common to pair all who have it."""
        return self.crowd > HOT


def sight_between(case: Case, evidence: Evidence, field: int, left: int, right: int) -> Sight:
    """Compare one field of two records."""
    view = case.description.views[field]
    rows = int(view.rows[left]), int(view.rows[right])
    texts = case.corpus.texts[field]
    one, other = text_of(view, rows[0], texts[left]), text_of(view, rows[1], texts[right])
    ours, theirs = shingle_set(one), shingle_set(other)
    both = ours & theirs
    exact = len(both) / len(ours | theirs) if ours | theirs else 0.0
    bands, anchors, crowd = keys_met(view, rows)
    matches, loose = compare_words(case, evidence, field, rows)
    return Sight(
        name=case.settings.field[field].name,
        left=one,
        right=other,
        counts=(len(ours), len(theirs), len(both)),
        shared=tuple(sorted(both)),
        exact=exact,
        estimated=estimate(one, other, case.settings.seed),
        chance=BANDING.recall(exact),
        bands=bands,
        anchors=anchors,
        crowd=crowd,
        matches=matches,
        left_only=loose[0],
        right_only=loose[1],
    )


def text_of(view: View, row: int, raw: str) -> Text:
    """What folding made of one text."""
    span = slice(int(view.offsets[row]), int(view.offsets[row + 1]))
    zones = view.zones[span]
    words = words_of(view, row)
    own = scan([raw]).kinds[zones == STORY]
    version, withdrawn = int(view.versions[row]), bool(view.withdrawn[row])
    return Text(
        raw=raw,
        folded=view.texts[row],
        tags=" ".join(w for w, z in zip(words, zones, strict=True) if z == TAG),
        outlet=" ".join(w for w, z in zip(words, zones, strict=True) if z == OUTLET),
        version=version,
        withdrawn=withdrawn,
        spaceless=bool(2 * (own == Kind.IDEOGRAPH).sum() > len(own)),
        rules=tuple(rules_of(raw)),
    )


def words_of(view: View, row: int) -> list[str]:
    """The folded tokens of one text, tags and outlet too."""
    span = slice(int(view.offsets[row]), int(view.offsets[row + 1]))
    spelled = by_hash(view.spelled)
    return [spelled[key] for key in view.hashes[span].tolist()]


def rules_of(raw: str) -> list[str]:
    """Which kinds of folding rules a text gives occasion to."""
    letters = [char for char in raw if char.isalnum() and not char.isascii()]
    kinds = {unicodedata.category(char) for char in raw}
    rules = {
        "capitals": any(char.isupper() for char in raw),
        "accents, widths and ligatures": any(
            not unicodedata.is_normalized("NFKD", char) for char in letters
        ),
        "invisible characters": not kinds.isdisjoint(("Cf", "Mn")),
        "marks inside words": JOINERS.search(raw) is not None,
        "punctuation": any(kind.startswith(("P", "S")) for kind in kinds),
    }
    return [rule for rule, applies in rules.items() if applies]


def shingle_set(text: Text) -> set[str]:
    """The shingles of a text's own words, as :func:`dedupe.sketch.minhash.shingles` cuts them."""
    if not text.folded:
        return set()
    width = SPACELESS_SHINGLE if text.spaceless else SHINGLE
    padded = f" {text.folded} "
    return {padded[at : at + width] for at in range(max(len(padded) - width + 1, 1))}


def estimate(one: Text, other: Text, seed: int) -> float:
    """The Jaccard similarity by the sketches: the share of equal slots."""
    if not one.folded or not other.folded:
        return 0.0
    codes = np.frombuffer((one.folded + other.folded).encode("utf-32-le"), dtype=np.uint32)
    stops = np.array([len(one.folded), len(codes)])
    starts = np.array([0, len(one.folded)])
    spaceless = np.array([one.spaceless, other.spaceless])
    signed = signatures(*shingles(codes, starts, stops, spaceless), BANDING.slots, seed)
    return float((signed[0] == signed[1]).mean())


def keys_met(view: View, rows: tuple[int, int]) -> tuple[tuple[int, ...], tuple[str, ...], int]:
    """The bands (from 1) and the pairs of anchor words that met, and the least crowd at one."""
    one, other = rows
    bands = np.flatnonzero((view.bands[one] == view.bands[other]) & (view.bands[one] != 0))
    keys = np.intersect1d(view.anchors[one], view.anchors[other])
    keys = keys[keys != 0]
    crowds = [int((view.bands[:, band] == view.bands[one, band]).sum()) for band in bands.tolist()]
    crowds += [int((view.anchors == key).any(axis=1).sum()) for key in keys]
    names = anchor_names(view, one, keys)
    return tuple((bands + 1).tolist()), names, min(crowds, default=0)


def anchor_names(view: View, row: int, keys: NDArray[np.uint64]) -> tuple[str, ...]:
    """The two words behind each anchor key of a text."""
    stems = {word[:PREFIX]: word for word in reversed(words_of(view, row))}
    pairs = list(combinations(sorted(stems), 2))
    if not pairs or not len(keys):
        return ()
    hashes = word_hash([stem for pair in pairs for stem in pair]).reshape(-1, 2)
    met = np.isin(anchor_keys(hashes)[:, 0], keys)
    return tuple(
        f"{stems[a]} + {stems[b]}" for (a, b), hit in zip(pairs, met.tolist(), strict=True) if hit
    )


def compare_words(
    case: Case, evidence: Evidence, field: int, rows: tuple[int, int]
) -> tuple[tuple[Match, ...], tuple[tuple[Word, ...], tuple[Word, ...]]]:
    """Words matched by more than themselves, and the words left over on either side."""
    view = case.description.views[field]
    column = replace(
        evidence.columns[field],
        ids=case.tally.held[field].words,
        zones=view.zones,
        starts=view.offsets[:-1],
        stops=view.offsets[1:],
    )
    words = [words_of(view, row) for row in rows]
    if not all(words):
        return (), ((), ())
    width = min(max(map(len, words)), LONGEST)
    left, right = (take_side(column, np.array([row]), width) for row in rows)
    found = align(left, right)
    matches = [
        Match(word, words[1][place], HOW.get(strength, "stem"))
        for word, strength, place in zip(
            words[0], found.left_match[0].tolist(), found.left_place[0].tolist(), strict=False
        )
        if strength and word != words[1][place]
    ]
    heard = case.settings.numbers != IGNORE
    loose = (
        left_over(words[0], left, found.left_match),
        left_over(words[1], right, found.right_match),
    )
    ours, theirs = (tuple(w for w in side if heard or not w.is_number) for side in loose)
    return tuple(matches), (ours, theirs)


def left_over(words: list[str], side: Side, match: NDArray[np.int64]) -> tuple[Word, ...]:
    """The story's words without a whole counterpart, heaviest first."""
    bits = (side.weights * (WHOLE - match) / WHOLE / SCALE)[0].tolist()
    rows = zip(words, bits, side.numbers[0].tolist(), side.core[0].tolist(), strict=False)
    loose = [Word(word, weight, number) for word, weight, number, core in rows if core and weight]
    return tuple(sorted(loose, key=lambda word: -word.bits))
