"""The options that commands share, each declared once, handed over as one Request."""

from __future__ import annotations

import functools
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.console import Console, is_terminal
from dedupe.cli.layers import settle
from dedupe.parsers import parse_size
from dedupe.settings import KNOBS, Knob, Settings
from dedupe.tables import is_named
from dedupe.threads import check_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.stories import Format

    Command = Callable[..., None]
    Decorator = Callable[[Command], Command]

FORMATS = ("jsonl", "csv", "tsv", "lines", "parquet")


@dataclass(frozen=True, slots=True)
class Request:
    """What one command line asks for; no files means standard input."""

    files: tuple[str, ...]
    output: str | None
    console: Console
    settings: Settings
    format: Format | None = None
    stats: str | None = None
    memory: int | None = None
    folder: str | None = None
    engine: str = "local"
    master: str | None = None
    to: str | None = None

    @property
    def parquet(self) -> bool:
        """Whether Parquet is to be written."""
        return self.to is not None or is_named(self.output or "")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that are read, which no output may replace."""
        return (*self.files, *filter(None, [self.settings.links]))


def with_default(knob: Knob) -> str:
    """Word a knob's help, which ends in its default."""
    told = "Default:" in knob.help or knob.default in (None, ())
    return knob.help if told else f"{knob.help} Default: {knob.default}."


def size_of(_context: click.Context, _option: click.Parameter, given: str | None) -> int | None:
    """Read a size; raises BadParameter."""
    try:
        size = None if given is None else parse_size(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if size == 0:
        raise click.BadParameter("a run takes some memory")
    return size


FACE_OPTIONS: tuple[Decorator, ...] = (
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

SPILL_OPTIONS: tuple[Decorator, ...] = (
    click.option(
        "--memory",
        metavar="SIZE",
        callback=size_of,
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
OF_ARTICLES = ("max_ratio",)
"""The settings that a page is read by."""

KNOB_OPTIONS: tuple[Decorator, ...] = tuple(
    click.option(
        knob.flag, knob.name, metavar=knob.metavar, multiple=knob.many, help=with_default(knob)
    )
    for knob in KNOBS
)


TO: Decorator = click.option(
    "--to",
    type=click.Choice(["parquet"]),
    help="Write Parquet. Default: by the suffix of --output; what came as Parquet goes out as JSON "
    "Lines elsewhere.",
)

CSV_SAFE: Decorator = click.option(
    "--csv-safe",
    is_flag=True,
    help="In CSV and TSV, put an apostrophe before each cell that a spreadsheet would take for a "
    "formula (=, +, -, @, tab, carriage return; numbers stay).",
)


def run_options(command: Command) -> Command:
    """Give a command ``[FILES]...``, every knob and the shared options, as its Request."""

    @functools.wraps(command)
    def gathered(files: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = gather_console(given)
        help_on_terminal(files)
        flags = {knob.name: given.pop(knob.name) for knob in KNOBS}
        request = Request(
            files=files,
            output=given.pop("output"),
            console=console,
            settings=settle(flags, os.environ, given.pop("config")),
            format=given.pop("input_format"),
            stats=given.pop("stats"),
            memory=given.pop("memory", None),
            folder=given.pop("tmp", None),
            engine=given.pop("engine", "local"),
            master=given.pop("master", None),
            to=given.pop("to", None),
        )
        command(request, **given)

    declared = (files_argument("files"), *KNOB_OPTIONS, *RUN_OPTIONS, *FACE_OPTIONS)
    return decorate(gathered, declared)


def spill_options(command: Command) -> Command:
    """Give a command what tells where it runs, and how much memory it may take."""
    return decorate(command, SPILL_OPTIONS)


def article_options(command: Command) -> Command:
    """Give a command ``[ARTICLES]...`` and the options of every command, as its Request."""

    @functools.wraps(command)
    def gathered(articles: tuple[str, ...], **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = gather_console(given)
        help_on_terminal(articles)
        flags = {name: given.pop(name) for name in OF_ARTICLES}
        settings = settle(flags, os.environ, None)
        output, to = given.pop("output"), given.pop("to")
        command(Request(articles, output, console, settings, to=to), **given)

    knobs = (
        option for option, knob in zip(KNOB_OPTIONS, KNOBS, strict=True) if knob.name in OF_ARTICLES
    )
    return decorate(gathered, (files_argument("articles"), *knobs, *FACE_OPTIONS))


def files_argument(name: str) -> Decorator:
    """Declare the operands; a path is checked where it is opened, for one wording of errors."""
    return click.argument(name, nargs=-1, type=click.Path())


def decorate(command: Command, options: Iterable[Decorator]) -> Command:
    """Declare several options on a command."""
    for option in reversed(tuple(options)):
        command = option(command)
    return command


def gather_console(given: dict[str, Any]) -> Console:
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
