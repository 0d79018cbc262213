"""The options of the ``index`` commands, handed over as one Task."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.layers import from_environment, from_file, settle
from dedupe.cli.options import (
    FACE_OPTIONS,
    KNOB_OPTIONS,
    RUN_OPTIONS,
    decorate,
    files_argument,
    gather_console,
    help_on_terminal,
)
from dedupe.errors import SettingsError
from dedupe.settings import KNOBS, Settings, check_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dedupe.cli.console import Console
    from dedupe.cli.options import Command, Decorator
    from dedupe.stories import Format

PASSING = ("jobs", "on_error", "into", "max_line", "max_ratio")
"""Settings of one run, which an index does not keep."""
NO_LINKS = "an index takes none: they name the records of one run"

PATH: Decorator = click.argument("path", metavar="PATH", type=click.Path())
FORMAT, _, CONFIG = RUN_OPTIONS
OUTPUT, QUIET, VERBOSE, COLOR = FACE_OPTIONS
BARE: tuple[Decorator, ...] = (QUIET, VERBOSE, COLOR)
KNOBS_HERE = tuple(
    option for option, knob in zip(KNOB_OPTIONS, KNOBS, strict=True) if knob.name != "links"
)
KEPT_KNOBS = tuple(
    option
    for option, knob in zip(KNOB_OPTIONS, KNOBS, strict=True)
    if knob.name not in ("links", *PASSING)
)


@dataclass(frozen=True, slots=True)
class Task:
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


def feed_options(command: Command) -> Command:
    """Give a command ``PATH [FILES]...``, every setting and the shared options, as its Task."""
    declared = (PATH, files_argument("files"), *KNOBS_HERE, FORMAT, CONFIG, OUTPUT, *BARE)
    return gathered(command, declared)


def create_options(command: Command) -> Command:
    """Give a command ``PATH`` and every setting that an index keeps."""
    return gathered(command, (PATH, *KEPT_KNOBS, CONFIG, *BARE))


def path_options(command: Command, *others: Decorator) -> Command:
    """Give a command ``PATH`` and how to speak, and nothing of settings."""
    return gathered(command, (PATH, *others, *BARE), settings=False)


def output_options(command: Command) -> Command:
    """The same with a place for the output."""
    return path_options(command, OUTPUT)


def gathered(command: Command, declared: Iterable[Decorator], *, settings: bool = True) -> Command:
    """Declare options, and put their values into a Task."""

    @functools.wraps(command)
    def run(path: str, **given: Any) -> None:  # noqa: ANN401 - one type an option
        console = gather_console(given)
        files = given.pop("files", None)
        if files is not None:
            help_on_terminal(files)
        flags = {knob.name: given.pop(knob.name, None) for knob in KNOBS}
        chosen, wanted, passing = sort_out(flags, os.environ, given.pop("config", None), settings)
        task = Task(
            path=path,
            console=console,
            settings=chosen,
            wanted=wanted,
            passing=passing,
            files=files or (),
            output=given.pop("output", None),
            format=given.pop("input_format", None),
        )
        command(task, **given)

    return decorate(run, declared)


def sort_out(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    config: str | None,
    heeded: bool,  # noqa: FBT001 - of a private call
) -> tuple[Settings, dict[str, object], dict[str, object]]:
    """The settings, and those that somebody gave: to be kept, and of this run."""
    if not heeded:
        return Settings(), {}, {}
    settings = settle(flags, environ, config)
    names = {name for name, value in flags.items() if value not in (None, ())}
    names |= set(from_environment(environ))
    names |= {check_name(name, "").name for name in from_file(config)[1]}
    if "links" in names:
        raise SettingsError("--links", NO_LINKS)
    values = settings.manifest()
    wanted = {name: values[name] for name in names if name not in PASSING}
    return settings, wanted, {name: values[name] for name in names if name in PASSING}
