"""The command line: `qunce COMMAND …`.

A command is a module of this folder. Its docstring's first line is its help; it has
`add_arguments(parser)` and `run(args, out)`. Only the module that is called is loaded.
`args` carries `community`, `at` and the rest of `given`; a command that touches no
database says `HOMELESS = True`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

import django
from django.utils.translation import gettext as _

COMMANDS = {
    "demo": "demo.command",
    "serve": "serve",
    "web": "web",
    "worker": "worker",
    "createoperator": "createoperator",
    "status": "status",
    "import": "importing",
    "audience": "audience",
    "member": "member",
    "tag": "tag",
    "untag": "untag",
    "tags": "tags",
    "layers": "layers",
    "layering": "layering",
    "segment": "segment",
    "rebuild": "rebuild",
    "doctor": "doctor",
    "backup": "backup",
    "restore": "restore",
    "community": "community",
    "operator": "operator",
}
INTERRUPTED = 130

if TYPE_CHECKING:
    from qunce.cli.output import Out


class Parser(argparse.ArgumentParser):
    """Says what is wrong as one sentence and leaves the ending to us."""

    def error(self, message: str) -> NoReturn:
        from qunce.cli import options

        raise options.BadUsage(f"{self.prog}: {message}")


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    _enter_home(words)
    django.setup()
    from qunce.cli import i18n, options, output

    i18n.speak(options.language(words) or "en")
    out = output.Out(as_json="--json" in words)
    try:
        return _run(words, out)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read us has enough; the interpreter must not complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return out.fail(error)


def _enter_home(words: Sequence[str]) -> None:
    """`restore --into HOME` names its home before the settings look for one."""
    if words[:1] == ["restore"] and "--into" in words[:-1]:
        os.environ["QUNCE_HOME"] = words[words.index("--into") + 1]


def _run(words: list[str], out: Out) -> int:
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    from qunce.cli import data_dir, options

    name, rest = words[0], words[1:]
    command = _module(name)
    args = _parser(name, command).parse_args(rest)
    options.fill(args)
    with out:
        if not getattr(command, "HOMELESS", False):
            data_dir.ready()
            options.settle(args)
        return command.run(args, out) or 0


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"qunce.cli.{COMMANDS[name]}")


def _parser(name: str, command: ModuleType) -> Parser:
    from qunce.cli import options

    parser = Parser(prog=f"qunce {name}", description=_help(command))
    command.add_arguments(parser)
    options.add_arguments(parser)
    return parser


def _help(command: ModuleType) -> str:
    return _((command.__doc__ or "").strip().split("\n")[0])


def _without_command(words: list[str]) -> int:
    if words in (["--version"], ["-V"]):
        from importlib.metadata import version

        print("qunce", version("qunce"))
        return 0
    if words and words[0] not in ("-h", "--help", "help"):
        from qunce.cli import options

        raise options.BadUsage(
            _("There is no command “%(name)s”; `qunce --help` lists them.")
            % {"name": words[0]}
        )
    print(_("usage: qunce COMMAND [options]; `qunce COMMAND --help` explains one"))
    for name in COMMANDS:
        with contextlib.suppress(ModuleNotFoundError):
            print(f"  {name:<10} {_help(_module(name))}")
    return 0
