"""``dedupe config show``: the settings in effect, and where each comes from."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from dedupe.cli.help import Command, LazyGroup, examples
from dedupe.cli.options import CONFIG, OUTPUT_OPTIONS, SETTING_OPTIONS, add_options, take_console
from dedupe.config import SETTINGS
from dedupe.config_layers import DEFAULT, resolve_settings, setting_origins, settings_layers
from dedupe.escape import escape_controls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dedupe.cli.options import CommandFunction

TASKS = {"Commands": {"show": "config"}}
LONGEST_DEFAULT = 60

HELP = """\
Show the settings in effect and where each comes from.

A flag wins over a DEDUPE_* variable, a variable over the file of --config, else over [tool.dedupe]
of the nearest pyproject.toml, and this over the default.
"""

SHOW_HELP = """\
Print the settings in effect and where each comes from.

Takes flags as the other commands do. Prints TOML that --config reads: each setting that a flag, a
DEDUPE_* variable or a file gives, with its origin; the others as comments, with their defaults.

The file is the one of --config, else pyproject.toml in this folder or in the nearest parent that
has a [tool.dedupe] table. The search ends at the root of a repository and at the home folder.
"""

EXAMPLES = examples(
    ("See what a run in this folder would use", "dedupe config show"),
    ("Check a file of settings, for a program", "dedupe config show --config tuned.toml --json"),
)


config_command = LazyGroup("config", tasks=TASKS, help=HELP, epilog=EXAMPLES)


def show_options(command: CommandFunction) -> CommandFunction:
    """Declare every setting, the file that gives settings, and how to print."""
    _, *console_options = OUTPUT_OPTIONS
    return add_options(command, (*SETTING_OPTIONS.values(), CONFIG, *console_options))


@click.command(cls=Command, help=SHOW_HELP, epilog=EXAMPLES)
@click.option("--json", "in_json", is_flag=True, help="Print one JSON object instead of a table.")
@show_options
def show_command(*, in_json: bool, config: str | None, **given: object) -> None:
    """Print the settings."""
    from dedupe.cli.run import encode_json, encode_lines

    take_console(given)
    flags = {setting.name: given[setting.name] for setting in SETTINGS}
    values = resolve_settings(flags, os.environ, config).manifest()
    origins = setting_origins(settings_layers(flags, os.environ, config))
    if in_json:
        facts = {name: {"value": value, "from": origins[name]} for name, value in values.items()}
        output = encode_json(facts)
    else:
        output = encode_lines(settings_lines(values, origins))
    click.echo(output, nl=False)


def settings_lines(values: Mapping[str, object], origins: Mapping[str, str]) -> Iterator[str]:
    """Yield a line of TOML per setting; a setting at its default is a comment.

    >>> for line in settings_lines({"jobs": 2, "same": []}, {"jobs": "--jobs", "same": DEFAULT}):
    ...     print(line)
    jobs = 2  # from --jobs
    # same = []
    """
    for name, value in values.items():
        key = name.replace("_", "-")
        if origins[name] != DEFAULT:
            yield f"{key} = {toml_text(value)}  # from {escape_controls(origins[name])}"
        elif value is None:
            yield f"# {key} is not set"
        else:
            text = toml_text(value)
            short = text if len(text) <= LONGEST_DEFAULT else f"{text[:LONGEST_DEFAULT]}..."
            yield f"# {key} = {short}"


def toml_text(value: object) -> str:
    """Return a value as TOML; what JSON writes is TOML too."""
    return escape_controls(json.dumps(value, ensure_ascii=False)).replace("\x7f", "\\u007f")
