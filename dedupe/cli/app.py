"""The ``dedupe`` command: finds its sub-commands by name and loads the one that is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from dedupe.cli.console import Console
from dedupe.cli.failures import report
from dedupe.cli.layout import CONTEXT_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "cluster",
    "unique",
    "pairs",
    "report",
    "check",
    "split",
    "evaluate",
    "explain",
    "label",
    "tune",
    "index",
    "completion",
)

COMPLETE = "_DEDUPE_COMPLETE"
"""By this variable a shell asks for completions."""

HELP = """\
Find the same story told twice.

Headlines in, clusters of near-duplicates with one canonical version out, no byte lost. Reads
JSONL, CSV, TSV or plain lines, compressed or not, from files or standard input; data goes to
standard output, all else to standard error.
"""

EPILOG = """\
\b
Exit codes:
  0    done; of check: clean
  1    duplicates found, by check alone
  2    usage, input or internal error
  130  interrupted (Ctrl-C)
  141  the reader of standard output went away
"""


class LazyGroup(click.Group):
    """Loads a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import ``dedupe.cli.<name>`` and take its ``command``."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"dedupe.cli.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - tells mypy what every command file defines
        return command


def print_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Print name and version for ``--version``."""
    if asked:
        from dedupe.cli.version import version  # noqa: PLC0415 - importlib.metadata is slow to load

        click.echo(f"dedupe {version()}")
        context.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    help=HELP,
    epilog=EPILOG,
    context_settings=CONTEXT_SETTINGS,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and exit.",
)
@click.pass_context
def app(context: click.Context) -> None:
    """Print the help when no command is named."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def execute(argv: Sequence[str]) -> int:
    """Carry out one command line and report what went wrong; returns the exit code.

    Not ``app.main()``: that exits with 1, which is kept for "duplicates found", on a closed pipe.
    """
    memory: dict[str, object] = {}
    if os.environ.get(COMPLETE):
        return complete(os.environ[COMPLETE])
    try:
        with app.make_context("dedupe", list(argv)) as context:
            memory = context.meta
            app.invoke(context)
        flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to catch one
        console = memory.get(Console.KEY)
        return report(error, console if isinstance(console, Console) else Console())
    return 0


def complete(instruction: str) -> int:
    """Answer a shell that asks what may follow, or for the script by which it will ask."""
    from click.shell_completion import shell_complete  # noqa: PLC0415 - asked for by shells alone

    return shell_complete(app, {}, "dedupe", COMPLETE, instruction)


def flush() -> None:
    """Write out what is still buffered while a failure can still be reported."""
    if sys.stdout is not None:
        sys.stdout.flush()
