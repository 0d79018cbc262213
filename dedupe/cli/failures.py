"""Report what went wrong: one line for a person, or one JSON object for a program."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

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
    from dedupe.cli.console import Console

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
    """Say what went wrong; returns the exit code."""
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
    """Word an error that is the user's to mend; None for a bug of ours."""
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
    """Word a usage error as our other errors are, with where to look."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "dedupe"
    return f"{message[:1].lower()}{message[1:]} (see {path} --help)"


def error_facts(error: BaseException, message: str) -> dict[str, object]:
    """Return what a program may want to know of an error, by name.

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
    """Report an error that nobody foresaw, with its traceback when verbose."""
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
