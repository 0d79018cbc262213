"""``dedupe label``: ask a person about uncertain pairs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import in_color, is_terminal, standard_input
from dedupe.cli.help import Command, examples
from dedupe.cli.options import Request, describe_output, run_options
from dedupe.errors import OutputError
from dedupe.io.files import check_not_input, split_suffix
from dedupe.models import NO_TIME, ReadStats
from dedupe.reports.explanation import gap_text, time_text
from dedupe.reports.format import count_noun, cut_and_escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dedupe.cli.console import Console
    from dedupe.cli.pair_layout import Side, TextStyle
    from dedupe.evaluation.label import LabelFile, Session, UncertainPair
    from dedupe.io.labels import Label
    from dedupe.models import Corpus

HELP = """\
Label doubtful pairs of a file by hand.

Asks about the pairs that teach most: those that score near the threshold, from every score band and
from one cluster after another. Each label is on disk before the next pair is shown. Quit at any
time: the next session goes on with the pairs that have no label. tune, evaluate and --links use the
labels.

\b
Keys (or lines, if standard input is no terminal):
  y  yes, one story: a reader of one misses nothing of the other
  n  no: another company, place, period, edition or topic
  u  update: the same event, but a fact was changed or added
  s  skip; a later session asks again
  b  back to the pair before; its label is removed
  q  quit
"""

EXAMPLES = examples(
    ("Label pairs for as long as you like", "dedupe label stories.jsonl"),
    (
        "Ask about the pairs around another threshold",
        "dedupe label -t 0.7 -o mine.jsonl stories.jsonl",
    ),
    ("Answer from a script", r"printf 'y\nn\n' | dedupe label stories.jsonl"),
)
OUTPUT_HELP = "Append the labels to this JSONL file. Default: FILE.labels.jsonl."


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@run_options
def label_command(request: Request) -> None:
    """Ask about pairs until the person quits."""
    run_label_session(request)


describe_output(label_command, OUTPUT_HELP)

WORDS = {"D": "duplicate", "U": "update", "N": "not"}  # as dedupe.io.labels writes them
SUFFIX = ".labels.jsonl"
NOTHING_LEFT = "no doubtful pair without a label"


def run_label_session(request: Request) -> None:
    """Run one session; each label is on disk before the next pair is shown."""
    from dedupe.cli.summary import open_stats
    from dedupe.evaluation.label import open_label_file

    path = labels_path(request)
    read_stats = ReadStats()
    with ExitStack() as open_files:
        inputs = [*request.inputs, path]
        stats_file = open_files.enter_context(open_stats("label", request, inputs))
        label_file, labels = open_files.enter_context(open_label_file(path))
        session = ask_labels(request, read_stats, label_file, labels)
        outcome = {"labels": path, "given": session.given, "held": dict(session.totals)}
        stats_file.write(request.settings, read_stats, outcome)
    request.console.summarize(label_summary(session, path))


def labels_path(request: Request) -> str:
    """Return the path of the labels; raises UsageError or OutputError for a useless one."""
    if not request.files or "-" in request.files:
        raise click.UsageError("label needs a file: standard input is for the keys")
    path = request.output or request.files[0] + SUFFIX
    if path == "-":
        raise click.UsageError("--output needs a file: the next session continues with it")
    if split_suffix(path)[1]:
        raise OutputError(path, "labels are added one by one and cannot be compressed")
    check_not_input(path, request.files)
    return path


def ask_labels(
    request: Request, read_stats: ReadStats, label_file: LabelFile, labels: Sequence[Label]
) -> Session:
    """Read the files and ask about their doubtful pairs."""
    from dedupe.cli.run import read_with_progress
    from dedupe.evaluation.label import Session, uncertain_pairs
    from dedupe.evaluation.open_corpus import open_corpus

    with read_with_progress(request, read_stats) as (batches, progress):
        opened = open_corpus(batches, request.settings, progress)
        session = Session(uncertain_pairs(opened, progress), labels, label_file)
    names = [field.name for field in request.settings.field]
    with read_keys() as keys:
        ask_pairs(session, opened.corpus, names, keys, request.console)
    return session


def label_summary(session: Session, path: str) -> str:
    """Describe the outcome of a session."""
    totals = session.totals
    kinds = ", ".join(f"{totals[label]:,} {word}" for label, word in WORDS.items())
    left = len(session) - session.position
    rest = f"{count_noun(left, 'pair')} left" if len(session) else NOTHING_LEFT
    return f"{count_noun(session.given, 'label')} added to {path} (now {kinds}), {rest}"


ANSWERS = {"y": "D", "n": "N", "u": "U"}
SKIP, BACK, QUIT = "s", "b", "q"
MENU = "One story?  [y]es  [n]o  [u]pdate  [s]kip  [b]ack  [q]uit"
NO_SUCH_KEY = "no such key; press y, n, u, s, b or q"
NOTHING_BEFORE = "this is the first pair of the session"
MIN_WIDTH = 20
CLEAR = "\x1b[H\x1b[2J"


def ask_pairs(
    session: Session, corpus: Corpus, fields: Sequence[str], keys: Iterator[str], console: Console
) -> None:
    """Ask about pairs until they run out, the input ends or the person quits."""
    notice = ""
    while doubt := session.doubt:
        draw_pair(session, doubt, corpus, fields, notice, console)
        key = next(keys, QUIT)
        if key == QUIT:
            return
        notice = apply_key(session, key)


def apply_key(session: Session, key: str) -> str:
    """Apply a key; returns a notice for the person."""
    if key in ANSWERS:
        session.answer(ANSWERS[key])
    elif key == SKIP:
        session.skip()
    elif key != BACK:
        return NO_SUCH_KEY
    elif not session.back():
        return NOTHING_BEFORE
    return ""


def draw_pair(
    session: Session,
    doubt: UncertainPair,
    corpus: Corpus,
    fields: Sequence[str],
    notice: str,
    console: Console,
) -> None:
    """Show one pair on standard error, on a clean screen where there is one."""
    from dedupe.cli.pair_layout import TextStyle, lay_out_pair

    watched = is_terminal(sys.stderr)
    clears = watched and os.environ.get("TERM", "dumb") != "dumb"
    look = TextStyle(screen_width(watched=watched), in_color(console.color, sys.stderr, os.environ))
    sides = (record_side(corpus, doubt.left, doubt.a), record_side(corpus, doubt.right, doubt.b))
    lines = [
        *fit_lines(heading(session, doubt, corpus, verbose=console.verbose), look),
        "",
        *lay_out_pair(fields, *sides, look),
        "",
        *fit_lines(notice, look),
        *fit_lines(MENU, look),
    ]
    text = (CLEAR if clears else "") + "\n".join(lines)
    click.echo(text, err=True, color=look.color or clears)


def screen_width(*, watched: bool) -> int:
    """Return how many columns to fill: all but the last, where some terminals wrap."""
    ours = os.get_terminal_size(sys.stderr.fileno()) if watched else (80, 24)
    return max(MIN_WIDTH, shutil.get_terminal_size(ours).columns - 1)


def heading(session: Session, doubt: UncertainPair, corpus: Corpus, *, verbose: bool) -> str:
    """Return how far the session is, and how far apart in time the records are."""
    facts = [f"pair {session.position + 1:,} of {len(session):,}"]
    if verbose:  # a score in view sways the answer
        facts.append(f"score {doubt.score:.2f}")
    left, right = int(corpus.times[doubt.left]), int(corpus.times[doubt.right])
    if NO_TIME not in (left, right):
        facts.append(gap_text(abs(left - right)))
    return ", ".join([*facts, f"{session.totals.total():,} labelled"])


def fit_lines(text: str, look: TextStyle) -> list[str]:
    """Wrap a message into lines that fit."""
    from dedupe.cli.pair_layout import style_line, wrap_lines, wrap_units

    return [style_line(line, look) for line in wrap_lines(wrap_units(text), look.width)]


def record_side(corpus: Corpus, position: int, name: str) -> Side:
    """Gather what is shown of a record: id, outlet and time, then its texts."""
    from dedupe.cli.pair_layout import Side

    facts = [name, corpus.sources[position], time_text(int(corpus.times[position]))]
    about = " \u00b7 ".join(cut_and_escape(fact) for fact in facts if fact)
    return Side(about, tuple(column[position] for column in corpus.texts))


END = "\x04"
"""The end of input, as Ctrl-D sends it."""
CHUNK = 256
# Arrow and function keys have no effect, and their letters must not count as keys.
SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


@contextmanager
def read_keys() -> Iterator[Iterator[str]]:
    """Yield the keys as they come, lower case; the end of input ends them.

    Windows has no termios: there a key counts once its line has ended.
    """
    if not is_terminal(sys.stdin) or find_spec("termios") is None:
        yield line_keys()
        return
    with single_keys(sys.stdin.fileno()) as keys:
        yield keys


def line_keys() -> Iterator[str]:
    """Yield the first letter of each line that has one."""
    for line in standard_input():
        word = line.decode(errors="replace").strip().lower()
        if word:
            yield word[0]


@contextmanager
def single_keys(terminal: int) -> Iterator[Iterator[str]]:
    """Read single keys from a terminal inside the block; Ctrl-C and Ctrl-Z work as usual."""
    import termios
    import tty

    before = termios.tcgetattr(terminal)

    def again(_number: int, _frame: object) -> None:
        tty.setcbreak(terminal, termios.TCSADRAIN)

    handler = signal.signal(signal.SIGCONT, again)  # the shell has reset the terminal meanwhile
    try:
        tty.setcbreak(terminal, termios.TCSADRAIN)
        yield terminal_keys(terminal)
    finally:
        signal.signal(signal.SIGCONT, handler)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def terminal_keys(terminal: int) -> Iterator[str]:
    """Yield keys of a terminal; one that hangs up has no more."""
    while True:
        try:
            data = os.read(terminal, CHUNK)
        except OSError:
            return
        for key in SEQUENCE.sub(b"", data).decode(errors="replace").lower():
            if key == END:
                return
            yield key
        if not data:
            return
