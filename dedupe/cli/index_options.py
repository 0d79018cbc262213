"""The options of the ``index`` commands, collected in one IndexRequest."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    CONFIG,
    FORMAT,
    OUTPUT_OPTIONS,
    SETTING_OPTIONS,
    add_options,
    files_argument,
    help_on_terminal,
    take_console,
)
from dedupe.config import SETTINGS, Settings
from dedupe.config_layers import DEFAULT, resolve_settings, setting_origins, settings_layers
from dedupe.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dedupe.cli.console import Console
    from dedupe.cli.options import CommandFunction, Decorator
    from dedupe.models import Format

RUN_SETTINGS = (
    "jobs", "on_error", "into", "max_line", "max_ratio", "encoding", "delimiter", "no_header",
    "csv_escape", "date_format",
)  # fmt: skip
"""Settings of one run, which an index does not keep."""
BATCH_SETTINGS = ("links", "same")
"""Settings that an index does not take."""
NO_LINKS = "an index takes none: they name the records of one run"
NO_SAME = "an index does not take it; a record of a known id replaces the one before it"

PATH: Decorator = click.argument("path", metavar="PATH", type=click.Path())
OUTPUT, *CONSOLE_OPTIONS = OUTPUT_OPTIONS
FEED_SETTINGS = tuple(
    option
    for option, setting in zip(SETTING_OPTIONS, SETTINGS, strict=True)
    if setting.name not in BATCH_SETTINGS
)
STORED_SETTINGS = tuple(
    option
    for option, setting in zip(SETTING_OPTIONS, SETTINGS, strict=True)
    if setting.name not in (*BATCH_SETTINGS, *RUN_SETTINGS)
)


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """What one ``index`` command line asks for.

    ``wanted`` are the settings that somebody gave of those that an index keeps, as JSON values;
    ``passing`` those of this run.
    """

    path: str
    console: Console
    settings: Settings
    wanted: dict[str, object]
    passing: dict[str, object]
    files: tuple[str, ...] = ()
    output: str | None = None
    format: Format | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The files that no output may replace."""
        return (self.path, *self.files)


def feed_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH [FILES]...``, all settings and shared options, as its request."""
    declared = (
        PATH,
        files_argument("files"),
        *FEED_SETTINGS,
        FORMAT,
        CONFIG,
        OUTPUT,
        *CONSOLE_OPTIONS,
    )
    return declare_options(command, declared)


def create_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH`` and every setting that an index keeps."""
    return declare_options(command, (PATH, *STORED_SETTINGS, CONFIG, *CONSOLE_OPTIONS))


def path_options(command: CommandFunction, *others: Decorator) -> CommandFunction:
    """Give a command ``PATH`` and the console's options, but no settings."""
    return declare_options(command, (PATH, *others, *CONSOLE_OPTIONS), settings=False)


def output_options(command: CommandFunction) -> CommandFunction:
    """Give a command ``PATH``, ``--output`` and the console's options."""
    return path_options(command, OUTPUT)


def declare_options(
    command: CommandFunction, declared: Iterable[Decorator], *, settings: bool = True
) -> CommandFunction:
    """Declare options, and put their values into an IndexRequest."""

    @functools.wraps(command)
    def run(path: str, **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = take_console(given)
        files = given.pop("files", None)
        if files is not None:
            help_on_terminal(files)
        flags = {setting.name: given.pop(setting.name, None) for setting in SETTINGS}
        chosen, wanted, passing = split_settings(
            flags, os.environ, given.pop("config", None), settings
        )
        request = IndexRequest(
            path=path,
            console=console,
            settings=chosen,
            wanted=wanted,
            passing=passing,
            files=files or (),
            output=given.pop("output", None),
            format=given.pop("input_format", None),
        )
        command(request, **given)

    return add_options(run, declared)


def split_settings(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    config: str | None,
    takes_settings: bool,  # noqa: FBT001 - of a private call
) -> tuple[Settings, dict[str, object], dict[str, object]]:
    """Return all settings, and those given: the ones to store, and the ones of this run."""
    if not takes_settings:
        return Settings(), {}, {}
    settings = resolve_settings(flags, environ, config)
    origins = setting_origins(settings_layers(flags, environ, config))
    names = {name for name, origin in origins.items() if origin != DEFAULT}
    if "links" in names:
        raise SettingsError("--links", NO_LINKS)
    if "same" in names:
        raise SettingsError("--same", NO_SAME)
    values = settings.manifest()
    wanted = {name: values[name] for name in names if name not in RUN_SETTINGS}
    return settings, wanted, {name: values[name] for name in names if name in RUN_SETTINGS}
