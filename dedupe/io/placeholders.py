"""Find titles of pages that a crawler got instead of an article, such as "Page not found"."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 48
PLACEHOLDER = re.compile(
    r"""\W*(?:
    removed | deleted | account\ (?:has\ been\ )?suspended | suspended\ (?:page|domain)
    | (?:error\ ?)?(?:404|410)(?:\ error)?(?:\W+(?:page\ |file\ )?not\ found)? | (?:page|file|site|domain)\ not\ found
    | not\ found | (?:error\ ?)?403(?:\W+forbidden)? | forbidden | access\ (?:is\ )?denied
    | (?:error\ ?)?5[0-9][0-9]\W+[\w\ ]*error | internal\ server\ error | bad\ gateway | gateway\ time-?out
    | service\ (?:temporarily\ )?unavailable | (?:error\ ?)?50[234]\ [\w\ ]+
    | just\ a\ moment | one\ moment,?\ please | please\ wait | checking\ your\ browser
    | attention\ required | are\ you\ (?:a\ robot|human) | security\ check | human\ verification
    | robot\ check | captcha | verify\ you\ are\ human | (?:please\ )?enable\ (?:javascript|cookies).*
    | javascript\ is\ (?:disabled|required) | (?:page|content|article|video)\ (?:is\ )?(?:un|not\ )available
    | this\ page\ (?:is\ not\ available|isn't\ available|does\ not\ exist|could\ not\ be\ found)
    | domain\ (?:for\ sale|parked|expired|suspended) | (?:this\ )?(?:site|website)\ (?:is\ )?under\ (?:construction|maintenance)
    | under\ construction | index\ of\ /.* | default\ web\ site\ page | welcome\ to\ nginx
    | untitled(?:\ (?:document|page))? | no\ title | redirecting | loading | log\ ?in | sign\ in
    | subscribe\ to\ (?:read|continue).* | seite\ nicht\ gefunden | page\ introuvable
    | página\ no\ encontrada | pagina\ non\ trovata | страница\ не\ найдена
    )\W*(?:\s[-|:\u2013\u2014\u00b7]\s.*|\|.*)?""",
    re.VERBOSE,
)
"""Titles of such pages, with or without the name of the site."""
BEGINNINGS = frozenset(
    (
        "403", "404", "410", "acc", "are", "art", "att", "bad", "cap", "che", "con", "def", "del",
        "dom", "ena", "err", "fil", "for", "gat", "hum", "ind", "int", "jav", "jus", "loa", "log",
        "no ", "not", "one", "pag", "ple", "pág", "red", "rem", "rob", "sec", "sei", "ser", "sig",
        "sit", "sub", "sus", "thi", "und", "unt", "ver", "vid", "web", "wel", "стр",
        *(str(code) for code in range(500, 600)),
    )
)  # fmt: skip
"""The first three characters of a placeholder, unless it begins with a sign: a fast test."""
FIRST_THREE = itemgetter(slice(3))


def find_placeholders(titles: Sequence[str]) -> list[int]:
    """Return the positions of the titles that are those of failed downloads.

    >>> find_placeholders(["[Removed]", "404 Not Found - Pell Times", "Removed statue returns"])
    [0, 1]
    """
    short = [position for position, title in enumerate(titles) if len(title) <= LONGEST]
    starts = map(FIRST_THREE, map(titles.__getitem__, short))
    suspects = compress(short, map(may_begin, starts))
    return [position for position in suspects if is_placeholder(titles[position])]


@lru_cache(maxsize=1 << 14)
def may_begin(start: str) -> bool:
    """Return whether a placeholder may begin with three characters."""
    return start.casefold() in BEGINNINGS or not start[:1].isalnum()


def is_placeholder(title: str) -> bool:
    """Return whether a short title is that of a failed download."""
    return PLACEHOLDER.fullmatch(title.casefold()) is not None
