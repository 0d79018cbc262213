"""Compare two records, and make MinHash signatures of texts for an index of your own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dedupe.api.records import checked_settings, open_records, read_records
from dedupe.blocking.keys import SCHEME, SLOTS, compared_letters, shingle_hashes
from dedupe.errors import SettingsError
from dedupe.load import load_corpus
from dedupe.prepare import prepare_texts
from dedupe.text.prepare import PreparedText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Unpack

    from datasketch import LeanMinHash

    from dedupe.api.records import Record
    from dedupe.config import Settings, SettingsKeywords
    from dedupe.evaluation.explain import Explanation
    from dedupe.models import Corpus
    from dedupe.tokens import PreparedTexts


def similarity(
    a: Record, b: Record, settings: Settings | None = None, **given: Unpack[SettingsKeywords]
) -> float:
    """Return the probability that two records tell the same story, 0 to 1.

    Each is a dict or a string, as :func:`dedupe.cluster` takes them. It is 1 for copies, and 0
    where one has no text. Within a corpus the score of a pair can be lower: there it counts how
    often words and headlines recur.

    >>> from dedupe import similarity
    >>> round(similarity("Ferry tolls rise in June", "UPDATE 1-Ferry tolls rise in June"), 2)
    0.87
    >>> similarity("Ferry tolls rise in June", "Lamp out")
    0.0
    """
    from dedupe.evaluation.open_corpus import prepare_corpus  # noqa: PLC0415 - a function of its own

    chosen = pair_settings("similarity()", settings, given)
    corpus = pair_corpus("similarity()", a, b, chosen)
    opened = prepare_corpus(corpus, chosen, lambda _stage, _share: None)
    left, right = np.array([0]), np.array([1])
    key = int(opened.representative_keys(left, right)[0])
    if key >= 0 and key >> 32 == key & 0xFFFFFFFF:
        return 1.0
    return float(opened.scores(left, right)[0])


def explain(
    a: Record, b: Record, settings: Settings | None = None, **given: Unpack[SettingsKeywords]
) -> PairExplanation:
    """Explain why two records are one story or not; print the result to read it.

    Takes what :func:`similarity` takes.

    >>> from dedupe import explain
    >>> found = explain("Ferry tolls rise in June", "Ferry tolls fall in June")
    >>> found.is_duplicate
    False
    """
    from dedupe.evaluation.explain import explain as explain_pair  # noqa: PLC0415 - as above

    chosen = pair_settings("explain()", settings, given)
    corpus = pair_corpus("explain()", a, b, chosen)
    details = explain_pair(corpus, 0, 1, chosen, lambda _stage, _share: None)
    return PairExplanation(details, corpus)


@dataclass(frozen=True, slots=True)
class Reason:
    """What adds to the log-odds of a pair, or takes from them; ``field`` is empty for metadata."""

    log_odds: float
    text: str
    field: str

    def __str__(self) -> str:
        return f"{self.log_odds:+.2f} {self.text}"


@dataclass(frozen=True, slots=True, repr=False)
class PairExplanation:
    """Why two records are, or are not, one story; as text it is what ``dedupe explain`` shows."""

    details: Explanation
    _corpus: Corpus

    @property
    def is_duplicate(self) -> bool:
        """Whether the two count as one story."""
        return self.details.joins

    @property
    def score(self) -> float:
        """The probability of one story, from texts, times and outlets."""
        return self.details.score

    @property
    def text_score(self) -> float:
        """The probability of one story, from the texts alone."""
        from dedupe.scoring.model import probability  # noqa: PLC0415 - as above

        return float(probability(np.array(self.details.breakdown.text)))

    @property
    def threshold(self) -> float:
        """The least score of one story."""
        return self.details.threshold

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the score is made of, the weightiest first; none where texts share too little."""
        from dedupe.reports.explanation import contribution_text  # noqa: PLC0415 - as above

        return tuple(
            Reason(part.part, contribution_text(part), part.field)
            for part in self.details.breakdown.parts
        )

    @property
    def stopped_by(self) -> tuple[str, ...]:
        """The rules beside the score that keep the two apart, in words."""
        guards = self.details.guards
        return tuple(f"{guard.name}: {guard.detail}" for guard in guards if not guard.passes)

    def to_dict(self) -> dict[str, object]:
        """Return all of it as plain values, as ``dedupe explain --json`` does."""
        from dedupe.evaluation.explain import as_json  # noqa: PLC0415 - as above

        return as_json(self.details, self._corpus)

    def __str__(self) -> str:
        from dedupe.reports.explanation import PLAIN, explanation_text  # noqa: PLC0415 - as above

        return "\n".join(explanation_text(self.details, self._corpus, PLAIN))

    def __repr__(self) -> str:
        outcome = "one story" if self.is_duplicate else "two stories"
        return f"<PairExplanation: {outcome}, score {self.score:.3f}>"


def pair_settings(call: str, settings: Settings | None, given: Mapping[str, object]) -> Settings:
    """Return the settings of a comparison; labels are of files, and have no part in it."""
    for name in ("links", "on_error"):
        if given.get(name) is not None:
            raise SettingsError(name, "applies to cluster() only", call)
    chosen = checked_settings(settings, given, call, may_skip=True)
    return replace(chosen, links=None, on_error="fail")


def pair_corpus(call: str, a: Record, b: Record, settings: Settings) -> Corpus:
    """Return two records as a corpus; those without an id are named A and B."""
    records = open_records([a, b], settings, call)
    corpus = load_corpus(read_records(records, settings, "records"), len(settings.field))
    named = [own or name for own, name in zip(corpus.ids, "AB", strict=True)]
    plain = isinstance(a, str) and isinstance(b, str)
    batches = () if plain else [replace(batch, path="") for batch in corpus.batches]
    return replace(corpus, ids=named, batches=batches)


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
