"""The names under which exporters write texts, dates, outlets and ids: what is read by default.

Names are compared without regard to case, spaces, hyphens and underscores, so that ``pub_date``,
``pubDate`` and ``Pub Date`` are one name. A dot reaches into an object.
"""

from __future__ import annotations

from functools import lru_cache

HEADLINES = (
    "title", "title.rendered", "headline", "headline.main", "text", "webTitle", "heading",
    "subject", "name",
)  # fmt: skip
LEDES = (
    "lede", "summary", "description", "abstract", "snippet", "teaser", "standfirst", "dek",
    "content", "body",
)  # fmt: skip
DATES = (
    "published", "published_at", "date", "datetime", "time", "pub_date", "publish_date",
    "date_published", "publication_date", "published_date", "first_published",
    "web_publication_date", "iso_date", "published_parsed", "seendate", "timestamp", "created",
    "created_at", "created_utc", "updated", "updated_at",
)  # fmt: skip
SOURCES = (
    "source", "source.name", "source.title", "source_name", "outlet", "outlet.name", "publisher",
    "publisher.name", "site_name", "media_name", "domain", "site", "site.name", "feed",
    "feed.title", "author.feed",
)  # fmt: skip
IDS = ("id", "guid", "url", "link")
URLS = ("url", "link", "web_url", "guid")
"""Where the address of a page stands; its host is the outlet of a record that names none."""

LONG_TEXTS = ("content", "body")
LONGEST_LEDE = 512
"""Of whole articles so many characters are compared."""

SURE_HEADLINES = HEADLINES[: HEADLINES.index("subject")]
"""Names that hardly anything but a headline goes by."""


@lru_cache(maxsize=1 << 12)
def plain_name(name: str) -> str:
    """Return a name as it is compared.

    >>> plain_name("Pub Date") == plain_name("pubDate") == plain_name("pub_date")
    True
    """
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
