"""``dedupe completion``: what a shell needs to complete our command lines."""

from __future__ import annotations

import click

from dedupe.cli.layout import Command, examples

HELP = """\
Print the script by which a shell completes commands, options and their values.

In ~/.bashrc write: eval "$(dedupe completion bash)"; in ~/.zshrc the same with zsh; for fish, write
the script to ~/.config/fish/completions/dedupe.fish.
"""

EXAMPLES = examples(
    ("For bash, to be read by ~/.bashrc", "dedupe completion bash > dedupe.bash"),
    ("For zsh, to be read by ~/.zshrc", "dedupe completion zsh > dedupe.zsh"),
    ("For fish", "dedupe completion fish > dedupe.fish"),
)


@click.command(cls=Command, help=HELP, epilog=EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the script."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - used here alone

    from dedupe.cli.app import COMPLETE, app  # noqa: PLC0415 - the app loads this file

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows the shells that are offered
    click.echo(kind(app, {}, "dedupe", COMPLETE).source(), nl=False)
