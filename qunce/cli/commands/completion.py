"""`qunce completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click import shell_completion

from qunce.cli import base
from qunce.cli.help_language import N_


@base.command("completion")
@base.argument(
    "shell",
    type=click.Choice(["bash", "zsh", "fish"]),
    help=N_("bash, zsh or fish; put what is printed where the shell looks for it"),
)
def completion(shell: str) -> None:
    from qunce.cli import main

    kind = shell_completion.get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click brings all three
    script = kind(main.cli, {}, main.PROGRAM, main.COMPLETION_VARIABLE).source()
    click.echo(script)
