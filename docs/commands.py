"""The page of commands, from the parsers that the commands make themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from types import ModuleType

from django.utils.translation import gettext as _

from docs import markdown
from qunce.cli import main, options


def page() -> str:
    common = argparse.ArgumentParser(add_help=False)
    options.add_arguments(common)
    parts = [
        "## " + _("common options"),
        markdown.table(("", ""), map(_option, _options(common))),
        *(_command(name) for name in main.COMMANDS),
        "## " + _("Exit codes"),
        markdown.table(("", ""), _codes()),
    ]
    return "\n\n".join(parts)


def module(name: str) -> ModuleType:
    return main._module(name)


def parser(name: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog=f"qunce {name}", add_help=False)
    module(name).add_arguments(made)
    return made


def _command(name: str) -> str:
    parts = [f"## qunce {name}", main._help(module(name))]
    made = parser(name)
    parts += list(_of(made))
    return "\n\n".join(parts)


def _of(made: argparse.ArgumentParser) -> Iterator[str]:
    """What may be given to a command, then the same of each of its actions."""
    own = [each for each in _options(made) if each.dest not in options.DEFAULTS]
    if own:
        yield markdown.table(("", ""), map(_option, own))
    for name, inner in children(made).items():
        yield f"### {made.prog} {name}"
        yield from _of(inner)


def children(made: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in made._actions:
        if isinstance(action, argparse._SubParsersAction):
            found.update(action.choices)
    return found


def _options(made: argparse.ArgumentParser) -> list[argparse.Action]:
    passed = (argparse._HelpAction, argparse._SubParsersAction)
    return [action for action in made._actions if not isinstance(action, passed)]


def _option(action: argparse.Action) -> tuple[str, str]:
    return markdown.code(_written(action)), " ".join(_said(action))


def _written(action: argparse.Action) -> str:
    """As it is typed: `--limit LIMIT`, `RULE`."""
    chosen = [str(choice) for choice in action.choices or () if choice]
    value = str(action.metavar or "|".join(chosen) or action.dest.upper())
    if not action.option_strings:
        return value
    flag = action.option_strings[-1]
    return flag if action.nargs == 0 else f"{flag} {value}"


def _said(action: argparse.Action) -> Iterator[str]:
    if action.help:
        yield str(action.help)
    if action.metavar and action.choices:
        yield f"({', '.join(map(str, action.choices))})"
    if action.default not in (None, argparse.SUPPRESS, False, "", []):
        yield f"[{action.default}]"


def _codes() -> list[tuple[str, str]]:
    said = [
        (0, _("done")),
        (2, _("invalid arguments or input")),
        (3, _("not found, or outside the user's scope")),
        (4, _("not permitted, or not possible in the current state")),
        (1, _("any other error, or `doctor` found differences")),
        (main.INTERRUPTED, _("interrupted with Ctrl-C")),
    ]
    return [(str(code), text) for code, text in said]
