"""The options that commands share, each declared once."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import ERROR_FORMATS, Console, is_terminal
from dedupe.cli.help import short_help
from dedupe.config import SETTINGS, Settings
from dedupe.config_layers import resolve_settings
from dedupe.config_values import Setting, parse_size
from dedupe.io.output import TARGETS, target_of
from dedupe.io.parquet import has_parquet_suffix
from dedupe.resources import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.models import InputFormat

    CommandFunction = Callable[..., None]
    Decorator = Callable[[CommandFunction], CommandFunction]
    ValueCallback = Callable[[click.Context, click.Parameter, str | None], int | None]

FORMAT_NAMES = {
    "json": "jsonl, which reads JSON of any shape",
    "ndjson": "jsonl",
    "rss": "feed",
    "atom": "feed",
    "xml": "feed",
    "txt": "lines",
    "text": "lines",
}
"""Other names of formats, and the formats they mean."""
FORMATS = ("jsonl", "csv", "tsv", "lines", "parquet", "feed")


class FormatChoice(click.Choice[str]):
    """A format of the input; another name of one is answered with the one that is meant."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the format; raises BadParameter."""
        if value in FORMAT_NAMES:
            self.fail(f"{value!r} is not a format; use {FORMAT_NAMES[value]}", param, ctx)
        return super().convert(value, param, ctx)


@dataclass(frozen=True, slots=True)
class Request:
    """The request of one command line; no files means standard input."""

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
    """Return a setting's help, which ends in its default."""
    has_default = "Default:" in setting.help or setting.default in (None, ())
    return setting.help if has_default else f"{setting.help} Default: {setting.default}."


def parse_size_option(
    _context: click.Context, _option: click.Parameter, given: str | None
) -> int | None:
    """Read a size; raises BadParameter."""
    try:
        size = None if given is None else parse_size(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if size == 0:
        raise click.BadParameter("must be more than 0, such as 512M or 2G")
    return size


def whole_number(least: int, most: int | None = None) -> ValueCallback:
    """Return a callback of an option that reads a whole number; it raises BadParameter."""
    allowed = f"{least} or more" if most is None else f"from {least} to {most:,}"

    def parse(_context: click.Context, _option: click.Parameter, given: str | None) -> int | None:
        if given is None:
            return None
        with suppress(ValueError):
            number = int(given)
            if number >= least and (most is None or number <= most):
                return number
        raise click.BadParameter(f"must be a whole number, {allowed}, got {given}")

    return parse


OUTPUT_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to this file instead of standard output. A name that ends in .gz, .bz2, .xz or "
        ".zst is compressed. FILE appears once it is complete.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="Print no summary and no progress."),
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Show timings, and tracebacks of internal errors.",
    ),
    click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        metavar="WHEN",
        help="When to use colour: auto, always or never. auto: on a terminal, unless NO_COLOR is "
        "set; FORCE_COLOR turns it on elsewhere. Default: auto.",
    ),
    click.option(
        "--error-format",
        type=click.Choice(ERROR_FORMATS),
        expose_value=False,
        metavar="FORMAT",
        help="How to print messages: text or json. json: one object per line on standard error, "
        "see docs/errors.md. Default: DEDUPE_ERROR_FORMAT, else text.",
    ),
)

RUN_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--from",
        "input_format",
        type=FormatChoice(FORMATS),
        metavar="FORMAT",
        help=f"Format of the input. One of {', '.join(FORMATS)}. Default: by suffix, else by the "
        "first bytes.",
    ),
    click.option(
        "--stats",
        metavar="FILE",
        help="Write statistics of the run as JSON. Counts, what became of every record, timings, "
        "limits reached, settings, and checksums of the input, the output and its rows.",
    ),
    click.option(
        "--config",
        metavar="FILE",
        help="Read settings from this TOML file. Flags and DEDUPE_* variables win over it. "
        "Default: [tool.dedupe] of pyproject.toml in this folder or the nearest parent that has "
        "it.",
    ),
)

FORMAT, _, CONFIG = RUN_OPTIONS

BACKEND_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--memory",
        metavar="SIZE",
        callback=parse_size_option,
        help="Memory to use, such as 512M or 2G. What does not fit goes to disk; a single step can "
        "exceed SIZE. The result is the same. Default: half of the free memory.",
    ),
    click.option(
        "--tmp",
        metavar="DIR",
        help="Folder for temporary files. Default: the system's; with --engine spark the folder of "
        "the output, which all workers can reach.",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "spark"]),
        default="local",
        metavar="local|spark",
        help="Run on this machine or on Apache Spark. spark reads JSON Lines or Parquet and writes "
        "a new folder of files, the last operand. Default: local.",
    ),
    click.option(
        "--master",
        metavar="URL",
        help="Spark master, such as local[4] or yarn. Default: from spark-submit or Spark's "
        "configuration.",
    ),
)
ARTICLE_SETTINGS = ("max_ratio",)
"""The settings that a page is read by."""

SHORT_FLAGS = {"field": "-f", "threshold": "-t", "window": "-w", "keep": "-k", "jobs": "-j"}
"""The short spellings of settings."""

SETTING_OPTIONS: dict[str, Decorator] = {
    setting.name: click.option(
        *filter(None, [SHORT_FLAGS.get(setting.name)]),
        setting.flag,
        setting.name,
        metavar=None if setting.switch else setting.metavar,
        multiple=setting.many,
        is_flag=setting.switch,
        default=None,
        help=help_with_default(setting),
    )
    for setting in SETTINGS
}
"""The option of each setting, by the name of the setting."""


TO: Decorator = click.option(
    "--to",
    type=click.Choice(TARGETS),
    metavar="FORMAT",
    help=f"Format of the output. One of {', '.join(TARGETS)}. Default: by the suffix of --output, "
    "else the format of the input; Parquet is written to Parquet files only, elsewhere it becomes "
    "JSON Lines.",
)

CSV_SAFE: Decorator = click.option(
    "--csv-safe",
    is_flag=True,
    help="Disarm cells that look like formulas. Puts an apostrophe before each cell of CSV and "
    "TSV that a spreadsheet would compute: it begins with =, +, -, @, a tab or a carriage return "
    "and is no number.",
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

    declared = (files_argument("files"), *SETTING_OPTIONS.values(), *RUN_OPTIONS, *OUTPUT_OPTIONS)
    return add_options(gathered, declared)


def backend_options(command: CommandFunction) -> CommandFunction:
    """Give a command the options about where it runs and how much memory it may take."""
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

    setting_options = (SETTING_OPTIONS[name] for name in ARTICLE_SETTINGS)
    return add_options(gathered, (files_argument("articles"), *setting_options, *OUTPUT_OPTIONS))


def files_argument(name: str) -> Decorator:
    """Declare the operands; a path is checked where it is opened, for one wording of errors."""
    return click.argument(name, nargs=-1, type=click.Path())


def add_options(command: CommandFunction, options: Iterable[Decorator]) -> CommandFunction:
    """Declare several options on a command."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def describe_output(command: click.Command, text: str) -> None:
    """Give ``--output`` a help text of its own in one command."""
    for option in command.params:
        if isinstance(option, click.Option) and option.name == "output":
            option.help = text


def take_console(given: dict[str, Any]) -> Console:
    """Remove the console's options from those given, and register them for error handling."""
    context = click.get_current_context()
    in_json = bool(context.obj)  # chosen before the command line was parsed, see app.execute
    console = Console(given.pop("quiet"), given.pop("verbose"), given.pop("color"), in_json)
    context.meta[Console.KEY] = console
    check_memory()
    return console


def help_on_terminal(files: tuple[str, ...]) -> None:
    """Show the short help where no file is named and standard input is a terminal."""
    if not files and is_terminal(sys.stdin):
        context = click.get_current_context()
        click.echo(short_help(context))
        context.exit()
