"""Serve the community on a port, and keep everything derived up to date"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from qunce.cli import given
from qunce.cli.output import Out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help=_("address to listen on"))
    parser.add_argument("--port", type=int, default=8000, help=_("port to listen on"))
    parser.add_argument("--threads", type=int, default=8, help=_("requests at once"))


def run(args: argparse.Namespace, out: Out) -> int:
    from qunce.cli import serving

    given.community(args)
    out.line(
        _("Serving on http://%(host)s:%(port)s/ until Ctrl-C.")
        % {"host": args.host, "port": args.port}
    )
    serving.serve(host=args.host, port=args.port, threads=args.threads)
    return 0
