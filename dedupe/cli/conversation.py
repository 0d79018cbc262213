"""Ask a person about pair after pair: draw, take a key, do as it says."""

from __future__ import annotations

import os
import shutil
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import in_color, is_terminal
from dedupe.cli.screen import Look, Side, columns, faint, pair_lines, safe
from dedupe.judge.labels import DIFFERENT, DUPLICATE, UPDATE
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
CLEAR = "\x1b[H\x1b[2J"
UNITS = ((24 * HOUR, "days"), (HOUR, "hours"), (60, "minutes"))
RULE = "\u2500"


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
    look = Look(
        width=max(20, shutil.get_terminal_size().columns - 1),
        color=in_color(console.color, sys.stderr, os.environ),
    )
    clears = is_terminal(sys.stderr) and os.environ.get("TERM", "dumb") != "dumb"
    sides = (side_of(corpus, doubt.left, doubt.a), side_of(corpus, doubt.right, doubt.b))
    lines = [
        ruled(heading(session, doubt, corpus, verbose=console.verbose), look),
        "",
        *pair_lines(fields, *sides, look),
        "",
        *([notice] if notice else []),
        MENU,
    ]
    screen = (CLEAR if clears else "") + "\n".join(lines)
    click.echo(screen, err=True, color=look.color or clears)


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


def ruled(text: str, look: Look) -> str:
    """Draw a line to the right of a text."""
    rule = RULE * max(0, look.width - columns(text) - 1)
    return f"{text} {faint(rule, look)}"


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
