"""The ``dedupe`` command: finds its sub-commands by name and loads the one that is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from dedupe import installed_version
from dedupe.cli.console import Console, report_error
from dedupe.cli.options import CONTEXT_SETTINGS, Command, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = {
    "cluster": "cluster",
    "unique": "cluster",
    "pairs": "cluster",
    "report": "report",
    "check": "check",
    "split": "split",
    "evaluate": "evaluate",
    "explain": "explain",
    "label": "label",
    "tune": "tune",
    "index": "index",
    "completion": "app",
}
"""The commands in the order of the help, and the file here that has ``<name>_command``."""

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
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of a command and return its ``<name>_command``."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"dedupe.cli.{MODULES[cmd_name]}")
        command = getattr(module, f"{cmd_name}_command")
        assert isinstance(command, click.Command)  # noqa: S101 - tells mypy what every command file defines
        return command


def print_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Print name and version for ``--version``."""
    if asked:
        click.echo(f"dedupe {installed_version()}")
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
        flush_output()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to catch one
        console = memory.get(Console.KEY)
        return report_error(error, console if isinstance(console, Console) else Console())
    return 0


def complete(instruction: str) -> int:
    """Answer a shell that asks what may follow, or for the script by which it will ask."""
    from click.shell_completion import shell_complete

    return shell_complete(app, {}, "dedupe", COMPLETE, instruction)


def flush_output() -> None:
    """Write out what is still buffered while a failure can still be reported."""
    if sys.stdout is not None:
        sys.stdout.flush()


COMPLETION_HELP = """\
Print the script by which a shell completes commands, options and their values.

In ~/.bashrc write: eval "$(dedupe completion bash)"; in ~/.zshrc the same with zsh; for fish, write
the script to ~/.config/fish/completions/dedupe.fish.
"""

COMPLETION_EXAMPLES = examples(
    ("For bash, to be read by ~/.bashrc", "dedupe completion bash > dedupe.bash"),
    ("For zsh, to be read by ~/.zshrc", "dedupe completion zsh > dedupe.zsh"),
    ("For fish", "dedupe completion fish > dedupe.fish"),
)


@click.command(cls=Command, help=COMPLETION_HELP, epilog=COMPLETION_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the script."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the shells that are offered
    click.echo(kind(app, {}, "dedupe", COMPLETE).source(), nl=False)
