"""Know the titles of pages that a crawler got in the place of an article, as "Page not found"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST = 48
PLACEHOLDER = re.compile(
    r"""\W*(?:
    removed | deleted | account\ (?:has\ been\ )?suspended | suspended\ (?:page|domain)
    | (?:error\ ?)?(?:404|410)(?:\ error)?(?:\W+(?:page\ |file\ )?not\ found)? | (?:page|file|site|domain)\ not\ found
    | not\ found | (?:error\ ?)?403(?:\W+forbidden)? | forbidden | access\ (?:is\ )?denied
    | (?:error\ ?)?5\d\d\W+[\w\ ]*error | internal\ server\ error | bad\ gateway | gateway\ time-?out
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
"""Titles of pages that a crawler got in the place of an article, maybe with the site behind them."""
BEGINNINGS = frozenset(
    (
        "re", "de", "ac", "su", "40", "41", "50", "51", "52", "53", "54", "55", "56", "57", "58",
        "59", "er", "pa", "fi", "si", "do", "no", "fo", "in", "ba", "ga", "se", "ju", "on", "pl",
        "ch", "at", "ar", "hu", "ro", "ca", "ve", "en", "ja", "co", "vi", "th", "we", "un", "lo",
        "pá", "ст",
    )
)  # fmt: skip
"""How a placeholder may begin, but for other characters than letters and digits: a fast test."""


def find_placeholders(titles: Sequence[str]) -> list[int]:
    """Return the positions of the titles that are those of failed downloads.

    >>> find_placeholders(["[Removed]", "404 Not Found - Pell Times", "Removed statue returns"])
    [0, 1]
    """
    return [
        at
        for at, title in enumerate(titles)
        if len(title) <= LONGEST
        and (title[:2].casefold() in BEGINNINGS or not title[:1].isalnum())
        and PLACEHOLDER.fullmatch(title.casefold())
    ]
