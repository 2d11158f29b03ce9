"""The reference of commands, made from the declarations that click parses with."""

from __future__ import annotations

from collections.abc import Iterator

import click
from django.utils import translation
from django.utils.translation import gettext as _

from docs import markdown
from qunce.cli import base, help_language, main


def page() -> str:
    # Help is translated by Python's gettext, which follows its own language.
    help_language.activate(translation.get_language() or "en")
    sections = [
        "## " + _("Common options"),
        _("Every command accepts them, before its name or behind it."),
        markdown.table(("", ""), map(_option, base.common_options())),
        *(_command(each) for each in commands()),
        "## " + _("Exit codes"),
        markdown.table(("", ""), _exit_codes()),
    ]
    return "\n\n".join(sections)


def commands() -> list[base.Command]:
    """Return every command, loaded, in the order of `qunce --help`."""
    return [
        each.load()
        for each in main.cli.commands.values()
        if isinstance(each, base.LazyCommand)
    ]


def own_params(command: click.Command) -> list[base.Argument | base.Option]:
    """Return the arguments and options of a command without the common ones."""
    return [
        param
        for param in command.params
        if isinstance(param, base.Argument)
        or (isinstance(param, base.Option) and not param.is_common)
    ]


def _command(command: click.Command, parent: str = main.PROGRAM) -> str:
    return "\n\n".join(_sections(command, parent))


def _sections(command: click.Command, parent: str) -> Iterator[str]:
    path = f"{parent} {command.name}"
    heading = "##" if parent == main.PROGRAM else "###"
    yield f"{heading} {path}"
    if command.help:
        yield command.help
    if params := own_params(command):
        yield markdown.table(("", ""), map(_option, params))
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _sections(each, path)


def _option(param: base.Argument | base.Option) -> tuple[str, str]:
    with click.Context(click.Command("")) as ctx:
        record = param.get_help_record(ctx)
    if record is None:
        raise ValueError(param.name)
    return markdown.code(record[0]), record[1]


def _exit_codes() -> list[tuple[str, str]]:
    codes = [
        (0, _("done")),
        (2, _("invalid arguments or input")),
        (3, _("not found, or outside the user's scope")),
        (4, _("not permitted, or not possible in the current state")),
        (1, _("any other error, or `doctor` found differences")),
        (main.INTERRUPTED, _("interrupted with Ctrl-C")),
    ]
    return [(str(code), text) for code, text in codes]
