"""`qunce serve`, `qunce web` and `qunce worker`: the processes that keep running."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from django.utils.translation import gettext as _

from qunce.cli import base, options, server, server_logs
from qunce.cli.help_language import N_
from qunce.cli.options import Invocation

MAX_PROCESSES = 32
F = TypeVar("F", bound=Callable[..., Any])


def server_options(function: F) -> F:
    for decorate in (
        base.option(
            "--processes",
            type=click.IntRange(1, MAX_PROCESSES),
            default=2,
            help=N_("processes that respond to requests"),
        ),
        base.option(
            "--threads",
            type=int,
            default=8,
            help=N_("concurrent requests per process"),
        ),
        base.option("--port", type=int, default=8000, help=N_("port to listen on")),
        base.option("--host", default="127.0.0.1", help=N_("address to listen on")),
    ):
        function = decorate(function)
    return function


log_option = base.option(
    "--log",
    "log_format",
    type=click.Choice(list(server_logs.FORMATS)),
    default=lambda: "plain" if sys.stderr.isatty() else "json",
    show_default=False,
    help=N_("one JSON line per request, or only errors as readable text"),
)


@base.command("serve")
@server_options
@log_option
@options.pass_invocation
def serve(invocation: Invocation, **settings: Any) -> None:
    invocation.ensure_community()
    invocation.out.line(
        _("Serving on http://%(host)s:%(port)s/ until Ctrl-C.") % settings
    )
    server.serve(with_worker=True, **settings)


@base.command("web")
@server_options
@log_option
@options.pass_invocation
def web(invocation: Invocation, **settings: Any) -> None:
    invocation.ensure_community()
    invocation.out.line(
        _("Serving on http://%(host)s:%(port)s/ until Ctrl-C, without background work.")
        % settings
    )
    server.serve(with_worker=False, **settings)


@base.command("worker")
@log_option
@options.pass_invocation
def worker(invocation: Invocation, log_format: str) -> None:
    invocation.ensure_community()
    invocation.out.line(_("Background work is running until Ctrl-C."))
    server.run_worker(log_format=log_format)
