"""The body of ``dedupe label``: find the pairs, ask about them, tell what came of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from dedupe.cli.casework import study
from dedupe.cli.conversation import converse
from dedupe.cli.keys import open_keys
from dedupe.cli.manifest import manifest
from dedupe.cli.summary import counted
from dedupe.errors import OutputError
from dedupe.files import refuse_inputs
from dedupe.judge.label import Session
from dedupe.judge.ledger import open_ledger
from dedupe.judge.uncertain import doubts
from dedupe.reading.compression import split_suffix
from dedupe.reading.labels import DIFFERENT, DUPLICATE, UPDATE
from dedupe.stories import Tally
from dedupe.writing import open_output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dedupe.cli.options import Request
    from dedupe.judge.ledger import Ledger
    from dedupe.reading.labels import Label

WORDS = {DUPLICATE: "duplicate", UPDATE: "update", DIFFERENT: "not"}
SUFFIX = ".labels.jsonl"
NOTHING = "no doubtful pair without a label"


def hold(request: Request) -> None:
    """Hold one session; the labels are on disk as they are given."""
    path = labels_path(request)
    tally = Tally()
    with ExitStack() as open_files:
        sidecar = request.stats and open_files.enter_context(
            open_output(request.stats, [*request.inputs, path])
        )
        ledger, held = open_files.enter_context(open_ledger(path))
        session = ask(request, tally, ledger, held)
        if sidecar:
            outcome = {"labels": path, "given": session.given, "held": dict(session.totals)}
            sidecar.write(manifest("label", request.settings, tally, outcome))
    if not request.console.quiet:
        request.console.say(summed_up(session, path))


def labels_path(request: Request) -> str:
    """Where the labels go; raises UsageError, or OutputError for a path that will not do."""
    if not request.files or "-" in request.files:
        raise click.UsageError("label needs a file: standard input is for the keys")
    path = request.output or request.files[0] + SUFFIX
    if path == "-":
        raise click.UsageError("--output needs a file: the next session goes on with it")
    if split_suffix(path)[1]:
        raise OutputError(path, "labels are added one by one and cannot be compressed")
    refuse_inputs(path, request.files)
    return path


def ask(request: Request, tally: Tally, ledger: Ledger, held: Sequence[Label]) -> Session:
    """Read the files and go through their doubtful pairs with whoever answers."""
    with study(request, tally) as (case, progress):
        session = Session(doubts(case, progress), held, ledger)
    names = [field.name for field in request.settings.field]
    with open_keys() as keys:
        converse(session, case.corpus, names, keys, request.console)
    return session


def summed_up(session: Session, path: str) -> str:
    """Word what a session came to."""
    totals = session.totals
    kinds = ", ".join(f"{totals[label]:,} {word}" for label, word in WORDS.items())
    left = len(session) - session.place
    rest = f"{counted(left, 'pair')} left" if len(session) else NOTHING
    return f"{counted(session.given, 'label')} added to {path} (now {kinds}), {rest}"
