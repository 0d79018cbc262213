"""Take the urls of records: the host that stands for an outlet, and the key of one page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

URL = "url"
WEB = ("http://", "https://", "HTTP://", "HTTPS://")
TRACKING = re.compile(
    r"(?:utm_|at_|ns_|wt\.|pk_|mtm_|hsa_|mc_)\w*|(?:fb|g|d|y|tw|tt)clid|msclkid|gclsrc|[gw]braid"
    r"|igsh|igshid|_ga|_gl|cmp|cmpid|ocid|smid|smtyp|ito|icid|ncid|taid|xtor|s_cid|mkt_tok"
    r"|ref|ref_src|ref_url|referrer|guccounter",
    re.IGNORECASE,
)
"""Names of query parameters that tell where a reader came from, not which page it is."""


def hash_urls(urls: Iterable[str]) -> NDArray[np.int64]:
    """Return a key for each url, equal for equal ones within this process; 0 for none."""
    return np.array(list(map(hash, urls)), np.int64)


def is_all_web(urls: Sequence[str]) -> bool:
    """Return whether all texts are addresses of the web."""
    return {url[:4] for url in urls} == {"http"}


def page_of_url(url: str) -> str:
    """Return a url without what does not tell one page from another.

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
    """Return whether a query parameter only tells where a reader came from."""
    return bool(TRACKING.fullmatch(parameter.partition("=")[0]))


def host_of_url(url: str) -> str:
    """Return the host of a url without ``www.``, ``""`` where it has none.

    >>> host_of_url("https://www.pell.example:8080/a")
    'pell.example'
    """
    address = url.partition("//")[2].partition("/")[0].partition("?")[0]
    return address.rpartition("@")[2].partition(":")[0].lower().removeprefix("www.")


def fill_hosts(sources: list[str], urls: Sequence[str]) -> int:
    """Put the host of its url where a record names no outlet; returns in how many."""
    count = 0
    for position, (source, url) in enumerate(zip(sources, urls, strict=True)):
        if url and not source and (host := host_of_url(url)):
            sources[position] = host
            count += 1
    return count
