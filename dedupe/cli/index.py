"""``dedupe index``: stories on disk, and the commands that add to them and ask them."""

from __future__ import annotations

import importlib

import click

from dedupe.cli.layout import CONTEXT_SETTINGS, examples

HOMES = {
    "create": "index_keep",
    "add": "index_feed",
    "match": "index_feed",
    "unique": "index_feed",
    "remove": "index_keep",
    "stats": "index_tell",
    "check": "index_tell",
    "compact": "index_keep",
    "export": "index_tell",
    "merge": "index_keep",
}

HELP = """\
Keep stories on disk, and compare tomorrow's with all that came before.

An index is one file. It holds the texts, what is needed to find them again, and the clusters so
far. One process writes at a time, any number read; what a command has answered is on disk.
"""

EXAMPLES = examples(
    (
        "Start an index and let through what it has not seen",
        "dedupe index create seen.index && dedupe index unique seen.index stories.jsonl",
    ),
    (
        "Add a day's stories, then see what the index holds",
        (
            "dedupe index create a.index && dedupe index add a.index stories.jsonl"
            " && dedupe index stats a.index"
        ),
    ),
)


class IndexGroup(click.Group):
    """Loads a sub-command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the sub-commands in the order in which a newcomer needs them."""
        return list(HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Take a sub-command from the module that has it."""
        if cmd_name not in HOMES:
            return None
        module = importlib.import_module(f"dedupe.cli.{HOMES[cmd_name]}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - tells mypy what those modules define
        return command


@click.group(
    cls=IndexGroup,
    help=HELP,
    epilog=EXAMPLES,
    context_settings=CONTEXT_SETTINGS,
    invoke_without_command=True,
)
@click.pass_context
def command(context: click.Context) -> None:
    """Print the help when no sub-command is named."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
