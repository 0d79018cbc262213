"""Turn the labels of ``--links`` into must-links and cannot-links.

A label may name a record that is not in this input; what follows from it still holds. If labels say
that a is b and that b is not c, then a is not c, whether or not b is there.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dedupe.clustering.constraints import NO_PAIRS, components
from dedupe.errors import InputError, LinksError
from dedupe.io.ids import positions_by_name, same_links
from dedupe.io.labels import DIFFERENT, DUPLICATE, UPDATE, read_labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.labels import Label
    from dedupe.models import Corpus


@dataclass(frozen=True, slots=True)
class Links:
    """Pairs of record positions, two rows of ends each: in one cluster always, or never.

    ``unknown`` counts the labels that name a record that is not there.
    """

    must: NDArray[np.int64]
    cannot: NDArray[np.int64]
    unknown: int = 0


def read_links(corpus: Corpus, settings: Settings) -> Links:
    """Return the links of a run: those of its labels, and records of one id or url by ``--same``.

    Labels win: a record that they keep apart from another is joined to none by its id or url.
    Raises what :func:`read_label_links` raises.
    """
    links = read_label_links(corpus, settings)
    if not settings.same:
        return links
    groups = components(links.must, len(corpus))
    fixed = np.isin(groups, groups[links.cannot])
    must = np.concatenate([links.must, same_links(corpus, settings.same, fixed)], axis=1)
    return Links(must, links.cannot, links.unknown)


def read_label_links(corpus: Corpus, settings: Settings) -> Links:
    """Return the links of a file of labels; without one there are none.

    Raises InputError for a row that cannot be read, a name that several records have, and a file
    that names no record at all; LinksError where labels contradict one another.
    """
    if settings.links is None:
        return Links(NO_PAIRS, NO_PAIRS)
    labels = read_labels(settings.links, settings.max_ratio)
    positions = positions_by_name(corpus)
    for label in labels:
        for name in (label.a, label.b):
            if positions.get(name, 0) < 0:
                reason = f"more than one record has the id {name!r}"
                raise InputError(settings.links, label.line, reason)
    known = [label for label in labels if label.a in positions and label.b in positions]
    if labels and not any(name in positions for label in labels for name in (label.a, label.b)):
        raise InputError(settings.links, labels[0].line, no_record_reason(labels[0], positions))
    apart = (DIFFERENT, UPDATE) if settings.updates == "split" else (DIFFERENT,)
    return resolve(settings.links, labels, apart, positions, len(labels) - len(known))


def no_record_reason(label: Label, positions: dict[str, int]) -> str:
    """Return what is wrong with a file of labels for other records."""
    example = next(reversed(list(positions)), None)
    hint = f"ids here are like {example!r}" if example else "the input has no records"
    return f"no record has the id {label.a!r}, nor any other that the file names; {hint}"


def resolve(
    path: str,
    labels: Sequence[Label],
    apart: Sequence[str],
    positions: dict[str, int],
    unknown: int,
) -> Links:
    """Return the links that follow from labels."""
    same = [label for label in labels if label.label == DUPLICATE]
    other = [label for label in labels if label.label in apart]
    groups = name_groups(same)
    members: dict[str, list[int]] = defaultdict(list)
    for name in {name for label in labels for name in (label.a, label.b)}:
        if name in positions:
            members[groups.get(name, name)].append(positions[name])
    must, cannot = [], set()
    for held in members.values():
        first, *rest = sorted(set(held))
        must += [(first, position) for position in rest]
    for label in other:
        one, two = (groups.get(name, name) for name in (label.a, label.b))
        if one == two or positions.get(label.a, -1) == positions.get(label.b, -2):
            raise contradiction(path, label, same)
        if members[one] and members[two]:
            cannot.add((min(members[one]), min(members[two])))
    return Links(as_ends(must), as_ends(sorted(cannot)), unknown)


def as_ends(pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return pairs as two rows of ends."""
    return np.array(pairs, np.int64).reshape(-1, 2).T


def name_groups(labels: Sequence[Label]) -> dict[str, str]:
    """Return the group of each name that labels hold together with another."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        neighbours[label.a].append(label.b)
        neighbours[label.b].append(label.a)
    groups: dict[str, str] = {}
    for name in neighbours:
        todo = [name]
        while todo:
            member = todo.pop()
            if member not in groups:
                groups[member] = name
                todo += neighbours[member]
    return groups


def contradiction(path: str, label: Label, same: Sequence[Label]) -> LinksError:
    """Return the error of two records that are apart, and together by way of other labels."""
    way = shortest_chain(same, label.a, label.b)
    names = " and ".join(map(repr, (label.a, label.b)))
    chain = ", ".join(f"{step.a!r} = {step.b!r} (line {step.line})" for step in way)
    reason = f"{names} are {label.label} here, and one story by {chain or 'being one record'}"
    return LinksError(path, label.line, reason, tuple(step.line for step in way))


def shortest_chain(labels: Sequence[Label], start: str, goal: str) -> list[Label]:
    """Return the fewest labels that lead from one name to another."""
    came: dict[str, tuple[str, Label | None]] = {start: (start, None)}
    queue = [start]
    for name in queue:
        for label in labels:
            if name in (label.a, label.b):
                other = label.b if name == label.a else label.a
                if other not in came:
                    came[other] = (name, label)
                    queue.append(other)
    way: list[Label] = []
    while goal in came and came[goal][1] is not None:
        goal, step = came[goal]
        way.insert(0, step)  # type: ignore[arg-type]  # the start alone has no label
    return way
