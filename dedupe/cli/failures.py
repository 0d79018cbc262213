"""From an exception to one line on standard error and an exit code."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import click

from dedupe.errors import DedupeError
from dedupe.visible import visible

if TYPE_CHECKING:
    from dedupe.cli.console import Console

FAILED = 2
INTERRUPTED = 130
PIPE_CLOSED = 141
NO_MEMORY = "out of memory; give less at a time, or --memory to cluster, unique and pairs"
NO_THREAD = "can't start new thread"


def report(error: BaseException, console: Console) -> int:
    """Tell the user what went wrong, in one line; returns the exit code."""
    if closed_pipe(error):
        return PIPE_CLOSED  # the reader has what it wanted: nothing to tell
    if isinstance(error, KeyboardInterrupt | click.Abort):
        console.say("interrupted")
        return INTERRUPTED
    expected = wording(error)
    if expected:
        console.say(expected, label="error")
        return FAILED
    explain_bug(error, console)
    return FAILED


def closed_pipe(error: BaseException) -> bool:
    """Whether the reader of our output went away, also as the cause of another error."""
    return isinstance(error, BrokenPipeError) or isinstance(error.__cause__, BrokenPipeError)


def wording(error: BaseException) -> str | None:  # noqa: PLR0911 - a table, a line each
    """Word an error that is the user's to mend; None for a bug of ours."""
    match error:
        case click.UsageError():
            return usage(error)
        case click.ClickException():
            return error.format_message()
        case DedupeError():
            return str(error)
        case MemoryError():
            return NO_MEMORY
        case RuntimeError(args=(reason,)) if reason == NO_THREAD:
            return f"{NO_THREAD}; give it more memory or processes, or fewer --jobs"
        case OSError(strerror=str(reason)):
            return f"{error.filename}: {reason}" if error.filename else reason
    return None


def usage(error: click.UsageError) -> str:
    """Word a usage error as our other errors are, with where to look."""
    message = error.format_message().rstrip(".")
    path = error.ctx.command_path if error.ctx else "dedupe"
    return f"{message[:1].lower()}{message[1:]} (see {path} --help)"


def harmless(text: str) -> str:
    """Lines of text, with escapes for what could steer a terminal."""
    return "\n".join(map(visible, text.split("\n")))


def explain_bug(error: BaseException, console: Console) -> None:
    """Tell of an error that nobody foresaw, with its traceback when verbose."""
    if console.verbose:
        click.echo(harmless("".join(traceback.format_exception(error))), err=True, nl=False)
    hint = "" if console.verbose else " (run with -v for the traceback)"
    console.say(f"{type(error).__name__}: {error}{hint}", label="internal error")
