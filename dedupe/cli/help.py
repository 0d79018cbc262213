"""The help of commands: ``-h`` short, a line per option; ``--help`` complete; headings in both."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

OWN_NAMES = ("dedup", "dedupe", "deduplicate")
"""What is typed for the tool itself, in the place of a command."""
WIDTH = 80
"""Columns that the short help fills at most."""
LONGEST_SPELLING = 27
"""Columns of the short help for an option's spelling; a longer metavar is replaced."""

SECTIONS = {
    "Limits": (
        "--against", "--baseline", "--update-baseline", "--max-duplicates", "--max-rate",
        "--max-cluster", "--exit-zero",
    ),
    "Evaluation": ("--gold-field", "--clustered", "--bootstrap", "--errors"),
    "Target": ("--labels", "--precision", "--recall", "--confidence"),
    "Selection": ("--before", "--ids"),
    "Matching": (
        "--field", "--threshold", "--window", "--linkage", "--updates", "--numbers", "--links",
        "--same",
    ),
    "Canonical version": ("--keep", "--prefer"),
    "Input": (
        "--in", "--from", "--id-field", "--date-field", "--source-field", "--encoding",
        "--delimiter", "--no-header", "--csv-escape", "--date-format", "--on-error", "--max-line",
        "--max-ratio", "--line-buffered",
    ),
    "Output": (
        "--output", "--to", "--format", "--json", "--duplicates", "--count", "--into", "--csv-safe",
        "--pager", "--title", "--plot", "--stats",
    ),
    "Run": (
        "--config", "--jobs", "--seed", "--deep", "--memory", "--tmp", "--engine", "--master",
        "--quiet", "--verbose", "--color", "--error-format", "--version", "-h", "--help",
    ),
}  # fmt: skip
"""Every option of every command, by its long spelling; those of a single command come first."""

CONTEXT_SETTINGS = {"help_option_names": ["--help"], "max_content_width": 100}


def option_rows(
    command: click.Command, context: click.Context
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each heading that a command has options for, with their spellings and help."""
    params = {spelling: param for param in command.get_params(context) for spelling in param.opts}
    sections: Mapping[str, Sequence[str]] = SECTIONS
    if isinstance(command, click.Group):
        sections = {"Options": [flag for flags in SECTIONS.values() for flag in flags]}
    for heading, flags in sections.items():
        shown = (option_row(params[flag], context) for flag in flags if flag in params)
        rows = [row for row in shown if row]
        if rows:
            yield heading, rows


def option_row(param: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    """Return an option's spelling and help; None for an argument or a hidden option."""
    record = param.get_help_record(context)
    if record is None or not isinstance(param, click.Option):
        return None
    return record[0], param.help or ""


def first_sentence(text: str) -> str:
    """Return the first sentence of a help text without its full stop.

    >>> first_sentence("Join records. A second sentence.")
    'Join records'
    """
    return re.split(r"\.\s", " ".join(text.split()), maxsplit=1)[0].rstrip(".")


def short_spelling(spelling: str) -> str:
    """Return an option's spelling, with VALUE for a list of choices that would not fit.

    >>> short_spelling("--on-error fail|skip|quarantine=FILE")
    '--on-error VALUE'
    """
    names, _, metavar = spelling.rpartition(" ")
    fits = len(spelling) <= LONGEST_SPELLING or "|" not in metavar
    return spelling if fits else f"{names} VALUE"


def short_help(context: click.Context) -> str:
    """Return what a command does, and its commands or options in a line each."""
    command = context.command
    formatter = click.HelpFormatter(width=WIDTH - 1)
    command.format_usage(context, formatter)
    formatter.write_paragraph()
    formatter.write_text(f"{first_sentence(command.help or '')}.")
    if isinstance(command, LazyGroup):
        command.format_commands(context, formatter)
    sections = list(option_rows(command, context))
    spellings = [short_spelling(row[0]) for _, rows in sections for row in rows]
    column = max(map(len, spellings), default=0)
    for heading, rows in sections:
        with formatter.section(heading):
            formatter.write_dl(
                [(f"{short_spelling(name):<{column}}", first_sentence(text)) for name, text in rows]
            )
    formatter.write_paragraph()
    more = f"dedupe help {context.command_path.partition(' ')[2]}".rstrip()
    if isinstance(command, LazyGroup):
        more += " COMMAND"
    formatter.write_text(f"For more, run: {more}")
    return formatter.getvalue().rstrip("\n")


def print_short_help(context: click.Context, _option: click.Parameter, asked: bool) -> None:  # noqa: FBT001 - click's signature
    """Print the short help for ``-h``."""
    if asked and not context.resilient_parsing:
        click.echo(short_help(context))
        context.exit()


SHORT_HELP = click.Option(
    ["-h"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_short_help,
    help="Show the short help and exit.",
)


class HelpLayout(click.Command):
    """A command with ``-h`` beside ``--help``, and its options under headings."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Add ``-h``, and give ``--help`` its wording."""
        *params, complete = super().get_params(ctx)
        if isinstance(complete, click.Option):
            complete.help = "Show the complete help and exit."
        return [*params, SHORT_HELP, complete]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an error names this command as the place to look for help."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per heading."""
        for heading, rows in option_rows(self, ctx):
            with formatter.section(heading):
                formatter.write_dl(rows)


class Command(HelpLayout):
    """A command whose usage can name its operands as they are read, not as click gathers them."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - click's signature
        operands: Sequence[str] = (),
        **attributes: Any,  # noqa: ANN401 - click's signature
    ) -> None:
        super().__init__(*args, **attributes)
        self.operands = operands

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Name the operands."""
        return ["[OPTIONS]", *self.operands] if self.operands else super().collect_usage_pieces(ctx)


@click.pass_context
def print_group_help(context: click.Context) -> None:
    """Print the short help of a group when no command of it is named."""
    if context.invoked_subcommand is None:
        click.echo(short_help(context))


class LazyGroup(HelpLayout, click.Group):
    """Commands under headings, each in a module that is loaded when the command is asked for.

    ``tasks`` has the headings, and under each the commands with the module of ``dedupe.cli`` that
    defines ``<name>_command``. Without a command it prints the short help.
    """

    def __init__(
        self,
        name: str,
        *,
        tasks: Mapping[str, Mapping[str, str]],
        help: str,  # noqa: A002 - click's name for it
        epilog: str,
        params: list[click.Parameter] | None = None,
    ) -> None:
        super().__init__(
            name,
            help=help,
            epilog=epilog,
            params=params,
            callback=print_group_help,
            context_settings=CONTEXT_SETTINGS,
            invoke_without_command=True,
            subcommand_metavar="COMMAND [ARGS]...",
        )
        self.tasks = tasks

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an option before the name of its command has its own error."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name
            if any(name in flags for flags in SECTIONS.values()):
                example = f"{ctx.command_path} COMMAND {name}"
                reason = f"{name} goes after the name of a command, as in {example}"
                raise click.UsageError(reason, ctx) from None
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of the help."""
        return [name for modules in self.tasks.values() for name in modules]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module of a command and return its ``<name>_command``."""
        for modules in self.tasks.values():
            if cmd_name in modules:
                module = importlib.import_module(f"dedupe.cli.{modules[cmd_name]}")
                command = getattr(module, f"{cmd_name}_command")
                assert isinstance(command, click.Command)  # noqa: S101 - tells mypy what every command file defines
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; the error for an unknown one suggests similar names."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            hint = file_hint(name) if ctx.parent is None else ""
            if hint:
                raise click.UsageError(f"no such command {name!r}; {hint}", ctx)
            raise click.exceptions.NoSuchCommand(
                name, possibilities=self.list_commands(ctx), ctx=ctx
            )
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section per task."""
        column = max(map(len, self.list_commands(ctx)))
        for heading, modules in self.tasks.items():
            with formatter.section(heading):
                commands = {name: self.get_command(ctx, name) for name in modules}
                formatter.write_dl(
                    [
                        (f"{name:<{column}}", first_sentence(command.help or ""))
                        for name, command in commands.items()
                        if command
                    ]
                )


def file_hint(name: str) -> str:
    """Return what to do with a file, or the tool's own name, where a command is expected."""
    if Path(name).suffix or Path(name).exists():
        return f"to read a file, name what to do with it: dedupe unique {name}"
    if name in OWN_NAMES:
        return "to keep one version of each story: dedupe unique FILE"
    return ""


def examples(*pairs: tuple[str, str]) -> str:
    """Lay out ``(what it does, command line)`` pairs for the end of a help text."""
    lines = [line for says, runs in pairs for line in (f"  {says}:", f"    $ {runs}")]
    return "\n".join(["\b", "Examples:", *lines])
