"""The command line: `qunce NOUN VERB …`."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import click
import django
from django.apps import apps

from qunce.cli import base, command_list, help_language
from qunce.cli.help_language import N_

PROGRAM = "qunce"
COMPLETION_VARIABLE = "_QUNCE_COMPLETE"
INTERRUPTED = 130


def start_django() -> None:
    if not apps.ready:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
        django.setup()
        help_language.activate_in_django()


def print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(f"{PROGRAM} {metadata.version(PROGRAM)}")
        ctx.exit()


cli = base.Group(
    PROGRAM,
    help=N_("Know, reach and grow communities."),
    params=[
        base.Option(
            ["-V", "--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=print_version,
            help=N_("show the version and exit"),
        )
    ],
)


for each in command_list.COMMANDS:
    cli.add_command(
        base.LazyCommand(
            each.name,
            f"qunce.cli.commands.{each.path}",
            each.summary,
            # `restore` chooses its home before the settings are read; completion is quick.
            prepare=start_django if each.needs_django else lambda: None,
        )
    )


def _use_temporary_home_if_new() -> None:
    """Work in a temporary home if there is none yet, as a preview leaves nothing behind.

    Before the settings are read: they create the home and its secret key.
    """
    home = Path(os.environ.get("QUNCE_HOME") or Path.home() / ".qunce")
    if (
        apps.ready
        or os.environ.get("DATABASE_URL")
        or (home / "truth.sqlite3").exists()
    ):
        return
    temporary = tempfile.mkdtemp(prefix="qunce-dry-run-")
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    os.environ["QUNCE_HOME"] = temporary


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    # What Qunce writes is for its own user only: members, keys, backups.
    os.umask(0o077)
    # Before parsing, because parsing may print help or an error.
    help_language.activate(help_language.requested_language(words) or "en")
    if "--dry-run" in words:
        _use_temporary_home_if_new()
    common = base.CommonOptions()
    if instruction := os.environ.get(COMPLETION_VARIABLE):
        # Imported here, because every other call does without it.
        from click import shell_completion

        return shell_completion.shell_complete(
            cli, {"obj": common}, PROGRAM, COMPLETION_VARIABLE, instruction
        )
    try:
        with cli.make_context(PROGRAM, words or ["--help"], obj=common) as ctx:
            return cli.invoke(ctx) or 0
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader closed the pipe. Python would report that when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        # It loads parts of Django that `--help` does not need.
        from qunce.cli import output

        # When parsing fails, it may not have reached --json.
        return output.Out(as_json=common.json or "--json" in words).fail(error)
