"""Prepare records that come to an index: their facts, their keys and their identities."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from dedupe.index.facts import DAY_ONLY, FACT, LEADS, PRESENT, WITHDRAWN
from dedupe.index.postings import BAND, IDENTITY, RARE, SHIFT, TITLE, key_codes
from dedupe.models import Corpus
from dedupe.preprocess import preprocess
from dedupe.tokens import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.contents import Contents
    from dedupe.index.store import Store

ODD = np.uint64(0x9E3779B97F4A7C15)
UPPER = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Newcomers:
    """Records with their prepared texts; ``facts`` has a row a record.

    Record ``owners[i]`` has the key code ``codes[i]``, of rare stems or bands; each of a record
    comes once.
    """

    corpus: Corpus
    contents: Contents
    facts: NDArray[np.void]
    owners: NDArray[np.int64]
    codes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.facts)


def prepare_newcomers(store: Store, corpus: Corpus, *, new: bool) -> Newcomers:
    """Prepare records; the outlets of ``new`` ones are noted in the index."""
    settings = store.settings
    contents = preprocess(corpus, settings.seed, settings.jobs)
    outlets = store.outlet_numbers(corpus.sources, new=new)
    return newcomers_of(corpus, contents, outlets)


def newcomers_of(corpus: Corpus, contents: Contents, outlets: NDArray[np.int64]) -> Newcomers:
    """Return prepared records with their facts and keys."""
    records = np.arange(len(corpus))
    owners, codes = [], []
    for kind, name in ((RARE, "rare_keys"), (BAND, "band_keys")):
        keys = contents.keys(name, records) if len(contents.texts) else np.zeros((0, 1), np.uint32)
        keys = np.sort(keys, axis=1)
        fresh = keys > 0
        fresh[:, 1:] &= keys[:, 1:] != keys[:, :-1]
        owners.append(fresh.nonzero()[0])
        codes.append(key_codes(kind, keys[fresh]))
    facts = record_facts(corpus, contents, outlets)
    return Newcomers(corpus, contents, facts, np.concatenate(owners), np.concatenate(codes))


def record_facts(
    corpus: Corpus, contents: Contents, outlets: NDArray[np.int64]
) -> NDArray[np.void]:
    """Return what the index knows of records in memory."""
    facts = np.zeros(len(corpus), FACT)
    facts["digest"], facts["time"], facts["outlet"] = corpus.digests, corpus.times, outlets
    facts["title"], facts["content"] = text_hashes(contents, outlets)
    facts["length"] = contents.lengths
    facts["completeness"] = 2 * contents.whole + contents.plain
    facts["version"] = contents.versions
    facts["flags"] = (
        PRESENT
        | np.where(contents.ids >= 0, LEADS, 0)
        | np.where(corpus.days_only, DAY_ONLY, 0)
        | np.where(contents.withdrawn, WITHDRAWN, 0)
    )
    return facts


def text_hashes(
    contents: Contents, outlets: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return a hash of each record's leading text and one of all its texts; 0 for none.

    Generic titles of two outlets are two contents.
    """
    fingerprints, titles = contents.texts.fingerprints, contents.titles
    title, content = np.zeros((2, len(contents)), np.uint64)
    if not len(fingerprints):
        return title, content
    known = titles >= 0
    title[known] = fingerprints[titles[known], 0] | np.uint64(1)
    for rows in contents.rows:
        for half in (0, 1):
            value = np.where(rows >= 0, fingerprints[np.maximum(rows, 0), half], 0)
            content = (content ^ value) * ODD
            content ^= content >> UPPER
    generic = known & ((contents.texts.facts & Fact.GENERIC) > 0)[np.maximum(titles, 0)]
    content = np.where(generic, content ^ (outlets.astype(np.uint64) + np.uint64(1)) * ODD, content)
    return title, np.where(known, content | np.uint64(1), 0)


def title_codes(titles: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the key codes of titles."""
    return key_codes(TITLE, (titles >> UPPER).astype(np.uint32))


def identities(corpus: Corpus) -> NDArray[np.uint64]:
    """Return a hash of each record's id, outlet, time and texts: equal for the same record."""
    rows = zip(
        corpus.ids, corpus.sources, map(str, corpus.times.tolist()), *corpus.texts, strict=True
    )
    joined = ["\x1f".join(row).encode("utf-8", "surrogatepass") for row in rows]
    hashed = hashlib.blake2b
    digests = b"".join([hashed(text, digest_size=8).digest() for text in joined])
    return np.frombuffer(digests, "<u8")


def identity_codes(ids: Sequence[str], identities: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the key codes by which records are found again: of the id, else of all of it."""
    keys = [
        crc32(name.encode("utf-8", "surrogatepass")) if name else identity & 0xFFFFFFFF
        for name, identity in zip(ids, identities.tolist(), strict=True)
    ]
    return key_codes(IDENTITY, np.array(keys, np.uint32))


def posting_entries(
    new: Newcomers, identity: NDArray[np.uint64], numbers: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """Return the entries of records under all of their keys."""
    titled = np.flatnonzero(new.facts["title"])
    codes = [new.codes, title_codes(new.facts["title"][titled]), identity]
    owners = [new.owners, titled, np.arange(len(numbers))]
    return np.concatenate(codes) << SHIFT | numbers[np.concatenate(owners)].astype(np.uint64)


def listed(corpus: Corpus) -> Corpus:
    """Return a corpus with its texts and ids as lists, which are gone through several times."""
    return replace(corpus, texts=tuple(map(list, corpus.texts)), ids=list(corpus.ids))


def corpus_part(corpus: Corpus, records: NDArray[np.int64]) -> Corpus:
    """Return some records of a corpus, without their bytes."""
    if len(records) == len(corpus):
        return corpus
    own = records.tolist()
    return Corpus(
        batches=(),
        texts=tuple([column[record] for record in own] for column in corpus.texts),
        ids=[corpus.ids[record] for record in own],
        sources=[corpus.sources[record] for record in own],
        times=corpus.times[records],
        days_only=corpus.days_only[records],
        digests=corpus.digests[records],
    )
