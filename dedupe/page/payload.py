"""The clusters as the page unpacks them: columns as JSON, gzip, base64."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from dedupe.stories import NO_TIME
from dedupe.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dedupe.page.overview import Groups, Overview

DIGITS = 4
MOST = 400
"""Characters of a text that the page holds."""


def payload(overview: Overview, groups: Groups) -> str:
    """All that the list shows, in letters that mean nothing to HTML."""
    packed = gzip.compress(orjson.dumps(contents(overview, groups)), mtime=0)
    return base64.b64encode(packed).decode()


def contents(overview: Overview, groups: Groups) -> dict[str, Any]:
    """The columns, one value a record in the order of the groups; names by number."""
    corpus, clustering, records = overview.corpus, overview.clustering, groups.records
    places = records.tolist()
    paths, path = places_of(overview, records)
    lines = np.concatenate([np.zeros(0, np.int64), *(batch.lines for batch in corpus.batches)])
    sources, source = numbered([corpus.sources[place] for place in places])
    reasons, reason = numbered([clustering.reasons[place] for place in places])
    times = corpus.times[records].tolist()
    return {
        "keys": [clustering.keys[place] for place in records[groups.starts].tolist()],
        "sizes": groups.sizes.tolist(),
        "weakest": groups.weakest.round(DIGITS).tolist(),
        "texts": [[cut(column[place]) for place in places] for column in corpus.texts],
        "ids": [visible(clustering.record_ids[place]) for place in places],
        "scores": clustering.scores[records].round(DIGITS).tolist(),
        "times": [None if time == NO_TIME else time for time in times],
        "lines": lines[records].tolist(),
        "sources": list(map(visible, sources)),
        "source": source,
        "reasons": reasons,
        "reason": reason,
        "paths": list(map(visible, paths)),
        "links": [overview.links.get(name, "") for name in paths],
        "path": path,
    }


def places_of(overview: Overview, records: NDArray[np.int64]) -> tuple[list[str], list[int]]:
    """The inputs, and in which of them each record stands."""
    batches = overview.corpus.batches
    paths, numbers = numbered([batch.path for batch in batches])
    ends = np.cumsum([len(batch) for batch in batches])
    within = np.searchsorted(ends, records, "right")
    return paths, np.array(numbers, np.int64)[within].tolist()


def numbered(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """The distinct values in order of appearance, and each value's number among them."""
    numbers: dict[str, int] = {}
    places = [numbers.setdefault(value, len(numbers)) for value in values]
    return list(numbers), places


def cut(text: str) -> str:
    """A text as it is shown, no longer than the page needs."""
    return visible(text if len(text) <= MOST else text[:MOST] + "\u2026")
