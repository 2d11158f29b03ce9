"""`qunce restore`: a backup in place of the current data.

Imports nothing of Django: `--into` chooses the home, and the settings read it once.
"""

from __future__ import annotations

import os

import click

from qunce.cli import base, output
from qunce.cli.help_language import N_


@base.command("restore")
@base.argument("file", help=N_("a file written by `qunce backup`"))
@base.option("--into", "home", metavar="HOME", help=N_("instead of QUNCE_HOME"))
@base.option("--force", is_flag=True, help=N_("replace the current data permanently"))
def restore(file: str, home: str | None, force: bool) -> int:
    """Return 1 if the restored data differs from the backup."""
    from qunce.cli import main

    if home:
        os.environ["QUNCE_HOME"] = home
    main.start_django()
    from qunce.cli import restore_command

    common = click.get_current_context().ensure_object(base.CommonOptions)
    out = output.Out(as_json=common.json)
    return restore_command.restore(file, into=home, force=force, out=out)
