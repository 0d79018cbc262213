"""The ``dedupe`` command: its sub-commands by task, and how one command line is carried out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from dedupe import installed_version
from dedupe.cli.console import Console, report_error, wants_json
from dedupe.cli.help import Command, LazyGroup, examples

if TYPE_CHECKING:
    from collections.abc import Sequence

TASKS = {
    "Find duplicates": {
        "cluster": "cluster",
        "unique": "cluster",
        "pairs": "cluster",
        "report": "report",
        "check": "check",
    },
    "Compare with earlier records": {"index": "index"},
    "Understand and tune the result": {
        "explain": "explain",
        "label": "label",
        "tune": "tune",
        "evaluate": "evaluate",
    },
    "Other": {"split": "split", "config": "config", "completion": "app", "help": "app"},
}
"""The commands by task, and the file here that has ``<name>_command``."""

MODULES = {name: module for modules in TASKS.values() for name, module in modules.items()}

COMPLETE = "_DEDUPE_COMPLETE"
"""By this variable a shell asks for completions."""

HELP = """\
Find the same story told twice.

Groups near-duplicate news headlines into clusters and picks one canonical version of each. Reads
JSON Lines, CSV, TSV, Parquet, feeds or plain lines, compressed or not, from files or standard
input. Results go to standard output, messages to standard error.
"""

EPILOG = """\
Settings come from flags, then DEDUPE_* variables, then [tool.dedupe] of pyproject.toml; dedupe
config show prints them.

\b
Exit codes:
  0    done; of check: no more duplicates than allowed
  1    check found duplicates; no other command uses it
  2    usage, input or internal error
  130  interrupted (Ctrl-C)
  141  the reader of standard output went away
"""


def print_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Print name and version for ``--version``."""
    if asked:
        click.echo(f"dedupe {installed_version()}")
        context.exit()


VERSION = click.Option(
    ["-V", "--version"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_version,
    help="Show the version and exit.",
)

app = LazyGroup("dedupe", tasks=TASKS, params=[VERSION], help=HELP, epilog=EPILOG)


def execute(argv: Sequence[str]) -> int:
    """Carry out one command line and report what went wrong; returns the exit code.

    Not ``app.main()``: that exits with 1, which is kept for "duplicates found", on a closed pipe.
    """
    memory: dict[str, object] = {}
    if os.environ.get(COMPLETE):
        return complete(os.environ[COMPLETE])
    in_json = False
    try:
        in_json = wants_json(argv, os.environ)
        with app.make_context("dedupe", list(argv), obj=in_json) as context:
            memory = context.meta
            app.invoke(context)
        flush_output()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last place to catch one
        console = memory.get(Console.KEY)
        if not isinstance(console, Console):
            console = Console(in_json=in_json)
        return report_error(error, console)
    return 0


def complete(instruction: str) -> int:
    """Answer a shell that asks what may follow, or for the script by which it will ask."""
    from click.shell_completion import shell_complete

    return shell_complete(app, {}, "dedupe", COMPLETE, instruction)


def flush_output() -> None:
    """Write buffered output while a failure can still be reported."""
    if sys.stdout is not None:
        sys.stdout.flush()


COMPLETION_HELP = """\
Print the completion script of a shell: bash, zsh or fish.

It completes commands, options and their values. For bash, add this line to ~/.bashrc: eval
"$(dedupe completion bash)"; for zsh the same with zsh to ~/.zshrc. For fish, write the script to
~/.config/fish/completions/dedupe.fish.
"""

COMPLETION_EXAMPLES = examples(
    ("For bash, to be read by ~/.bashrc", "dedupe completion bash > dedupe.bash"),
    ("For zsh, to be read by ~/.zshrc", "dedupe completion zsh > dedupe.zsh"),
    ("For fish", "dedupe completion fish > dedupe.fish"),
)


@click.command(cls=Command, help=COMPLETION_HELP, epilog=COMPLETION_EXAMPLES)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the script."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the shells that are offered
    click.echo(kind(app, {}, "dedupe", COMPLETE).source(), nl=False)


HELP_HELP = """\
Show the complete help of a command.

Without COMMAND, the help of dedupe. -h shows the short help of a command.
"""

HELP_EXAMPLES = examples(
    ("Read about one command", "dedupe help cluster"),
    ("Read about a command of an index", "dedupe help index add"),
)


@click.command(cls=Command, operands=("[COMMAND]...",), help=HELP_HELP, epilog=HELP_EXAMPLES)
@click.argument("names", nargs=-1)
@click.pass_context
def help_command(context: click.Context, names: tuple[str, ...]) -> None:
    """Print the help of the command that is named."""
    shown = context.find_root()
    for name in names:
        if not isinstance(shown.command, LazyGroup):
            raise click.UsageError(f"{shown.command_path} has no sub-commands", context)
        _, command, _ = shown.command.resolve_command(context, [name])
        assert command is not None  # noqa: S101 - else it has raised
        shown = click.Context(command, parent=shown, info_name=name)
    click.echo(shown.get_help())
