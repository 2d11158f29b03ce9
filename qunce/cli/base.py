"""Click's classes as Qunce uses them.

Help is written in English in the code and translated when it is printed. Every command
accepts the common options, also before its name. A command's module is imported when
the command is called, so that `qunce --help` and completion need no Django.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from gettext import gettext as _
from typing import Any, TypeVar

import click

from qunce.cli import help_language
from qunce.cli.help_language import N_

PREFIX = "common_"
"""Of the names of common options, which a command may use for parameters of its own."""

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class CommonOptions:
    """Values of the options that every command accepts."""

    json: bool = False
    community: str | None = None
    at: str | None = None
    login: str | None = None
    language: str | None = None


class _TranslatedHelp:
    """Stores `help` in English and returns it in the current language."""

    english: str | None = None

    def translate(self) -> str | None:
        return _(self.english) if self.english else None

    # Click sets and reads `help`; Python's gettext must not see an empty message.
    help = property(translate, lambda self, text: setattr(self, "english", text))


class Option(_TranslatedHelp, click.Option):
    is_common = False


# A subclass only for `help`; click lists arguments in the usage line itself.
class Argument(_TranslatedHelp, click.Argument):
    pass


def store_value(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    # An option before the command stays unless it is given again behind it.
    if value:
        setattr(
            ctx.ensure_object(CommonOptions), param.name.removeprefix(PREFIX), value
        )


def print_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def common_options() -> list[Option]:
    """Return new options that store their values in `CommonOptions`."""
    languages = click.Choice(sorted(help_language.LANGUAGES))
    options = [
        Option(
            ["--json", f"{PREFIX}json"],
            is_flag=True,
            help=N_("print one JSON document"),
        ),
        Option(
            ["--community", f"{PREFIX}community"],
            metavar="KEY",
            help=N_("required if there are several communities"),
        ),
        Option(
            ["--at", f"{PREFIX}at"],
            metavar="ISO",
            help=N_("time to use as the current time"),
        ),
        Option(
            ["--as", f"{PREFIX}login"],
            metavar="LOGIN",
            help=N_("act as this staff member"),
        ),
        Option(
            ["--lang", f"{PREFIX}language"], type=languages, help=N_("output language")
        ),
    ]
    for each in options:
        each.callback = store_value
    help_option = Option(
        ["-h", "--help", f"{PREFIX}help"],
        is_flag=True,
        # Before missing arguments are reported.
        is_eager=True,
        callback=print_help,
        help=N_("show this message and exit"),
    )
    for each in (*options, help_option):
        each.is_common, each.expose_value = True, False
    return [*options, help_option]


class Command(_TranslatedHelp, click.Command):
    """A command with the common options, unless it has its own under the same flag."""

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        # Click translates its own help option once, when it is created.
        super().__init__(name, **{**kwargs, "add_help_option": False})
        flags = {flag for param in self.params for flag in param.opts}
        self.params += [each for each in common_options() if not flags & set(each.opts)]

    def get_short_help_str(self, limit: int = 45) -> str:
        # Click cuts at the width by words, and Chinese has no spaces between them.
        return self.help or ""

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [_(piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        options = [each for each in self.params if isinstance(each, Option)]
        for title, is_common in ((_("Options"), False), (_("Common options"), True)):
            rows = [
                record
                for each in options
                if each.is_common == is_common
                and (record := each.get_help_record(ctx)) is not None
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Group(Command, click.Group):
    """A noun; its verbs are listed in the order in which they are declared."""

    command_class = Command

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        # A noun without its verb is an error that a script has to notice.
        super().__init__(name, **{**kwargs, "no_args_is_help": False})

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)


class LazyCommand(Command):
    """Stands for a command, or a noun with its verbs, until it is called.

    `path` names the real one as `package.module.attribute`. `prepare` runs before the
    import.
    """

    def __init__(
        self, name: str, path: str, summary: str, *, prepare: Callable[[], None]
    ) -> None:
        super().__init__(name, help=summary)
        self._path, self._prepare = path, prepare

    def load(self) -> Command:
        module, _dot, attribute = self._path.rpartition(".")
        # Nothing that is imported is garbage; looking for some takes 80 of 600 ms.
        enabled = gc.isenabled()
        gc.disable()
        try:
            self._prepare()
            command: Command = getattr(importlib.import_module(module), attribute)
        finally:
            if enabled:
                gc.enable()
        command.help = self.english
        return command

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        return self.load().make_context(info_name, args, parent=parent, **extra)


def command(name: str, summary: str | None = None) -> Callable[[F], Command]:
    return click.command(name, cls=Command, help=summary)


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    # An empty text as a default is of no interest.
    attributes.setdefault("show_default", bool(attributes.get("default")))
    return click.option(*names, cls=Option, **attributes)


def argument(name: str, **attributes: Any) -> Callable[[F], F]:
    return click.argument(name, cls=Argument, **attributes)
