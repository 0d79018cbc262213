"""HTML entities in headlines that were scraped: ``Tom &amp; Jerry``, ``&#8217;``."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def unescape(texts: Sequence[str]) -> Sequence[str]:
    """The texts with whole entities resolved; what only looks like one (``AT&T;``) stays.

    >>> unescape(["Tom &amp; Jerry", "AT&T; soars"])
    ['Tom & Jerry', 'AT&T; soars']
    """
    if not any("&" in text for text in texts):
        return texts
    return [ENTITY.sub(resolve, text) if "&" in text else text for text in texts]


def resolve(match: re.Match[str]) -> str:
    """The character of an entity, or the text itself where HTML knows none."""
    return html.unescape(match[0])
