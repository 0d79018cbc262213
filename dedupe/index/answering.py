"""What became of stories, or would, as answers."""

from __future__ import annotations

from functools import partial
from itertools import repeat, starmap
from typing import TYPE_CHECKING

import numpy as np

from dedupe.index.answers import Answer
from dedupe.index.memory import VERSION
from dedupe.index.shelf import SCORES, places_of
from dedupe.pipeline.tell import CANONICAL, EXACT, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dedupe.index.joining import Group, Places
    from dedupe.index.matching import Matches
    from dedupe.index.store import Store
    from dedupe.stories import Corpus


def answers_of(matches: Matches, places: Places, groups: Sequence[Group]) -> list[Answer]:
    """The answer to each newcomer; of no worth for the stories before them."""
    corpus, versions = matches.corpus, matches.of(VERSION).tolist()
    scores, own = places.scores.tolist(), hexes(corpus.digests)
    names = [given or digest for given, digest in zip(corpus.ids, own, strict=True)]
    answers = openings(names, own, versions)
    for group in groups:
        canonical_id, name = names[group.top], f"{group.name:016x}"
        for record in group.fresh:
            leads = record == group.top
            answers[record] = Answer(
                cluster=name,
                size=group.size,
                canonical=leads,
                canonical_id=canonical_id,
                score=scores[record],
                reason=places.reasons[record],
                version=versions[record],
                new=True,
                merged=tuple(f"{name:016x}" for _, name in group.absorbed) if leads else (),
                canonical_changed=(
                    names[group.former] if leads and group.former is not None else None
                ),
                opens=not group.old and record == group.fresh[0],
            )
    return answers


def openings(names: list[str], digests: list[str], versions: list[int]) -> list[Answer]:
    """The answers to stories that are a cluster of their own each."""
    alike = Answer("", 1, True, "", 1.0, CANONICAL, 0, True, opens=True)  # noqa: FBT003 - in the order of Answer
    columns: list[Iterable[object]] = [repeat(value, len(names)) for value in alike]
    for name, own in (("cluster", digests), ("canonical_id", names), ("version", versions)):
        columns[Answer._fields.index(name)] = own
    return list(map(partial(tuple.__new__, Answer), zip(*columns, strict=True)))


def hexes(digests: NDArray[np.uint64]) -> list[str]:
    """Each story's digest, as clusters are named by."""
    told = digests.astype(">u8").tobytes().hex()
    return [told[at : at + 16] for at in range(0, len(told), 16)]


def name_of(corpus: Corpus, record: int) -> str:
    """A story's id, given or made from its bytes."""
    return corpus.ids[record] or f"{int(corpus.digests[record]):016x}"


def held_answers(store: Store, seqs: NDArray[np.int64]) -> dict[int, Answer]:
    """The answer to each story that the index holds already."""
    return dict(starmap(held_answer, places_of(store.database, seqs).items()))


def held_answer(seq: int, row: tuple[int, int, int, str, int, int, str, int]) -> tuple[int, Answer]:
    """One of them."""
    name, size, canonical, given, digest, score, reason, version = row
    return seq, Answer(
        cluster=f"{name % (1 << 64):016x}",
        size=size,
        canonical=seq == canonical,
        canonical_id=given or f"{digest % (1 << 64):016x}",
        score=score / SCORES,
        reason=reason,
        version=version,
        new=False,
    )


def guesses(matches: Matches) -> list[Answer]:
    """Where each unknown story would go: to the canonical version that it matches best."""
    old = len(matches.leaders.seqs)
    if not len(matches.left):
        names = [name_of(matches.corpus, record) for record in range(old, len(matches.corpus))]
        versions = matches.of(VERSION)[old:].tolist()
        return openings(names, hexes(matches.corpus.digests[old:]), versions)
    best: dict[int, int] = {}
    order = np.lexsort((matches.left, -matches.scores))
    for pair in order.tolist():
        best.setdefault(int(matches.right[pair]), pair)
    versions = matches.of(VERSION).tolist()
    alike = matches.alike(matches.left, matches.right)
    return [
        guess(matches, record, versions[record], best.get(record), alike)
        for record in range(old, len(matches.corpus))
    ]


def guess(
    matches: Matches, record: int, version: int, pair: int | None, alike: NDArray[np.bool_]
) -> Answer:
    """One of them; a story that matches nothing would open a cluster."""
    corpus = matches.corpus
    if pair is None:
        digest = f"{int(corpus.digests[record]):016x}"
        return openings([name_of(corpus, record)], [digest], [version])[0]
    leader = int(matches.left[pair])
    names = [field.name for field in matches.settings.field]
    return Answer(
        cluster=f"{int(matches.leaders.names[leader]):016x}",
        size=int(matches.leaders.sizes[leader]),
        canonical=False,
        canonical_id=name_of(corpus, leader),
        score=float(matches.scores[pair]),
        reason=EXACT if alike[pair] else reason_of(names, matches.parts[pair].tolist()),
        version=version,
        new=True,
    )
