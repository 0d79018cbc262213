"""The options that commands share, each declared once, and the layout of their help."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import Console, is_terminal
from dedupe.config import SETTINGS, Settings
from dedupe.config_layers import resolve_settings
from dedupe.config_values import Setting, parse_size
from dedupe.io.output import TARGETS, target_of
from dedupe.io.parquet import has_parquet_suffix
from dedupe.parallel import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.models import InputFormat

    CommandFunction = Callable[..., None]
    Decorator = Callable[[CommandFunction], CommandFunction]

FORMATS = ("jsonl", "csv", "tsv", "lines", "parquet", "feed")


@dataclass(frozen=True, slots=True)
class Request:
    """What one command line asks for; no files means standard input."""

    files: tuple[str, ...]
    output: str | None
    console: Console
    settings: Settings
    format: InputFormat | None = None
    stats: str | None = None
    memory: int | None = None
    folder: str | None = None
    engine: str = "local"
    master: str | None = None
    to: str | None = None

    @property
    def target(self) -> str | None:
        """The format that the output asks for, by ``--to`` or by its suffix."""
        return target_of(self.output, self.to)

    @property
    def parquet(self) -> bool:
        """Whether Parquet is to be written."""
        return self.to == "parquet" or (self.to is None and has_parquet_suffix(self.output or ""))

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that are read, which no output may replace."""
        return (*self.files, *filter(None, [self.settings.links]))


def help_with_default(setting: Setting) -> str:
    """Word a setting's help, which ends in its default."""
    told = "Default:" in setting.help or setting.default in (None, ())
    return setting.help if told else f"{setting.help} Default: {setting.default}."


def parse_size_option(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> int | None:
    """Read a size; raises BadParameter."""
    try:
        size = None if given is None else parse_size(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if size == 0:
        raise click.BadParameter("a run takes some memory")
    return size


OUTPUT_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write here, not to standard output; .gz, .bz2, .xz or .zst compresses. "
        "FILE appears once it is whole.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No summary and no progress."),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Also timings, and the traceback of an internal error.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Colour on standard error. Default: auto, which heeds NO_COLOR and FORCE_COLOR.",
    ),
)

RUN_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--from",
        "input_format",
        type=click.Choice(FORMATS),
        help="Format of the input. Default: by suffix, else by the first bytes.",
    ),
    click.option(
        "--stats",
        metavar="FILE",
        help="Write counts, what became of all records, timings, caps hit, settings, and the "
        "checksums of input, output and its rows as JSON.",
    ),
    click.option(
        "--config",
        metavar="FILE",
        help="Take settings from this TOML file, not from [tool.dedupe] in ./pyproject.toml. "
        "Flags and DEDUPE_* variables win.",
    ),
)

BACKEND_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--memory",
        metavar="SIZE",
        callback=parse_size_option,
        help="Take to the disk what would not fit into so much memory, as in 512M or 2G. The "
        "result is the same. Default: half of what is free.",
    ),
    click.option(
        "--tmp",
        metavar="DIR",
        help="The folder for what does not fit into memory. Default: the system's; with --engine "
        "spark beside the output, for all workers must see it.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        help="spark: on many machines, from JSON Lines or Parquet to a new folder of files, the "
        "last operand. Default: local.",
    ),
    click.option(
        "--master",
        metavar="URL",
        help="Where Spark runs, as in local[4] or yarn. Default: as spark-submit or Spark's "
        "configuration says.",
    ),
)
ARTICLE_SETTINGS = ("max_ratio",)
"""The settings that a page is read by."""

SETTING_OPTIONS: tuple[Decorator, ...] = tuple(
    click.option(
        setting.flag,
        setting.name,
        metavar=None if setting.switch else setting.metavar,
        multiple=setting.many,
        is_flag=setting.switch,
        default=None,
        help=help_with_default(setting),
    )
    for setting in SETTINGS
)


TO: Decorator = click.option(
    "--to",
    type=click.Choice(TARGETS),
    help="Write this format. Default: by the suffix of --output, else the format of the input; "
    "what came as Parquet goes out as JSON Lines elsewhere.",
)

CSV_SAFE: Decorator = click.option(
    "--csv-safe",
    is_flag=True,
    help="In CSV and TSV, put an apostrophe before each cell that a spreadsheet would take for a "
    "formula (=, +, -, @, tab, carriage return; numbers stay).",
)


def run_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``[FILES]...``, every setting and the shared options, as its Request."""

    @functools.wraps(command)
    def gathered(files: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = take_console(given)
        help_on_terminal(files)
        flags = {setting.name: given.pop(setting.name) for setting in SETTINGS}
        request = Request(
            files=files,
            output=given.pop("output"),
            console=console,
            settings=resolve_settings(flags, os.environ, given.pop("config")),
            format=given.pop("input_format"),
            stats=given.pop("stats"),
            memory=given.pop("memory", None),
            folder=given.pop("tmp", None),
            engine=given.pop("engine", "local"),
            master=given.pop("master", None),
            to=given.pop("to", None),
        )
        command(request, **given)

    declared = (files_argument("files"), *SETTING_OPTIONS, *RUN_OPTIONS, *OUTPUT_OPTIONS)
    return add_options(gathered, declared)


def backend_options(command: CommandFunction) -> CommandFunction:
    """Give a command what tells where it runs, and how much memory it may take."""
    return add_options(command, BACKEND_OPTIONS)


def article_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``[ARTICLES]...`` and the options of every command, as its Request."""

    @functools.wraps(command)
    def gathered(articles: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = take_console(given)
        help_on_terminal(articles)
        flags = {name: given.pop(name) for name in ARTICLE_SETTINGS}
        settings = resolve_settings(flags, os.environ, None)
        output, to = given.pop("output"), given.pop("to")
        command(Request(articles, output, console, settings, to=to), **given)

    setting_options = (
        option
        for option, setting in zip(SETTING_OPTIONS, SETTINGS, strict=True)
        if setting.name in ARTICLE_SETTINGS
    )
    return add_options(gathered, (files_argument("articles"), *setting_options, *OUTPUT_OPTIONS))


def files_argument(name: str) -> Decorator:
    """Declare the operands; a path is checked where it is opened, for one wording of errors."""
    return click.argument(name, nargs=-1, type=click.Path())


def add_options(command: CommandFunction, options: Iterable[Decorator]) -> CommandFunction:
    """Declare several options on a command."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def take_console(given: dict[str, Any]) -> Console:
    """Take the console's options out of what was given, and let error handling know them."""
    console = Console(given.pop("quiet"), given.pop("verbose"), given.pop("color"))
    click.get_current_context().meta[Console.KEY] = console
    check_memory()
    return console


def help_on_terminal(files: tuple[str, ...]) -> None:
    """Show the help to a person who named no file and would wait for a silent program."""
    if not files and is_terminal(sys.stdin):
        context = click.get_current_context()
        click.echo(context.get_help())
        context.exit()


SECTIONS = {
    "What goes": ("--before", "--ids"),
    "How far": ("--deep",),
    "Judging": ("--gold-field", "--clustered", "--bootstrap", "--errors"),
    "Goal": ("--labels", "--precision", "--recall", "--confidence"),
    "Matching": (
        "--field",
        "--threshold",
        "--window",
        "--linkage",
        "--updates",
        "--numbers",
        "--links",
        "--same",
    ),
    "Gate": (
        "--against",
        "--baseline",
        "--update-baseline",
        "--max-duplicates",
        "--max-rate",
        "--max-cluster",
        "--exit-zero",
    ),
    "Canonical version": ("--keep", "--prefer"),
    "Input": (
        "--in",
        "--from",
        "--id-field",
        "--date-field",
        "--source-field",
        "--encoding",
        "--delimiter",
        "--no-header",
        "--csv-escape",
        "--date-format",
        "--on-error",
        "--max-line",
        "--max-ratio",
        "--line-buffered",
    ),
    "Output": (
        "--format",
        "--pager",
        "--json",
        "--duplicates",
        "--count",
        "--title",
        "--output",
        "--to",
        "--plot",
        "--into",
        "--csv-safe",
        "--stats",
    ),
    "Run": (
        "--config",
        "--jobs",
        "--memory",
        "--tmp",
        "--engine",
        "--master",
        "--seed",
        "--quiet",
        "--verbose",
        "--color",
        "--help",
    ),
}
"""Every option of every command, by its long spelling."""

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Command(click.Command):
    """A command whose help shows its options under headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section a heading, without those that would be empty."""
        params = {spelling: param for param in self.get_params(ctx) for spelling in param.opts}
        for heading, flags in SECTIONS.items():
            shown = [params[flag].get_help_record(ctx) for flag in flags if flag in params]
            rows = [record for record in shown if record]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def examples(*pairs: tuple[str, str]) -> str:
    """Lay out ``(what it does, command line)`` pairs for the end of a help text."""
    lines = [line for says, runs in pairs for line in (f"  {says}:", f"    $ {runs}")]
    return "\n".join(["\b", "Examples:", *lines])
