"""Standard streams, progress, colours, and how errors are reported."""

from __future__ import annotations

import json
import os
import re
import sys
import time
import traceback
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Literal, TextIO

import click

from dedupe.errors import (
    AccountingError,
    BackendError,
    DedupeError,
    InputError,
    OutputError,
    ScratchError,
    SettingsError,
    StoreError,
)
from dedupe.escape import escape_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dedupe.models import Batch


Color = Literal["auto", "always", "never"]
EMPTY: Mapping[str, object] = MappingProxyType({})
ERROR_FORMATS = ("text", "json")
ERROR_FORMAT = "--error-format"
ERROR_VARIABLE = "DEDUPE_ERROR_FORMAT"


@dataclass(frozen=True, slots=True)
class Console:
    """How a run prints, by ``-q``, ``-v``, ``--color`` and ``--error-format``."""

    KEY: ClassVar[str] = "dedupe.console"
    """Where the click context remembers it."""

    quiet: bool = False
    verbose: bool = False
    color: Color = "auto"
    in_json: bool = False

    def say(
        self,
        text: str,
        *,
        label: str = "",
        level: str = "info",
        facts: Mapping[str, object] = EMPTY,
    ) -> None:
        """Write ``dedupe: LABEL: text`` to standard error, or one JSON object with the facts.

        A path or a field's name in it may hold anything, and steers nothing. A closed stream
        swallows it.
        """
        if self.in_json:
            line = json.dumps({"level": level, "message": text, **facts}, default=str)
            click.echo(line, err=True)
            return
        text = escape_controls(text)
        colored = in_color(self.color, sys.stderr, os.environ)
        shown = click.style(f"{label}:", fg="red", bold=True) if colored else f"{label}:"
        click.echo(f"dedupe: {shown} {text}" if label else f"dedupe: {text}", err=True, color=True)

    def summarize(self, text: str) -> None:
        """Print a line unless ``-q`` is given."""
        if not self.quiet:
            self.say(text)


def wants_json(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether messages are asked for as JSON; raises SettingsError for a wrong variable.

    It is decided before the command line is parsed, since that can fail.
    """
    chosen = environ.get(ERROR_VARIABLE) or "text"
    if chosen not in ERROR_FORMATS:
        reason = f"must be {' or '.join(ERROR_FORMATS)}, got {chosen!r}"
        raise SettingsError(ERROR_VARIABLE, reason)
    for option, value in zip(argv, (*argv[1:], ""), strict=False):
        if option == ERROR_FORMAT:
            chosen = value
        elif option.startswith(f"{ERROR_FORMAT}="):
            chosen = option.partition("=")[2]
    return chosen == "json"


def in_color(choice: Color, stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Return whether to use colour, by the flag, NO_COLOR, FORCE_COLOR and the stream, in turn."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a standard stream, which is None when it was closed, is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def standard_input() -> BinaryIO:
    """Return standard input as bytes; a closed one is replaced by a file that cannot be read."""
    return os.fdopen(0, "rb", closefd=False) if sys.stdin is None else sys.stdin.buffer


SILENT_SECONDS = 2.0
REDRAW_SECONDS = 0.1
ERASE = "\r\x1b[K"


class Progress(AbstractContextManager["Progress"]):
    """Calls of ``(stage, share done)`` drawn over each other; ``stream`` None draws nothing."""

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = clock() + SILENT_SECONDS
        self._drawn = False

    def __exit__(self, *_error: object) -> None:
        """Clear the line before an error is printed."""
        if self._stream and self._drawn:
            self._stream.write(ERASE)
            self._stream.flush()

    def __call__(self, stage: str, share: float) -> None:
        """Show which share of a stage is done, 0 to 1."""
        self._draw(f"{stage} {share:.0%}")

    def reading(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass batches on, and show how many records have come."""
        records = 0
        for batch in batches:
            records += len(batch)
            self._draw(f"read {records:,} records")
            yield batch

    def _draw(self, text: str) -> None:
        now = self._clock()
        if self._stream and now >= self._next:
            self._stream.write(f"{ERASE}dedupe: {text}")
            self._stream.flush()
            self._next = now + REDRAW_SECONDS
            self._drawn = True


def progress_line(console: Console) -> Progress:
    """Return progress on standard error, if that is a terminal where text is wanted."""
    shown = is_terminal(sys.stderr) and not console.quiet and not console.in_json
    return Progress(sys.stderr if shown else None)


@dataclass(frozen=True, slots=True)
class Styler:
    """Styles text, or leaves it as it is."""

    colored: bool

    def head(self, text: str) -> str:
        """Style a heading."""
        return click.style(text, bold=True) if self.colored else text

    def good(self, text: str) -> str:
        """Style evidence for a duplicate."""
        return click.style(text, fg="green") if self.colored else text

    def bad(self, text: str) -> str:
        """Style evidence against a duplicate."""
        return click.style(text, fg="red") if self.colored else text

    def faint(self, text: str) -> str:
        """Style secondary text."""
        return click.style(text, dim=True) if self.colored else text


def join_facts(facts: Iterable[str], seconds: float) -> str:
    """Join facts, with the time that the command took."""
    return ", ".join([*facts, f"{seconds:,.1f} s"])


FAILED = 2
INTERRUPTED = 130
PIPE_CLOSED = 141
NO_MEMORY = "out of memory; give less at a time, or --memory to cluster, unique and pairs"
NO_THREAD = "can't start new thread"
NO_THREAD_HINT = f"{NO_THREAD}; give it more memory or processes, or fewer --jobs"
KINDS: dict[type[Exception], str] = {
    InputError: "input",
    SettingsError: "settings",
    OutputError: "output",
    StoreError: "index",
    ScratchError: "scratch",
    BackendError: "backend",
    AccountingError: "accounting",
    DedupeError: "other",
    click.UsageError: "usage",
    click.ClickException: "usage",
    MemoryError: "memory",
    RuntimeError: "memory",
    OSError: "system",
}
"""The kind of an error in JSON, by the first class here that it is of."""
SUGGESTION = re.compile(r"did you mean (?:one of: )?'?([^'?,]+)'?", re.IGNORECASE)


def report_error(error: BaseException, console: Console) -> int:
    """Report what went wrong; returns the exit code."""
    if is_closed_pipe(error):
        return PIPE_CLOSED  # the reader has what it wanted
    if isinstance(error, KeyboardInterrupt | click.Abort):
        facts = {"kind": "interrupted", "exit_code": INTERRUPTED}
        console.say("interrupted", level="error", facts=facts)
        return INTERRUPTED
    message = error_message(error)
    if message:
        console.say(message, label="error", level="error", facts=error_facts(error, message))
    else:
        report_bug(error, console)
    return FAILED


def is_closed_pipe(error: BaseException) -> bool:
    """Return whether the reader of our output went away, also as the cause of another error."""
    return isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError)


def error_message(error: BaseException) -> str | None:  # noqa: PLR0911 - a table, a line each
    """Return the message of an error that the user can correct; None for a bug."""
    match error:
        case click.UsageError():
            return usage_message(error)
        case click.ClickException():
            return error.format_message()
        case DedupeError():
            return str(error)
        case MemoryError():
            return NO_MEMORY
        case RuntimeError(args=(reason,)) if reason == NO_THREAD:
            return NO_THREAD_HINT
        case OSError(strerror=str(reason)):
            return f"{error.filename}: {reason}" if error.filename else reason
    return None


def usage_message(error: click.UsageError) -> str:
    """Return the message of a usage error in the form of the others, with where to look."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "dedupe"
    return f"{message[:1].lower()}{message[1:]} (see {path} --help)"


def error_facts(error: BaseException, message: str) -> dict[str, object]:
    """Return the facts of an error for a program, by name.

    These are the kind, the exit code, a suggestion where the message has one, and the fields that
    the error carries.
    """
    kind = next(kind for base, kind in KINDS.items() if isinstance(error, base))
    facts: dict[str, object] = {"kind": kind, "exit_code": FAILED}
    if isinstance(error, DedupeError):
        facts |= vars(error)
    elif isinstance(error, click.UsageError) and error.ctx:
        facts["command"] = error.ctx.command_path
    elif isinstance(error, OSError) and error.filename:
        facts |= {"path": str(error.filename), "reason": error.strerror}
    suggestion = SUGGESTION.search(message)
    return facts | ({"suggestion": suggestion[1]} if suggestion else {})


def report_bug(error: BaseException, console: Console) -> None:
    """Report an unexpected error, with its traceback when verbose."""
    trace = "".join(traceback.format_exception(error)) if console.verbose else ""
    if trace and not console.in_json:
        click.echo("\n".join(map(escape_controls, trace.split("\n"))), err=True, nl=False)
    hint = "" if console.verbose else " (run with -v for the traceback)"
    facts = {"kind": "internal", "exit_code": FAILED, "type": type(error).__name__}
    console.say(
        f"{type(error).__name__}: {error}{hint}",
        label="internal error",
        level="error",
        facts=facts | ({"traceback": trace} if trace else {}),
    )
