"""Ask a person about pair after pair: draw, take a key, do as it says."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import in_color, is_terminal
from dedupe.cli.screen import Look, Side, painted, pair_lines, safe, words, wrap
from dedupe.reading.labels import DIFFERENT, DUPLICATE, UPDATE
from dedupe.stories import HOUR, NO_TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.cli.console import Console
    from dedupe.judge.label import Session
    from dedupe.judge.uncertain import Doubt
    from dedupe.stories import Corpus

ANSWERS = {"y": DUPLICATE, "n": DIFFERENT, "u": UPDATE}
SKIP, BACK, QUIT = "s", "b", "q"
MENU = "One story?  y yes   n no   u update   s skip   b back   q quit"
NO_SUCH_KEY = "that key means nothing here"
NOTHING_BEFORE = "this is the first pair of the session"
LEAST = 20
CLEAR = "\x1b[H\x1b[2J"
UNITS = ((24 * HOUR, "days"), (HOUR, "hours"), (60, "minutes"))


def converse(
    session: Session, corpus: Corpus, fields: Sequence[str], keys: Iterator[str], console: Console
) -> None:
    """Ask until the pairs, the keys or the person's patience come to an end."""
    notice = ""
    while doubt := session.doubt:
        draw(session, doubt, corpus, fields, notice, console)
        key = next(keys, QUIT)
        if key == QUIT:
            return
        notice = obey(session, key)


def obey(session: Session, key: str) -> str:
    """Do what a key says; returns what to tell the person."""
    if key in ANSWERS:
        session.answer(ANSWERS[key])
    elif key == SKIP:
        session.skip()
    elif key != BACK:
        return NO_SUCH_KEY
    elif not session.back():
        return NOTHING_BEFORE
    return ""


def draw(
    session: Session,
    doubt: Doubt,
    corpus: Corpus,
    fields: Sequence[str],
    notice: str,
    console: Console,
) -> None:
    """Show one pair on standard error, on a clean screen where there is one."""
    watched = is_terminal(sys.stderr)
    clears = watched and os.environ.get("TERM", "dumb") != "dumb"
    look = Look(screen_width(watched=watched), in_color(console.color, sys.stderr, os.environ))
    sides = (side_of(corpus, doubt.left, doubt.a), side_of(corpus, doubt.right, doubt.b))
    lines = [
        *folded(heading(session, doubt, corpus, verbose=console.verbose), look),
        "",
        *pair_lines(fields, *sides, look),
        "",
        *folded(notice, look),
        *folded(MENU, look),
    ]
    screen = (CLEAR if clears else "") + "\n".join(lines)
    click.echo(screen, err=True, color=look.color or clears)


def screen_width(*, watched: bool) -> int:
    """How many columns to fill: all but the last, where some terminals wrap."""
    ours = os.get_terminal_size(sys.stderr.fileno()) if watched else (80, 24)
    return max(LEAST, shutil.get_terminal_size(ours).columns - 1)


def heading(session: Session, doubt: Doubt, corpus: Corpus, *, verbose: bool) -> str:
    """Say where the session stands and how far apart the records are."""
    facts = [f"pair {session.place + 1:,} of {len(session):,}"]
    if verbose:  # who sees the score leans to it
        facts.append(f"score {doubt.score:.2f}")
    one, other = int(corpus.times[doubt.left]), int(corpus.times[doubt.right])
    if NO_TIME not in (one, other):
        facts.append(apart(abs(one - other)))
    return ", ".join([*facts, f"{session.totals.total():,} labelled"])


def apart(seconds: int) -> str:
    """Word a distance in time, in the largest unit that it holds twice.

    >>> apart(0), apart(7300), apart(864000)
    ('at the same time', '2 hours apart', '10 days apart')
    """
    for size, unit in UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit} apart"
    return f"{seconds} s apart" if seconds else "at the same time"


def folded(text: str, look: Look) -> list[str]:
    """A text of ours in lines that fit."""
    return [painted(line, look) for line in wrap(words(text), look.width)]


def side_of(corpus: Corpus, place: int, name: str) -> Side:
    """Gather what is shown of a record: id, outlet and time, then its texts."""
    facts = [name, corpus.sources[place], moment(int(corpus.times[place]))]
    about = " \u00b7 ".join(safe(fact) for fact in facts if fact)
    return Side(about, tuple(column[place] for column in corpus.texts))


def moment(time: int) -> str:
    """Word a time in UTC; empty where there is none."""
    if time == NO_TIME:
        return ""
    try:
        return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"@{time}"  # beyond the years that Python writes
