"""Find records by id or url: names in labels, records that share one, and hosts as outlets."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dedupe.arrays import NO_PAIRS
from dedupe.errors import InputError
from dedupe.hashing import span_digests
from dedupe.io.field_lookup import SOURCE, URL_ROLE, accessors, setting_role
from dedupe.io.string_columns import pack_strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from dedupe.config import Settings
    from dedupe.io.fields import Columns, Records
    from dedupe.io.labels import Label
    from dedupe.models import Corpus

ID, URL = "id", "url"
HOST = "host of the url"
WEB = ("http://", "https://", "HTTP://", "HTTPS://")
TRACKING = re.compile(
    r"(?:utm_|at_|ns_|wt\.|pk_|mtm_|hsa_|mc_)\w*|(?:fb|g|d|y|tw|tt)clid|msclkid|gclsrc|[gw]braid"
    r"|igsh|igshid|_ga|_gl|cmp|cmpid|ocid|smid|smtyp|ito|icid|ncid|taid|xtor|s_cid|mkt_tok"
    r"|ref|ref_src|ref_url|referrer|guccounter",
    re.IGNORECASE,
)
"""Names of query parameters that say where a reader came from, not which page it is."""


def fill_urls(records: Records, settings: Settings, columns: Columns) -> None:
    """Set the keys of urls, and hosts as outlets unless records have these or a field was given.

    Without ``--same url`` only identical urls have equal keys, which is faster.
    """
    urls = url_column(records)
    if urls is None:
        columns.url_keys = np.zeros(len(records), np.int64)
        return
    columns.url_keys = page_keys(urls) if URL in settings.same else hash_urls(urls)
    if not all(columns.sources) and setting_role(settings, SOURCE).usual:
        columns.count(SOURCE, HOST, fill_hosts(columns.sources, urls))


def url_column(records: Records) -> list[str] | None:
    """Return the url of each record, ``""`` without one; None if no record has one."""
    found: list[str] | None = None
    for way in accessors(URL_ROLE, records.keys):
        values = records.values(way)
        if set(map(type, values)) != {str}:
            values = [value if isinstance(value, str) else "" for value in values]
        if not is_all_web(values):
            values = [value if value.startswith(WEB) else "" for value in values]
        found = values if found is None else [a or b for a, b in zip(found, values, strict=True)]
        if all(found):
            break
    return found if found and any(found) else None


def hash_urls(urls: Iterable[str]) -> NDArray[np.int64]:
    """Return a key for each url, equal for equal ones within this process; 0 without a url."""
    return np.array(list(map(hash, urls)), np.int64)


def page_keys(urls: Iterable[str]) -> NDArray[np.int64]:
    """Return a key for the page of each url, the same in every process; 0 without a url."""
    pages = (page_of_url(url).encode("utf-8", "surrogatepass") for url in urls)
    digests = [blake2b(page, digest_size=8).digest() if page else bytes(8) for page in pages]
    return np.frombuffer(b"".join(digests), np.int64)


def is_all_web(urls: Sequence[str]) -> bool:
    """Return whether all texts are addresses of the web."""
    return {url[:4] for url in urls} == {"http"}


def page_of_url(url: str) -> str:
    """Return a url without the parts that do not distinguish pages.

    >>> page_of_url("https://www.pell.example/a/?id=3&utm_source=x#top")
    'pell.example/a?id=3'
    """
    if not url:
        return ""
    base, _, query = url.partition("#")[0].partition("?")
    host, _, path = base.partition("//")[2].partition("/")
    page = f"{host.lower().removeprefix('www.')}/{path.rstrip('/')}".rstrip("/")
    if query:
        kept = [part for part in query.split("&") if part and not is_tracking(part)]
        return "?".join([page, "&".join(kept)]) if kept else page
    return page


def is_tracking(parameter: str) -> bool:
    """Return whether a query parameter only says where a reader came from."""
    return bool(TRACKING.fullmatch(parameter.partition("=")[0]))


def host_of_url(url: str) -> str:
    """Return the host of a url without ``www.``, ``""`` where it has none.

    >>> host_of_url("https://www.pell.example:8080/a")
    'pell.example'
    """
    address = url.partition("//")[2].partition("/")[0].partition("?")[0]
    return address.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")


def fill_hosts(sources: list[str], urls: Sequence[str]) -> int:
    """Set the host of its url as the outlet of each record without one; returns their number."""
    count = 0
    for position, (source, url) in enumerate(zip(sources, urls, strict=True)):
        if url and not source and (host := host_of_url(url)):
            sources[position] = host
            count += 1
    return count


class SplitKeys(NamedTuple):
    """The number of ids, or urls, of records in different clusters, and the first such id."""

    keys: int
    example: str


def same_groups(corpus: Corpus, same: Sequence[str]) -> Iterator[NDArray[np.int64]]:
    """Yield the rising positions of each two or more records that share an id, or a url.

    ``same`` names what counts, ``id`` or ``url`` or both; a record may be in a group by each.
    """
    for key in same:
        yield from equal_groups(record_keys(corpus, key))


def same_links(
    corpus: Corpus, same: Sequence[str], fixed: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return must-links, two rows of positions, that hold together the records of each group.

    ``fixed`` records are left out: labels keep them apart from others, and labels win.
    """
    links = [NO_PAIRS]
    for group in same_groups(corpus, same):
        some = group if fixed is None else group[~fixed[group]]
        links.append(np.stack([np.full(max(len(some) - 1, 0), some[:1].sum()), some[1:]]))
    return np.concatenate(links, axis=1)


def split_keys(corpus: Corpus, canonical: NDArray[np.int64], key: str) -> SplitKeys:
    """Return the number of ids, or urls, whose records are in different clusters.

    Ids that only number the records of each of several files are left out, and so are records
    without text, such as the removed ones of an API that share one url.
    """
    count, example = 0, ""
    files = file_numbers(corpus)
    for found in equal_groups(record_keys(corpus, key)):
        if (canonical[found] == canonical[found[0]]).all():
            continue
        group = found[[any(text[place] for text in corpus.texts) for place in found.tolist()]]
        if (canonical[group] == canonical[group[:1]]).all():
            continue
        name = corpus.ids[int(group[0])]
        if key == ID and name.isdigit() and len(np.unique(files[group])) == len(group):
            continue
        count += 1
        example = example or name
    return SplitKeys(count, example)


def record_keys(corpus: Corpus, key: str) -> NDArray[np.int64]:
    """Return a number for each record, equal for equal ids, or urls, 0 for a record without one."""
    if key == URL:
        return np.concatenate([np.zeros(0, np.int64), *(each.url_keys for each in corpus.batches)])
    ids = pack_strings(corpus.ids)
    starts, ends = ids.ends[:-1], ids.ends[1:]
    return np.where(starts == ends, 0, span_digests(ids.data, starts, ends).view(np.int64))


def file_numbers(corpus: Corpus) -> NDArray[np.int64]:
    """Return the number of the file of each record."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(batch.path, len(numbers)) for batch in corpus.batches]
    return np.repeat(np.array(found, np.int64), [len(batch) for batch in corpus.batches])


def equal_groups(keys: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the rising positions of each two or more equal keys but 0."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])) if len(keys) else keys
    sizes = np.diff(np.append(starts, len(keys)))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        if ordered[start]:
            yield order[start : start + size]


def record_names(corpus: Corpus) -> list[str]:
    """Return the name under which :func:`find_pairs` finds each record."""
    counts = Counter(corpus.ids)
    digests = corpus.digests.tolist()
    return [
        present if present and counts[present] == 1 else f"{digest:016x}"
        for present, digest in zip(corpus.ids, digests, strict=True)
    ]


def positions_by_name(corpus: Corpus) -> dict[str, int]:
    """Return the position of each name; -1 for an id that several records share."""
    digests = [f"{digest:016x}" for digest in corpus.digests.tolist()]
    positions = {digest: position for position, digest in reversed(list(enumerate(digests)))}
    counts = Counter(corpus.ids)
    positions.update(
        (name, position if counts[name] == 1 else -1) for position, name in enumerate(corpus.ids)
    )
    positions.pop("", None)
    return positions


def find_pairs(
    corpus: Corpus, labels: Sequence[Label], path: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the positions of both records of each label.

    Raises InputError, with the label's line in ``path``, for a name that no record or more than
    one has.
    """
    positions = positions_by_name(corpus)
    left = [position_of(positions, label.a, path, label.line) for label in labels]
    right = [position_of(positions, label.b, path, label.line) for label in labels]
    return np.array(left, dtype=np.int64), np.array(right, dtype=np.int64)


def position_of(positions: Mapping[str, int], name: str, path: str, line: int) -> int:
    """Return the position of a record; raises InputError."""
    position = positions.get(name)
    if position is None:
        raise InputError(path, line, f"no record has the id {name!r}; {unknown_id_hint(positions)}")
    if position < 0:
        raise InputError(path, line, f"more than one record has the id {name!r}")
    return position


def unknown_id_hint(positions: Mapping[str, int]) -> str:
    """Return an example of the ids, for users who gave the wrong file or column."""
    example = next(reversed(list(positions)), None)
    return f"the ids look like {example!r}" if example else "the file has no records"
